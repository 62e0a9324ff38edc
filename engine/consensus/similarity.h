// How alike two texts are. Text similarity groups and explains; it rarely reveals agreement (that is what verdicts are for).
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/consensus/response.h"

namespace conclave::consensus {

// Texts are compared folded (engine/consensus/folded_text.h), and only their beginnings, so that a 10 MB answer costs no more
// than a long one: this many code points, decomposed.
constexpr std::size_t compared_for_terms = 131'072;  // cosine and jaccard; about 30 ms a text
constexpr std::size_t compared_for_edits = 8'192;    // levenshtein; about 3 ms a pair

// In [0, 1]; 1 for equal texts (also two empty ones); 0 if only one is empty. cosine: IDF of these two. semantic is not for
// texts (see semantic.h): nothing but equal texts is alike then, here and below.
[[nodiscard]] double text_similarity(std::string_view a, std::string_view b, Similarity algorithm);

// n x n, symmetric, unit diagonal, in [0, 1]; the same bits for any number of threads, and permuted with its texts. cosine:
// TF-IDF over words and character 3-5-grams, IDF of this set of texts; jaccard: over sets of words; levenshtein: 1 - distance /
// length of the longer. What is below `cutoff` is 0; for levenshtein that saves most of the time. Parallel as `config` says
// (max_threads bounds what one call uses of oneTBB's pool); returns when all is done.
[[nodiscard]] Eigen::MatrixXd similarity_matrix(std::span<const std::string> texts, const CircleConfig& config,
                                                double cutoff = 0.0);

// Average linkage: merges the most similar pair of groups while it is at least `threshold`; ties by the smallest member. Pairs
// for which `may_join` is false never share a group. Groups hold indices in increasing order, largest group first, ties by first
// member. An empty `may_join` lets all join.
[[nodiscard]] std::vector<std::vector<std::size_t>> group_by_similarity(const Eigen::MatrixXd& similarity, double threshold,
                                                                        const Eigen::MatrixXi& may_join);

// Where average linkage would best be cut, in [0, 1]: in the middle of the largest gap between the similarities at which groups
// are merged, with 1 above the first and 0 below the last, so that texts that are all alike make one group and texts of which
// none are alike make none (G. Milligan & M. Cooper, "An examination of procedures for determining the number of clusters", 1985,
// compare such rules). Of equal gaps the one at the greater similarity.
[[nodiscard]] double estimated_threshold(const Eigen::MatrixXd& similarity, const Eigen::MatrixXi& may_join);

}  // namespace conclave::consensus
