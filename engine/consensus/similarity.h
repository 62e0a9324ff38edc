// How alike two texts are. Text similarity groups and explains; it rarely reveals agreement (that is what verdicts are for).
#pragma once

#include <Eigen/Core>
#include <span>
#include <string>
#include <string_view>

#include "engine/consensus/response.h"

namespace conclave::consensus {

// In [0, 1]; 1 for equal texts (also two empty ones); 0 if only one is empty.
[[nodiscard]] double text_similarity(std::string_view a, std::string_view b, Similarity algorithm);

// n x n, symmetric, unit diagonal, in [0, 1]. cosine: TF-IDF over words and character 3-5-grams, IDF of this set of texts.
[[nodiscard]] Eigen::MatrixXd similarity_matrix(std::span<const std::string> texts, const CircleConfig& config);

// Average linkage: merges the most similar pair of groups while it is at least `threshold`; ties by the smallest member. Pairs
// for which `may_join` is false never share a group. Groups hold indices in increasing order, largest group first, ties by first
// member.
[[nodiscard]] std::vector<std::vector<std::size_t>> group_by_similarity(const Eigen::MatrixXd& similarity, double threshold,
                                                                        const Eigen::MatrixXi& may_join);

}  // namespace conclave::consensus
