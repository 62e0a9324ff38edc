// Lines of one kind differ in their digits and in their messages. So the first 32, 64 or 128 bytes with every digit set to '0'
// are a key: for one key level and place of the stamp are the same as long as what they rest on (StampReading, LevelReading) lies
// within the key. What the values of digits decide is decided again for each line: a stamp with the date of the last one by its
// clock alone, any other by reading it at its known place, and places where a value spoke against a stamp are tried again.
// A short key whose lines need more says so and leads to the longer one.
#include "engine/logs/header_memo.h"

#include <emmintrin.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace conclave::logs {

namespace {

// 128 bytes of ones, then as many zeros: reading from `128 - n` on gives a mask for n bytes.
alignas(64) constexpr std::array<unsigned char, 256> mask_source = [] {
  std::array<unsigned char, 256> bytes{};
  for (std::size_t i = 0; i < 128; ++i) bytes[i] = 0xff;
  return bytes;
}();

__m128i load(const void* from) { return _mm_loadu_si128(static_cast<const __m128i*>(from)); }

// Digits become '0'; bytes where `mask` is zero become zero.
__m128i without_values(__m128i bytes, __m128i mask) {
  const __m128i zero = _mm_set1_epi8('0');
  const __m128i distance = _mm_sub_epi8(bytes, zero);
  const __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(distance, _mm_set1_epi8(9)), distance);
  return _mm_and_si128(_mm_or_si128(_mm_and_si128(is_digit, zero), _mm_andnot_si128(is_digit, bytes)), mask);
}

bool same_key(const char* a, const char* b, std::size_t blocks) {
  __m128i same = _mm_set1_epi8(-1);
  for (std::size_t i = 0; i < blocks; ++i) same = _mm_and_si128(same, _mm_cmpeq_epi8(load(a + i * 16), load(b + i * 16)));
  return _mm_movemask_epi8(same) == 0xffff;
}

// One or two digits.
unsigned number_at(const char* at, unsigned width) {
  const unsigned tens = width == 1 ? 0 : static_cast<unsigned>(at[0] - '0');
  return tens * 10 + static_cast<unsigned>(at[width - 1] - '0');
}

// The first `count` bytes.
bool same_start(const char* a, const char* b, unsigned count) {
  const unsigned wanted = (1U << count) - 1U;
  return (static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(load(a), load(b)))) & wanted) == wanted;
}

std::uint64_t hash_of(__m128i sum) {
  const auto low = static_cast<std::uint64_t>(_mm_cvtsi128_si64(sum));
  const auto high = static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(sum, sum)));
  return ((low ^ (high << 23U | high >> 41U)) + high) * 0x9E3779B97F4A7C15U >> 40U;
}

Header with_stamp(Header header, const Stamp& stamp) {
  header.stamped = true;
  header.zoned = stamp.zoned;
  header.format = stamp.format;
  header.time = stamp.time;
  return header;
}

TimeUs fraction_of(const ClockPlace& clock, const char* stamp) {
  unsigned fraction = 0;
  for (unsigned i = 0; i < clock.fraction_digits; ++i)
    fraction = fraction * 10 + static_cast<unsigned>(stamp[clock.fraction + i] - '0');
  return static_cast<TimeUs>(fraction) * clock.fraction_scale;
}

// Nothing if the digits say no time.
std::optional<TimeUs> time_of_day(const ClockPlace& clock, const char* stamp) {
  if (clock.epoch) {
    TimeUs seconds = 0;
    for (int i = 0; i < 10; ++i) seconds = seconds * 10 + (stamp[i] - '0');
    const TimeUs time = seconds * us_per_second + fraction_of(clock, stamp);
    return time < clock.earliest || time > clock.latest ? std::nullopt : std::optional(time);
  }
  const unsigned hour = number_at(stamp + clock.hour, clock.hour_width);
  const unsigned minute = number_at(stamp + clock.minute, clock.minute_width);
  const unsigned second = number_at(stamp + clock.second, clock.second_width);
  if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return static_cast<TimeUs>(hour * 3600 + minute * 60 + second) * us_per_second + fraction_of(clock, stamp);
}

}  // namespace

Header read_header(std::string_view line, TimeUs reference) {
  Header header;
  header.level = level_of(line);
  const auto stamp = find_stamp(line, reference);
  return stamp ? with_stamp(header, *stamp) : header;
}

HeaderMemo::HeaderMemo(TimeUs reference) : reference_(reference) {
  for (std::size_t i = 0; i < widths.size(); ++i) {
    answers_[i].resize(slots[i]);
    keys_[i].resize(slots[i] * widths[i] * block);
  }
}

Header HeaderMemo::read(std::string_view line, std::size_t readable) {
  if (readable < key_bytes + block) return read_header(line, reference_);
  alignas(16) std::array<char, key_bytes> key;
  const std::size_t size = std::min(line.size(), key_bytes);
  const unsigned char* const masks = mask_source.data() + 128 - size;
  __m128i sum = _mm_setzero_si128();
  std::size_t done = 0;
  for (std::size_t depth = 0; depth < widths.size(); ++depth) {
    for (; done < widths[depth]; ++done) {
      const __m128i bytes = without_values(load(line.data() + done * block), load(masks + done * block));
      _mm_store_si128(reinterpret_cast<__m128i*>(key.data() + done * block), bytes);
      sum = _mm_add_epi32(_mm_xor_si128(_mm_slli_epi32(sum, 5), _mm_srli_epi32(sum, 7)),
                          _mm_madd_epi16(bytes, _mm_set_epi16(8191, 127, 524, 6151, 3079, 769, 12289, 1543)));
    }
    const std::size_t slot = hash_of(sum) & (slots[depth] - 1);
    const std::size_t width = widths[depth] * block;
    Answer& answer = answers_[depth][slot];
    char* const known = keys_[depth].data() + slot * width;
    if (answer.kind == Answer::Kind::empty || answer.length != std::min(size, width) ||
        !same_key(known, key.data(), widths[depth])) {
      std::memcpy(known, key.data(), width);
      answer = {};
      answer.length = static_cast<std::uint8_t>(std::min(size, width));
      return learn(answer, width, line);
    }
    if (answer.kind == Answer::Kind::here) return answer_from(answer, line);
  }
  return read_header(line, reference_);
}

Header HeaderMemo::learn(Answer& answer, std::size_t width, std::string_view line) const {
  const StampReading stamp = read_stamp(line, reference_);
  const LevelReading level = read_level(line);
  Header header;
  header.level = level.found.level;
  if (stamp.found) header = with_stamp(header, stamp.found->stamp);
  answer.kind = Answer::Kind::deeper;
  if (level.by_value || stamp.refused_count > answer.refused.size()) return header;
  if (std::max(stamp.reach, level.reach) > width && line.size() >= width) return header;
  answer.kind = Answer::Kind::here;
  answer.level = level.found.level;
  answer.refused = stamp.refused;
  answer.refused_count = static_cast<std::uint8_t>(stamp.refused_count);
  if (stamp.found) keep_stamp(answer, line, *stamp.found, stamp.clock);
  return header;
}

void HeaderMemo::keep_stamp(Answer& answer, std::string_view line, const LocatedStamp& found, const ClockPlace& clock) const {
  answer.stamped = true;
  answer.zoned = found.stamp.zoned;
  answer.format = found.stamp.format;
  answer.stamp = static_cast<std::uint8_t>(found.begin);
  answer.clock = clock;
  const std::size_t tail_bytes = found.end - found.begin - clock.end;
  if (!clock.known || clock.hour > answer.date.size() || tail_bytes > answer.tail.size() || line.size() < found.end) {
    answer.clock.known = false;
    return;
  }
  const char* const stamp = line.data() + found.begin;
  std::memcpy(answer.date.data(), stamp, clock.hour);
  answer.tail_bytes = static_cast<std::uint8_t>(tail_bytes);
  std::memcpy(answer.tail.data(), stamp + clock.end, tail_bytes);
  answer.midnight = found.stamp.time - *time_of_day(clock, stamp);
}

Header HeaderMemo::answer_from(Answer& answer, std::string_view line) const {
  Header header;
  header.level = answer.level;
  for (std::size_t i = 0; i < answer.refused_count; ++i) {
    if (const auto stamp = stamp_at(line, reference_, answer.refused[i])) return with_stamp(header, stamp->stamp);
  }
  if (!answer.stamped) return header;
  const char* const stamp = line.data() + answer.stamp;
  const ClockPlace& clock = answer.clock;
  if (clock.known) {
    if (same_start(stamp, answer.date.data(), clock.hour) &&
        same_start(stamp + clock.end, answer.tail.data(), answer.tail_bytes)) {
      if (const auto time = time_of_day(clock, stamp)) {
        return with_stamp(header, {answer.midnight + *time, answer.format, answer.zoned});
      }
    }
  }
  const StampReading reading = read_stamp(line, reference_, answer.stamp);
  if (!reading.found) return header;
  if (reading.found->begin == answer.stamp) keep_stamp(answer, line, *reading.found, reading.clock);
  return with_stamp(header, reading.found->stamp);
}

}  // namespace conclave::logs
