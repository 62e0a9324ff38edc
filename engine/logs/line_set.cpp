#include "engine/logs/line_set.h"

#include <algorithm>
#include <roaring/roaring.hh>

namespace conclave::logs {
namespace {

constexpr std::uint32_t high_of(std::uint64_t number) { return static_cast<std::uint32_t>(number >> 32U); }
constexpr std::uint32_t low_of(std::uint64_t number) { return static_cast<std::uint32_t>(number); }
constexpr std::uint64_t join(std::uint32_t high, std::uint32_t low) { return (std::uint64_t{high} << 32U) | low; }

}  // namespace

LineSet::LineSet() = default;
LineSet::LineSet(LineSet&&) noexcept = default;
LineSet& LineSet::operator=(LineSet&&) noexcept = default;
LineSet::~LineSet() = default;

LineSet::LineSet(const LineSet& other) {
  for (const auto& [high, lows] : other.parts_) parts_.emplace(high, std::make_unique<Roaring>(*lows));
}

LineSet& LineSet::operator=(const LineSet& other) {
  if (this != &other) *this = LineSet(other);
  return *this;
}

Roaring& LineSet::part(std::uint32_t high) {
  auto& lows = parts_[high];
  if (!lows) lows = std::make_unique<Roaring>();
  return *lows;
}

void LineSet::add(std::span<const std::uint64_t> numbers) {
  std::vector<std::uint32_t> lows;
  for (std::size_t i = 0; i < numbers.size();) {
    const std::uint32_t high = high_of(numbers[i]);
    lows.clear();
    for (; i < numbers.size() && high_of(numbers[i]) == high; ++i) lows.push_back(low_of(numbers[i]));
    part(high).addMany(lows.size(), lows.data());
  }
}

void LineSet::add_range(std::uint64_t first, std::uint64_t last) {
  if (first > last) return;
  for (std::uint64_t high = high_of(first); high <= high_of(last); ++high) {
    const std::uint64_t from = high == high_of(first) ? low_of(first) : 0;
    const std::uint64_t to = high == high_of(last) ? low_of(last) : UINT32_MAX;
    part(static_cast<std::uint32_t>(high)).addRange(from, to + 1);
  }
}

void LineSet::compress() {
  for (auto& each : parts_) {
    each.second->runOptimize();
    each.second->shrinkToFit();
  }
}

std::uint64_t LineSet::size() const {
  std::uint64_t size = 0;
  for (const auto& each : parts_) size += each.second->cardinality();
  return size;
}

bool LineSet::contains(std::uint64_t number) const {
  const auto found = parts_.find(high_of(number));
  return found != parts_.end() && found->second->contains(low_of(number));
}

std::uint64_t LineSet::rank(std::uint64_t number) const {
  std::uint64_t rank = 0;
  for (const auto& [high, lows] : parts_) {
    if (high > high_of(number)) break;
    rank += high == high_of(number) ? lows->rank(low_of(number)) : lows->cardinality();
  }
  return rank;
}

std::optional<std::uint64_t> LineSet::select(std::uint64_t k) const {
  for (const auto& [high, lows] : parts_) {
    const std::uint64_t size = lows->cardinality();
    std::uint32_t low = 0;
    if (k < size && lows->select(static_cast<std::uint32_t>(k), &low)) return join(high, low);
    k -= size;
  }
  return std::nullopt;
}

std::vector<std::uint64_t> LineSet::numbers(std::uint64_t k, std::uint64_t count) const {
  std::vector<std::uint64_t> numbers;
  const std::uint64_t whole = size();
  if (k >= whole) return numbers;
  count = std::min(count, whole - k);
  numbers.reserve(count);
  for (const auto& [high, lows] : parts_) {
    const std::uint64_t here = lows->cardinality();
    if (k >= here) {
      k -= here;
      continue;
    }
    std::uint32_t low = 0;
    lows->select(static_cast<std::uint32_t>(k), &low);
    k = 0;
    auto each = lows->begin();
    for (each.equalorlarger(low); each != lows->end() && numbers.size() < count; ++each) numbers.push_back(join(high, *each));
    if (numbers.size() == count) break;
  }
  return numbers;
}

std::uint64_t LineSet::memory_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& each : parts_) bytes += each.second->getSizeInBytes(false);
  return bytes;
}

LineSet& LineSet::operator&=(const LineSet& other) {
  for (auto each = parts_.begin(); each != parts_.end();) {
    const auto theirs = other.parts_.find(each->first);
    if (theirs != other.parts_.end()) *each->second &= *theirs->second;
    const bool gone = theirs == other.parts_.end() || each->second->isEmpty();
    each = gone ? parts_.erase(each) : std::next(each);
  }
  return *this;
}

LineSet& LineSet::operator|=(const LineSet& other) {
  for (const auto& [high, lows] : other.parts_) part(high) |= *lows;
  return *this;
}

LineSet& LineSet::operator-=(const LineSet& other) {
  if (this == &other) {
    parts_.clear();
    return *this;
  }
  for (const auto& [high, lows] : other.parts_) {
    const auto ours = parts_.find(high);
    if (ours == parts_.end()) continue;
    *ours->second -= *lows;
    if (ours->second->isEmpty()) parts_.erase(ours);
  }
  return *this;
}

LineSet LineSet::complement(std::uint64_t line_count) const {
  LineSet all;
  all.add_range(1, line_count);
  return std::move(all -= *this);
}

bool LineSet::operator==(const LineSet& other) const {
  return std::equal(parts_.begin(), parts_.end(), other.parts_.begin(), other.parts_.end(),
                    [](const auto& a, const auto& b) { return a.first == b.first && *a.second == *b.second; });
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> LineSet::with_context(std::uint64_t around, std::uint64_t line_count) const {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  for (const auto& [high, lows] : parts_) {
    for (const std::uint32_t low : *lows) {
      const std::uint64_t number = join(high, low);
      if (number == 0 || number > line_count) continue;
      const std::uint64_t first = number > around ? number - around : 1;
      const std::uint64_t last = number + std::min(around, line_count - number);
      if (!ranges.empty() && first <= ranges.back().second + 1) {
        ranges.back().second = last;
      } else {
        ranges.emplace_back(first, last);
      }
    }
  }
  return ranges;
}

}  // namespace conclave::logs
