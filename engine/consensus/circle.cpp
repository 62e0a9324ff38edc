#include "engine/consensus/circle.h"

#include <algorithm>
#include <iomanip>
#include <locale>
#include <map>
#include <sstream>
#include <tuple>

#include "engine/base/text.h"
#include "engine/consensus/families.h"
#include "engine/consensus/opinion.h"
#include "engine/consensus/similarity.h"

namespace conclave::consensus {
namespace {

Labels make_labels(const Question& question) {
  Labels labels{question.verdicts, question.ordered, std::vector<bool>(question.verdicts.size(), false)};
  for (std::size_t k = 0; k < labels.names.size(); ++k) {
    labels.passing[k] = question.gate.pass.empty() ? k == 0 : place_of_label(question.gate.pass, labels.names[k]).has_value();
  }
  return labels;
}

// A bad verdict stands on what can be looked up. That all is well cannot be cited, so a good verdict may come without citations;
// but one that cites only what does not exist was made up.
Role role_of(const ExpertResponse& response, const std::optional<std::size_t>& label, const Labels& labels) {
  if (response.status != Status::answered) return Role::silent;
  if (!label) return Role::text_only;
  bool any_support = false;
  bool any_citation = false;
  for (const Claim& claim : response.claims) {
    if (is_proof(claim)) return Role::votes;
    if (claim.stance != Stance::supports) continue;
    any_support = true;
    any_citation = any_citation || !claim.evidence.empty();
  }
  return (labels.passing[*label] ? any_citation : any_support) ? Role::unverified : Role::votes;
}

std::vector<const ExpertResponse*> canonical_order(std::span<const ExpertResponse> responses) {
  std::vector<const ExpertResponse*> order;
  order.reserve(responses.size());
  for (const ExpertResponse& response : responses) order.push_back(&response);
  const auto key = [](const ExpertResponse& r) {
    return std::tie(r.expert_name, r.scope, r.content, r.verdict, r.confidence, r.weight, r.status);
  };
  std::stable_sort(order.begin(), order.end(), [&](const ExpertResponse* a, const ExpertResponse* b) {
    if (key(*a) < key(*b)) return true;
    if (key(*b) < key(*a)) return false;
    return to_json(*a).dump() < to_json(*b).dump();
  });
  return order;
}

Eigen::MatrixXd chosen_from(const Agreements& agreements, const Circle& circle, std::span<const ExpertResponse> responses) {
  const auto n = static_cast<Eigen::Index>(circle.answered.size());
  const auto place = [&](Eigen::Index i) {
    return static_cast<std::size_t>(circle.members[circle.answered[static_cast<std::size_t>(i)]].response - responses.data());
  };
  Eigen::MatrixXd matrix = Eigen::MatrixXd::Identity(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < n; ++j) {
      if (i != j) matrix(i, j) = agreements[place(i)][place(j)];
    }
  }
  return matrix;
}

void compare_texts(Circle& circle, const Question& question, std::span<const ExpertResponse> responses,
                   const std::optional<Agreements>& agreements) {
  std::vector<std::string> texts;
  for (const std::size_t i : circle.answered) texts.push_back(circle.members[i].response->content);
  circle.similarity = agreements ? chosen_from(*agreements, circle, responses) : similarity_matrix(texts, question.circle);
  const auto n = static_cast<Eigen::Index>(texts.size());
  Eigen::MatrixXi may_join = Eigen::MatrixXi::Ones(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < n; ++j) {
      const auto& a = circle.members[circle.answered[static_cast<std::size_t>(i)]].label;
      const auto& b = circle.members[circle.answered[static_cast<std::size_t>(j)]].label;
      if (a && b && *a != *b) may_join(i, j) = 0;
    }
  }
  const std::optional<double>& given = question.circle.min_consensus_threshold;
  circle.threshold_estimated = !given;
  circle.threshold = given ? *given : estimated_threshold(circle.similarity, may_join);
  circle.groups = group_by_similarity(circle.similarity, circle.threshold, may_join);
}

// Those of the family who vote here have one vote together.
void share_vote(Ballot& ballot, const std::vector<std::string>& family, const std::vector<Member>& members) {
  std::vector<Vote*> own;
  for (Vote& vote : ballot.votes) {
    if (std::binary_search(family.begin(), family.end(), members[vote.member].name)) own.push_back(&vote);
  }
  for (Vote* const vote : own) vote->weight /= static_cast<double>(own.size());
}

}  // namespace

std::vector<std::size_t> supporters(const Ballot& ballot, std::size_t label) {
  const auto share = [&](const Vote& vote) { return vote.support.empty() ? 0.0 : vote.support[label]; };
  const bool first = std::any_of(ballot.votes.begin(), ballot.votes.end(), [&](const Vote& vote) { return vote.label == label; });
  double most = 0.0;
  for (const Vote& vote : ballot.votes) most = std::max(most, share(vote));
  std::vector<std::size_t> out;
  for (const Vote& vote : ballot.votes) {
    if (first ? vote.label == label : share(vote) >= most) out.push_back(vote.member);
  }
  return out;
}

bool Circle::has_labels() const {
  return std::any_of(answered.begin(), answered.end(), [&](std::size_t i) { return members[i].label.has_value(); });
}

std::vector<std::string> Circle::names(std::span<const std::size_t> members_wanted) const {
  std::vector<std::string> out;
  out.reserve(members_wanted.size());
  for (const std::size_t i : members_wanted) out.push_back(members[i].name);
  std::sort(out.begin(), out.end());
  return out;
}

Circle make_circle(std::span<const ExpertResponse> responses, const Question& question,
                   const std::optional<Agreements>& agreements, const Learned& learned) {
  Circle circle;
  circle.known_copies = learned.copies;
  circle.dependence = learned.dependence.strength;
  circle.labels = make_labels(question);
  std::map<std::string, Ballot> ballots;
  for (const ExpertResponse* response : canonical_order(responses)) {
    Member member{response, valid_utf8(response->expert_name), valid_utf8(response->scope), Role::silent, std::nullopt};
    if (response->status == Status::answered && response->verdict) {
      member.label = place_of_label(question.verdicts, *response->verdict);
    }
    member.role = role_of(*response, member.label, circle.labels);
    circle.members.push_back(std::move(member));
  }
  // Experts on an unordered question all answer the same one, wherever they look.
  if (!question.ordered) {
    for (Member& member : circle.members) {
      const bool same = member.scope == circle.members.front().scope;
      if (!same) {
        for (Member& each : circle.members) each.scope = "overall";
        break;
      }
    }
  }
  for (std::size_t i = 0; i < circle.members.size(); ++i) {
    const Member& member = circle.members[i];
    if (member.role == Role::silent) continue;
    circle.answered.push_back(i);
    if (!member.label) continue;
    Ballot& ballot = ballots[member.scope];
    ballot.scope = member.scope;
    if (member.role != Role::votes) continue;
    ballot.votes.push_back(vote_of(*member.response, *member.label, circle.labels));
    ballot.votes.back().member = i;
  }
  for (auto& [scope, ballot] : ballots) {
    for (const auto& family : learned.copies) share_vote(ballot, family, circle.members);
    circle.outcomes.push_back(decide_scope(ballot.votes, circle.labels));
    circle.ballots.push_back(std::move(ballot));
  }
  compare_texts(circle, question, responses, agreements);
  circle.families = expert_families(circle);
  return circle;
}

std::string list_names(std::span<const std::string> names) {
  constexpr std::size_t most = 8;
  std::string out;
  const std::size_t shown = names.size() > most ? most : names.size();
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) out += i + 1 == names.size() ? " and " : ", ";
    out += names[i];
  }
  if (shown < names.size()) out += " and " + std::to_string(names.size() - shown) + " more";
  return out;
}

std::string two_digits(double value) {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  out << std::fixed << std::setprecision(2) << value;
  return out.str();
}

std::string opening(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return valid_utf8(text);
  std::size_t end = bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return valid_utf8(text.substr(0, end)) + " ...";
}

}  // namespace conclave::consensus
