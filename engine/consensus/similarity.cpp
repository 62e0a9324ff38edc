// TF-IDF as in Salton & Buckley, "Term-weighting approaches in automatic text retrieval" (1988), with the smoothed
// idf = ln((1 + n) / (1 + df)) + 1. Words and character n-grams are two blocks of equal say: each is scaled to unit length
// before they are joined, so that the many n-grams do not drown the words; the cosine stays positive semidefinite.
//
// Every sum runs over terms in the order of their hashes, within one pair of texts, on one thread: the result does not depend on
// the order of the texts or on the number of threads, bit by bit. Terms that only one text has cannot add to any pair and are not
// kept after the norms are known.
#include "engine/consensus/similarity.h"

#include <tbb/info.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

#include "engine/base/parallel.h"
#include "engine/consensus/folded_text.h"
#include "engine/consensus/levenshtein.h"

namespace conclave::consensus {
namespace {

using Texts = std::span<const std::u32string>;

void for_each_index(std::size_t count, const CircleConfig& config, const std::function<void(std::size_t)>& work) {
  if (!config.enable_parallel_processing || config.max_threads == 1 || count < 2) {
    for (std::size_t i = 0; i < count; ++i) work(i);
    return;
  }
  const int available = tbb::info::default_concurrency();
  tbb::task_arena arena(config.max_threads > 0 ? std::min(config.max_threads, available) : available);
  arena.execute([&] { parallel_for(count, work); });
}

struct Term {
  std::uint64_t hash;
  double weight;
};
using Terms = std::vector<Term>;  // by increasing hash

Terms count_terms(std::vector<std::uint64_t> hashes) {
  std::sort(hashes.begin(), hashes.end());
  Terms terms;
  for (const std::uint64_t hash : hashes) {
    if (terms.empty() || terms.back().hash != hash) terms.push_back({hash, 0.0});
    terms.back().weight += 1.0;
  }
  return terms;
}

// Where a term occurs in more than one text.
class Index {
 public:
  struct Entry {
    std::size_t text;
    double weight;
  };

  // Turns counts into TF-IDF scaled to unit length and keeps the shared terms. Without `weighted` every weight becomes 1.
  Index(std::vector<Terms>& texts, bool weighted, const CircleConfig& config) {
    for (const Terms& terms : texts) {
      for (const Term& term : terms) hashes_.push_back(term.hash);
    }
    std::sort(hashes_.begin(), hashes_.end());
    std::vector<std::uint64_t> shared;
    for (std::size_t i = 0; i + 1 < hashes_.size(); ++i) {
      if (hashes_[i] == hashes_[i + 1] && (shared.empty() || shared.back() != hashes_[i])) shared.push_back(hashes_[i]);
    }
    const auto frequency = [&](std::uint64_t hash) {
      const auto [low, high] = std::equal_range(hashes_.begin(), hashes_.end(), hash);
      return static_cast<double>(high - low);
    };
    const double n = static_cast<double>(texts.size());
    for_each_index(texts.size(), config, [&](std::size_t i) {
      double squares = 0.0;
      for (Term& term : texts[i]) {
        term.weight = weighted ? term.weight * (std::log((1.0 + n) / (1.0 + frequency(term.hash))) + 1.0) : 1.0;
        squares += term.weight * term.weight;
      }
      if (!weighted) return;
      for (Term& term : texts[i]) term.weight /= std::sqrt(squares);
    });
    hashes_ = std::move(shared);
    entries_.resize(hashes_.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      for (const Term& term : texts[i]) {
        const auto found = std::lower_bound(hashes_.begin(), hashes_.end(), term.hash);
        if (found == hashes_.end() || *found != term.hash) continue;
        entries_[static_cast<std::size_t>(found - hashes_.begin())].push_back({i, term.weight});
      }
    }
  }

  // Adds the products of `terms`, which are text i's, to sums[j] for every text j > i.
  void add_products(const Terms& terms, std::size_t i, std::vector<double>& sums) const {
    for (const Term& term : terms) {
      const auto found = std::lower_bound(hashes_.begin(), hashes_.end(), term.hash);
      if (found == hashes_.end() || *found != term.hash) continue;
      const auto& entries = entries_[static_cast<std::size_t>(found - hashes_.begin())];
      for (auto entry = entries.rbegin(); entry != entries.rend() && entry->text > i; ++entry) {
        sums[entry->text] += term.weight * entry->weight;
      }
    }
  }

 private:
  std::vector<std::uint64_t> hashes_;
  std::vector<std::vector<Entry>> entries_;
};

using Hashes = std::vector<std::uint64_t> (*)(std::u32string_view);

std::vector<Terms> all_terms(Texts texts, Hashes hashes, const CircleConfig& config) {
  std::vector<Terms> terms(texts.size());
  for_each_index(texts.size(), config, [&](std::size_t i) { terms[i] = count_terms(hashes(texts[i])); });
  return terms;
}

void set_pair(Eigen::MatrixXd& matrix, Texts texts, std::size_t i, std::size_t j, double value) {
  if (texts[i] == texts[j]) value = 1.0;
  if (texts[i].empty() != texts[j].empty()) value = 0.0;
  const auto row = static_cast<Eigen::Index>(i);
  const auto column = static_cast<Eigen::Index>(j);
  matrix(row, column) = matrix(column, row) = std::clamp(value, 0.0, 1.0);
}

void fill_cosine(Eigen::MatrixXd& matrix, Texts texts, const CircleConfig& config) {
  std::vector<Terms> words = all_terms(texts, &word_hashes, config);
  std::vector<Terms> ngrams = all_terms(texts, &character_ngram_hashes, config);
  const Index word_index(words, true, config);
  const Index ngram_index(ngrams, true, config);
  for_each_index(texts.size(), config, [&](std::size_t i) {
    std::vector<double> sums(texts.size(), 0.0);
    word_index.add_products(words[i], i, sums);
    ngram_index.add_products(ngrams[i], i, sums);
    for (std::size_t j = i + 1; j < texts.size(); ++j) {
      const auto blocks = [&](std::size_t k) { return words[k].empty() ? 1.0 : 2.0; };
      set_pair(matrix, texts, i, j, sums[j] / std::sqrt(blocks(i) * blocks(j)));
    }
  });
}

void fill_jaccard(Eigen::MatrixXd& matrix, Texts texts, const CircleConfig& config) {
  std::vector<Terms> words = all_terms(texts, &word_hashes, config);
  const Index index(words, false, config);
  for_each_index(texts.size(), config, [&](std::size_t i) {
    std::vector<double> common(texts.size(), 0.0);
    index.add_products(words[i], i, common);
    for (std::size_t j = i + 1; j < texts.size(); ++j) {
      const double either = static_cast<double>(words[i].size() + words[j].size()) - common[j];
      set_pair(matrix, texts, i, j, either > 0.0 ? common[j] / either : 0.0);
    }
  });
}

void fill_levenshtein(Eigen::MatrixXd& matrix, Texts texts, const CircleConfig& config) {
  for_each_index(texts.size(), config, [&](std::size_t i) {
    for (std::size_t j = i + 1; j < texts.size(); ++j) {
      const std::size_t longest = std::max({texts[i].size(), texts[j].size(), std::size_t{1}});
      const auto distance = static_cast<double>(levenshtein_distance(texts[i], texts[j]));
      set_pair(matrix, texts, i, j, 1.0 - distance / static_cast<double>(longest));
    }
  });
}

Eigen::MatrixXd compare(std::span<const std::string_view> texts, const CircleConfig& config) {
  const auto n = static_cast<Eigen::Index>(texts.size());
  Eigen::MatrixXd matrix = Eigen::MatrixXd::Identity(n, n);
  if (texts.size() < 2) return matrix;
  const bool edits = config.similarity_algorithm == Similarity::levenshtein;
  std::vector<std::u32string> folded(texts.size());
  for_each_index(texts.size(), config,
                 [&](std::size_t i) { folded[i] = fold_text(texts[i], edits ? compared_for_edits : compared_for_terms); });
  switch (config.similarity_algorithm) {
    case Similarity::cosine:
      fill_cosine(matrix, folded, config);
      break;
    case Similarity::jaccard:
      fill_jaccard(matrix, folded, config);
      break;
    case Similarity::levenshtein:
      fill_levenshtein(matrix, folded, config);
      break;
    case Similarity::semantic:
      for (std::size_t i = 0; i < texts.size(); ++i)
        for (std::size_t j = i + 1; j < texts.size(); ++j) set_pair(matrix, folded, i, j, 0.0);
      break;
  }
  return matrix;
}

}  // namespace

double text_similarity(std::string_view a, std::string_view b, Similarity algorithm) {
  CircleConfig config;
  config.similarity_algorithm = algorithm;
  config.enable_parallel_processing = false;
  const std::array<std::string_view, 2> texts{a, b};
  return compare(texts, config)(0, 1);
}

Eigen::MatrixXd similarity_matrix(std::span<const std::string> texts, const CircleConfig& config) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  return compare(views, config);
}

}  // namespace conclave::consensus
