// The responses of one circle in canonical order, with what several parts of the conclusion need to know of them. Internal to
// this room; borrows the responses.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/consensus/reliability/learned.h"
#include "engine/consensus/response.h"
#include "engine/consensus/semantic.h"
#include "engine/consensus/voting.h"

namespace conclave::consensus {

enum class Role {
  votes,
  text_only,   // answered without a label
  unverified,  // has a label that rests only on claims that could not be verified
  silent,      // did not answer
};

struct Member {
  const ExpertResponse* response = nullptr;
  std::string name;   // valid UTF-8
  std::string scope;  // valid UTF-8; for unordered questions the one scope in which all vote
  Role role = Role::silent;
  std::optional<std::size_t> label;
};

struct Ballot {
  std::string scope;
  std::vector<Vote> votes;  // empty: only votes that do not count
};

struct Circle {
  Labels labels;
  std::vector<Member> members;        // by name, scope, content
  std::vector<std::size_t> answered;  // indices of members; the order of `similarity`
  Eigen::MatrixXd similarity;
  std::vector<std::vector<std::size_t>> groups;  // indices of `answered`
  double threshold = 0;                          // at which they were cut
  bool threshold_estimated = false;
  std::vector<std::vector<std::string>> known_copies;  // Learned::copies
  Dependence dependence = 0.0;
  std::vector<std::vector<std::size_t>> families;  // families.h
  std::vector<Ballot> ballots;                     // by scope
  std::vector<ScopeOutcome> outcomes;              // of the ballots

  [[nodiscard]] bool has_labels() const;
  // Sorted, as members are.
  [[nodiscard]] std::vector<std::string> names(std::span<const std::size_t> members_wanted) const;
};

// `agreements`, if there are any, take the place of what texts say.
[[nodiscard]] Circle make_circle(std::span<const ExpertResponse> responses, const Question& question,
                                 const std::optional<Agreements>& agreements = std::nullopt, const Learned& learned = {});

// Who puts `label` first; if nobody does, as a label can win by what many say second, those who give it the largest part of their
// vote. Indices of members; empty only for an empty ballot.
[[nodiscard]] std::vector<std::size_t> supporters(const Ballot& ballot, std::size_t label);

// "a", "a and b", "a, b and c"; beyond eight names the rest is counted.
[[nodiscard]] std::string list_names(std::span<const std::string> names);

[[nodiscard]] std::string two_digits(double value);  // "0.74"

// The beginning of a text, at most `bytes` long, cut between characters with " ..." added; valid UTF-8.
[[nodiscard]] std::string opening(std::string_view text, std::size_t bytes);

}  // namespace conclave::consensus
