// Two steps. One parallel pass turns every line into its shape (message.h) and counts shapes; distinct shapes are few where lines
// are many. Then the shapes are grouped into templates (template_groups.h). The pass numbers shapes in the order of their first
// line, whatever the pieces were, so that every result, also where a limit strikes, depends on the bytes alone.
#include "engine/logs/templates.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_set>
#include <utility>

#include "engine/base/ids.h"
#include "engine/base/text.h"
#include "engine/logs/chunks.h"
#include "engine/logs/message.h"
#include "engine/logs/shape.h"
#include "engine/logs/shape_table.h"
#include "engine/logs/template_groups.h"

namespace conclave::logs {
namespace {

bool in_range(std::optional<TimeUs> time, const TemplateOptions& options) {
  return !options.time_range || (time && *time >= options.time_range->first && *time < options.time_range->second);
}

struct ShapePart {
  struct HeadLine {
    std::uint32_t shape = 0;
    Level level = Level::unknown;
  };

  ShapeTable shapes{SIZE_MAX};
  std::uint64_t lines = 0;
  std::vector<HeadLine> head;              // lines before the first stamp: their time is known to the part before
  std::optional<TimeUs> last_stamp;        // of all lines
  std::vector<std::uint32_t> assignments;  // of the lines behind the head; only if they are kept
};

ShapePart read_chunk(std::string_view chunk, const TemplateOptions& options, const Job& job) {
  ShapePart part;
  ShapeMaker shapes;
  while (!chunk.empty()) {
    if (part.lines % 256 == 0 && job.stopped()) break;
    const std::size_t end = chunk.find('\n');
    std::string_view line = chunk.substr(0, end);
    chunk.remove_prefix(end == std::string_view::npos ? chunk.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    ++part.lines;
    const auto stamp = options.content ? std::nullopt : locate_stamp(line, options.reference);
    if (stamp) part.last_stamp = stamp->stamp.time;
    if (part.last_stamp && !in_range(part.last_stamp, options)) {
      if (options.keep_assignments) part.assignments.push_back(no_template);
      continue;
    }
    const LocatedLevel level = locate_level(line);
    const std::size_t begin = options.content ? 0 : message_begin(line, stamp, level, options.reference);
    const std::uint32_t number = part.shapes.number_of(shapes.make(line.substr(begin)));
    if (!part.last_stamp) {
      part.head.push_back({number, level.level});
      continue;
    }
    part.shapes.stats(number).add_line(part.lines, level.level, part.last_stamp, options);
    if (options.keep_assignments) part.assignments.push_back(number);
  }
  return part;
}

class Mining {
 public:
  Mining(const TemplateOptions& options, std::size_t max_shapes) : options_(options), shapes_(max_shapes) {}

  void merge(ShapePart part) {
    std::uint64_t number = lines_;
    for (const ShapePart::HeadLine& line : part.head) {
      ++number;
      const bool wanted = in_range(last_stamp_, options_);
      const std::uint32_t shape = wanted ? shapes_.number_of(part.shapes.text(line.shape)) : no_template;
      if (wanted) shapes_.stats(shape).add_line(number, line.level, last_stamp_, options_);
      if (options_.keep_assignments) assignments_.push_back(shape);
    }
    const std::vector<std::uint32_t> to = take_shapes(part);
    for (const std::uint32_t shape : part.assignments) {
      assignments_.push_back(shape == no_template ? no_template : to[shape]);
    }
    lines_ += part.lines;
    if (part.last_stamp) last_stamp_ = part.last_stamp;
  }

  [[nodiscard]] TemplateGroups finish(const Job& job) {
    std::vector<std::string> texts;
    texts.reserve(shapes_.size());
    for (std::uint32_t i = 0; i < shapes_.size(); ++i) texts.push_back(shapes_.text(i));
    std::vector<std::uint64_t> counts;
    counts.reserve(shapes_.size());
    for (std::uint32_t i = 0; i < shapes_.size(); ++i) counts.push_back(shapes_.stats(i).count);
    texts = group_shapes(texts, counts, job);
    for (std::string& text : texts) text = valid_utf8(text);
    fold_rarest(texts);
    TemplateGroups groups;
    const std::vector<std::uint32_t> to = collect(texts, groups.templates);
    if (options_.keep_assignments) {
      groups.assignments = std::move(assignments_);
      for (std::uint32_t& shape : groups.assignments) shape = shape == no_template ? no_template : to[shape];
    }
    return groups;
  }

 private:
  // Numbers here of the shapes of `part`, in the order of their first line; its statistics are added.
  std::vector<std::uint32_t> take_shapes(ShapePart& part) {
    std::vector<std::uint32_t> order;
    for (std::uint32_t i = 0; i < part.shapes.size(); ++i) {
      if (part.shapes.stats(i).count > 0) order.push_back(i);
    }
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      return part.shapes.stats(a).first_line < part.shapes.stats(b).first_line;
    });
    std::vector<std::uint32_t> to(part.shapes.size(), no_template);
    for (const std::uint32_t i : order) {
      to[i] = shapes_.number_of(part.shapes.text(i));
      part.shapes.stats(i).shift(lines_);
      shapes_.stats(to[i]).merge(part.shapes.stats(i));
    }
    return to;
  }

  // Templates, most frequent first, and for each shape its template.
  std::vector<std::uint32_t> collect(const std::vector<std::string>& texts, std::vector<Template>& templates) {
    std::map<std::string_view, ShapeStats> by_text;
    for (std::uint32_t i = 0; i < shapes_.size(); ++i) by_text[texts[i]].merge(shapes_.stats(i));
    for (auto& [text, stats] : by_text) {
      templates.push_back({stable_hash(text), std::string(text), stats.count, stats.count_before, stats.first_time.value_or(0),
                           stats.last_time.value_or(0), stats.first_line, stats.last_line, stats.level,
                           std::move(stats.samples)});
    }
    std::stable_sort(templates.begin(), templates.end(), [](const Template& a, const Template& b) { return a.count > b.count; });
    std::map<std::string_view, std::uint32_t> place;
    for (std::uint32_t i = 0; i < templates.size(); ++i) place.emplace(templates[i].text, i);
    std::vector<std::uint32_t> to;
    to.reserve(texts.size());
    for (const std::string& text : texts) to.push_back(place.at(text));
    return to;
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

  const TemplateOptions& options_;
  ShapeTable shapes_;
  std::uint64_t lines_ = 0;
  std::optional<TimeUs> last_stamp_;
  std::vector<std::uint32_t> assignments_;  // numbers of shapes
};

}  // namespace

Result<TemplateGroups> mine_templates_in_chunks(std::string_view bytes, const TemplateOptions& options, Job& job,
                                                std::size_t chunk_bytes, std::size_t max_shapes) {
  if (options.time_range && options.time_range->first > options.time_range->second) {
    return fail(ErrorKind::invalid_argument, "the time range ends before it begins");
  }
  TemplateOptions settled = options;
  if (settled.reference == 0) settled.reference = now_us();
  job.begin("grouping lines", bytes.size(), "B");
  Mining mining(settled, max_shapes);
  for_chunks_in_order(
      bytes, chunk_bytes, job, [&](std::string_view chunk) { return read_chunk(chunk, settled, job); },
      [&](ShapePart part) { mining.merge(std::move(part)); });
  if (job.stopped()) return fail_cancelled();
  TemplateGroups groups = mining.finish(job);
  if (job.stopped()) return fail_cancelled();
  return groups;
}

Result<TemplateGroups> mine_templates(std::string_view bytes, const TemplateOptions& options, Job& job) {
  return mine_templates_in_chunks(bytes, options, job, default_chunk_bytes);
}

}  // namespace conclave::logs
