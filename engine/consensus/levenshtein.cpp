// Bit-parallel dynamic programming: G. Myers, "A fast bit-vector algorithm for approximate string matching based on dynamic
// programming", JACM 46(3), 1999, in the form of H. Hyyrö, "A bit-vector algorithm for computing Levenshtein and Damerau edit
// distances", Nordic J. Computing 10(1), 2003.
//
// Neighbouring cells of the table differ by -1, 0 or +1. A column is therefore kept as two bit vectors, the rows where the value
// grows by one going down (vp) and where it falls (vn), 64 rows to a word; one step to the right costs a dozen operations per
// word. The horizontal difference that leaves a word at its bottom enters the next one at its top.
#include "engine/consensus/levenshtein.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace conclave::consensus {
namespace {

struct Word {
  std::uint64_t vp = ~std::uint64_t{0};
  std::uint64_t vn = 0;
};

// Which rows of the pattern hold a code point, as bits.
class Occurrences {
 public:
  explicit Occurrences(std::u32string_view pattern) : alphabet_(pattern), words_((pattern.size() + 63) / 64) {
    std::sort(alphabet_.begin(), alphabet_.end());
    alphabet_.erase(std::unique(alphabet_.begin(), alphabet_.end()), alphabet_.end());
    bits_.resize((alphabet_.size() + 1) * words_);
    for (char32_t point = 0; point < direct_.size(); ++point) direct_[point] = search(point);
    for (std::size_t row = 0; row < pattern.size(); ++row) {
      bits_[index(pattern[row]) * words_ + row / 64] |= std::uint64_t{1} << (row % 64);
    }
  }
  [[nodiscard]] std::size_t words() const { return words_; }
  [[nodiscard]] const std::uint64_t* of(char32_t point) const { return bits_.data() + index(point) * words_; }

 private:
  [[nodiscard]] std::size_t index(char32_t point) const { return point < direct_.size() ? direct_[point] : search(point); }
  // The last index, for which no bit is ever set, stands for all that the pattern does not hold.
  [[nodiscard]] std::size_t search(char32_t point) const {
    const auto found = std::lower_bound(alphabet_.begin(), alphabet_.end(), point);
    if (found == alphabet_.end() || *found != point) return alphabet_.size();
    return static_cast<std::size_t>(found - alphabet_.begin());
  }
  std::u32string alphabet_;
  std::size_t words_;
  std::vector<std::uint64_t> bits_;
  std::array<std::size_t, 128> direct_{};
};

}  // namespace

std::size_t levenshtein_distance(std::u32string_view a, std::u32string_view b) {
  const auto prefix = static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
  a.remove_prefix(prefix);
  b.remove_prefix(prefix);
  const auto suffix = static_cast<std::size_t>(std::mismatch(a.rbegin(), a.rend(), b.rbegin(), b.rend()).first - a.rbegin());
  a.remove_suffix(suffix);
  b.remove_suffix(suffix);
  if (a.size() > b.size()) std::swap(a, b);
  if (a.empty()) return b.size();

  const Occurrences occurrences(a);
  std::vector<Word> column(occurrences.words());
  const std::uint64_t bottom = std::uint64_t{1} << ((a.size() - 1) % 64);
  std::size_t distance = a.size();
  for (const char32_t point : b) {
    const std::uint64_t* const matches = occurrences.of(point);
    std::uint64_t hp_in = 1;  // the row above the table grows by one with every column
    std::uint64_t hn_in = 0;
    for (std::size_t i = 0; i < column.size(); ++i) {
      auto& [vp, vn] = column[i];
      const std::uint64_t x = matches[i] | hn_in;
      const std::uint64_t d0 = (((x & vp) + vp) ^ vp) | x | vn;
      std::uint64_t hp = vn | ~(d0 | vp);
      std::uint64_t hn = d0 & vp;
      if (i + 1 == column.size()) {
        if ((hp & bottom) != 0) ++distance;
        if ((hn & bottom) != 0) --distance;
      }
      const std::uint64_t hp_out = hp >> 63U;
      const std::uint64_t hn_out = hn >> 63U;
      hp = (hp << 1U) | hp_in;
      hn = (hn << 1U) | hn_in;
      vp = hn | ~(d0 | hp);
      vn = hp & d0;
      hp_in = hp_out;
      hn_in = hn_out;
    }
  }
  return distance;
}

}  // namespace conclave::consensus
