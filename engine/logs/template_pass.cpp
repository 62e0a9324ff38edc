#include "engine/logs/template_pass.h"

#include <array>
#include <span>
#include <utility>

#include "engine/logs/json_header.h"
#include "engine/logs/message.h"

namespace conclave::logs {

namespace {

ParsedLine parse(std::string_view line, const std::optional<LocatedStamp>& stamp, const LocatedLevel& level,
                 const TemplateOptions& options) {
  const auto time = stamp ? std::optional(stamp->stamp.time) : std::nullopt;
  if (options.content) return {time, level.level, line};
  if (!is_json_line(line)) return {time, level.level, line.substr(message_begin(line, stamp, level, options.reference))};
  const std::string_view message = json_message(line).value_or(line);
  if (is_json_line(message)) return {time, level.level, message};
  const auto inner = locate_stamp(message, options.reference);
  return {time, level.level, message.substr(message_begin(message, inner, locate_level(message), options.reference))};
}

// The lines of a chunk, of which headers and what is known are looked up for some at once.
class LineReader {
 public:
  LineReader(std::string_view chunk, LineTools& tools, const TemplateOptions& options)
      : rest_(chunk), end_(chunk.data() + chunk.size()), options_(options), tools_(tools) {}

  // Goes on to the next line; false if there is none.
  bool next() {
    if (++at_ >= count_ && !read_batch()) return false;
    const Header& header = headers_[at_];
    known_ = found_[at_] != nullptr ? found_[at_] : tools_.lines.find(line(), header);
    if (known_ != nullptr && !known_->message_varies) {
      parsed_.stamp = header.stamped ? std::optional(header.time) : std::nullopt;
      parsed_.level = known_->level;
      parsed_.message = line().substr(known_->message_begin, known_->message_size);
      return true;
    }
    const LocatedStamp stamp{{header.time, header.format, header.zoned}, header.stamp_begin, header.stamp_end};
    const LocatedLevel level =
        known_ != nullptr && !known_->level_varies ? LocatedLevel{known_->level, known_->level_end} : locate_level(line());
    parsed_ = parse(line(), header.stamped ? std::optional(stamp) : std::nullopt, level, options_);
    if (known_ == nullptr) known_ = tools_.lines.add(line(), header, level, parsed_.message);
    if (known_ != nullptr && !is_message_of(*known_)) known_ = nullptr;
    return true;
  }
  [[nodiscard]] std::string_view line() const { return lines_[at_]; }
  [[nodiscard]] const ParsedLine& parsed() const { return parsed_; }
  // Of the line.
  [[nodiscard]] std::uint32_t shape() {
    if (known_ != nullptr && known_->shape != KnownLine::no_shape) return known_->shape;
    const std::uint32_t shape = tools_.shapes.number_of(tools_.maker.make(parsed_.message));
    if (known_ != nullptr) {
      tools_.lines.set_parameters(*known_, tools_.maker.parameters());
      known_->shape = shape;
    }
    return shape;
  }
  // The parameters of the shape that was asked for last.
  [[nodiscard]] std::span<const ShapeParameter> parameters() const {
    return known_ != nullptr ? tools_.lines.parameters(*known_) : std::span(tools_.maker.parameters());
  }

 private:
  [[nodiscard]] bool is_message_of(const KnownLine& known) const {
    return parsed_.message.data() == line().data() + known.message_begin && parsed_.message.size() == known.message_size;
  }
  bool read_batch() {
    at_ = 0;
    for (count_ = 0; count_ < lines_.size() && !rest_.empty(); ++count_) lines_[count_] = take_line(rest_);
    if (count_ == 0) return false;
    const auto lines = std::span(lines_).first(count_);
    if (!options_.content) tools_.headers.read(lines, static_cast<std::size_t>(end_ - lines_[0].data()), headers_.data());
    tools_.lines.find(lines, headers_.data(), found_.data());
    return true;
  }

  std::string_view rest_;
  const char* end_;
  const TemplateOptions& options_;
  LineTools& tools_;
  std::size_t at_ = 0;
  std::size_t count_ = 0;
  std::array<std::string_view, LineMemory::batch> lines_;
  std::array<Header, LineMemory::batch> headers_;
  std::array<KnownLine*, LineMemory::batch> found_;
  KnownLine* known_ = nullptr;  // of the line, if its message is that one
  ParsedLine parsed_;
};

// A worker's table is merged with all others when it has so many shapes.
constexpr std::size_t many_shapes = std::size_t{1} << 16U;

}  // namespace

ParsedLine parse_line(std::string_view line, const TemplateOptions& options) {
  return parse(line, options.content ? std::nullopt : locate_stamp(line, options.reference), locate_level(line), options);
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

ShapePart read_chunk(const LogChunk& chunk, std::uint64_t offset, bool before, LineTools& tools, const TemplateOptions& options,
                     const Job& job) {
  ShapePart part;
  part.log = chunk.log;
  part.worker = &tools;
  const std::size_t shapes_before = tools.shapes.size();
  LineReader reader(chunk.bytes, tools, options);
  const std::size_t samples = sample_size(options);
  while (reader.next()) {
    if (part.lines % 256 == 0 && job.stopped()) break;
    ++part.lines;
    const std::string_view line = reader.line();
    const ParsedLine& parsed = reader.parsed();
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
    ShapeStats& stats = tools.shapes.stats(shape);
    if (stats.count == 0) part.counted.push_back(shape);
    stats.add({line_key(chunk.number, part.lines), offset + static_cast<std::uint64_t>(line.data() - chunk.bytes.data()),
               part.last_stamp, parsed.level,
               before || (options.change_time && part.last_stamp && *part.last_stamp < *options.change_time)},
              samples);
    if (options.parameters) stats.add_values(parsed.message, reader.parameters());
    if (options.keep_assignments) part.assignments.push_back(shape);
  }
  for (std::size_t i = shapes_before; i < tools.shapes.size(); ++i) {
    part.texts.push_back(tools.shapes.text(static_cast<std::uint32_t>(i)));
  }
  if (tools.shapes.size() >= many_shapes) {
    part.full = std::exchange(tools.shapes, ShapeTable(SIZE_MAX));
    tools.lines.clear();
  }
  return part;
}

}  // namespace conclave::logs
