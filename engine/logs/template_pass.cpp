#include "engine/logs/template_pass.h"

#include <utility>

#include "engine/logs/json_header.h"
#include "engine/logs/message.h"

namespace conclave::logs {

namespace {

ParsedLine parse(std::string_view line, const std::optional<LocatedStamp>& stamp, const TemplateOptions& options) {
  const LocatedLevel level = locate_level(line);
  const auto time = stamp ? std::optional(stamp->stamp.time) : std::nullopt;
  if (options.content) return {time, level.level, line};
  if (!is_json_line(line)) return {time, level.level, line.substr(message_begin(line, stamp, level, options.reference))};
  const std::string_view message = json_message(line).value_or(line);
  if (is_json_line(message)) return {time, level.level, message};
  const auto inner = locate_stamp(message, options.reference);
  return {time, level.level, message.substr(message_begin(message, inner, locate_level(message), options.reference))};
}

// What read_chunk() keeps from line to line.
class LineReader {
 public:
  LineReader(ShapeTable& shapes, LineTools& tools, const TemplateOptions& options)
      : shapes_(shapes), options_(options), tools_(tools), part_(++tools.parts) {}

  // Gives what the line is but its shape; shape() and parameters() are of the same line then. `readable` bytes from its begin on
  // may be read.
  ParsedLine read(std::string_view line, std::size_t readable) {
    const Header header = options_.content ? Header{} : tools_.headers.read(line, readable);
    known_ = tools_.lines.find(line, header);
    if (known_ != nullptr && !known_->text.empty()) {
      return {header.stamped ? std::optional(header.time) : std::nullopt, known_->level,
              line.substr(known_->message_begin, known_->message_size)};
    }
    const LocatedStamp stamp{{header.time, header.format, header.zoned}, header.stamp_begin, header.stamp_end};
    parsed_ = parse(line, header.stamped ? std::optional(stamp) : std::nullopt, options_);
    line_ = line;
    return parsed_;
  }
  std::uint32_t shape() {
    if (known_ == nullptr) return shapes_.number_of(maker_.make(parsed_.message));
    if (known_->text.empty()) {
      known_->text = line_;
      known_->level = parsed_.level;
      known_->message_begin = static_cast<std::uint32_t>(parsed_.message.data() - line_.data());
      known_->message_size = static_cast<std::uint32_t>(parsed_.message.size());
      known_->shape = maker_.make(parsed_.message);
      known_->parameters = maker_.parameters();
      known_->part = 0;
    }
    if (std::exchange(known_->part, part_) != part_) known_->number = shapes_.number_of(known_->shape);
    return known_->number;
  }
  [[nodiscard]] const std::vector<ShapeParameter>& parameters() const {
    return known_ != nullptr ? known_->parameters : maker_.parameters();
  }

 private:
  ShapeTable& shapes_;
  const TemplateOptions& options_;
  LineTools& tools_;
  std::uint64_t part_;  // of the part that shapes_ is of
  ShapeMaker maker_;
  KnownLine* known_ = nullptr;
  ParsedLine parsed_;
  std::string_view line_;
};

}  // namespace

ParsedLine parse_line(std::string_view line, const TemplateOptions& options) {
  return parse(line, options.content ? std::nullopt : locate_stamp(line, options.reference), options);
}

bool in_time_range(std::optional<TimeUs> time, const TemplateOptions& options) {
  return !options.time_range || (time && *time >= options.time_range->first && *time < options.time_range->second);
}

std::string_view take_line(std::string_view& bytes) {
  const std::size_t end = bytes.find('\n');
  std::string_view line = bytes.substr(0, end);
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

ShapePart read_chunk(std::string_view chunk, std::uint64_t offset, bool before, LineTools& tools, const TemplateOptions& options,
                     const Job& job) {
  ShapePart part;
  LineReader reader(part.shapes, tools, options);
  const char* const begin = chunk.data();
  const char* const end = begin + chunk.size();
  const std::size_t samples = sample_size(options);
  while (!chunk.empty()) {
    if (part.lines % 256 == 0 && job.stopped()) break;
    const std::string_view line = take_line(chunk);
    ++part.lines;
    const ParsedLine parsed = reader.read(line, static_cast<std::size_t>(end - line.data()));
    if (parsed.stamp) part.last_stamp = parsed.stamp;
    const bool head = !part.last_stamp && !options.content;
    if (!head && !options.content) {
      if (starts_record(line, parsed.stamp.has_value(), parsed.level)) {
        part.folder.start_record();
      } else if (part.folder.continues(line)) {
        if (options.keep_assignments) part.assignments.push_back(part.last_record);
        continue;
      }
    }
    if (!head && !in_time_range(part.last_stamp, options)) {
      part.last_record = no_template;
      if (options.keep_assignments) part.assignments.push_back(no_template);
      continue;
    }
    const std::uint32_t shape = reader.shape();
    if (head) {
      part.head.push_back({line, shape, parsed.level});
      continue;
    }
    part.last_record = shape;
    ShapeStats& stats = part.shapes.stats(shape);
    stats.add({part.lines, offset + static_cast<std::uint64_t>(line.data() - begin), part.last_stamp, parsed.level,
               before || (options.change_time && part.last_stamp && *part.last_stamp < *options.change_time)},
              samples);
    if (options.parameters) stats.add_values(parsed.message, reader.parameters());
    if (options.keep_assignments) part.assignments.push_back(shape);
  }
  return part;
}

}  // namespace conclave::logs
