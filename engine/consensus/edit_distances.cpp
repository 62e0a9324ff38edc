// The bit vectors of levenshtein.cpp with four patterns side by side, a lane each, against one text. Of the table only a band
// about the diagonal that ends in its last cell is filled (E. Ukkonen, "Algorithms for approximate string matching", Information
// and Control 64, 1985): who leaves it has no insertions or deletions to spare for the way back. The values on that diagonal
// never fall, so a pair is given up as soon as one of them is too large.
//
// Before that, how often each letter occurs: an edit changes two counts by one at most, one up and one down (A. Apostolico and
// Z. Galil, "Pattern Matching Algorithms", 1997, chapter 5, on filters of this kind).
#include "engine/consensus/edit_distances.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <vector>

namespace conclave::consensus {
namespace {

constexpr std::size_t lanes = 4;
constexpr std::size_t bits = 64;
constexpr std::size_t columns_between_looks = 16;
constexpr std::size_t bins = 64;

using Words = std::uint64_t __attribute__((vector_size(lanes * sizeof(std::uint64_t))));
using Quad = std::array<std::uint64_t, lanes>;      // as it is kept: containers need not know its alignment
using Histogram = std::array<std::uint16_t, bins>;  // of code points by their last bits; saturates

// Code points as small numbers, from 1: what is in no text is 0.
std::vector<std::vector<std::uint32_t>> numbered(std::span<const std::u32string> texts, std::size_t& symbols) {
  std::vector<char32_t> alphabet;
  for (const std::u32string& text : texts) {
    alphabet.insert(alphabet.end(), text.begin(), text.end());
    if (alphabet.size() > 1U << 20U) {
      std::sort(alphabet.begin(), alphabet.end());
      alphabet.erase(std::unique(alphabet.begin(), alphabet.end()), alphabet.end());
    }
  }
  std::sort(alphabet.begin(), alphabet.end());
  alphabet.erase(std::unique(alphabet.begin(), alphabet.end()), alphabet.end());
  symbols = alphabet.size();
  std::vector<std::vector<std::uint32_t>> out;
  for (const std::u32string& text : texts) {
    auto& numbers = out.emplace_back();
    for (const char32_t point : text) {
      numbers.push_back(1 +
                        static_cast<std::uint32_t>(std::lower_bound(alphabet.begin(), alphabet.end(), point) - alphabet.begin()));
    }
  }
  return out;
}

Histogram histogram(std::span<const std::uint32_t> text) {
  Histogram out{};
  for (const std::uint32_t symbol : text) {
    std::uint16_t& count = out[symbol % bins];
    count = static_cast<std::uint16_t>(count + (count < 0xffff ? 1 : 0));
  }
  return out;
}

// A distance that is not above that of the texts.
std::size_t least_distance(const Histogram& a, const Histogram& b) {
  std::uint32_t more = 0;
  std::uint32_t fewer = 0;
  for (std::size_t i = 0; i < bins; ++i) {
    more += static_cast<std::uint32_t>(std::max(a[i], b[i]) - b[i]);
    fewer += static_cast<std::uint32_t>(std::max(a[i], b[i]) - a[i]);
  }
  return std::max(more, fewer);
}

std::size_t most_edits(std::size_t longest, double cutoff) {
  const double most = (1.0 - cutoff) * static_cast<double>(longest);
  return std::min(longest, static_cast<std::size_t>(std::max(most, 0.0) + 1e-6));
}

struct Column {
  Quad vp;
  Quad vn;
};

[[gnu::always_inline]] inline void load(const Quad& quad, Words& words) { std::memcpy(&words, quad.data(), sizeof words); }

[[gnu::always_inline]] inline void store(const Words& words, Quad& quad) { std::memcpy(quad.data(), &words, sizeof words); }

// Four patterns. Lanes without one are empty texts.
class Patterns {
 public:
  Patterns(std::span<const std::span<const std::uint32_t>> texts, std::vector<std::uint32_t>& rows) : rows_(rows) {
    for (std::size_t lane = 0; lane < texts.size(); ++lane) lengths_[lane] = texts[lane].size();
    words_ = (*std::max_element(lengths_.begin(), lengths_.end()) + bits - 1) / bits;
    table_.resize(words_);  // of what no pattern holds
    for (std::size_t lane = 0; lane < texts.size(); ++lane) {
      for (std::size_t i = 0; i < texts[lane].size(); ++i) {
        std::uint32_t& row = rows_[texts[lane][i]];
        if (row == 0) {
          row = static_cast<std::uint32_t>(table_.size() / words_);
          table_.resize(table_.size() + words_);
          used_.push_back(texts[lane][i]);
        }
        table_[row * words_ + i / bits][lane] |= std::uint64_t{1} << (i % bits);
      }
    }
    columns_.resize(words_);
  }
  Patterns(const Patterns&) = delete;
  Patterns& operator=(const Patterns&) = delete;
  ~Patterns() {
    for (const std::uint32_t symbol : used_) rows_[symbol] = 0;
  }

  [[nodiscard]] std::size_t length(std::size_t lane) const { return lengths_[lane]; }

  // Distances of the text to each pattern where it is at most `most`; elsewhere a number above that. Lanes that nobody asks for
  // have a `most` below 0.
  using Limits = std::array<std::ptrdiff_t, lanes>;
  [[gnu::always_inline]] inline Limits distances(std::span<const std::uint32_t> text, const Limits& most) {
    const auto n = static_cast<std::ptrdiff_t>(text.size());
    Limits out{};
    std::array<std::ptrdiff_t, lanes> ahead{};  // how far below the diagonal from the first cell the one to the last lies
    std::ptrdiff_t above = 0;                   // rows of the band above that from the first cell, and below
    std::ptrdiff_t below = 0;
    std::ptrdiff_t asked = 0;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      ahead[lane] = static_cast<std::ptrdiff_t>(lengths_[lane]) - n;
      out[lane] = most[lane] + 1;
      if (most[lane] < 0) continue;
      ++asked;
      const std::ptrdiff_t spare = (most[lane] - std::abs(ahead[lane])) / 2;
      above = std::max(above, spare - std::min<std::ptrdiff_t>(ahead[lane], 0));
      below = std::max(below, spare + std::max<std::ptrdiff_t>(ahead[lane], 0));
    }
    if (asked == 0 || words_ == 0) {
      for (std::size_t lane = 0; lane < lanes; ++lane) out[lane] = most[lane] < 0 ? out[lane] : n;
      return out;
    }
    const Words zero{};
    const Words one = zero + 1;
    Column all_growing{};
    all_growing.vp.fill(~std::uint64_t{0});
    std::size_t first = 0;
    std::size_t end = 0;                      // words of the band
    std::array<std::ptrdiff_t, lanes> top{};  // value above the first word
    const auto value_at = [&](std::size_t lane, std::ptrdiff_t row) __attribute__((always_inline)) {
      std::ptrdiff_t value = top[lane];
      for (std::size_t word = first; word < end && row > static_cast<std::ptrdiff_t>(word * bits); ++word) {
        const std::ptrdiff_t rows = std::min<std::ptrdiff_t>(row - static_cast<std::ptrdiff_t>(word * bits), bits);
        const std::uint64_t mask = rows == bits ? ~std::uint64_t{0} : (std::uint64_t{1} << static_cast<std::size_t>(rows)) - 1;
        value += std::popcount(columns_[word].vp[lane] & mask) - std::popcount(columns_[word].vn[lane] & mask);
      }
      return value;
    };
    for (std::ptrdiff_t column = 1; column <= n; ++column) {
      const auto last_row = static_cast<std::size_t>(column + below);  // 1-based
      for (const std::size_t wanted = std::min(words_, (last_row + bits - 1) / bits); end < wanted; ++end)
        columns_[end] = all_growing;
      while (first + 1 < end && static_cast<std::ptrdiff_t>((first + 1) * bits) < column - above) {
        for (std::size_t lane = 0; lane < lanes; ++lane) {
          top[lane] += std::popcount(columns_[first].vp[lane]) - std::popcount(columns_[first].vn[lane]);
        }
        ++first;
      }
      const Quad* const matches = table_.data() + rows_[text[static_cast<std::size_t>(column - 1)]] * words_;
      Words hp_in = one;
      Words hn_in = zero;
      for (std::size_t word = first; word < end; ++word) {
        Words vp;
        Words vn;
        Words x;
        load(columns_[word].vp, vp);
        load(columns_[word].vn, vn);
        load(matches[word], x);
        x |= hn_in;
        const Words d0 = (((x & vp) + vp) ^ vp) | x | vn;
        const Words hp = vn | ~(d0 | vp);
        const Words hn = d0 & vp;
        const Words hp_shifted = (hp << 1U) | hp_in;
        const Words hn_shifted = (hn << 1U) | hn_in;
        hp_in = hp >> 63U;
        hn_in = hn >> 63U;
        store(hn_shifted | ~(d0 | hp_shifted), columns_[word].vp);
        store(hp_shifted & d0, columns_[word].vn);
      }
      for (std::ptrdiff_t& value : top) ++value;
      if (column % static_cast<std::ptrdiff_t>(columns_between_looks) != 0) continue;
      bool hope = false;
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        const std::ptrdiff_t row = column + ahead[lane];
        hope = hope || (most[lane] >= 0 && (row <= 0 || value_at(lane, row) <= most[lane]));
      }
      if (!hope) return out;
    }
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      if (most[lane] >= 0) out[lane] = value_at(lane, static_cast<std::ptrdiff_t>(lengths_[lane]));
    }
    return out;
  }

 private:
  std::vector<std::uint32_t>& rows_;  // by symbol, of the table; all 0 but for the patterns' own
  std::vector<std::uint32_t> used_;
  std::array<std::size_t, lanes> lengths_{};
  std::size_t words_ = 0;
  std::vector<Quad> table_;  // rows x words
  std::vector<Column> columns_;
};

using Limits = Patterns::Limits;

#if defined(__x86_64__)
[[gnu::target("avx2,popcnt")]] Limits distances_avx2(Patterns& patterns, std::span<const std::uint32_t> text,
                                                     const Limits& most) {
  return patterns.distances(text, most);
}
#endif

Limits distances(Patterns& patterns, std::span<const std::uint32_t> text, const Limits& most) {
#if defined(__x86_64__)
  static const bool wide = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("popcnt") != 0;
  if (wide) return distances_avx2(patterns, text, most);
#endif
  return patterns.distances(text, most);
}

}  // namespace

void each_edit_similarity(std::span<const std::u32string> texts, double cutoff, const ForEach& for_each,
                          const std::function<void(std::size_t, std::size_t, double)>& set) {
  std::size_t symbols = 0;
  const auto numbers = numbered(texts, symbols);
  std::vector<std::size_t> order(texts.size());  // by length, so that lanes end together
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return numbers[a].size() < numbers[b].size(); });
  std::vector<Histogram> histograms(texts.size());
  for_each(texts.size(), [&](std::size_t i) { histograms[i] = histogram(numbers[i]); });
  for_each((texts.size() + lanes - 1) / lanes, [&](std::size_t group) {
    const std::size_t begin = group * lanes;
    const std::size_t count = std::min(lanes, texts.size() - begin);
    std::vector<std::uint32_t> rows(symbols + 1, 0);
    std::array<std::span<const std::uint32_t>, lanes> own;
    for (std::size_t lane = 0; lane < count; ++lane) own[lane] = numbers[order[begin + lane]];
    Patterns patterns(own, rows);
    for (std::size_t place = begin + 1; place < order.size(); ++place) {
      const std::size_t j = order[place];
      const std::size_t longest = numbers[j].size();  // as the order has it
      const std::size_t edits = most_edits(longest, cutoff);
      if (longest - own[count - 1].size() > edits && place >= begin + count) break;  // as are all that come
      Limits most{-1, -1, -1, -1};
      bool any = false;
      for (std::size_t lane = 0; lane < count && begin + lane < place; ++lane) {
        const bool possible = longest - own[lane].size() <= edits &&
                              (cutoff <= 0.0 || least_distance(histograms[order[begin + lane]], histograms[j]) <= edits);
        if (possible) most[lane] = static_cast<std::ptrdiff_t>(edits);
        any = any || possible;
      }
      if (!any) continue;
      const Limits found = distances(patterns, numbers[j], most);
      for (std::size_t lane = 0; lane < count; ++lane) {
        if (most[lane] < 0 || found[lane] > most[lane]) continue;
        const double similarity = longest == 0 ? 1.0 : 1.0 - static_cast<double>(found[lane]) / static_cast<double>(longest);
        const std::size_t i = order[begin + lane];
        if (similarity >= cutoff) set(std::min(i, j), std::max(i, j), similarity);
      }
    }
  });
}

}  // namespace conclave::consensus
