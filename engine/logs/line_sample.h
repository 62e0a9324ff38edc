// A uniform sample of the lines of a shape. Internal to the room.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace conclave::logs {

constexpr std::uint64_t mix_bits(std::uint64_t value) {  // SplitMix64 (Steele et al., OOPSLA 2014)
  value += 0x9e3779b97f4a7c15ULL;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31U);
}

// The `limit` lines whose hashes are smallest (a bottom-k sample; Cohen and Kaplan, PODC 2007). Lines are known by where they
// begin, each is added once, and the limit is the same each time; so the sample of a whole is the same however it was cut and in
// which order its parts were merged.
class LineSample {
 public:
  void add(std::uint64_t offset, std::size_t limit) {
    const std::uint64_t key = mix_bits(offset);
    if (key >= beyond_) return;
    limit_ = limit;
    lines_.emplace_back(key, offset);
    if (lines_.size() >= 2 * limit) cut();  // twice as many before: so that each costs little
  }
  void merge(const LineSample& other, std::size_t limit) {
    for (const auto& line : other.lines_) add(line.second, limit);
  }
  [[nodiscard]] std::size_t size() const { return std::min(lines_.size(), limit_); }
  [[nodiscard]] std::vector<std::uint64_t> offsets() const {  // in order
    LineSample sample(*this);
    if (lines_.size() > limit_) sample.cut();
    std::vector<std::uint64_t> offsets;
    offsets.reserve(sample.lines_.size());
    for (const auto& line : sample.lines_) offsets.push_back(line.second);
    std::sort(offsets.begin(), offsets.end());
    return offsets;
  }

 private:
  void cut() {
    const auto last = lines_.begin() + static_cast<std::ptrdiff_t>(limit_ - 1);
    std::nth_element(lines_.begin(), last, lines_.end());
    beyond_ = last->first;
    lines_.resize(limit_);
  }

  std::vector<std::pair<std::uint64_t, std::uint64_t>> lines_;  // (hash, offset)
  std::size_t limit_ = 0;
  std::uint64_t beyond_ = UINT64_MAX;  // hashes from here on are too great
};

}  // namespace conclave::logs
