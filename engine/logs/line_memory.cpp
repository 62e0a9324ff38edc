// Most lines of a log differ from one before only in numbers. What they are taken apart into (level, where the message begins,
// its shape) depends on where digits stand, hardly ever on their values; so it is kept under a hash of the line with all digits
// made '0', sixteen bytes at a time, and the lines are compared in the same way before it is used. Few things do look at values:
// a second stamp in a header, behind which a message begins, and levels written as numbers; they are told to vary. What is known
// of many kinds does not fit into the nearest caches, so a batch of lines is looked up in steps, each of which has what the next
// one reads brought near for all.
#include "engine/logs/line_memory.h"

#include <emmintrin.h>

#include <algorithm>

#include "engine/logs/digits.h"
#include "engine/logs/json_header.h"
#include "engine/logs/word_kind.h"

namespace conclave::logs {
namespace {

constexpr std::size_t shortest_line = 16;
constexpr std::size_t longest_line = 1024;
constexpr std::size_t most_kinds = std::size_t{1} << 16U;
constexpr std::size_t most_text_bytes = std::size_t{16} << 20U;
constexpr std::size_t most_parameters = std::size_t{1} << 18U;  // beyond that the memory is emptied at the next batch
constexpr std::size_t least_slots = 4096;
constexpr std::size_t most_probes = 16;  // a crowd of hashes that somebody made up does not cost more
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

__m128i without_digits(const char* at) { return zeros_for_digits(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))); }

std::uint64_t fold(std::uint64_t a, std::uint64_t b) {  // the step of wyhash (Wang Yi, 2019)
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

std::uint64_t add_to_hash(std::uint64_t hash, __m128i bytes) {
  const auto low = static_cast<std::uint64_t>(_mm_cvtsi128_si64(bytes));
  const auto high = static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(bytes, bytes)));
  return fold(hash ^ low, high ^ 0xa0761d6478bd642fULL);
}

// Of a line of at least 16 bytes; its last 16 are looked at whatever its size.
std::uint64_t hash_without_digits(std::string_view line) {
  std::uint64_t hash = 0x9e3779b97f4a7c15ULL ^ line.size();
  for (std::size_t at = 0; at + 16 < line.size(); at += 16) hash = add_to_hash(hash, without_digits(line.data() + at));
  return add_to_hash(hash, without_digits(line.data() + line.size() - 16));
}

// `text` is as long and has its digits as '0'.
bool same_without_digits(const char* text, std::string_view line) {
  const auto differ = [&](std::size_t at) {
    return _mm_xor_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(text + at)), without_digits(line.data() + at));
  };
  __m128i all = differ(line.size() - 16);
  for (std::size_t at = 0; at + 16 < line.size(); at += 16) all = _mm_or_si128(all, differ(at));
  return _mm_movemask_epi8(_mm_cmpeq_epi8(all, _mm_setzero_si128())) == 0xffff;
}

bool has_kind(std::string_view line) { return line.size() >= shortest_line && line.size() <= longest_line; }

// Whether a stamp could begin in the first 64 bytes of `rest`, before a message has begun.
bool may_hold_stamp(std::string_view rest) {
  constexpr std::size_t window = 66;
  const std::size_t end = std::min({rest.find(": "), rest.size(), window}) + 2;
  std::size_t run = 0;  // of digits; those that begin in the window count
  for (std::size_t i = 0; i < rest.size() && (i < end || run > 0); ++i) {
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

LineMemory::LineMemory() : slots_(least_slots) {
  kinds_.reserve(most_kinds);
  texts_.reserve(most_text_bytes);
}

bool LineMemory::full() const {
  return kinds_.size() + batch > most_kinds || texts_.size() + batch * longest_line > most_text_bytes ||
         parameters_.size() > most_parameters;
}

void LineMemory::clear() {
  kinds_.clear();
  texts_.clear();
  parameters_.clear();
  slots_.assign(least_slots, 0);
}

void LineMemory::find(std::span<const std::string_view> lines, const Header* headers, KnownLine** out) {
  if (full()) clear();
  std::array<std::uint64_t, batch> hashes;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    hashes[i] = has_kind(lines[i]) ? hash_without_digits(lines[i]) : 0;
    __builtin_prefetch(&slots_[slot_of(hashes[i])]);
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::uint32_t kind = slots_[slot_of(hashes[i])];
    __builtin_prefetch(kinds_.data() + (kind == 0 ? 0 : kind - 1));
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::uint32_t kind = slots_[slot_of(hashes[i])];
    const char* const text = texts_.data() + (kind == 0 ? 0 : kinds_[kind - 1].text);
    __builtin_prefetch(text);
    __builtin_prefetch(text + 64);
    __builtin_prefetch(text + 128);
  }
  for (std::size_t i = 0; i < lines.size(); ++i) out[i] = has_kind(lines[i]) ? find(hashes[i], lines[i], headers[i]) : nullptr;
}

KnownLine* LineMemory::find(std::string_view line, const Header& header) {
  return has_kind(line) ? find(hash_without_digits(line), line, header) : nullptr;
}

KnownLine* LineMemory::find(std::uint64_t hash, std::string_view line, const Header& header) {
  for (std::size_t slot = slot_of(hash), probe = 0; slots_[slot] != 0 && probe < most_probes; slot = slot_of(slot + 1), ++probe) {
    KnownLine& known = kinds_[slots_[slot] - 1];
    if (known.hash == hash && known.size == line.size() && known.stamp_begin == header.stamp_begin &&
        known.stamp_end == header.stamp_end && known.format == header.format &&
        same_without_digits(texts_.data() + known.text, line)) {
      return &known;
    }
  }
  return nullptr;
}

KnownLine* LineMemory::add(std::string_view line, const Header& header, const LocatedLevel& level, std::string_view message) {
  if (!has_kind(line) || kinds_.size() == most_kinds || texts_.size() + longest_line > most_text_bytes) return nullptr;
  KnownLine known;
  known.hash = hash_without_digits(line);
  known.text = static_cast<std::uint32_t>(texts_.size());
  known.size = static_cast<std::uint16_t>(line.size());
  known.stamp_begin = header.stamp_begin;
  known.stamp_end = header.stamp_end;
  known.message_begin = static_cast<std::uint16_t>(message.data() - line.data());
  known.message_size = static_cast<std::uint16_t>(message.size());
  known.format = header.format;
  known.level = level.level;
  known.level_end = static_cast<std::uint16_t>(level.end);
  const auto wrapped = is_json_line(line) ? json_message(line) : std::nullopt;
  known.level_varies = read_level(line).by_value;
  known.message_varies = known.level_varies || (wrapped          ? may_hold_stamp(*wrapped)
                                                : header.stamped ? may_hold_stamp(line.substr(header.stamp_end))
                                                                 : false);
  for (const char c : line) texts_.push_back(is_digit(c) ? '0' : c);
  kinds_.push_back(known);
  if (kinds_.size() * 2 > slots_.size()) {
    slots_.assign(slots_.size() * 4, 0);
    for (std::uint32_t i = 0; i < kinds_.size(); ++i) put_into_slot(i);
  } else {
    put_into_slot(static_cast<std::uint32_t>(kinds_.size() - 1));
  }
  return &kinds_.back();
}

void LineMemory::put_into_slot(std::uint32_t number) {
  const std::size_t first = slot_of(kinds_[number].hash);
  std::size_t slot = first;
  for (std::size_t probe = 1; slots_[slot] != 0 && probe < most_probes; ++probe) slot = slot_of(slot + 1);
  slots_[slots_[slot] == 0 ? slot : first] = number + 1;
}

void LineMemory::set_parameters(KnownLine& known, const std::vector<ShapeParameter>& parameters) {
  known.parameters = static_cast<std::uint32_t>(parameters_.size());
  known.parameter_count = static_cast<std::uint16_t>(parameters.size());
  parameters_.insert(parameters_.end(), parameters.begin(), parameters.end());
}

}  // namespace conclave::logs
