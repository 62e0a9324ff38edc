#include "engine/logs/shape_table.h"

#include <algorithm>

#include "engine/logs/shape.h"

namespace conclave::logs {
namespace {

constexpr std::size_t max_samples = 3;

}  // namespace

void ShapeStats::add_line(std::uint64_t line, Level line_level, std::optional<TimeUs> time, const TemplateOptions& options) {
  if (count++ == 0) first_line = line;
  last_line = line;
  level = std::max(level, line_level);
  if (samples.size() < max_samples) samples.push_back(line);
  if (!time) return;
  first_time = std::min(first_time.value_or(*time), *time);
  last_time = std::max(last_time.value_or(*time), *time);
  if (options.change_time && *time < *options.change_time) ++count_before;
}

void ShapeStats::merge(const ShapeStats& other) {
  if (other.count == 0) return;
  first_line = count == 0 ? other.first_line : std::min(first_line, other.first_line);
  last_line = std::max(last_line, other.last_line);
  count += other.count;
  count_before += other.count_before;
  level = std::max(level, other.level);
  if (other.first_time) {
    first_time = std::min(first_time.value_or(*other.first_time), *other.first_time);
    last_time = std::max(last_time.value_or(*other.last_time), *other.last_time);
  }
  samples.insert(samples.end(), other.samples.begin(), other.samples.end());
  std::sort(samples.begin(), samples.end());
  samples.resize(std::min(samples.size(), max_samples));
}

void ShapeStats::shift(std::uint64_t lines) {
  first_line += lines;
  last_line += lines;
  for (std::uint64_t& line : samples) line += lines;
}

// A shape must get the same number each time, so what it falls to depends only on things that do not change any more once it fell
// there.
std::uint32_t ShapeTable::number_of(std::string_view shape) {
  if (const auto found = numbers_.find(shape); found != numbers_.end()) return found->second;
  if (stats_.size() < limit_) return add(shape);
  const std::string_view first_word = shape.substr(0, shape.find(' '));
  if (!first_word.empty() && first_word != parameter) {
    std::string folded(first_word);
    folded += ' ';
    folded += parameter;
    if (const auto found = numbers_.find(folded); found != numbers_.end()) return found->second;
    if (stats_.size() < limit_ + limit_ / 16) return add(folded);
  }
  const auto found = numbers_.find(parameter);
  return found != numbers_.end() ? found->second : add(parameter);
}

std::uint32_t ShapeTable::add(std::string_view shape) {
  const auto number = static_cast<std::uint32_t>(stats_.size());
  const auto added = numbers_.emplace(shape, number).first;
  texts_.push_back(&added->first);
  stats_.emplace_back();
  return number;
}

}  // namespace conclave::logs
