// Lines of one kind differ in their digits and in their messages. So the first 32 to 128 bytes with every digit set to '0' are
// a key: for one key level and place of the stamp are the same as long as what they rest on (StampReading, LevelReading) lies
// within the key. What the values of digits decide is decided again for each line: a stamp whose date was seen before by its
// clock alone, any other by reading it at its known place, and places where a value spoke against a stamp are tried again.
// A short key whose lines need more says so and leads to the longer one.
//
// Which way a line goes no processor can foresee if a log's lines are of many kinds, and each wrong guess costs as much as a look
// into a table. So a batch of lines is sorted by their ways, without a branch, and each way then is a loop over all that go it.
// Only what is known is read so; a line that something must be learned from, or looked for in, is read singly afterwards.
#include "engine/logs/header_memo.h"

#include <immintrin.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <tuple>
#include <utility>

#include "engine/logs/digits.h"
#include "engine/logs/json_header.h"

#define INLINE [[gnu::always_inline]] inline

namespace conclave::logs {

namespace {

// 128 bytes of ones, then as many zeros: reading from `128 - n` on gives a mask for n bytes.
alignas(64) constexpr std::array<unsigned char, 256> mask_source = [] {
  std::array<unsigned char, 256> bytes{};
  for (std::size_t i = 0; i < 128; ++i) bytes[i] = 0xff;
  return bytes;
}();

// One odd factor for each pair of bytes of a key.
alignas(16) constexpr std::array<std::uint16_t, 64> factors = [] {
  std::array<std::uint16_t, 64> numbers{};
  std::uint32_t state = 2463534242;
  for (std::uint16_t& number : numbers) {  // G. Marsaglia, "Xorshift RNGs"
    state ^= state << 13U;
    state ^= state >> 17U;
    state ^= state << 5U;
    number = static_cast<std::uint16_t>(state | 1U);
  }
  return numbers;
}();

__m128i load(const void* from) { return _mm_loadu_si128(static_cast<const __m128i*>(from)); }

INLINE std::uint64_t hash_of(__m128i sums) {
  const auto low = static_cast<std::uint64_t>(_mm_cvtsi128_si64(sums));
  const auto high = static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(sums, sums)));
  return (low * 0xD6E8FEB86659FD93U + high) * 0x9E3779B97F4A7C15U >> 48U;
}

INLINE bool all_zero(__m128i bytes) { return _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_setzero_si128())) == 0xffff; }

// Byte `places[i]` of `bytes` at place i, and a zero where that is negative.
struct Baseline {
  static __m128i arranged(const char* bytes, const char* places) {
    alignas(16) std::array<char, 16> out;
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = places[i] < 0 ? '\0' : bytes[static_cast<unsigned char>(places[i])];
    }
    return load(out.data());
  }
};
struct Avx2 {
  [[gnu::target("avx2")]] static __m128i arranged(const char* bytes, const char* places) {
    return _mm_shuffle_epi8(load(bytes), load(places));
  }
};

Header with_stamp(Header header, const LocatedStamp& found) {
  header.stamped = true;
  header.zoned = found.stamp.zoned;
  header.format = found.stamp.format;
  header.stamp_begin = static_cast<std::uint16_t>(found.begin);
  header.stamp_end = static_cast<std::uint16_t>(found.end);
  header.time = found.stamp.time;
  return header;
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

template <std::size_t depth>
struct HeaderMemo::Slot {
  std::array<char, widths[depth] * block> key{};
  Answer answer;
};

// The first bytes of a line with every digit as '0'.
template <std::size_t depth>
struct HeaderMemo::Key {
  static constexpr std::size_t blocks = widths[depth];

  INLINE explicit Key(std::string_view line) : length(static_cast<std::uint8_t>(std::min(line.size(), blocks * block))) {
    const unsigned char* const masks = mask_source.data() + 128 - length;
    __m128i sum = _mm_setzero_si128();
#pragma GCC unroll 8
    for (std::size_t i = 0; i < blocks; ++i) {
      bytes[i] = _mm_and_si128(zeros_for_digits(load(line.data() + i * block)), load(masks + i * block));
      sum = _mm_add_epi16(sum, _mm_mullo_epi16(bytes[i], load(factors.data() + i * 8)));
    }
    slot = hash_of(sum) & (slot_counts[depth] - 1);
  }
  INLINE bool is_that_of(const Slot<depth>& other) const {
    __m128i differences = _mm_setzero_si128();
#pragma GCC unroll 8
    for (std::size_t i = 0; i < blocks; ++i) {
      differences = _mm_or_si128(differences, _mm_xor_si128(bytes[i], load(other.key.data() + i * block)));
    }
    return (static_cast<unsigned>(all_zero(differences)) & static_cast<unsigned>(other.answer.length == length)) != 0;
  }

  __m128i bytes[blocks];
  std::uint8_t length;
  std::size_t slot;
};

// What a stamp says of its day and zone.
struct HeaderMemo::DayKey {
  INLINE DayKey(const Form& how, std::uint8_t number, const char* stamp) : form(number) {
    date = _mm_and_si128(load(stamp), load(how.date_mask.data()));
    tail = _mm_and_si128(load(stamp + how.tail), load(how.tail_mask.data()));
    const auto* const factor = factors.data();
    const __m128i sum = _mm_add_epi16(_mm_mullo_epi16(date, load(factor)), _mm_mullo_epi16(tail, load(factor + 8)));
    slot = (hash_of(sum) + form) & (day_count - 1);
  }
  INLINE bool is_that_of(const Day& day) const {
    const __m128i differences =
        _mm_or_si128(_mm_xor_si128(date, load(day.date.data())), _mm_xor_si128(tail, load(day.tail.data())));
    return static_cast<unsigned>(all_zero(differences)) & static_cast<unsigned>(day.form == form);
  }

  __m128i date;
  __m128i tail;
  std::uint8_t form;
  std::size_t slot;
};

// Lines of a batch, by their numbers, on their ways.
struct HeaderMemo::Batch {
  struct Lines {
    std::size_t count = 0;
    std::array<std::uint8_t, batch> numbers;
  };
  std::array<Lines, way_count> on;
  std::array<Answer, batch> answers;
};

struct HeaderMemo::Memory {
  std::tuple<std::vector<Slot<0>>, std::vector<Slot<1>>, std::vector<Slot<2>>, std::vector<Slot<3>>> slots =
      std::tuple(std::vector<Slot<0>>(slot_counts[0]), std::vector<Slot<1>>(slot_counts[1]), std::vector<Slot<2>>(slot_counts[2]),
                 std::vector<Slot<3>>(slot_counts[3]));
  std::vector<Form> forms;  // at most no_form of them
  std::vector<Day> days = std::vector<Day>(day_count);
  Batch batch;
};

HeaderMemo::HeaderMemo(TimeUs reference, Instructions instructions)
    : reference_(reference), instructions_(instructions), memory_(std::make_unique<Memory>()) {}
HeaderMemo::~HeaderMemo() = default;

// A key has two places, and is in the first after it was asked for: keys that share a place do not drive each other out.
template <std::size_t depth>
HeaderMemo::Answer& HeaderMemo::answer_at(std::string_view line) {
  auto& slots = std::get<depth>(memory_->slots);
  const Key<depth> key(line);
  Slot<depth>& slot = slots[key.slot];
  if (key.is_that_of(slot)) return slot.answer;
  std::swap(slot, slots[key.slot ^ 1U]);
  if (key.is_that_of(slot)) return slot.answer;
  std::memcpy(slot.key.data(), key.bytes, slot.key.size());
  slot.answer = {};
  slot.answer.length = key.length;
  return slot.answer;
}

Header HeaderMemo::read(std::string_view line, std::size_t readable) {
  if (readable < key_bytes + block) return read_header(line, reference_);
  std::size_t depth = 0;
  Answer* answer = &answer_at<0>(line);
  for (;;) {
    switch (answer->way) {
      case Way::empty:
        return learn(*answer, depth, line);
      case Way::wider_1:
        answer = &answer_at<1>(line);
        depth = 1;
        break;
      case Way::wider_2:
        answer = &answer_at<2>(line);
        depth = 2;
        break;
      case Way::wider_3:
        answer = &answer_at<3>(line);
        depth = 3;
        break;
      case Way::whole:
        return read_header(line, reference_);
      case Way::unstamped:
      case Way::clock:
      case Way::search:
        return answer_from(*answer, line);
    }
  }
}

void HeaderMemo::read(std::span<const std::string_view> lines, std::size_t readable, Header* out) {
  std::size_t count = lines.size();
  const char* const readable_end = lines.empty() ? nullptr : lines.front().data() + readable;
  for (; count > 0 && static_cast<std::size_t>(readable_end - lines[count - 1].data()) < key_bytes + block; --count) {
    out[count - 1] = read_header(lines[count - 1], reference_);
  }
  Batch& known = memory_->batch;
  for (Batch::Lines& way : known.on) way.count = 0;
  lines = lines.first(count);
  instructions_ == Instructions::sse2 ? read_known<Baseline>(lines, known, out) : read_known_avx2(lines, known, out);
  const auto on = [&](Way way) {
    const auto& found = known.on[static_cast<std::size_t>(way)];
    return std::span(found.numbers).first(found.count);
  };
  for (const std::uint8_t line : on(Way::unstamped)) {
    out[line] = {};
    out[line].level = known.answers[line].level;
    out[line].iso_stamp = known.answers[line].iso_stamp;
    out[line].searched = known.answers[line].searched;
  }
  for (const Way way : {Way::empty, Way::whole, Way::search}) {
    for (const std::uint8_t line : on(way)) {
      out[line] = read(lines[line], static_cast<std::size_t>(readable_end - lines[line].data()));
    }
  }
}

[[gnu::target("avx2,bmi,popcnt")]] void HeaderMemo::read_known_avx2(std::span<const std::string_view> lines, Batch& known,
                                                                    Header* out) {
  read_known<Avx2>(lines, known, out);
}

template <class Set>
INLINE void HeaderMemo::read_known(std::span<const std::string_view> lines, Batch& known, Header* out) {
  find_ways<0>(lines, known);
  find_ways<1>(lines, known);
  find_ways<2>(lines, known);
  find_ways<3>(lines, known);
  read_clocks<Set>(lines, known, out);
}

template <std::size_t depth>
INLINE void HeaderMemo::find_ways(std::span<const std::string_view> lines, Batch& known) {
  const Slot<depth>* const slots = std::get<depth>(memory_->slots).data();
  const auto& here = known.on[depth];
  const std::size_t count = depth == 0 ? lines.size() : here.count;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t line = depth == 0 ? i : here.numbers[i];
    const Key<depth> key(lines[line]);
    const Slot<depth>& slot = slots[key.slot];
    known.answers[line] = slot.answer;
    auto& there = known.on[key.is_that_of(slot) ? static_cast<std::size_t>(slot.answer.way) : 0];
    there.numbers[there.count++] = static_cast<std::uint8_t>(line);
  }
}

template <class Set>
INLINE void HeaderMemo::read_clocks(std::span<const std::string_view> lines, Batch& known, Header* out) {
  const auto& here = known.on[static_cast<std::size_t>(Way::clock)];
  auto& others = known.on[static_cast<std::size_t>(Way::search)];
  for (std::size_t i = 0; i < here.count; ++i) {
    const std::size_t line = here.numbers[i];
    const Answer& answer = known.answers[line];
    const Form& form = memory_->forms[answer.form];
    Header& header = out[line];
    header.level = answer.level;
    header.stamped = true;
    header.zoned = form.zoned;
    header.format = form.format;
    header.stamp_begin = answer.stamp;
    header.stamp_end = static_cast<std::uint16_t>(answer.stamp + form.end);
    header.iso_stamp = answer.iso_stamp;
    header.searched = answer.searched;
    const char* const stamp = lines[line].data() + answer.stamp;
    const bool read = time_of(answer.form, stamp, Set::arranged(stamp + form.clock, form.digits.data()), header.time);
    others.numbers[others.count] = static_cast<std::uint8_t>(line);
    others.count += read ? 0 : 1;
  }
}

void HeaderMemo::Answer::choose_way() {
  const bool search = refused_count > 0 || (stamped && form == no_form);
  way = search ? Way::search : stamped ? Way::clock : Way::unstamped;
}

Header HeaderMemo::learn(Answer& answer, std::size_t depth, std::string_view line) {
  const StampReading stamp = read_stamp(line, reference_);
  const LevelReading level = read_level(line);
  Header header;
  header.level = level.found.level;
  if (stamp.found) header = with_stamp(header, *stamp.found);
  const auto wider = [](std::size_t width) {
    return static_cast<Way>(width < widths.size() ? width : static_cast<std::size_t>(Way::whole));
  };
  answer.way = wider(depth + 1);
  if (level.by_value || stamp.refused_count > answer.refused.size()) return header;
  const std::size_t reach = std::max(stamp.reach, level.reach);
  const auto holds = [&](std::size_t width) { return reach <= widths[width] * block || line.size() < widths[width] * block; };
  if (!holds(depth)) {
    std::size_t next = depth + 1;
    while (next < widths.size() && !holds(next)) ++next;
    answer.way = wider(next);
    return header;
  }
  answer.level = level.found.level;
  constexpr std::size_t stamp_bytes = std::string_view("2026-03-01T12:00:05").size();
  answer.iso_stamp = has_iso_stamp(line.substr(0, answer.length));
  answer.searched = static_cast<std::uint8_t>(std::max<std::size_t>(answer.length, stamp_bytes - 1) - (stamp_bytes - 1));
  answer.refused = stamp.refused;
  answer.refused_count = static_cast<std::uint8_t>(stamp.refused_count);
  answer.stamped = stamp.found.has_value();
  if (stamp.found) {
    answer.stamp = static_cast<std::uint8_t>(stamp.found->begin);
    answer.form = keep_form(line, *stamp.found, stamp.clock);
  }
  answer.choose_way();
  return header;
}

INLINE bool HeaderMemo::Form::read(__m128i arranged, TimeUs& time) const {
  const __m128i values = _mm_and_si128(arranged, _mm_set1_epi8(0x0f));
  const __m128i tens = _mm_mullo_epi16(_mm_and_si128(values, _mm_set1_epi16(0xff)), _mm_set1_epi16(10));
  const __m128i pairs = _mm_add_epi16(tens, _mm_srli_epi16(values, 8));
  const __m128i halves = _mm_madd_epi16(pairs, load(weights.data()));
  const __m128i sums = _mm_add_epi32(halves, _mm_srli_epi64(halves, 32));
  time = static_cast<TimeUs>(_mm_cvtsi128_si32(sums)) * us_per_second + _mm_cvtsi128_si32(_mm_unpackhi_epi64(sums, sums));
  return all_zero(_mm_cmpgt_epi16(pairs, load(limits.data())));
}

INLINE bool HeaderMemo::time_of(std::uint8_t form, const char* stamp, __m128i arranged, TimeUs& time) const {
  const Form& how = memory_->forms[form];
  const bool possible = how.read(arranged, time);
  const DayKey key(how, form, stamp);
  const Day& day = memory_->days[key.slot];
  time += day.midnight;
  return (static_cast<unsigned>(possible) & static_cast<unsigned>(key.is_that_of(day)) &
          static_cast<unsigned>(time >= day.earliest) & static_cast<unsigned>(time <= day.latest)) != 0;
}

std::optional<HeaderMemo::Form> HeaderMemo::form_of(const LocatedStamp& found, const ClockPlace& place) {
  constexpr std::uint8_t epoch_days = 4;  // digits of an epoch that are taken for its date: the rest goes into a clock
  Form form;
  form.place = place;
  form.format = found.stamp.format;
  form.zoned = found.stamp.zoned;
  form.clock = place.epoch ? epoch_days : place.hour;
  form.tail = place.end;
  form.end = static_cast<std::uint8_t>(found.end - found.begin);
  const int last = std::max(place.second + place.second_width, place.fraction + place.fraction_digits);
  if (!place.known || found.end > key_bytes || form.clock > block || form.end - form.tail > int{block} ||
      last > form.clock + int{block}) {
    return std::nullopt;
  }
  std::fill_n(form.date_mask.begin(), form.clock, '\xff');
  std::fill_n(form.tail_mask.begin(), form.end - form.tail, '\xff');
  form.digits.fill(-1);
  const auto bring = [&](std::size_t from, std::size_t width, std::size_t behind_last) {
    for (std::size_t i = 0; i < width; ++i) form.digits[behind_last - width + i] = static_cast<char>(from - form.clock + i);
  };
  if (place.epoch) {
    bring(epoch_days, 6, 6);
    form.weights = {10'000, 100, 1, 0, 10'000, 100, 1, 0};
    form.limits.fill(99);
  } else {
    bring(place.hour, place.hour_width, 2);
    bring(place.minute, place.minute_width, 4);
    bring(place.second, place.second_width, 6);
    form.weights = {3600, 60, 1, 0, 10'000, 100, 1, 0};
    form.limits = {23, 59, 60, 99, 99, 99, 99, 99};
  }
  std::size_t places = 0;  // of the fraction's last digit, counted from the point
  for (TimeUs scale = us_per_second; place.fraction_digits > 0 && scale > place.fraction_scale; scale /= 10) ++places;
  bring(place.fraction, place.fraction_digits, 8 + places);
  return form;
}

std::uint8_t HeaderMemo::keep_form(std::string_view line, const LocatedStamp& found, const ClockPlace& place) {
  const auto form = form_of(found, place);
  if (!form) return no_form;
  const char* const stamp = line.data() + found.begin;
  TimeUs time = 0;
  if (!form->read(Baseline::arranged(stamp + form->clock, form->digits.data()), time)) return no_form;
  const auto same = [&](const Form& other) {
    return other.format == form->format && other.zoned == form->zoned && other.end == form->end && same_place(other.place, place);
  };
  const auto known = std::find_if(memory_->forms.begin(), memory_->forms.end(), same);
  const auto number = static_cast<std::size_t>(known - memory_->forms.begin());
  if (number == no_form) return no_form;
  if (known == memory_->forms.end()) memory_->forms.push_back(*form);
  const auto kept = static_cast<std::uint8_t>(number);
  const DayKey key(*form, kept, stamp);
  Day& day = memory_->days[key.slot];
  _mm_store_si128(reinterpret_cast<__m128i*>(day.date.data()), key.date);
  _mm_store_si128(reinterpret_cast<__m128i*>(day.tail.data()), key.tail);
  day.form = kept;
  day.midnight = found.stamp.time - time;
  day.earliest = place.epoch ? place.earliest : std::numeric_limits<TimeUs>::min();
  day.latest = place.epoch ? place.latest : std::numeric_limits<TimeUs>::max();
  return kept;
}

Header HeaderMemo::answer_from(Answer& answer, std::string_view line) {
  Header header;
  header.level = answer.level;
  header.iso_stamp = answer.iso_stamp;
  header.searched = answer.searched;
  for (std::size_t i = 0; i < answer.refused_count; ++i) {
    if (const auto stamp = stamp_at(line, reference_, answer.refused[i])) return with_stamp(header, *stamp);
  }
  if (!answer.stamped) return header;
  if (answer.form != no_form) {
    const Form& form = memory_->forms[answer.form];
    const char* const stamp = line.data() + answer.stamp;
    TimeUs time = 0;
    if (time_of(answer.form, stamp, Baseline::arranged(stamp + form.clock, form.digits.data()), time)) {
      return with_stamp(header, {{time, form.format, form.zoned}, answer.stamp, std::size_t{answer.stamp} + form.end});
    }
  }
  const StampReading reading = read_stamp(line, reference_, is_json_line(line) ? 0 : answer.stamp);
  if (!reading.found) return header;
  if (reading.found->begin == answer.stamp) answer.form = keep_form(line, *reading.found, reading.clock);
  answer.choose_way();
  return with_stamp(header, *reading.found);
}

}  // namespace conclave::logs
