// A claim of one expert and a claim of another are about the same if their words nearly are, and each speaks for or against the
// verdict: for it if it supports its expert's verdict and that is the circle's, or contradicts another one; else against it. So
// "12 refused connections", cited for "failing" by one and for "healthy" by another, is one claim that one supports and one
// contradicts. No sentence is ever made up: a statement is the wording of one of the experts that say it.
#include "engine/consensus/explanation.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "engine/consensus/families.h"
#include "engine/consensus/folded_text.h"
#include "engine/consensus/similarity.h"

namespace conclave::consensus {
namespace {

constexpr std::size_t text_bytes = 4000;
constexpr std::size_t claim_bytes = 1000;
constexpr std::size_t most_claims = 10;    // told
constexpr std::size_t most_compared = 64;  // wordings; more are told apart by their exact words
constexpr double same_matter = 0.8;        // cosine of two claims

std::u32string folded(const std::string& text) { return fold_text(text, 10'000); }

// One that cites what is not there was made up, and says nothing to anybody.
bool made_up(const Claim& claim) { return !claim.evidence.empty() && !claim.verified(); }

std::vector<std::size_t> positions_of(const Circle& circle, std::span<const std::size_t> members) {
  std::vector<std::size_t> positions;
  for (const std::size_t member : members) {
    const auto found = std::lower_bound(circle.answered.begin(), circle.answered.end(), member);
    positions.push_back(static_cast<std::size_t>(found - circle.answered.begin()));
  }
  return positions;
}

std::vector<std::size_t> voters_for(const Ballot& ballot, std::size_t label) {
  std::vector<std::size_t> out;
  for (const Vote& vote : ballot.votes) {
    if (vote.label == label) out.push_back(vote.member);
  }
  return out;
}

// What one scope's voters claim of one matter.
struct Matter {
  const Claim* wording = nullptr;  // of one who speaks for the verdict
  std::size_t expert = 0;          // its member
  std::set<std::size_t> supports;  // members
  std::set<std::size_t> contradicts;
  bool verified = false;  // a supporter's claim
};

struct Utterance {
  const Claim* claim;
  std::size_t member;
  bool for_verdict;
};

std::vector<Utterance> utterances(const Circle& circle, const Ballot& ballot, std::size_t verdict, std::size_t central) {
  std::vector<Utterance> out;
  const auto add = [&](const Vote& vote) {
    for (const Claim& claim : circle.members[vote.member].response->claims) {
      if (claim.stance == Stance::neutral || made_up(claim)) continue;
      out.push_back({&claim, vote.member, (vote.label == verdict) == (claim.stance == Stance::supports)});
    }
  };
  // The central expert's wording goes before others.
  for (const Vote& vote : ballot.votes) {
    if (vote.member == central) add(vote);
  }
  for (const Vote& vote : ballot.votes) {
    if (vote.member != central) add(vote);
  }
  return out;
}

// For each utterance which matter it is about.
std::vector<std::size_t> matters_of(const std::vector<Utterance>& all) {
  std::map<std::u32string, std::size_t> known;
  std::vector<std::size_t> wording;
  std::vector<std::string> texts;
  for (const Utterance& each : all) {
    const auto [place, added] = known.try_emplace(folded(each.claim->text), known.size());
    wording.push_back(place->second);
    if (added) texts.push_back(each.claim->text);
  }
  std::vector<std::size_t> matter(texts.size());
  for (std::size_t i = 0; i < matter.size(); ++i) matter[i] = i;
  if (texts.size() > most_compared) texts.resize(most_compared);
  CircleConfig one_thread;
  one_thread.enable_parallel_processing = false;
  for (const auto& group : group_by_similarity(similarity_matrix(texts, one_thread), same_matter, {})) {
    for (const std::size_t text : group) matter[text] = group.front();
  }
  for (std::size_t& each : wording) each = matter[each];
  return wording;
}

std::vector<Matter> find_matters(const Circle& circle, const Ballot& ballot, std::size_t verdict, std::size_t central) {
  const std::vector<Utterance> all = utterances(circle, ballot, verdict, central);
  const std::vector<std::size_t> about = matters_of(all);
  std::map<std::size_t, Matter> matters;  // in the order in which they were first spoken of
  for (std::size_t i = 0; i < all.size(); ++i) {
    Matter& matter = matters[about[i]];
    if (!all[i].for_verdict) {
      matter.contradicts.insert(all[i].member);
      continue;
    }
    if (matter.wording == nullptr) std::tie(matter.wording, matter.expert) = std::tuple(all[i].claim, all[i].member);
    matter.supports.insert(all[i].member);
    matter.verified = matter.verified || all[i].claim->verified();
  }
  std::vector<Matter> out;
  for (auto& [first, matter] : matters) {
    for (const std::size_t member : matter.supports) matter.contradicts.erase(member);
    if (matter.wording != nullptr) out.push_back(std::move(matter));
  }
  std::stable_sort(out.begin(), out.end(), [](const Matter& a, const Matter& b) {
    return std::tuple(a.supports.size(), a.verified) > std::tuple(b.supports.size(), b.verified);
  });
  if (out.size() > most_claims) out.resize(most_claims);
  return out;
}

std::vector<Statement> statements_of_verdict(const Circle& circle, std::size_t verdict) {
  std::optional<std::size_t> decisive;
  const auto probability = [&](std::size_t i) { return circle.outcomes[i].probabilities[verdict]; };
  for (std::size_t i = 0; i < circle.ballots.size(); ++i) {
    if (circle.outcomes[i].decision != Decision::decided || circle.outcomes[i].label != verdict) continue;
    if (!decisive || probability(i) > probability(*decisive) + 1e-12) decisive = i;
  }
  const Ballot& ballot = circle.ballots[*decisive];
  const std::vector<std::size_t> carried = supporters(ballot, verdict);
  const std::size_t central = circle.answered[medoid(circle, positions_of(circle, carried))];
  std::vector<std::size_t> others;
  for (const Vote& vote : ballot.votes) {
    if (!std::binary_search(carried.begin(), carried.end(), vote.member)) others.push_back(vote.member);
  }
  const auto names = [&](const auto& members) { return circle.names(std::vector<std::size_t>(members.begin(), members.end())); };
  std::vector<Statement> out;
  const Member& speaker = circle.members[central];
  const bool proven = std::any_of(speaker.response->claims.begin(), speaker.response->claims.end(), &is_proof);
  if (!speaker.response->content.empty()) {
    out.push_back({opening(speaker.response->content, text_bytes), speaker.name, ballot.scope, false, names(carried),
                   names(others), ballot.votes.size(), proven});
  }
  for (const Matter& matter : find_matters(circle, ballot, verdict, central)) {
    out.push_back({opening(matter.wording->text, claim_bytes), circle.members[matter.expert].name, ballot.scope, true,
                   names(matter.supports), names(matter.contradicts), ballot.votes.size(), matter.verified});
  }
  return out;
}

// Track record first, which is what weights are for, then proof, then the expert's own word.
std::size_t best_of(const Circle& circle, const std::vector<std::size_t>& members) {
  const auto key = [&](std::size_t member) {
    const ExpertResponse& response = *circle.members[member].response;
    const bool proven = std::any_of(response.claims.begin(), response.claims.end(), &is_proof);
    return std::tuple(!response.content.empty(), response.weight, proven, response.confidence);
  };
  std::size_t best = members.front();
  for (const std::size_t member : members) {
    if (key(member) > key(best)) best = member;
  }
  return best;
}

Dissent dissent_of(const Circle& circle, const Ballot& ballot, std::size_t label, const std::vector<std::size_t>& members) {
  std::set<std::u32string> known;  // said by others, or told already
  for (const Vote& vote : ballot.votes) {
    if (vote.label == label) continue;
    for (const Claim& claim : circle.members[vote.member].response->claims) known.insert(folded(claim.text));
  }
  const Member& best = circle.members[best_of(circle, members)];
  Dissent dissent{
      ballot.scope, circle.labels.names[label], circle.names(members), opening(best.response->content, text_bytes), {}};
  for (const std::size_t member : members) {
    for (const Claim& claim : circle.members[member].response->claims) {
      if (known.insert(folded(claim.text)).second) dissent.unique_claims.push_back(opening(claim.text, text_bytes));
    }
  }
  dissent.best_expert = best.name;
  dissent.effective_experts = effective_experts(circle, members);
  return dissent;
}

}  // namespace

std::size_t medoid(const Circle& circle, std::span<const std::size_t> group) {
  std::size_t best = group.front();
  double best_sum = -1.0;
  const auto said = [&](std::size_t i) -> const ExpertResponse& { return *circle.members[circle.answered[i]].response; };
  for (const std::size_t i : group) {
    double sum = 0.0;
    for (const std::size_t j : group) sum += circle.similarity(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j));
    const bool words = !said(i).content.empty();
    const bool best_words = !said(best).content.empty();
    const bool central = sum > best_sum + 1e-12;
    const bool surer = sum > best_sum - 1e-12 && said(i).confidence > said(best).confidence;
    if (words != best_words ? words : central || surer) {
      best = i;
      best_sum = sum;
    }
  }
  return best;
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

std::vector<Statement> find_statements(const Circle& circle, std::optional<std::size_t> verdict) {
  if (verdict) return statements_of_verdict(circle, *verdict);
  if (circle.has_labels() || circle.groups.empty()) return {};
  const auto& group = circle.groups[heaviest_group(circle).group];
  std::vector<std::size_t> alike;
  for (const std::size_t i : group) alike.push_back(circle.answered[i]);
  const Member& speaker = circle.members[circle.answered[medoid(circle, group)]];
  if (speaker.response->content.empty()) return {};
  return {{opening(speaker.response->content, text_bytes),
           speaker.name,
           speaker.scope,
           false,
           circle.names(alike),
           {},
           circle.answered.size(),
           false}};
}

std::string text_of(std::span<const Statement> statements) {
  std::string text;
  for (const Statement& statement : statements) {
    const bool alone = statement.voters == 1;
    if (statement.claim && alone && folded(text).find(folded(statement.text)) != std::u32string::npos) continue;
    if (!text.empty()) text += '\n';
    text += statement.text;
    if (!statement.claim || alone) continue;
    const std::size_t supports = statement.supports.size();
    const std::size_t contradicts = statement.contradicts.size();
    text +=
        " (" + std::to_string(supports) + " of " + std::to_string(statement.voters) + (supports == 1 ? " supports" : " support");
    if (contradicts > 0) text += ", " + std::to_string(contradicts) + (contradicts == 1 ? " contradicts" : " contradict");
    text += ')';
  }
  return text;
}

std::vector<Dissent> find_dissent(const Circle& circle) {
  std::vector<Dissent> out;
  for (std::size_t i = 0; i < circle.ballots.size(); ++i) {
    for (std::size_t label = 0; label < circle.labels.names.size(); ++label) {
      if (circle.outcomes[i].decision == Decision::decided && circle.outcomes[i].label == label) continue;
      const std::vector<std::size_t> members = voters_for(circle.ballots[i], label);
      if (!members.empty()) out.push_back(dissent_of(circle, circle.ballots[i], label, members));
    }
  }
  return out;
}

}  // namespace conclave::consensus
