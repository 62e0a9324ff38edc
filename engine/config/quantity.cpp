#include "engine/config/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "engine/config/letters.h"

namespace conclave::config {
namespace {

using Unit = std::pair<std::string_view, double>;

constexpr double kibi = 1024;

// The number in front; the rest of the text becomes the unit. Without "inf", "nan", hexadecimal and a sign.
std::optional<double> leading_number(std::string_view& text, std::chars_format format) {
  if (text.empty() || std::string_view(".0123456789").find(text.front()) == std::string_view::npos) return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, format);
  if (error != std::errc{} || !std::isfinite(number)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

template <std::size_t n>
std::optional<double> with_unit(std::optional<double> number, std::string_view unit, const std::array<Unit, n>& units) {
  const auto found = std::ranges::find(units, unit, &Unit::first);
  if (!number || found == units.end()) return std::nullopt;
  return *number * found->second;
}

std::optional<int> as_int(double value) {
  if (!(value <= std::numeric_limits<int>::max())) return std::nullopt;
  return std::max(1, static_cast<int>(value));
}

}  // namespace

std::optional<double> compose_bytes(std::string_view text) {
  static constexpr std::array<Unit, 9> units = {{{"", 1},
                                                 {"b", 1},
                                                 {"k", kibi},
                                                 {"kb", kibi},
                                                 {"m", kibi * kibi},
                                                 {"mb", kibi * kibi},
                                                 {"g", kibi * kibi * kibi},
                                                 {"gb", kibi * kibi * kibi},
                                                 {"t", kibi * kibi * kibi * kibi}}};
  const std::optional<double> number = leading_number(text, std::chars_format::fixed);
  return with_unit(number, lowered(text), units);
}

std::optional<double> kubernetes_quantity(std::string_view text) {
  static constexpr std::array<Unit, 16> units = {{{"", 1},
                                                  {"n", 1e-9},
                                                  {"u", 1e-6},
                                                  {"m", 1e-3},
                                                  {"k", 1e3},
                                                  {"M", 1e6},
                                                  {"G", 1e9},
                                                  {"T", 1e12},
                                                  {"P", 1e15},
                                                  {"E", 1e18},
                                                  {"Ki", kibi},
                                                  {"Mi", kibi * kibi},
                                                  {"Gi", kibi * kibi * kibi},
                                                  {"Ti", kibi * kibi * kibi * kibi},
                                                  {"Pi", kibi * kibi * kibi * kibi * kibi},
                                                  {"Ei", kibi * kibi * kibi * kibi * kibi * kibi}}};
  const std::optional<double> number = leading_number(text, std::chars_format::general);
  return with_unit(number, text, units);
}

std::optional<double> systemd_bytes(std::string_view text) {
  static constexpr std::array<Unit, 7> units = {{{"", 1},
                                                 {"B", 1},
                                                 {"K", kibi},
                                                 {"M", kibi * kibi},
                                                 {"G", kibi * kibi * kibi},
                                                 {"T", kibi * kibi * kibi * kibi},
                                                 {"P", kibi * kibi * kibi * kibi * kibi}}};
  const std::optional<double> number = leading_number(text, std::chars_format::fixed);
  return with_unit(number, text, units);
}

std::optional<double> plain_number(std::string_view text) {
  const std::optional<double> number = leading_number(text, std::chars_format::fixed);
  return text.empty() ? number : std::nullopt;
}

std::optional<int> mebibytes(double bytes) { return as_int(bytes / (kibi * kibi)); }

std::optional<int> millicores(double processors) { return as_int(std::round(processors * 1000)); }

}  // namespace conclave::config
