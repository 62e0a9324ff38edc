// Two steps. One parallel pass turns every line into its shape (message.h) and counts shapes; distinct shapes are few where lines
// are many. Then the shapes are grouped into templates (template_groups.h). Each worker counts in a table of its own, from chunk
// to chunk and from log to log: what it counts does not depend on the order in which tables are merged. What does, the numbers of
// shapes, which follow their first lines, and what lines owe to those before them, is settled chunk by chunk in their order; so
// every result, also where a limit strikes, depends on the bytes alone.
#include "engine/logs/templates.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "engine/base/ids.h"
#include "engine/logs/chunks.h"
#include "engine/logs/encoding.h"
#include "engine/logs/shape_table.h"
#include "engine/logs/template_groups.h"
#include "engine/logs/template_pass.h"
#include "engine/logs/template_values.h"

namespace conclave::logs {
namespace {

class Mining {
 public:
  Mining(std::span<const std::string_view> logs, const TemplateOptions& options, std::size_t max_shapes)
      : logs_(logs), options_(options), shapes_(max_shapes) {
    for (const std::string_view log : logs) encodings_.push_back(encoding_of(log));
  }

  // How a log writes letters. A worker's shapes are all of one encoding.
  [[nodiscard]] Encoding encoding(std::size_t log) const { return encodings_[log]; }

  // Parts in the order of their chunks. `log_offset`: of its log in all logs.
  void merge(ShapePart part, std::uint64_t log_offset, bool before) {
    if (part.log != log_) begin_log(part.log);
    chunk_begins_.push_back(lines_);
    Worker& worker = workers_[part.worker];
    for (const std::string& text : part.texts) worker.texts.push_back(letters_of(text, encodings_[part.log]));
    worker.numbers.resize(worker.texts.size(), no_template);
    const char* const log_begin = logs_[part.log].data();
    std::uint64_t number = lines_;
    for (const ShapePart::HeadLine& line : part.head) {
      merge_head(line, ++number, worker, log_offset + static_cast<std::uint64_t>(line.text.data() - log_begin), before);
    }
    for (const std::uint32_t shape : part.counted) (void)number_of(shape, worker);
    for (const std::uint32_t shape : part.assignments) assignments_.push_back(number_of(shape, worker));
    lines_ += part.lines;
    if (part.last_stamp) {
      last_stamp_ = part.last_stamp;
      folder_ = part.folder;
      last_record_ = number_of(part.last_record, worker);
    }
    if (part.full) {
      merge_counts(*part.full, worker);
      worker = {};
    }
  }
  // When all parts are merged.
  void merge_worker(const LineTools& tools) {
    if (const auto worker = workers_.find(&tools); worker != workers_.end()) merge_counts(tools.shapes, worker->second);
  }

  [[nodiscard]] TemplateGroups finish(const Job& job) {
    std::vector<std::string> texts;
    std::vector<std::uint64_t> counts;
    for (std::uint32_t i = 0; i < shapes_.size(); ++i) {
      texts.push_back(shapes_.text(i));
      counts.push_back(shapes_.stats(i).count);
    }
    texts = group_shapes(texts, counts, job);
    fold_rarest(texts);
    TemplateGroups groups;
    const std::vector<std::uint32_t> to = collect(texts, groups.templates, job);
    if (options_.keep_assignments) {
      groups.assignments = std::move(assignments_);
      for (std::uint32_t& shape : groups.assignments) shape = shape == no_template ? no_template : to[shape];
    }
    return groups;
  }

 private:
  // What is known of the shapes of a worker, by the numbers that it gave them.
  struct Worker {
    std::vector<std::string> texts;      // UTF-8
    std::vector<std::uint32_t> numbers;  // here
  };

  void begin_log(std::size_t log) {
    log_ = log;
    last_stamp_.reset();
    folder_ = {};
    last_record_ = no_template;
  }

  std::uint32_t number_of(std::uint32_t shape, Worker& worker) {
    if (shape == no_template) return no_template;
    std::uint32_t& number = worker.numbers[shape];
    if (number == no_template) number = shapes_.number_of(worker.texts[shape]);
    return number;
  }

  void merge_counts(const ShapeTable& shapes, const Worker& worker) {
    for (std::uint32_t i = 0; i < shapes.size(); ++i) {
      if (shapes.stats(i).count == 0) continue;
      ShapeStats counts = shapes.stats(i);
      counts.renumber([&](std::uint64_t key) { return chunk_begins_[key >> 32U] + (key & UINT32_MAX); });
      shapes_.stats(worker.numbers[i]).merge(counts, sample_size(options_));
    }
  }

  void merge_head(const ShapePart::HeadLine& line, std::uint64_t number, Worker& worker, std::uint64_t offset, bool before) {
    if (starts_record(line.text, false, line.level)) {
      folder_.start_record();
    } else if (folder_.continues(line.text)) {
      if (options_.keep_assignments) assignments_.push_back(last_record_);
      return;
    }
    last_record_ = no_template;
    if (in_time_range(last_stamp_, options_)) {
      last_record_ = number_of(line.shape, worker);
      ShapeStats& stats = shapes_.stats(last_record_);
      before = before || (options_.change_time && last_stamp_ && *last_stamp_ < *options_.change_time);
      stats.add({number, offset, last_stamp_, line.level, before}, sample_size(options_));
      if (options_.parameters) add_values(stats, line.text);
    }
    if (options_.keep_assignments) assignments_.push_back(last_record_);
  }

  void add_values(ShapeStats& stats, std::string_view line) {
    const ParsedLine parsed = parse_line(line, options_);
    (void)maker_.make(parsed.message);
    stats.add_values(parsed.message, maker_.parameters());
  }

  // Templates, most frequent first, and for each shape its template.
  std::vector<std::uint32_t> collect(const std::vector<std::string>& texts, std::vector<Template>& templates, const Job& job) {
    struct Collected {
      ShapeStats stats;
      std::vector<std::uint32_t> shapes;
    };
    std::map<std::string_view, Collected> by_text;
    for (std::uint32_t i = 0; i < shapes_.size(); ++i) {
      Collected& each = by_text[texts[i]];
      each.stats.merge(shapes_.stats(i), sample_size(options_));
      each.shapes.push_back(i);
    }
    for (auto& [text, each] : by_text) {
      if (job.stopped()) break;
      templates.push_back(template_of(text, each.stats, each.shapes));
    }
    std::stable_sort(templates.begin(), templates.end(), [](const Template& a, const Template& b) { return a.count > b.count; });
    std::map<std::string_view, std::uint32_t> place;
    for (std::uint32_t i = 0; i < templates.size(); ++i) place.emplace(templates[i].text, i);
    std::vector<std::uint32_t> to(texts.size(), no_template);
    for (std::size_t i = 0; i < texts.size() && !job.stopped(); ++i) to[i] = place.at(texts[i]);
    return to;
  }

  [[nodiscard]] Template template_of(std::string_view text, const ShapeStats& stats, const std::vector<std::uint32_t>& shapes) {
    Template found;
    found.id = stable_hash(text);
    found.text = text;
    found.count = stats.count;
    found.count_before = stats.count_before;
    found.first_time = stats.first_time.value_or(0);
    found.last_time = stats.last_time.value_or(0);
    found.first_line = stats.first_line;
    found.last_line = stats.last_line;
    for (std::size_t level = 0; level < stats.levels.size(); ++level) {
      if (stats.levels[level] > 0) found.level = static_cast<Level>(level);
    }
    found.samples = stats.samples;
    found.levels = stats.levels;
    std::vector<std::pair<std::string, const ShapeStats*>> own;
    if (options_.parameters) {
      for (const std::uint32_t i : shapes) own.emplace_back(shapes_.text(i), &shapes_.stats(i));
    }
    fill_values(found, stats, own, options_, [&](std::uint64_t offset) { return line_at(offset); });
    return found;
  }

  [[nodiscard]] EncodedLine line_at(std::uint64_t offset) const {
    for (std::size_t i = 0; i < logs_.size(); ++i) {
      std::string_view log = logs_[i];
      if (offset < log.size()) {
        log.remove_prefix(offset);
        return {take_line(log), encodings_[i]};
      }
      offset -= log.size();
    }
    return {};
  }

  // Beyond max_templates the texts of the rarest become "<*>".
  void fold_rarest(std::vector<std::string>& texts) {
    std::map<std::string_view, std::uint64_t> counts;
    for (std::uint32_t i = 0; i < texts.size(); ++i) counts[texts[i]] += shapes_.stats(i).count;
    if (counts.size() <= std::max<std::size_t>(options_.max_templates, 1)) return;
    std::vector<std::pair<std::string_view, std::uint64_t>> ranked(counts.begin(), counts.end());
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    std::unordered_set<std::string> kept;
    for (const auto& [text, count] : ranked) {
      if (kept.size() + 1 >= options_.max_templates) break;
      if (text != parameter) kept.emplace(text);
    }
    for (std::string& text : texts) {
      if (!kept.contains(text)) text = parameter;
    }
  }

  std::span<const std::string_view> logs_;
  const TemplateOptions& options_;
  std::vector<Encoding> encodings_;  // of each log
  ShapeTable shapes_;                // UTF-8
  ShapeMaker maker_;
  std::unordered_map<const LineTools*, Worker> workers_;
  std::vector<std::uint64_t> chunk_begins_;  // lines before each chunk
  std::size_t log_ = 0;                      // of the last chunk
  std::uint64_t lines_ = 0;
  std::optional<TimeUs> last_stamp_;
  RecordFolder folder_;
  std::uint32_t last_record_ = no_template;  // its shape
  std::vector<std::uint32_t> assignments_;   // numbers of shapes
};

// The tools of all workers. Any thread.
class Workshop {
 public:
  explicit Workshop(TimeUs reference) : reference_(reference) {}

  // `use(tools)`, with tools that nobody else uses meanwhile and that have seen no chunk behind this one, nor one of another
  // encoding.
  template <class Use>
  auto with(std::size_t chunk, Encoding encoding, const Use& use) {
    Bench& bench = take(chunk, encoding);
    auto result = use(bench.tools);
    const std::scoped_lock lock(mutex_);
    bench.idle = true;
    return result;
  }
  // When all work is done.
  template <class Use>
  void each(const Use& use) const {
    for (const Bench& bench : benches_) use(bench.tools);
  }

 private:
  struct Bench {
    Bench(TimeUs reference, Encoding of) : tools(reference), encoding(of) {}
    LineTools tools;
    Encoding encoding;
    std::size_t chunk = 0;  // the last one
    bool idle = false;
  };

  Bench& take(std::size_t chunk, Encoding encoding) {
    const std::scoped_lock lock(mutex_);
    const auto free = std::find_if(benches_.begin(), benches_.end(),
                                   [&](const Bench& b) { return b.idle && b.chunk < chunk && b.encoding == encoding; });
    Bench& bench = free != benches_.end() ? *free : benches_.emplace_back(reference_, encoding);
    bench.chunk = chunk;
    bench.idle = false;
    return bench;
  }

  TimeUs reference_;
  std::mutex mutex_;
  std::deque<Bench> benches_;  // which stay where they are
};

}  // namespace

Result<TemplateGroups> mine_templates_in_chunks(std::span<const std::string_view> logs, const TemplateOptions& options, Job& job,
                                                std::size_t chunk_bytes, std::size_t max_shapes) {
  if (options.time_range && options.time_range->first > options.time_range->second) {
    return fail(ErrorKind::invalid_argument, "the time range ends before it begins");
  }
  TemplateOptions settled = options;
  if (settled.reference == 0) settled.reference = now_us();
  std::uint64_t total = 0;
  for (const std::string_view log : logs) total += log.size();
  job.begin("grouping lines", total, "B");
  std::vector<std::uint64_t> offsets;  // of each log in all
  std::uint64_t offset = 0;
  for (const std::string_view log : logs) offsets.push_back(std::exchange(offset, offset + log.size()));
  Workshop workshop(settled.reference);
  Mining mining(logs, settled, max_shapes);
  for_chunks_of_logs_in_order(
      logs, chunk_bytes, job,
      [&](const LogChunk& chunk) {
        const std::uint64_t place = offsets[chunk.log] + static_cast<std::uint64_t>(chunk.bytes.data() - logs[chunk.log].data());
        return workshop.with(chunk.number, mining.encoding(chunk.log), [&](LineTools& tools) {
          return read_chunk(chunk, place, chunk.log < settled.logs_before, tools, settled, job);
        });
      },
      [&](ShapePart part) {
        const std::size_t log = part.log;
        mining.merge(std::move(part), offsets[log], log < settled.logs_before);
      },
      settled.threads);
  if (!job.stopped()) workshop.each([&](const LineTools& tools) { mining.merge_worker(tools); });
  if (job.stopped()) return fail_cancelled();
  TemplateGroups groups = mining.finish(job);
  if (job.stopped()) return fail_cancelled();
  return groups;
}

Result<TemplateGroups> mine_templates(std::string_view bytes, const TemplateOptions& options, Job& job) {
  return mine_templates_in_chunks({&bytes, 1}, options, job, default_chunk_bytes);
}

Result<TemplateGroups> mine_templates(std::span<const std::string_view> logs, const TemplateOptions& options, Job& job) {
  return mine_templates_in_chunks(logs, options, job, default_chunk_bytes);
}

}  // namespace conclave::logs
