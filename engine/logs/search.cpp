// Texts are looked for in whole chunks, also those without which a line has no such field (FieldHints). Filters look at single
// lines, and only at those for which the texts leave the answer open
// (Kleene's three values, see line_bits.h). What a chunk cannot know by itself, the time before its first stamp and the templates
// of its lines, is answered when the chunks come together in order.
#include "engine/logs/search.h"

#include <oneapi/tbb/info.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <optional>
#include <string>

#include "engine/base/text.h"
#include "engine/logs/chunk_lines.h"
#include "engine/logs/chunks.h"
#include "engine/logs/field_test.h"
#include "engine/logs/line_bits.h"
#include "engine/logs/matcher.h"
#include "engine/logs/timestamp.h"

namespace conclave::logs {
namespace {

struct FieldAsked {
  std::size_t condition = 0;
  FieldTest test;
  std::vector<std::size_t> all;  // texts: only lines that hold all of these or one of the others are read
  std::vector<std::size_t> any;
};

}  // namespace

struct Search::Parts {
  Expression expression;
  std::optional<Matcher> matcher;           // of the texts of `expression`, then of those counted
  std::vector<std::size_t> text_condition;  // per text of `expression`: its condition
  std::vector<TextPattern> texts;
  std::size_t counted = 0;         // texts, behind those of `expression`
  std::vector<FieldAsked> fields;  // hints are among the texts behind those counted
  bool any_time = false;

  void add_field(std::size_t condition, FieldTest test);
};

namespace {

bool holds(const TimeFilter& filter, std::optional<TimeUs> time) {
  return !time || ((!filter.since || *time >= *filter.since) && (!filter.until || *time < *filter.until));
}

// Of one chunk; lines count from 0.
struct ChunkResult {
  std::string_view chunk;
  std::size_t lines = 0;
  LineBits found;
  std::vector<LineBits> counted;
  std::vector<Bounds> open;          // the conditions, if some lines are undecided
  LineBits before_stamps;            // undecided lines with no stamp before them in the chunk
  std::optional<TimeUs> last_stamp;  // if there are filters by time
  std::optional<ChunkLines> line_places;
  std::optional<std::pair<std::string, std::size_t>> too_hard;  // the regular expression and the line
};

class ChunkSearch {
 public:
  ChunkSearch(const Expression& expression, const std::vector<FieldAsked>& fields, TimeUs reference, ChunkResult& result,
              const Job& job)
      : expression_(expression), fields_(fields), reference_(reference), result_(result), job_(job) {}

  void run(std::vector<Bounds> conditions, bool any_time) {
    conditions_ = std::move(conditions);
    Bounds answer = evaluate(expression_, conditions_, result_.lines);
    if (answer.undecided(result_.lines).any() && ask_levels(answer)) answer = evaluate(expression_, conditions_, result_.lines);
    if (!fields_.empty()) {
      ask_fields(answer);
      answer = evaluate(expression_, conditions_, result_.lines);
    }
    if (any_time) {
      ask_times(answer);
      answer = evaluate(expression_, conditions_, result_.lines);
    }
    if (answer.undecided(result_.lines).any()) result_.open = std::move(conditions_);
    result_.found = std::move(answer.surely);
  }

 private:
  const ChunkLines& places() {
    if (!result_.line_places) result_.line_places.emplace(result_.chunk);
    return *result_.line_places;
  }

  bool stopped() { return over_ || (asked_++ % 256 == 0 && (over_ = job_.stopped())); }

  bool ask_levels(const Bounds& answer) {
    std::vector<std::pair<std::size_t, LevelFilter>> filters;
    for (std::size_t i = 0; i < conditions_.size(); ++i) {
      if (const auto* filter = std::get_if<LevelFilter>(&expression_.conditions[i])) filters.emplace_back(i, *filter);
    }
    if (filters.empty()) return false;
    answer.undecided(result_.lines).for_each([&](std::size_t line) {
      if (stopped()) return;
      const auto level = static_cast<unsigned>(level_of(places().text(line)));
      for (const auto& [i, filter] : filters) conditions_[i].decide(line, (filter.levels >> level & 1U) != 0);
    });
    return true;
  }

  void ask_fields(const Bounds& answer) {
    const LineBits undecided = answer.undecided(result_.lines);
    if (!undecided.any()) return;
    LineRegex::Workspace workspace;
    FieldReader reader;
    std::string buffer;
    std::vector<FieldTest::Seen> seen(fields_.size());
    undecided.for_each([&](std::size_t line) {
      if (stopped() || result_.too_hard) return;
      std::fill(seen.begin(), seen.end(), FieldTest::Seen{});
      std::size_t open = fields_.size();
      reader.start(places().text(line));
      for (Field field; open > 0 && reader.next(field);) {
        for (std::size_t i = 0; i < fields_.size(); ++i) {
          if (seen[i].hit || seen[i].too_hard) continue;
          const FieldTest& test = fields_[i].test;
          test.look(field, reference_, buffer, workspace, job_, seen[i]);
          if (seen[i].too_hard && !result_.too_hard) result_.too_hard = {test.filter().value, line};
          open -= seen[i].hit || seen[i].too_hard ? 1 : 0;
        }
      }
      for (std::size_t i = 0; i < fields_.size(); ++i) {
        conditions_[fields_[i].condition].decide(line, fields_[i].test.holds(seen[i]));
      }
    });
  }

  // Lines are asked in order, so that each is looked at once at most for the stamp of those behind it.
  void ask_times(const Bounds& answer) {
    std::vector<std::pair<std::size_t, TimeFilter>> filters;
    for (std::size_t i = 0; i < conditions_.size(); ++i) {
      if (const auto* filter = std::get_if<TimeFilter>(&expression_.conditions[i])) filters.emplace_back(i, *filter);
    }
    result_.before_stamps = LineBits(result_.lines, false);
    std::size_t seen = 0;  // lines before it have been looked at, as far as needed
    std::optional<TimeUs> time;
    const auto look_back = [&](std::size_t line) {
      for (std::size_t at = line + 1; at-- > seen && !stopped();) {
        const auto stamp = find_stamp(places().text(at), reference_);
        if (!stamp) continue;
        time = stamp->time;
        break;
      }
      seen = line + 1;
    };
    answer.undecided(result_.lines).for_each([&](std::size_t line) {
      if (over_) return;
      look_back(line);
      if (!time) result_.before_stamps.set(line);
      for (const auto& [i, filter] : filters) {
        if (time) conditions_[i].decide(line, holds(filter, time));
      }
    });
    if (result_.lines > seen) look_back(result_.lines - 1);
    result_.last_stamp = time;
  }

  const Expression& expression_;
  const std::vector<FieldAsked>& fields_;
  TimeUs reference_;
  ChunkResult& result_;
  const Job& job_;
  std::vector<Bounds> conditions_;
  std::size_t asked_ = 0;
  bool over_ = false;
};

// Takes the chunks in order.
class Collector {
 public:
  Collector(const Expression& expression, const SearchOptions& options, const TemplateGroups* templates, std::string_view bytes,
            std::size_t counted, Job& job)
      : expression_(expression), options_(options), templates_(templates), bytes_(bytes), job_(job) {
    result_.counts.resize(counted);
    for (const Condition& condition : expression.conditions) template_index_.push_back(index_of(condition));
  }

  void add(ChunkResult part) {
    if (error_ || !result_.complete) return;
    if (part.too_hard) {
      const auto& [pattern, line] = *part.too_hard;
      error_ = Error{ErrorKind::limit,
                     "the regular expression '" + valid_utf8(pattern) + "' takes too long for line " +
                         std::to_string(result_.line_count + line + 1),
                     {},
                     0,
                     0};
      job_.request_stop();
      return;
    }
    if (!part.open.empty()) settle(part);
    if (part.last_stamp) time_ = part.last_stamp;
    take(part);
    result_.line_count += part.lines;
  }

  Result<SearchResult> finish() && {
    if (error_) return tl::unexpected(std::move(*error_));
    if (result_.complete && job_.stopped()) return fail_cancelled();
    result_.lines.compress();
    return std::move(result_);
  }

 private:
  std::uint32_t index_of(const Condition& condition) const {
    const auto* filter = std::get_if<TemplateFilter>(&condition);
    if (filter == nullptr || templates_ == nullptr) return no_template;
    const auto& all = templates_->templates;
    const auto found = std::find_if(all.begin(), all.end(), [&](const Template& each) { return each.id == filter->id; });
    return found == all.end() ? no_template : static_cast<std::uint32_t>(found - all.begin());
  }

  void settle(ChunkResult& part) const {
    const Bounds answer = evaluate(expression_, part.open, part.lines);
    answer.undecided(part.lines).for_each([&](std::size_t line) {
      for (std::size_t i = 0; i < part.open.size(); ++i) {
        if (const auto* filter = std::get_if<TimeFilter>(&expression_.conditions[i])) {
          if (part.before_stamps.test(line)) part.open[i].decide(line, holds(*filter, time_));
        } else if (std::holds_alternative<TemplateFilter>(expression_.conditions[i])) {
          const std::uint64_t at = result_.line_count + line;
          const bool known = templates_ != nullptr && at < templates_->assignments.size();
          const bool same = known && template_index_[i] != no_template && templates_->assignments[at] == template_index_[i];
          part.open[i].decide(line, same);
        }
      }
    });
    part.found = evaluate(expression_, part.open, part.lines).surely;
  }

  void take(ChunkResult& part) {
    const std::size_t count = part.found.count();
    if (count == 0) return;
    result_.found += count;
    for (std::size_t i = 0; i < part.counted.size(); ++i) result_.counts[i] += (part.counted[i] &= part.found).count();
    if (options_.keep_lines) {
      std::vector<std::uint64_t> numbers;
      numbers.reserve(count);
      part.found.for_each([&](std::size_t line) { numbers.push_back(result_.line_count + line + 1); });
      result_.lines.add(numbers);
    }
    if (options_.on_found) announce(part, count);
  }

  void announce(ChunkResult& part, std::size_t count) {
    if (!part.line_places) part.line_places.emplace(part.chunk);
    const auto offset = static_cast<std::uint64_t>(part.chunk.data() - bytes_.data());
    std::vector<FoundLine> lines;
    lines.reserve(count);
    part.found.for_each([&](std::size_t line) {
      lines.push_back({result_.line_count + line + 1, offset + part.line_places->begin(line), part.line_places->text(line)});
    });
    if (options_.on_found(lines)) return;
    result_.complete = false;
    job_.request_stop();
  }

  const Expression& expression_;
  const SearchOptions& options_;
  const TemplateGroups* templates_;
  std::string_view bytes_;
  Job& job_;
  std::vector<std::uint32_t> template_index_;  // per condition
  SearchResult result_;
  std::optional<TimeUs> time_;  // of the last line with a stamp so far
  std::optional<Error> error_;
};

}  // namespace

void Search::Parts::add_field(std::size_t condition, FieldTest test) {
  const auto number_of_text = [&](std::string text) {
    const TextPattern pattern{std::move(text), false, false};
    const auto behind = texts.begin() + static_cast<std::ptrdiff_t>(text_condition.size() + counted);
    const auto known = std::find(behind, texts.end(), pattern);
    const auto number = static_cast<std::size_t>(known - texts.begin());
    if (known == texts.end()) texts.push_back(pattern);
    return number;
  };
  FieldHints hints = hints_of(test.filter());
  FieldAsked asked{condition, std::move(test), {}, {}};
  for (std::string& text : hints.all) asked.all.push_back(number_of_text(std::move(text)));
  for (std::string& text : hints.any) asked.any.push_back(number_of_text(std::move(text)));
  fields.push_back(std::move(asked));
}

Result<Search> Search::compile(Expression expression, std::vector<TextPattern> counted) {
  auto parts = std::make_shared<Parts>();
  for (std::size_t i = 0; i < expression.conditions.size(); ++i) {
    const Condition& condition = expression.conditions[i];
    parts->any_time = parts->any_time || std::holds_alternative<TimeFilter>(condition);
    const auto* text = std::get_if<TextPattern>(&condition);
    if (text == nullptr) continue;
    parts->text_condition.push_back(i);
    parts->texts.push_back(*text);
  }
  parts->counted = counted.size();
  for (TextPattern& each : counted) parts->texts.push_back(std::move(each));
  for (std::size_t i = 0; i < expression.conditions.size(); ++i) {
    const auto* field = std::get_if<FieldFilter>(&expression.conditions[i]);
    if (field == nullptr) continue;
    auto test = FieldTest::compile(*field);
    if (!test) return tl::unexpected(test.error());
    parts->add_field(i, std::move(*test));
  }
  parts->expression = std::move(expression);
  auto matcher = Matcher::compile(parts->texts);
  if (!matcher) return tl::unexpected(matcher.error());
  parts->matcher = std::move(*matcher);
  Search search;
  search.parts_ = std::move(parts);
  return search;
}

Result<SearchResult> Search::run(std::string_view bytes, const SearchOptions& options, Job& job) const {
  return run_in_chunks(bytes, options, job, default_chunk_bytes);
}

Result<SearchResult> Search::run_in_chunks(std::string_view bytes, const SearchOptions& options, Job& job,
                                           std::size_t chunk_bytes) const {
  const Parts& parts = *parts_;
  const TimeUs reference = options.reference == 0 ? now_us() : options.reference;
  const TemplateGroups* templates = options.templates;
  std::optional<TemplateGroups> mined;
  const auto by_template = [](const Condition& condition) { return std::holds_alternative<TemplateFilter>(condition); };
  if (templates == nullptr && std::any_of(parts.expression.conditions.begin(), parts.expression.conditions.end(), by_template)) {
    TemplateOptions mining;
    mining.reference = reference;
    mining.keep_assignments = true;
    auto groups = mine_templates(bytes, mining, job);
    if (!groups) return tl::unexpected(groups.error());
    templates = &mined.emplace(std::move(*groups));
  }
  job.begin("searching", bytes.size(), "B");
  Job own(job.title(), job, Job::Counts::for_parent);  // an end of its own, for errors and for on_found
  Collector collector(parts.expression, options, templates, bytes, parts.counted, own);

  const auto search_chunk = [&](std::string_view chunk) {
    ChunkResult result;
    result.chunk = chunk;
    Matcher::Matches matches = parts.matcher->match(chunk, own);
    result.lines = matches.lines;
    if (matches.too_hard) result.too_hard = {parts.texts[matches.too_hard->first].text, matches.too_hard->second};
    std::vector<Bounds> conditions(parts.expression.conditions.size());
    for (std::size_t i = 0; i < parts.text_condition.size(); ++i) {
      conditions[parts.text_condition[i]] = Bounds::known(std::move(matches.found[i]));
    }
    for (std::size_t i = 0; i < conditions.size(); ++i) {
      const Condition& condition = parts.expression.conditions[i];
      if (std::holds_alternative<TextPattern>(condition)) continue;
      const bool every = std::holds_alternative<EveryLine>(condition);
      conditions[i] = every ? Bounds::known(LineBits(result.lines, true)) : Bounds::unknown(result.lines);
    }
    for (const FieldAsked& field : parts.fields) {
      if (field.all.empty()) continue;
      LineBits& maybe = conditions[field.condition].maybe;
      for (const std::size_t text : field.all) maybe &= matches.found[text];
      for (const std::size_t text : field.any) maybe |= matches.found[text];
    }
    for (std::size_t i = 0; i < parts.counted; ++i) {
      result.counted.push_back(std::move(matches.found[parts.text_condition.size() + i]));
    }
    if (!own.stopped())
      ChunkSearch(parts.expression, parts.fields, reference, result, own).run(std::move(conditions), parts.any_time);
    if (options.on_found && result.found.any() && !result.line_places) result.line_places.emplace(chunk);
    return result;
  };
  const auto work = [&] {
    for_chunks_in_order(bytes, chunk_bytes, own, search_chunk, [&](ChunkResult part) { collector.add(std::move(part)); });
  };
  if (options.threads == 0) {
    work();
  } else {
    const auto processors = static_cast<std::size_t>(oneapi::tbb::info::default_concurrency());
    oneapi::tbb::task_arena(static_cast<int>(std::min(options.threads, processors))).execute(work);
  }
  if (job.stopped()) return fail_cancelled();
  return std::move(collector).finish();
}

}  // namespace conclave::logs
