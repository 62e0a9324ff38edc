// TF-IDF as in Salton & Buckley, "Term-weighting approaches in automatic text retrieval" (1988), with the smoothed
// idf = ln((1 + n) / (1 + df)) + 1. Words and character n-grams are two blocks of equal say: each is scaled to unit length
// before they are joined, so that the many n-grams do not drown the words; the cosine stays positive semidefinite.
//
// Terms that only one text has add to no pair and are not kept after the norms are known. Those in few texts are multiplied along
// lists of the texts that have them, into one row of numbers that stays in the nearest cache. The frequent ones, in which most of
// the work is, are spread out for 32 texts at a time, 32 weights for each term; every later text then walks through its own
// terms, 32 products side by side: enough that no addition waits for the one before.
//
// Both sums run over the terms of a pair in the order of their hashes, and what only one of the two has adds nothing: the result
// depends neither on the order of the texts nor on the number of threads, bit by bit.
#include "engine/consensus/cosine.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <vector>

#include "engine/consensus/folded_text.h"

namespace conclave::consensus {
namespace {

using Texts = std::span<const std::u32string>;

constexpr std::size_t tile = 32;              // texts
constexpr std::size_t most_frequent = 8192;   // terms: a tile of them is 1 MiB of float32
constexpr std::uint32_t least_frequent = 32;  // texts; small sets have rare terms only
constexpr std::size_t buckets = 256;          // of hashes, by their first byte
constexpr std::size_t most_exact = 512;       // texts
constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

struct Term {
  std::uint64_t hash;
  double weight;
};
using Terms = std::vector<Term>;  // by increasing hash

// By first byte, then each such piece: hashes are spread evenly, so a piece is a few of them.
void sort_hashes(std::vector<std::uint64_t>& hashes) {
  std::array<std::uint32_t, buckets + 1> ends{};
  for (const std::uint64_t hash : hashes) ++ends[(hash >> 56U) + 1];
  for (std::size_t bucket = 0; bucket < buckets; ++bucket) ends[bucket + 1] += ends[bucket];
  std::vector<std::uint64_t> sorted(hashes.size());
  for (const std::uint64_t hash : hashes) sorted[ends[hash >> 56U]++] = hash;
  for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
    const auto begin = bucket == 0 ? 0 : ends[bucket - 1];
    std::sort(sorted.begin() + begin, sorted.begin() + ends[bucket]);
  }
  hashes = std::move(sorted);
}

Terms count_terms(std::vector<std::uint64_t> hashes) {
  sort_hashes(hashes);
  Terms terms;
  for (const std::uint64_t hash : hashes) {
    if (terms.empty() || terms.back().hash != hash) terms.push_back({hash, 0.0});
    terms.back().weight += 1.0;
  }
  return terms;
}

// The terms that at least two texts have.
struct Shared {
  std::vector<std::uint64_t> hashes;       // increasing
  std::vector<std::uint32_t> frequencies;  // in how many texts
  // Where the hashes with these first bits begin, so that few are left to search.
  std::vector<std::uint32_t> first;
  unsigned shift = 63;

  void make_directory() {
    const unsigned wanted = std::clamp(static_cast<unsigned>(std::bit_width(hashes.size())), 1U, 22U);
    shift = 64 - wanted;
    first.assign((std::size_t{1} << wanted) + 1, 0);
    for (const std::uint64_t hash : hashes) ++first[(hash >> shift) + 1];
    for (std::size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
  }

  [[nodiscard]] std::uint32_t find(std::uint64_t hash) const {
    const std::size_t place = hash >> shift;
    const auto end = hashes.begin() + first[place + 1];
    const auto found = std::lower_bound(hashes.begin() + first[place], end, hash);
    return found == end || *found != hash ? none : static_cast<std::uint32_t>(found - hashes.begin());
  }
};

Shared find_shared(const std::vector<Terms>& texts, const ForEach& for_each) {
  std::vector<Shared> parts(buckets);
  for_each(buckets, [&](std::size_t bucket) {
    std::vector<std::uint64_t> all;
    for (const Terms& terms : texts) {
      auto term = std::lower_bound(terms.begin(), terms.end(), std::uint64_t{bucket} << 56U,
                                   [](const Term& each, std::uint64_t hash) { return each.hash < hash; });
      for (; term != terms.end() && term->hash >> 56U == bucket; ++term) all.push_back(term->hash);
    }
    std::sort(all.begin(), all.end());
    for (std::size_t i = 0, end = 0; i < all.size(); i = end) {
      while (end < all.size() && all[end] == all[i]) ++end;
      if (end - i < 2) continue;
      parts[bucket].hashes.push_back(all[i]);
      parts[bucket].frequencies.push_back(static_cast<std::uint32_t>(end - i));
    }
  });
  Shared shared;
  for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
    const Shared& part = parts[bucket];
    shared.hashes.insert(shared.hashes.end(), part.hashes.begin(), part.hashes.end());
    shared.frequencies.insert(shared.frequencies.end(), part.frequencies.begin(), part.frequencies.end());
  }
  shared.make_directory();
  return shared;
}

// From how many texts on a term is frequent, so that not too many are.
std::uint32_t frequent_from(const Shared& words, const Shared& ngrams) {
  std::vector<std::uint32_t> all = words.frequencies;
  all.insert(all.end(), ngrams.frequencies.begin(), ngrams.frequencies.end());
  if (all.size() <= most_frequent) return least_frequent;
  const auto last = all.begin() + static_cast<std::ptrdiff_t>(most_frequent);
  std::nth_element(all.begin(), last, all.end(), std::greater<>());
  return std::max(*last + 1, least_frequent);
}

template <class Real>
struct Weight {
  std::uint32_t place;  // of a term, or of a text
  Real weight;
};

template <class Real>
using Lanes = std::array<Real, tile>;

template <class Real>
using Rows = std::vector<Lanes<Real>>;
template <class Real>
using Weights = std::vector<Weight<Real>>;

template <class Real>
[[gnu::always_inline]] inline void add_all(const Rows<Real>& rows, const Weights<Real>& terms, Lanes<Real>& sums) {
  // No alias of a dependent type can have these attributes.
  typedef Real Several __attribute__((vector_size(32), aligned(alignof(Real)), may_alias));  // NOLINT
  constexpr std::size_t parts = sizeof(Lanes<Real>) / sizeof(Several);
  Several made[parts];  // in registers: no array of std, which the compiler would keep in memory
  std::memcpy(&made, sums.data(), sizeof made);
  for (const Weight<Real>& term : terms) {
    const auto* const row = reinterpret_cast<const Several*>(rows[term.place].data());
#pragma GCC unroll 8
    for (std::size_t part = 0; part < parts; ++part) made[part] += term.weight * row[part];
  }
  std::memcpy(sums.data(), &made, sizeof made);
}

void add_products(const Rows<double>& rows, const Weights<double>& terms, Lanes<double>& sums) { add_all(rows, terms, sums); }

// Without fused multiplication, so that every processor gives the same bits.
#if defined(__x86_64__)
[[gnu::target("avx2")]] void add_products_avx2(const Rows<float>& rows, const Weights<float>& terms, Lanes<float>& sums) {
  add_all(rows, terms, sums);
}
void add_products(const Rows<float>& rows, const Weights<float>& terms, Lanes<float>& sums) {
  static const bool wide = __builtin_cpu_supports("avx2") != 0;
  if (wide) return add_products_avx2(rows, terms, sums);
  add_all(rows, terms, sums);
}
#else
void add_products(const Rows<float>& rows, const Weights<float>& terms, Lanes<float>& sums) { add_all(rows, terms, sums); }
#endif

template <class Real>
class Vectors {
 public:
  Vectors(Texts texts, const ForEach& for_each) : frequent_(texts.size()), rare_(texts.size()) {
    std::vector<Terms> words(texts.size());
    std::vector<Terms> ngrams(texts.size());
    for_each(texts.size(), [&](std::size_t i) {
      words[i] = count_terms(word_hashes(texts[i]));
      ngrams[i] = count_terms(character_ngram_hashes(texts[i]));
    });
    const Shared shared_words = find_shared(words, for_each);
    const Shared shared_ngrams = find_shared(ngrams, for_each);
    const std::uint32_t from = frequent_from(shared_words, shared_ngrams);
    std::vector<double> share(texts.size());  // of each block in the square of the whole
    for (std::size_t i = 0; i < texts.size(); ++i) share[i] = words[i].empty() ? 1.0 : 0.5;
    add(words, shared_words, from, share, for_each);
    add(ngrams, shared_ngrams, from, share, for_each);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      for (const Weight<Real>& term : rare_[i]) lists_[term.place].push_back({static_cast<std::uint32_t>(i), term.weight});
    }
  }

  [[nodiscard]] std::size_t size() const { return rare_.size(); }

  // Products of the texts from `begin` on with all that come later; sums[j - begin][i - begin] for i < j.
  [[nodiscard]] Rows<Real> products(std::size_t begin) const {
    const std::size_t end = std::min(begin + tile, size());
    Rows<Real> rows(columns_);
    for (std::size_t i = begin; i < end; ++i) {
      for (const Weight<Real>& term : frequent_[i]) rows[term.place][i - begin] = term.weight;
    }
    Rows<Real> sums(size() - begin);
    for (std::size_t j = begin + 1; j < size(); ++j) add_products(rows, frequent_[j], sums[j - begin]);
    std::vector<Real> rare(size());
    for (std::size_t i = begin; i < end; ++i) {
      std::fill(rare.begin() + static_cast<std::ptrdiff_t>(i), rare.end(), Real{0});
      for (const Weight<Real>& term : rare_[i]) {
        const auto& list = lists_[term.place];
        for (auto entry = list.rbegin(); entry != list.rend() && entry->place > i; ++entry) {
          rare[entry->place] += term.weight * entry->weight;
        }
      }
      for (std::size_t j = i + 1; j < size(); ++j) sums[j - begin][i - begin] += rare[j];
    }
    return sums;
  }

 private:
  // Turns the counts of one block into weights of unit length, and keeps those of shared terms.
  void add(std::vector<Terms>& texts, const Shared& shared, std::uint32_t from, const std::vector<double>& share,
           const ForEach& for_each) {
    std::vector<std::uint32_t> place(shared.hashes.size());
    for (std::size_t id = 0; id < place.size(); ++id) {
      place[id] = static_cast<std::uint32_t>(shared.frequencies[id] >= from ? columns_++ : rare_terms_++);
    }
    lists_.resize(rare_terms_);
    const double n = static_cast<double>(texts.size());
    const auto idf = [&](double frequency) { return std::log((1.0 + n) / (1.0 + frequency)) + 1.0; };
    const double alone = idf(1.0);
    std::vector<double> of_shared(place.size());
    for (std::size_t id = 0; id < place.size(); ++id) of_shared[id] = idf(shared.frequencies[id]);
    for_each(texts.size(), [&](std::size_t i) {
      std::vector<std::uint32_t> ids;
      double squares = 0.0;
      for (Term& term : texts[i]) {
        ids.push_back(shared.find(term.hash));
        term.weight *= ids.back() == none ? alone : of_shared[ids.back()];
        squares += term.weight * term.weight;
      }
      const double scale = std::sqrt(share[i] / squares);
      for (std::size_t k = 0; k < ids.size(); ++k) {
        if (ids[k] == none) continue;
        auto& kept = shared.frequencies[ids[k]] >= from ? frequent_[i] : rare_[i];
        kept.push_back({place[ids[k]], static_cast<Real>(texts[i][k].weight * scale)});
      }
      texts[i] = {};
    });
  }

  std::vector<Weights<Real>> frequent_;  // by text: columns of a tile
  std::vector<Weights<Real>> rare_;      // by text: numbers of lists
  std::vector<Weights<Real>> lists_;     // by rare term: the texts that have it, increasing
  std::size_t columns_ = 0;
  std::size_t rare_terms_ = 0;
};

template <class Real>
void multiply(Texts texts, const ForEach& for_each, const std::function<void(std::size_t, std::size_t, double)>& set) {
  const Vectors<Real> vectors(texts, for_each);
  for_each((texts.size() + tile - 1) / tile, [&](std::size_t number) {
    const std::size_t begin = number * tile;
    const auto sums = vectors.products(begin);
    for (std::size_t j = begin + 1; j < texts.size(); ++j) {
      for (std::size_t i = begin; i < std::min(begin + tile, j); ++i) set(i, j, static_cast<double>(sums[j - begin][i - begin]));
    }
  });
}

}  // namespace

void each_cosine(Texts texts, const ForEach& for_each, const std::function<void(std::size_t, std::size_t, double)>& set) {
  if (texts.size() <= most_exact) {
    multiply<double>(texts, for_each, set);
  } else {
    multiply<float>(texts, for_each, set);
  }
}

}  // namespace conclave::consensus
