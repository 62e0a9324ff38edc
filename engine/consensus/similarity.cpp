// Every sum runs within one pair of texts, on one thread: the result does not depend on the order of the texts or on the number
// of threads, bit by bit.
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
#include "engine/consensus/cosine.h"
#include "engine/consensus/edit_distances.h"
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

// Which texts have a word that more than one has.
class Index {
 public:
  explicit Index(const std::vector<std::vector<std::uint64_t>>& texts) {
    for (const auto& words : texts) hashes_.insert(hashes_.end(), words.begin(), words.end());
    std::sort(hashes_.begin(), hashes_.end());
    std::vector<std::uint64_t> shared;
    for (std::size_t i = 0; i + 1 < hashes_.size(); ++i) {
      if (hashes_[i] == hashes_[i + 1] && (shared.empty() || shared.back() != hashes_[i])) shared.push_back(hashes_[i]);
    }
    hashes_ = std::move(shared);
    texts_.resize(hashes_.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      for (const std::uint64_t word : texts[i]) {
        if (const std::size_t at = place(word); at < hashes_.size()) texts_[at].push_back(i);
      }
    }
  }

  // Counts in common[j], for every text j > i, which of `words`, which are text i's, it has.
  void count_common(const std::vector<std::uint64_t>& words, std::size_t i, std::vector<std::size_t>& common) const {
    for (const std::uint64_t word : words) {
      const std::size_t at = place(word);
      if (at == hashes_.size()) continue;
      for (auto text = texts_[at].rbegin(); text != texts_[at].rend() && *text > i; ++text) ++common[*text];
    }
  }

 private:
  [[nodiscard]] std::size_t place(std::uint64_t word) const {
    const auto found = std::lower_bound(hashes_.begin(), hashes_.end(), word);
    return found == hashes_.end() || *found != word ? hashes_.size() : static_cast<std::size_t>(found - hashes_.begin());
  }
  std::vector<std::uint64_t> hashes_;
  std::vector<std::vector<std::size_t>> texts_;
};

void set_pair(Eigen::MatrixXd& matrix, Texts texts, std::size_t i, std::size_t j, double value) {
  if (texts[i] == texts[j]) value = 1.0;
  if (texts[i].empty() != texts[j].empty()) value = 0.0;
  const auto row = static_cast<Eigen::Index>(i);
  const auto column = static_cast<Eigen::Index>(j);
  matrix(row, column) = matrix(column, row) = std::clamp(value, 0.0, 1.0);
}

void fill_cosine(Eigen::MatrixXd& matrix, Texts texts, const CircleConfig& config) {
  each_cosine(
      texts, [&](std::size_t count, const std::function<void(std::size_t)>& work) { for_each_index(count, config, work); },
      [&](std::size_t i, std::size_t j, double cosine) { set_pair(matrix, texts, i, j, cosine); });
}

void fill_jaccard(Eigen::MatrixXd& matrix, Texts texts, const CircleConfig& config) {
  std::vector<std::vector<std::uint64_t>> words(texts.size());
  for_each_index(texts.size(), config, [&](std::size_t i) {
    words[i] = word_hashes(texts[i]);
    std::sort(words[i].begin(), words[i].end());
    words[i].erase(std::unique(words[i].begin(), words[i].end()), words[i].end());
  });
  const Index index(words);
  for_each_index(texts.size(), config, [&](std::size_t i) {
    std::vector<std::size_t> common(texts.size(), 0);
    index.count_common(words[i], i, common);
    for (std::size_t j = i + 1; j < texts.size(); ++j) {
      const std::size_t either = words[i].size() + words[j].size() - common[j];
      set_pair(matrix, texts, i, j, either > 0 ? static_cast<double>(common[j]) / static_cast<double>(either) : 0.0);
    }
  });
}

void fill_levenshtein(Eigen::MatrixXd& matrix, Texts texts, const CircleConfig& config, double cutoff) {
  if (texts.size() == 2) {  // nothing to do side by side, and what both begin and end with need not be compared
    const auto longest = static_cast<double>(std::max({texts[0].size(), texts[1].size(), std::size_t{1}}));
    return set_pair(matrix, texts, 0, 1, 1.0 - static_cast<double>(levenshtein_distance(texts[0], texts[1])) / longest);
  }
  each_edit_similarity(
      texts, cutoff,
      [&](std::size_t count, const std::function<void(std::size_t)>& work) { for_each_index(count, config, work); },
      [&](std::size_t i, std::size_t j, double similarity) { set_pair(matrix, texts, i, j, similarity); });
}

Eigen::MatrixXd compare(std::span<const std::string_view> texts, const CircleConfig& config, double cutoff) {
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
      fill_levenshtein(matrix, folded, config, cutoff);
      break;
    case Similarity::semantic:
      for (std::size_t i = 0; i < texts.size(); ++i)
        for (std::size_t j = i + 1; j < texts.size(); ++j) set_pair(matrix, folded, i, j, 0.0);
      break;
  }
  if (cutoff > 0.0) matrix = (matrix.array() < cutoff).select(0.0, matrix);
  return matrix;
}

}  // namespace

double text_similarity(std::string_view a, std::string_view b, Similarity algorithm) {
  CircleConfig config;
  config.similarity_algorithm = algorithm;
  config.enable_parallel_processing = false;
  const std::array<std::string_view, 2> texts{a, b};
  return compare(texts, config, 0.0)(0, 1);
}

Eigen::MatrixXd similarity_matrix(std::span<const std::string> texts, const CircleConfig& config, double cutoff) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  return compare(views, config, cutoff);
}

}  // namespace conclave::consensus
