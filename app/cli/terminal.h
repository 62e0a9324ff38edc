// What the two output streams of a process can show, and text made fit for them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"

namespace conclave::cli {

[[nodiscard]] bool is_terminal(int descriptor);
// A terminal, not a dumb one, and the user did not set NO_COLOR (https://no-color.org).
[[nodiscard]] bool wants_colour(int descriptor);
[[nodiscard]] int terminal_width(int descriptor);  // columns; 100 where nobody knows

// Valid UTF-8 in which control characters, which could steer a terminal, are shown as '?'. Keeps line ends.
[[nodiscard]] std::string harmless(std::string_view text);

[[nodiscard]] std::string grouped(std::uint64_t number);    // 1,234,567
[[nodiscard]] std::string human_bytes(double bytes);        // 12.3 MiB
[[nodiscard]] std::string human_duration(double seconds);   // 4.2 s, 3 min 20 s, 2 h 5 min, 3 d 4 h
[[nodiscard]] std::string human_time(TimeUs time);          // whole seconds
[[nodiscard]] std::size_t display_width(std::string_view);  // code points

enum class Colour { none, green, red, yellow, dim, bold };
[[nodiscard]] std::string painted(std::string_view text, Colour colour, bool wanted);

// Cells in aligned columns, two spaces between them; the last column is not padded. Cells are made harmless.
class Table {
 public:
  struct Cell {
    std::string text;
    Colour colour = Colour::none;
    bool right = false;  // numbers
  };
  explicit Table(std::vector<std::string> head);
  void add(std::vector<Cell> row);
  [[nodiscard]] std::string text(bool colour) const;

 private:
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace conclave::cli
