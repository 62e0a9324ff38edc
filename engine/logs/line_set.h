// A compressed set of line numbers.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

class Roaring;

namespace conclave::logs {

// Numbers are 1-based and may lie beyond 2^32: a Roaring bitmap (Lemire et al., "Roaring Bitmaps: Implementation of an Optimized
// Software Library", 2018) for each value of the upper 32 bits. A value: copies are deep; const members from any thread.
class LineSet {
 public:
  LineSet();
  LineSet(const LineSet& other);
  LineSet& operator=(const LineSet& other);
  LineSet(LineSet&&) noexcept;
  LineSet& operator=(LineSet&&) noexcept;
  ~LineSet();

  void add(std::span<const std::uint64_t> numbers);
  void add_range(std::uint64_t first, std::uint64_t last);  // both included; nothing if first > last
  void compress();                                          // once all is added: runs become runs

  [[nodiscard]] std::uint64_t size() const;
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] bool contains(std::uint64_t number) const;
  // How many numbers are at most `number`: "match k of n" for the line that is shown.
  [[nodiscard]] std::uint64_t rank(std::uint64_t number) const;
  // The k-th smallest number, from 0.
  [[nodiscard]] std::optional<std::uint64_t> select(std::uint64_t k) const;
  // Up to `count` numbers from the k-th on.
  [[nodiscard]] std::vector<std::uint64_t> numbers(std::uint64_t k, std::uint64_t count) const;
  [[nodiscard]] std::uint64_t memory_bytes() const;

  LineSet& operator&=(const LineSet& other);
  LineSet& operator|=(const LineSet& other);
  LineSet& operator-=(const LineSet& other);
  // The lines of 1..line_count that are not here.
  [[nodiscard]] LineSet complement(std::uint64_t line_count) const;
  bool operator==(const LineSet& other) const;

  // Each line with `around` lines before and behind it, within 1..line_count, as ranges (first, last) that do not touch.
  [[nodiscard]] std::vector<std::pair<std::uint64_t, std::uint64_t>> with_context(std::uint64_t around,
                                                                                  std::uint64_t line_count) const;

 private:
  Roaring& part(std::uint32_t high);
  std::map<std::uint32_t, std::unique_ptr<Roaring>> parts_;  // none of them empty
};

[[nodiscard]] inline LineSet operator&(LineSet a, const LineSet& b) { return std::move(a &= b); }
[[nodiscard]] inline LineSet operator|(LineSet a, const LineSet& b) { return std::move(a |= b); }
[[nodiscard]] inline LineSet operator-(LineSet a, const LineSet& b) { return std::move(a -= b); }

}  // namespace conclave::logs
