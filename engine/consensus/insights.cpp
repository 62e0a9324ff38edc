#include "engine/consensus/insights.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>

#include "engine/consensus/folded_text.h"
#include "engine/consensus/similarity.h"

namespace conclave::consensus {
namespace {

constexpr std::size_t quoted_bytes = 200;
constexpr std::size_t line_bytes = 300;

std::string quote(std::string_view text) {
  std::string line = opening(text, quoted_bytes);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return '"' + line + '"';
}

const std::string& content(const Circle& circle, std::size_t answered) {
  return circle.members[circle.answered[answered]].response->content;
}

std::vector<std::size_t> members_of(const Circle& circle, const std::vector<std::size_t>& group) {
  std::vector<std::size_t> out;
  for (const std::size_t i : group) out.push_back(circle.answered[i]);
  return out;
}

std::size_t medoid(const Circle& circle, const std::vector<std::size_t>& group) {
  std::size_t best = group.front();
  double best_sum = -1.0;
  for (const std::size_t i : group) {
    double sum = 0.0;
    for (const std::size_t j : group) sum += circle.similarity(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j));
    if (sum > best_sum + 1e-12) {
      best = i;
      best_sum = sum;
    }
  }
  return best;
}

void add_themes(const Circle& circle, std::vector<Insight>& out) {
  for (const auto& group : circle.groups) {
    if (group.size() < 2) continue;
    const std::string& text = content(circle, medoid(circle, group));
    if (fold_text(text, 1000).empty()) continue;
    const auto names = circle.names(members_of(circle, group));
    out.push_back({"theme", list_names(names) + " say much the same: " + quote(text), names});
  }
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2.0;
}

// Iglewicz & Hoaglin, "How to detect and handle outliers", 1993: 3.5 scaled median absolute deviations. Below 0.05 the spread is
// taken as 0.05, so that four equal experts do not make a fifth at 0.01 less an outlier.
void add_outliers(const Circle& circle, std::vector<Insight>& out) {
  if (circle.answered.size() < 4) return;
  std::vector<double> confidences;
  for (const std::size_t i : circle.answered) confidences.push_back(circle.members[i].response->confidence);
  const double middle = median(confidences);
  std::vector<double> deviations;
  for (const double confidence : confidences) deviations.push_back(std::abs(confidence - middle));
  const double spread = std::max(1.4826 * median(deviations), 0.05);
  for (const std::size_t i : circle.answered) {
    const double difference = circle.members[i].response->confidence - middle;
    if (std::abs(difference) <= 3.5 * spread) continue;
    const std::string& name = circle.members[i].name;
    out.push_back({"outlier", name + " is much " + (difference > 0 ? "more" : "less") + " confident than the others", {name}});
  }
}

void add_coverage(const Circle& circle, double evidence_coverage, std::vector<Insight>& out) {
  static const std::map<Status, std::string> words = {{Status::abstained, "abstained"},     {Status::failed, "failed"},
                                                      {Status::timed_out, "took too long"}, {Status::killed, "was killed"},
                                                      {Status::refused, "was refused"},     {Status::cancelled, "was cancelled"}};
  for (const Member& member : circle.members) {
    if (member.role != Role::silent) continue;
    const ExpertResponse& response = *member.response;
    std::string why = response.content;
    if (response.error) {
      why = response.error->type;
      if (!why.empty() && !response.error->message.empty()) why += ": ";
      why += response.error->message;
    }
    std::string text = member.name + " " + words.at(response.status);
    if (!why.empty()) text += ": " + opening(why, line_bytes);
    out.push_back({"coverage", std::move(text), {member.name}});
  }
  if (evidence_coverage < 1.0) {
    const auto percent = std::to_string(static_cast<int>(std::floor(evidence_coverage * 100.0)));
    out.push_back({"coverage", "only " + percent + " % of the named evidence could be read", {}});
  }
}

void add_votes(const Circle& circle, std::vector<Insight>& out) {
  for (const Member& member : circle.members) {
    if (member.role != Role::unverified) continue;
    out.push_back({"unverified",
                   member.name + " says " + circle.labels.names[*member.label] + " in " + member.scope +
                       ", but none of its claims could be verified, so it does not vote",
                   {member.name}});
  }
  for (std::size_t i = 0; i < circle.ballots.size(); ++i) {
    const Ballot& ballot = circle.ballots[i];
    if (circle.outcomes[i].decision == Decision::unconfirmed) {
      const std::string& name = circle.members[ballot.votes.front().member].name;
      out.push_back({"unconfirmed",
                     "only " + name + " says " + circle.labels.names[circle.outcomes[i].label] + " in " + ballot.scope +
                         ", without a verified claim, so it is not confirmed",
                     {name}});
    }
    if (circle.outcomes[i].decision == Decision::tie) {
      std::vector<std::size_t> voters;
      for (const Vote& vote : ballot.votes) voters.push_back(vote.member);
      out.push_back({"tie", "the votes are tied in " + ballot.scope, circle.names(voters)});
    }
  }
}

void add_notes(const Circle& circle, std::vector<Insight>& out) {
  if (circle.answered.size() == 1) {
    const std::string& name = circle.members[circle.answered.front()].name;
    out.push_back({"single", "single opinion: only " + name + " answered", {name}});
  } else if (const double effective = effective_experts(circle);
             circle.answered.size() > 1 && effective > 0.0 && effective < 1.5) {
    out.push_back({"redundancy", "the answers are near copies of each other and count as little more than one opinion",
                   circle.names(circle.answered)});
  }
}

std::u32string folded(const Claim& claim) { return fold_text(claim.text, 10'000); }

// The most confident answer, then the most central, then the first by name; one with words before one without.
std::size_t leading(const Circle& circle, const std::vector<std::size_t>& members) {
  std::vector<std::size_t> positions;
  for (const std::size_t member : members) {
    positions.push_back(static_cast<std::size_t>(std::lower_bound(circle.answered.begin(), circle.answered.end(), member) -
                                                 circle.answered.begin()));
  }
  const auto key = [&](std::size_t position) {
    double centrality = 0.0;
    for (const std::size_t other : positions) {
      centrality += circle.similarity(static_cast<Eigen::Index>(position), static_cast<Eigen::Index>(other));
    }
    const ExpertResponse& response = *circle.members[circle.answered[position]].response;
    return std::tuple(!response.content.empty(), response.confidence, centrality);
  };
  std::size_t best = 0;
  for (std::size_t i = 1; i < positions.size(); ++i) {
    if (key(positions[i]) > key(positions[best])) best = i;
  }
  return members[best];
}

std::vector<std::size_t> voters_for(const Ballot& ballot, std::size_t label) {
  std::vector<std::size_t> out;
  for (const Vote& vote : ballot.votes) {
    if (vote.label == label) out.push_back(vote.member);
  }
  return out;
}

constexpr std::size_t text_bytes = 4000;

std::string text_of_verdict(const Circle& circle, std::size_t verdict) {
  std::optional<std::size_t> decisive;
  const auto probability = [&](std::size_t i) { return circle.outcomes[i].probabilities[verdict]; };
  for (std::size_t i = 0; i < circle.ballots.size(); ++i) {
    if (circle.outcomes[i].decision != Decision::decided || circle.outcomes[i].label != verdict) continue;
    if (!decisive || probability(i) > probability(*decisive) + 1e-12) decisive = i;
  }
  const ExpertResponse& response = *circle.members[leading(circle, voters_for(circle.ballots[*decisive], verdict))].response;
  std::string text = opening(response.content, text_bytes);
  const std::u32string already = fold_text(text, text_bytes);
  for (const Claim& claim : response.claims) {
    if (!is_proof(claim) || already.find(folded(claim)) != std::u32string::npos || text.size() > 2 * text_bytes) continue;
    if (!text.empty()) text += '\n';
    text += opening(claim.text, text_bytes);
  }
  return text;
}

}  // namespace

std::vector<Insight> find_insights(const Circle& circle, double evidence_coverage) {
  std::vector<Insight> out;
  add_coverage(circle, evidence_coverage, out);
  add_votes(circle, out);
  add_themes(circle, out);
  add_outliers(circle, out);
  add_notes(circle, out);
  return out;
}

std::vector<Dissent> find_dissent(const Circle& circle) {
  std::vector<Dissent> out;
  for (std::size_t i = 0; i < circle.ballots.size(); ++i) {
    const Ballot& ballot = circle.ballots[i];
    for (std::size_t label = 0; label < circle.labels.names.size(); ++label) {
      if (circle.outcomes[i].decision == Decision::decided && circle.outcomes[i].label == label) continue;
      const std::vector<std::size_t> members = voters_for(ballot, label);
      if (members.empty()) continue;
      std::set<std::u32string> others;
      for (const Vote& vote : ballot.votes) {
        if (vote.label == label) continue;
        for (const Claim& claim : circle.members[vote.member].response->claims) others.insert(folded(claim));
      }
      Dissent dissent{ballot.scope, circle.labels.names[label], circle.names(members), "", {}};
      dissent.content = opening(circle.members[leading(circle, members)].response->content, text_bytes);
      for (const std::size_t member : members) {
        for (const Claim& claim : circle.members[member].response->claims) {
          if (others.insert(folded(claim)).second) dissent.unique_claims.push_back(opening(claim.text, text_bytes));
        }
      }
      out.push_back(std::move(dissent));
    }
  }
  return out;
}

Heaviest heaviest_group(const Circle& circle) {
  double heaviest_weight = 0.0;
  for (const std::size_t i : circle.answered) heaviest_weight = std::max(heaviest_weight, circle.members[i].response->weight);
  Heaviest best;
  double best_sum = -1.0;
  double total = 0.0;
  for (std::size_t g = 0; g < circle.groups.size(); ++g) {
    double sum = 0.0;
    for (const std::size_t i : circle.groups[g]) sum += circle.members[circle.answered[i]].response->weight / heaviest_weight;
    total += sum;
    if (sum > best_sum + 1e-12) {
      best_sum = sum;
      best.group = g;
    }
  }
  if (total > 0.0) best.share = best_sum / total;
  return best;
}

std::string consensus_text(const Circle& circle, std::optional<std::size_t> verdict) {
  if (verdict) return text_of_verdict(circle, *verdict);
  if (circle.has_labels() || circle.groups.empty()) return {};
  return opening(content(circle, medoid(circle, circle.groups[heaviest_group(circle).group])), text_bytes);
}

double effective_experts(const Circle& circle) {
  constexpr double near_identical = 0.95;
  const bool labels = circle.has_labels();
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < circle.answered.size(); ++i) {
    if (!labels || circle.members[circle.answered[i]].role == Role::votes) positions.push_back(i);
  }
  const auto n = static_cast<Eigen::Index>(positions.size());
  Eigen::MatrixXd similarity(n, n);
  Eigen::MatrixXi may_join(n, n);
  double heaviest = 0.0;
  for (Eigen::Index i = 0; i < n; ++i) {
    const std::size_t a = positions[static_cast<std::size_t>(i)];
    heaviest = std::max(heaviest, circle.members[circle.answered[a]].response->weight);
    for (Eigen::Index j = 0; j < n; ++j) {
      const std::size_t b = positions[static_cast<std::size_t>(j)];
      similarity(i, j) = circle.similarity(static_cast<Eigen::Index>(a), static_cast<Eigen::Index>(b));
      const bool same = circle.members[circle.answered[a]].label == circle.members[circle.answered[b]].label;
      may_join(i, j) = same && !content(circle, a).empty() ? 1 : 0;
    }
  }
  double sum = 0.0;
  double squares = 0.0;
  for (const auto& group : group_by_similarity(similarity, near_identical, may_join)) {
    double weight = 0.0;
    for (const std::size_t i : group) weight += circle.members[circle.answered[positions[i]]].response->weight / heaviest;
    weight /= static_cast<double>(group.size());
    sum += weight;
    squares += weight * weight;
  }
  return squares > 0.0 ? sum * sum / squares : 0.0;
}

}  // namespace conclave::consensus
