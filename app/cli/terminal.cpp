#include "app/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "engine/base/text.h"

namespace conclave::cli {

namespace {

constexpr int usual_width = 100;

template <class... Values>
std::string printed(const char* format, Values... values) {
  std::array<char, 64> buffer{};
  const int size = std::snprintf(buffer.data(), buffer.size(), format, values...);
  return {buffer.data(), static_cast<std::size_t>(std::clamp(size, 0, 63))};
}

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): read before other threads start
  return value == nullptr ? "" : value;
}

}  // namespace

bool is_terminal(int descriptor) { return ::isatty(descriptor) == 1; }

bool wants_colour(int descriptor) {
  return is_terminal(descriptor) && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
}

int terminal_width(int descriptor) {
  winsize size{};
  return ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual_width;
}

std::string harmless(std::string_view text) {
  std::string out = valid_utf8(text);
  std::string shown;
  shown.reserve(out.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto byte = static_cast<unsigned char>(out[i]);
    const bool c1 = byte == 0xC2 && i + 1 < out.size() && static_cast<unsigned char>(out[i + 1]) < 0xA0;
    if (c1) ++i;
    if (byte == '\t') {
      shown += ' ';
    } else {
      shown += c1 || (byte < 0x20 && byte != '\n') || byte == 0x7F ? '?' : out[i];
    }
  }
  return shown;
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t place = text.size(); place > 3; place -= 3) text.insert(place - 3, ",");
  return text;
}

std::string human_bytes(double bytes) {
  constexpr std::array<const char*, 5> units = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < units.size(); ++unit) bytes /= 1024;
  return printed(unit == 0 || bytes >= 100 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
}

std::string human_duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds);
  if (seconds < 60) return printed(seconds < 10 ? "%.1f s" : "%.0f s", seconds);
  if (whole < 3600) return printed("%ld min %ld s", whole / 60, whole % 60);
  if (whole < 86400) return printed("%ld h %ld min", whole / 3600, whole % 3600 / 60);
  return printed("%ld d %ld h", whole / 86400, whole % 86400 / 3600);
}

std::string human_time(TimeUs time) { return format_time(time - ((time % us_per_second) + us_per_second) % us_per_second); }

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string painted(std::string_view text, Colour colour, bool wanted) {
  constexpr std::array<const char*, 6> codes = {"", "32", "31", "33", "2", "1"};
  if (!wanted || colour == Colour::none) return std::string(text);
  return "\x1b[" + std::string(codes[static_cast<std::size_t>(colour)]) + "m" + std::string(text) + "\x1b[0m";
}

Table::Table(std::vector<std::string> head) {
  std::vector<Cell> row;
  for (std::string& title : head) row.push_back({std::move(title), Colour::bold});
  add(std::move(row));
}

void Table::add(std::vector<Cell> row) {
  for (Cell& cell : row) {
    cell.text = harmless(cell.text);
    std::replace(cell.text.begin(), cell.text.end(), '\n', ' ');
  }
  rows_.push_back(std::move(row));
}

std::string Table::text(bool colour) const {
  std::vector<std::size_t> widths;
  std::vector<bool> right;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    right.resize(widths.size());
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i].text));
      right[i] = right[i] || row[i].right;
    }
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - display_width(row[i].text), ' ');
      if (i > 0) line += "  ";
      line += right[i] ? padding + painted(row[i].text, row[i].colour, colour) : painted(row[i].text, row[i].colour, colour);
      if (!right[i] && i + 1 < row.size()) line += padding;
    }
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

}  // namespace conclave::cli
