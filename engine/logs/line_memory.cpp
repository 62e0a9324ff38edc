// Most lines of a log differ from one before only in numbers. What they are taken apart into (level, where the message begins,
// its shape) depends on where digits stand, hardly ever on their values; so it is kept under a hash of the line with all digits
// made '0', eight bytes at a time, and the lines are compared in the same way before it is used. The few things that do look at
// values are left out: a second stamp in a header, levels written as numbers.
#include "engine/logs/line_memory.h"

#include <algorithm>
#include <cstring>

#include "engine/logs/word_kind.h"

namespace conclave::logs {
namespace {

constexpr std::size_t longest_line = 1024;
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Eight bytes with digits made '0' ("SIMD within a register": Lamport, CACM 1975).
std::uint64_t without_digits(std::uint64_t word) {
  constexpr std::uint64_t ones = 0x0101010101010101ULL;
  const std::uint64_t zeroed = word ^ (ones * 0x30);
  const std::uint64_t other = (((zeroed & (ones * 0x7f)) + ones * 0x76) | zeroed) & (ones * 0x80);
  const std::uint64_t digits = ((~other & (ones * 0x80)) >> 7U) * 0xff;
  return word & ~(digits & (ones * 0x0f));
}

std::uint64_t load(const char* at, std::size_t size = 8) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, size);
  return word;
}

std::uint64_t fold(std::uint64_t a, std::uint64_t b) {  // the step of wyhash (Wang Yi, 2019)
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

std::uint64_t hash_without_digits(std::string_view line) {
  std::uint64_t hash = 0x9e3779b97f4a7c15ULL ^ line.size();
  std::size_t at = 0;
  for (; at + 8 <= line.size(); at += 8) hash = fold(hash ^ without_digits(load(line.data() + at)), 0xa0761d6478bd642fULL);
  if (at < line.size()) hash = fold(hash ^ without_digits(load(line.data() + at, line.size() - at)), 0xe7037ed1a0b428dbULL);
  return hash;
}

bool same_without_digits(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  std::size_t at = 0;
  for (; at + 8 <= a.size(); at += 8) {
    if (without_digits(load(a.data() + at)) != without_digits(load(b.data() + at))) return false;
  }
  const std::size_t left = a.size() - at;
  return left == 0 || without_digits(load(a.data() + at, left)) == without_digits(load(b.data() + at, left));
}

// "level", "lvl", "severity" in any case: perhaps with a number for a value.
bool names_a_level(std::string_view head) {
  const auto small = [&](std::size_t i) { return static_cast<char>(head[i] | 0x20); };
  for (std::size_t i = 1; i + 1 < head.size(); ++i) {
    if (small(i) == 'v' && small(i - 1) == small(i + 1) && (small(i - 1) == 'e' || small(i - 1) == 'l')) return true;
  }
  return false;
}

// Whether a stamp could begin in the first 64 bytes of `rest`, before a message has begun.
bool may_hold_stamp(std::string_view rest) {
  constexpr std::size_t window = 66;
  const std::size_t end = std::min({rest.find(": "), rest.size(), window}) + 2;
  std::size_t run = 0;
  for (std::size_t i = 0; i < rest.size() && i < end + 32; ++i) {
    const char c = rest[i];
    if (is_digit(c)) {
      ++run;
      continue;
    }
    if (run >= 6 || (run == 4 && c == ' ')) return true;
    if (run > 0 && (c == '-' || c == '/' || c == '.' || c == ':') && i + 1 < rest.size() && is_digit(rest[i + 1])) return true;
    run = 0;
    if (i < end && c >= 'A' && c <= 'Z' && is_calendar_word(rest.substr(i, 3))) return true;
  }
  return run >= 6;
}

}  // namespace

KnownLine* LineMemory::find(std::string_view line, const std::optional<LocatedStamp>& stamp) {
  if (line.empty() || line.size() > longest_line) return nullptr;
  const std::uint64_t hash = hash_without_digits(line);
  KnownLine& known = places_[hash % place_count];
  const LocatedStamp place = stamp.value_or(LocatedStamp{});
  if (known.hash == hash && known.stamp_begin == place.begin && known.stamp_end == place.end &&
      known.format == place.stamp.format && same_without_digits(known.text, line)) {
    return &known;
  }
  constexpr std::size_t header_bytes = 128;
  if (line[0] == '<' || names_a_level(line.substr(0, header_bytes))) return nullptr;
  if (stamp && may_hold_stamp(line.substr(stamp->end))) return nullptr;
  known.text = {};
  known.hash = hash;
  known.stamp_begin = static_cast<std::uint32_t>(place.begin);
  known.stamp_end = static_cast<std::uint32_t>(place.end);
  known.format = place.stamp.format;
  return &known;
}

std::unique_ptr<LineMemory> LineMemories::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      auto memory = std::move(free_.back());
      free_.pop_back();
      return memory;
    }
  }
  return std::make_unique<LineMemory>();
}

void LineMemories::give_back(std::unique_ptr<LineMemory> memory) {
  const std::lock_guard lock(mutex_);
  free_.push_back(std::move(memory));
}

std::optional<LocatedStamp> StampReader::locate(std::string_view line) {
  if (!last_.empty() && same_minute(line)) {
    const std::size_t end = stamp_.end;
    TimeUs time = (line[17] - '0') * 10 + (line[18] - '0');
    for (std::size_t i = 20; i < end; ++i) time = time * 10 + (line[i] - '0');
    for (std::size_t i = end > 20 ? end - 20 : 0; i < 6; ++i) time *= 10;
    LocatedStamp found = stamp_;
    found.stamp.time = minute_ + time;
    return found;
  }
  const auto found = locate_stamp(line, reference_);
  last_ = {};
  if (!found || found->stamp.format != StampFormat::iso || found->begin != 0) return found;
  const std::size_t end = found->end;
  if ((end != 19 && end != 23 && end != 26) || end + 1 >= line.size() || line[17] > '5') return found;
  if (end > 19 && line[19] != '.' && line[19] != ',') return found;
  constexpr std::string_view zones = "+-Zz.,";
  if (is_digit(line[end]) || zones.find(line[end]) != std::string_view::npos ||
      zones.find(line[end + 1]) != std::string_view::npos)
    return found;
  if (!std::all_of(line.begin() + (end > 20 ? 20 : 17), line.begin() + static_cast<std::ptrdiff_t>(end), is_digit)) return found;
  last_ = line;
  stamp_ = *found;
  TimeUs seconds = 0;
  for (std::size_t i = 17; i < 19; ++i) seconds = seconds * 10 + (line[i] - '0');
  TimeUs fraction = 0;
  for (std::size_t i = 20; i < 26; ++i) fraction = fraction * 10 + (i < end ? line[i] - '0' : 0);
  minute_ = found->stamp.time - seconds * us_per_second - fraction;
  return found;
}

bool StampReader::same_minute(std::string_view line) const {
  const std::size_t end = stamp_.end;
  if (line.size() < end + 2 || std::memcmp(line.data(), last_.data(), 17) != 0) return false;
  if (line[17] < '0' || line[17] > '5' || !is_digit(line[18])) return false;
  if (line[end] != last_[end] || line[end + 1] != last_[end + 1]) return false;
  if (end > 19 && line[19] != last_[19]) return false;
  for (std::size_t i = 20; i < end; ++i) {
    if (!is_digit(line[i])) return false;
  }
  return true;
}

}  // namespace conclave::logs
