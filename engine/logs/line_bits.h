// A bit for each line of a chunk, and conditions on lines of which not all is known yet. Internal to the room.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "engine/logs/expression.h"

namespace conclave::logs {

class LineBits {
 public:
  LineBits() = default;
  LineBits(std::size_t lines, bool value) : words_((lines + 63) / 64, value ? ~std::uint64_t{0} : 0) { cut(lines); }

  // Grows as needed: a scan does not know how many lines will come.
  void set(std::size_t line) {
    const std::size_t word = line / 64;
    if (word >= words_.size()) words_.resize((word + 1) * 2);
    words_[word] |= std::uint64_t{1} << (line % 64);
  }
  void clear(std::size_t line) { words_[line / 64] &= ~(std::uint64_t{1} << (line % 64)); }
  [[nodiscard]] bool test(std::size_t line) const {
    return line / 64 < words_.size() && (words_[line / 64] >> (line % 64) & 1U) != 0;
  }
  void resize(std::size_t lines) {
    words_.resize((lines + 63) / 64);
    cut(lines);
  }
  void invert(std::size_t lines) {
    for (std::uint64_t& word : words_) word = ~word;
    cut(lines);
  }
  // Of equally many lines.
  LineBits& operator&=(const LineBits& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
    return *this;
  }
  LineBits& operator|=(const LineBits& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
    return *this;
  }
  [[nodiscard]] std::size_t count() const {
    std::size_t count = 0;
    for (const std::uint64_t word : words_) count += static_cast<std::size_t>(std::popcount(word));
    return count;
  }
  [[nodiscard]] bool any() const {
    for (const std::uint64_t word : words_) {
      if (word != 0) return true;
    }
    return false;
  }
  // use(line) for each set bit, in order.
  template <class Use>
  void for_each(const Use& use) const {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      for (std::uint64_t bits = words_[i]; bits != 0; bits &= bits - 1) {
        use(i * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
      }
    }
  }

 private:
  void cut(std::size_t lines) {
    if (lines % 64 != 0 && !words_.empty()) words_.back() &= (std::uint64_t{1} << (lines % 64)) - 1;
  }
  std::vector<std::uint64_t> words_;
};

// Kleene's logic, a line a bit: what surely holds, and what may hold.
struct Bounds {
  LineBits surely;
  LineBits maybe;

  [[nodiscard]] static Bounds known(LineBits bits) { return {bits, std::move(bits)}; }
  [[nodiscard]] static Bounds unknown(std::size_t lines) { return {LineBits(lines, false), LineBits(lines, true)}; }
  void decide(std::size_t line, bool holds);
  [[nodiscard]] LineBits undecided(std::size_t lines) const;
};

// `conditions[i]` belongs to expression.conditions[i].
[[nodiscard]] Bounds evaluate(const Expression& expression, std::span<const Bounds> conditions, std::size_t lines);

}  // namespace conclave::logs
