// Lines of one kind differ in their digits and in their messages. So the first 32, 64 or 128 bytes with every digit set to '0'
// are a key: for one key level and place of the stamp are the same as long as what they rest on (StampReading, LevelReading) lies
// within the key. What the values of digits decide is decided again for each line: a stamp with the date of the last one by its
// clock alone, any other by reading it at its known place, and places where a value spoke against a stamp are tried again.
// A short key whose lines need more says so and leads to the longer one.
#include "engine/logs/header_memo.h"

#include <emmintrin.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <tuple>

#include "engine/logs/digits.h"
#include "engine/logs/json_header.h"

namespace conclave::logs {

namespace {

// 128 bytes of ones, then as many zeros: reading from `128 - n` on gives a mask for n bytes.
alignas(64) constexpr std::array<unsigned char, 256> mask_source = [] {
  std::array<unsigned char, 256> bytes{};
  for (std::size_t i = 0; i < 128; ++i) bytes[i] = 0xff;
  return bytes;
}();

// One odd factor for each pair of bytes of a key.
alignas(16) constexpr std::array<std::int16_t, 64> factors = [] {
  std::array<std::int16_t, 64> numbers{};
  std::uint32_t state = 2463534242;
  for (std::int16_t& number : numbers) {  // G. Marsaglia, "Xorshift RNGs"
    state ^= state << 13U;
    state ^= state >> 17U;
    state ^= state << 5U;
    number = static_cast<std::int16_t>((state & 0x7fffU) | 1U);
  }
  return numbers;
}();

__m128i load(const void* from) { return _mm_loadu_si128(static_cast<const __m128i*>(from)); }

bool all_same(__m128i equal) { return _mm_movemask_epi8(equal) == 0xffff; }

// One or two digits, as a number; no branch, since it is lines of many kinds that are read in turn.
unsigned number_at(const char* at, unsigned width) {
  std::uint16_t digits = 0;
  std::memcpy(&digits, at, sizeof digits);
  const unsigned both = (static_cast<unsigned>(digits) << (8 * (2 - width))) & 0x0f0fU;
  return ((both & 0xffU) * 10 + (both >> 8U)) & 0xffU;
}

// Up to seven digits; reads eight bytes. (Two, four and eight at a time, as in D. Lemire, "Quickly parsing eight digits".)
std::uint64_t number_of_digits(const char* at, unsigned count) {
  std::uint64_t digits = 0;
  std::memcpy(&digits, at, sizeof digits);
  digits = (digits << 8U * (7 - count) << 8U) & 0x0f0f0f0f0f0f0f0fU;  // zeros in front
  digits = (digits * 10 + (digits >> 8U)) & 0x00ff00ff00ff00ffU;
  digits = (digits * 100 + (digits >> 16U)) & 0x0000ffff0000ffffU;
  return (digits * 10000 + (digits >> 32U)) & 0xffffffffU;
}

std::uint64_t hash_of(__m128i sum) {
  const auto low = static_cast<std::uint64_t>(_mm_cvtsi128_si64(sum));
  const auto high = static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(sum, sum)));
  return ((low ^ (high << 23U | high >> 41U)) + high) * 0x9E3779B97F4A7C15U >> 40U;
}

Header with_stamp(Header header, const LocatedStamp& found) {
  header.stamped = true;
  header.zoned = found.stamp.zoned;
  header.format = found.stamp.format;
  header.stamp_begin = static_cast<std::uint16_t>(found.begin);
  header.stamp_end = static_cast<std::uint16_t>(found.end);
  header.time = found.stamp.time;
  return header;
}

// False if the digits say no time of day; whether an epoch may be one is for the caller to say.
inline bool time_of_day(const ClockPlace& clock, const char* stamp, TimeUs& time) {
  const TimeUs fraction =
      static_cast<TimeUs>(number_of_digits(stamp + clock.fraction, clock.fraction_digits)) * clock.fraction_scale;
  if (clock.epoch) {
    const std::uint64_t seconds = number_of_digits(stamp, 5) * 100'000 + number_of_digits(stamp + 5, 5);
    time = static_cast<TimeUs>(seconds) * us_per_second + fraction;
    return true;
  }
  const unsigned hour = number_at(stamp + clock.hour, clock.hour_width);
  const unsigned minute = number_at(stamp + clock.minute, clock.minute_width);
  const unsigned second = number_at(stamp + clock.second, clock.second_width);
  time = static_cast<TimeUs>(hour * 3600 + minute * 60 + second) * us_per_second + fraction;
  return hour <= 23 && minute <= 59 && second <= 60;
}

bool same_place(const ClockPlace& a, const ClockPlace& b) {
  const auto numbers = [](const ClockPlace& clock) {
    return std::make_tuple(clock.epoch, clock.hour, clock.hour_width, clock.minute, clock.minute_width, clock.second,
                           clock.second_width, clock.fraction, clock.fraction_digits, clock.end, clock.fraction_scale);
  };
  return numbers(a) == numbers(b);
}

}  // namespace

Header read_header(std::string_view line, TimeUs reference) {
  Header header;
  header.level = level_of(line);
  const auto stamp = locate_stamp(line, reference);
  return stamp ? with_stamp(header, *stamp) : header;
}

// The first bytes of a line with every digit as '0', made as far as they are asked for.
struct HeaderMemo::Key {
  explicit Key(std::string_view line)
      : from(line.data()), size(std::min(line.size(), key_bytes)), masks(mask_source.data() + 128 - size) {}

  // Makes blocks `first` to `last`; what is before them was made.
  template <std::size_t first, std::size_t last>
  __m128i extended(__m128i sum) {
#pragma GCC unroll 8
    for (std::size_t i = first; i < last; ++i) {
      const __m128i plain = _mm_and_si128(zeros_for_digits(load(from + i * block)), load(masks + i * block));
      _mm_store_si128(reinterpret_cast<__m128i*>(bytes.data() + i * block), plain);
      sum = _mm_add_epi32(sum, _mm_madd_epi16(plain, load(factors.data() + i * 8)));
    }
    return sum;
  }

  const char* from;
  std::size_t size;
  const unsigned char* masks;
  __m128i first_sum = _mm_setzero_si128();  // of the shortest key
  alignas(16) std::array<char, key_bytes> bytes;
};

HeaderMemo::HeaderMemo(TimeUs reference) : reference_(reference) {
  std::get<0>(slots_).resize(slots[0]);
  std::get<1>(slots_).resize(slots[1]);
  std::get<2>(slots_).resize(slots[2]);
  std::get<3>(slots_).resize(slots[3]);
  days_.resize(day_count);
}

template <std::size_t depth>
inline HeaderMemo::Answer& HeaderMemo::answer_at(Key& key) {
  constexpr std::size_t blocks = widths[depth];
  __m128i sum = key.first_sum;
  if constexpr (depth == 0) {
    sum = key.first_sum = key.extended<0, blocks>(sum);
  } else {
    sum = key.extended<widths[0], blocks>(sum);
  }
  auto& slot = std::get<depth>(slots_)[hash_of(sum) & (slots[depth] - 1)];
  __m128i same = _mm_set1_epi8(-1);
#pragma GCC unroll 8
  for (std::size_t i = 0; i < blocks; ++i) {
    same = _mm_and_si128(same, _mm_cmpeq_epi8(load(slot.key.data() + i * block), load(key.bytes.data() + i * block)));
  }
  const std::size_t length = std::min(key.size, blocks * block);
  if (!all_same(same) || slot.answer.length != length) {
    std::memcpy(slot.key.data(), key.bytes.data(), blocks * block);
    slot.answer = {};
    slot.answer.length = static_cast<std::uint8_t>(length);
  }
  return slot.answer;
}

Header HeaderMemo::read(std::string_view line, std::size_t readable) {
  if (readable < key_bytes + block) return read_header(line, reference_);
  Key key(line);
  std::size_t depth = 0;
  Answer* answer = &answer_at<0>(key);
  while (answer->kind == Answer::Kind::deeper) {
    depth = answer->next;
    if (depth == 1) {
      answer = &answer_at<1>(key);
    } else if (depth == 2) {
      answer = &answer_at<2>(key);
    } else if (depth == 3) {
      answer = &answer_at<3>(key);
    } else {
      return read_header(line, reference_);
    }
  }
  return answer->kind == Answer::Kind::here ? answer_from(*answer, line) : learn(*answer, depth, line);
}

Header HeaderMemo::learn(Answer& answer, std::size_t depth, std::string_view line) {
  const StampReading stamp = read_stamp(line, reference_);
  const LevelReading level = read_level(line);
  Header header;
  header.level = level.found.level;
  if (stamp.found) header = with_stamp(header, *stamp.found);
  answer.kind = Answer::Kind::deeper;
  answer.next = static_cast<std::uint8_t>(depth + 1);
  if (level.by_value || stamp.refused_count > answer.refused.size()) return header;
  const std::size_t reach = std::max(stamp.reach, level.reach);
  const auto holds = [&](std::size_t width) { return reach <= widths[width] * block || line.size() < widths[width] * block; };
  if (!holds(depth)) {
    while (answer.next < widths.size() && !holds(answer.next)) ++answer.next;
    return header;
  }
  answer.kind = Answer::Kind::here;
  answer.level = level.found.level;
  answer.refused = stamp.refused;
  answer.refused_count = static_cast<std::uint8_t>(stamp.refused_count);
  if (!stamp.found) return header;
  answer.stamped = true;
  answer.stamp = static_cast<std::uint8_t>(stamp.found->begin);
  answer.form = keep_form(line, *stamp.found, stamp.clock);
  return header;
}

inline HeaderMemo::Day& HeaderMemo::day_of(std::uint8_t form, const char* stamp) {
  const Form& how = forms_[form];
  const __m128i date = _mm_and_si128(load(stamp), load(how.date_mask.data()));
  const __m128i tail = _mm_and_si128(load(stamp + how.clock.end), load(how.tail_mask.data()));
  const __m128i sum = _mm_add_epi32(_mm_madd_epi16(date, load(factors.data())), _mm_madd_epi16(tail, load(factors.data() + 8)));
  Day& day = days_[(hash_of(sum) + form) & (day_count - 1)];
  const __m128i same = _mm_and_si128(_mm_cmpeq_epi8(date, load(day.date.data())), _mm_cmpeq_epi8(tail, load(day.tail.data())));
  if (!all_same(same) || day.form != form) {
    day = {};
    _mm_store_si128(reinterpret_cast<__m128i*>(day.date.data()), date);
    _mm_store_si128(reinterpret_cast<__m128i*>(day.tail.data()), tail);
  }
  return day;
}

std::uint8_t HeaderMemo::keep_form(std::string_view line, const LocatedStamp& found, const ClockPlace& clock) {
  const std::size_t tail_bytes = found.end - found.begin - clock.end;
  if (!clock.known || clock.hour > block || tail_bytes > block || found.end > key_bytes) return no_form;
  const char* const stamp = line.data() + found.begin;
  TimeUs time = 0;
  if (!time_of_day(clock, stamp, time)) return no_form;
  Form form;
  form.clock = clock;
  form.format = found.stamp.format;
  form.zoned = found.stamp.zoned;
  form.tail_bytes = static_cast<std::uint8_t>(tail_bytes);
  std::fill_n(form.date_mask.begin(), clock.hour, '\xff');
  std::fill_n(form.tail_mask.begin(), tail_bytes, '\xff');
  const auto same = [&](const Form& other) {
    return other.format == form.format && other.zoned == form.zoned && other.tail_bytes == form.tail_bytes &&
           same_place(other.clock, clock);
  };
  const auto known = std::find_if(forms_.begin(), forms_.end(), same);
  const auto number = static_cast<std::size_t>(known - forms_.begin());
  if (number == no_form) return no_form;
  if (known == forms_.end()) forms_.push_back(form);
  const auto kept = static_cast<std::uint8_t>(number);
  Day& day = day_of(kept, stamp);
  day.form = kept;
  day.midnight = found.stamp.time - time;
  day.earliest = clock.epoch ? clock.earliest : 0;
  day.latest = clock.epoch ? clock.latest : std::numeric_limits<TimeUs>::max();
  return kept;
}

inline Header HeaderMemo::answer_from(Answer& answer, std::string_view line) {
  Header header;
  header.level = answer.level;
  for (std::size_t i = 0; i < answer.refused_count; ++i) {
    if (const auto stamp = stamp_at(line, reference_, answer.refused[i])) return with_stamp(header, *stamp);
  }
  if (!answer.stamped) return header;
  if (answer.form != no_form) {
    const Form& form = forms_[answer.form];
    const char* const stamp = line.data() + answer.stamp;
    const Day& day = day_of(answer.form, stamp);
    TimeUs time = 0;
    if (time_of_day(form.clock, stamp, time) && day.form == answer.form && time >= day.earliest && time <= day.latest) {
      const std::size_t end = std::size_t{answer.stamp} + form.clock.end + form.tail_bytes;
      return with_stamp(header, {{day.midnight + time, form.format, form.zoned}, answer.stamp, end});
    }
  }
  const StampReading reading = read_stamp(line, reference_, is_json_line(line) ? 0 : answer.stamp);
  if (!reading.found) return header;
  if (reading.found->begin == answer.stamp) answer.form = keep_form(line, *reading.found, reading.clock);
  return with_stamp(header, *reading.found);
}

}  // namespace conclave::logs
