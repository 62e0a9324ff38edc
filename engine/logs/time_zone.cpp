// The zone files are TZif (RFC 8536). Their transitions reach to 2037; for later years those of 28 years before hold, when the
// calendar was the same.
#include "engine/logs/time_zone.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <optional>

namespace conclave::logs {
namespace {

constexpr std::size_t max_file_bytes = std::size_t{1} << 20U;

std::optional<TimeUs> fixed_offset(std::string_view name) {
  if (name == "UTC" || name == "Z" || name == "utc") return 0;
  if (name.empty() || (name[0] != '+' && name[0] != '-')) return std::nullopt;
  std::string digits;
  for (std::size_t i = 1; i < name.size(); ++i) {
    if (name[i] == ':' && i == 3) continue;
    if (name[i] < '0' || name[i] > '9') return std::nullopt;
    digits += name[i];
  }
  if (digits.size() != 2 && digits.size() != 4) return std::nullopt;
  const int hours = std::stoi(digits.substr(0, 2));
  const int minutes = digits.size() == 4 ? std::stoi(digits.substr(2)) : 0;
  if (hours > 14 || minutes > 59) return std::nullopt;
  return (name[0] == '-' ? -1 : 1) * static_cast<TimeUs>(hours * 60 + minutes) * 60 * us_per_second;
}

// Big-endian numbers of a file, one after the other.
class Numbers {
 public:
  explicit Numbers(std::string_view bytes) : bytes_(bytes) {}
  bool skip(std::size_t count) {
    if (count > bytes_.size()) return false;
    bytes_.remove_prefix(count);
    return true;
  }
  std::optional<std::int64_t> take(std::size_t width) {
    if (bytes_.size() < width) return std::nullopt;
    std::uint64_t value = (static_cast<unsigned char>(bytes_[0]) & 0x80U) != 0 ? ~std::uint64_t{0} : 0;
    for (std::size_t i = 0; i < width; ++i) value = value << 8U | static_cast<unsigned char>(bytes_[i]);
    bytes_.remove_prefix(width);
    return static_cast<std::int64_t>(value);
  }
  [[nodiscard]] std::string_view rest() const { return bytes_; }

 private:
  std::string_view bytes_;
};

struct Header {
  std::int64_t utc_flags = 0;
  std::int64_t standard_flags = 0;
  std::int64_t leap_seconds = 0;
  std::int64_t transitions = 0;
  std::int64_t types = 0;
  std::int64_t name_bytes = 0;

  [[nodiscard]] std::size_t body_bytes(std::int64_t time_bytes) const {
    return static_cast<std::size_t>(transitions * (time_bytes + 1) + types * 6 + name_bytes + leap_seconds * (time_bytes + 4) +
                                    standard_flags + utc_flags);
  }
};

std::optional<Header> take_header(Numbers& numbers) {
  if (!numbers.rest().starts_with("TZif") || !numbers.skip(20)) return std::nullopt;
  Header header;
  for (std::int64_t* field : {&header.utc_flags, &header.standard_flags, &header.leap_seconds, &header.transitions, &header.types,
                              &header.name_bytes}) {
    const auto value = numbers.take(4);
    if (!value || *value < 0 || *value > 100'000) return std::nullopt;
    *field = *value;
  }
  return header.types == 0 ? std::nullopt : std::optional(header);
}

// (UTC second, offset) in order, the first one from the beginning of time.
std::optional<std::vector<std::pair<std::int64_t, std::int64_t>>> periods_of(std::string_view file) {
  Numbers numbers(file);
  const auto old = take_header(numbers);
  if (!old || !numbers.skip(old->body_bytes(4))) return std::nullopt;  // the second half has 64-bit times
  const auto header = take_header(numbers);
  if (!header) return std::nullopt;
  std::vector<std::int64_t> times;
  std::vector<std::size_t> kinds;
  std::vector<std::int64_t> offsets;
  for (std::int64_t i = 0; i < header->transitions; ++i) {
    const auto time = numbers.take(8);
    if (!time) return std::nullopt;
    times.push_back(*time);
  }
  for (std::int64_t i = 0; i < header->transitions; ++i) {
    const auto kind = numbers.take(1);
    if (!kind || *kind < 0 || *kind >= header->types) return std::nullopt;
    kinds.push_back(static_cast<std::size_t>(*kind));
  }
  for (std::int64_t i = 0; i < header->types; ++i) {
    const auto offset = numbers.take(4);
    if (!offset || !numbers.skip(2)) return std::nullopt;
    offsets.push_back(*offset);
  }
  std::vector<std::pair<std::int64_t, std::int64_t>> periods = {{INT64_MIN, offsets[0]}};
  for (std::size_t i = 0; i < times.size(); ++i) periods.emplace_back(times[i], offsets[kinds[i]]);
  return periods;
}

}  // namespace

Result<std::shared_ptr<const TimeZone>> TimeZone::named(const std::string& name) {
  const auto zone = std::make_shared<TimeZone>();
  if (const auto offset = fixed_offset(name)) {
    zone->periods_ = {{INT64_MIN, *offset}};
    return zone;
  }
  const auto plain = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/' || c == '_' || c == '-' ||
           c == '+';
  };
  const auto unknown = [&] {
    return fail(ErrorKind::invalid_argument, "no time zone of this name: " + name +
                                                 " (wanted UTC, an offset such as +01:00, or a name such as Europe/Berlin)");
  };
  if (name.empty() || name[0] == '/' || !std::all_of(name.begin(), name.end(), plain)) return unknown();
  std::ifstream file("/usr/share/zoneinfo/" + name, std::ios::binary);
  std::string bytes;
  if (file) {
    bytes.resize(max_file_bytes);
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  }
  const auto periods = periods_of(bytes);
  if (!periods) return unknown();
  for (const auto& [begin, offset] : *periods) {
    const bool beyond = begin < INT64_MIN / us_per_second || begin > INT64_MAX / us_per_second;
    zone->periods_.push_back({beyond ? INT64_MIN : begin * us_per_second, offset * us_per_second});
  }
  return zone;
}

TimeUs TimeZone::to_utc(TimeUs local) const {
  constexpr TimeUs day = 86'400 * us_per_second;
  constexpr TimeUs calendar_cycle = 28 * 1461 / 4 * day;
  constexpr TimeUs year_2037 = 2'114'380'800 * us_per_second;
  TimeUs cycles = 0;
  if (periods_.size() > 1 && local >= year_2037) cycles = (local - year_2037) / calendar_cycle + 1;
  local -= cycles * calendar_cycle;
  // The period that `local` falls into lies within a day of it; the one before wins where both fit or neither does.
  auto period = std::upper_bound(periods_.begin() + 1, periods_.end(), local - day,
                                 [](TimeUs time, const Period& each) { return time < each.begin; });
  --period;
  for (auto next = period + 1; next != periods_.end() && next->begin <= local - period->offset; ++next) period = next;
  return local - period->offset + cycles * calendar_cycle;
}

}  // namespace conclave::logs
