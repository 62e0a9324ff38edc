#include "engine/logs/shape_table.h"

#include <algorithm>
#include <cstring>

namespace conclave::logs {
namespace {

constexpr std::size_t max_samples = 3;

}  // namespace

std::uint64_t value_hash(std::string_view value) {
  std::uint64_t hash = value.size();
  std::uint64_t bytes = 0;
  for (; value.size() > sizeof bytes; value.remove_prefix(sizeof bytes)) {
    std::memcpy(&bytes, value.data(), sizeof bytes);
    hash = mix_bits(hash ^ bytes);
  }
  bytes = 0;
  std::memcpy(&bytes, value.data(), value.size());
  return mix_bits(hash ^ bytes);
}

void ShapeStats::add(const RecordPlace& record, std::size_t sample_size) {
  if (count++ == 0) first_line = record.line;
  last_line = record.line;
  ++levels[static_cast<std::size_t>(record.level)];
  if (count <= max_samples) samples.push_back(record.line);
  sample.add(record.offset, sample_size);
  count_before += record.before ? 1 : 0;
  if (!record.time) return;
  first_time = std::min(first_time.value_or(*record.time), *record.time);
  last_time = std::max(last_time.value_or(*record.time), *record.time);
}

void ShapeStats::add_values(std::string_view message, std::span<const ShapeParameter> parameters) {
  if (distinct.size() < parameters.size()) distinct.resize(parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const ShapeParameter& found = parameters[i];
    distinct[i].add(value_hash(message.substr(found.begin, found.end - found.begin)));
  }
}

void ShapeStats::merge(const ShapeStats& other, std::size_t sample_size) {
  if (other.count == 0) return;
  first_line = count == 0 ? other.first_line : std::min(first_line, other.first_line);
  last_line = std::max(last_line, other.last_line);
  count += other.count;
  count_before += other.count_before;
  for (std::size_t i = 0; i < levels.size(); ++i) levels[i] += other.levels[i];
  if (other.first_time) {
    first_time = std::min(first_time.value_or(*other.first_time), *other.first_time);
    last_time = std::max(last_time.value_or(*other.last_time), *other.last_time);
  }
  samples.insert(samples.end(), other.samples.begin(), other.samples.end());
  std::sort(samples.begin(), samples.end());
  samples.resize(std::min(samples.size(), max_samples));
  sample.merge(other.sample, sample_size);
  if (distinct.size() < other.distinct.size()) distinct.resize(other.distinct.size());
  for (std::size_t i = 0; i < other.distinct.size(); ++i) distinct[i].merge(other.distinct[i]);
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
