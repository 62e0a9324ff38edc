#include "engine/consensus/insights.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>

#include "engine/consensus/explanation.h"
#include "engine/consensus/families.h"
#include "engine/consensus/folded_text.h"

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

void add_themes(const Circle& circle, std::vector<Insight>& out) {
  for (const auto& group : circle.groups) {
    if (group.size() < 2) continue;
    const std::string& text = content(circle, medoid(circle, group));
    if (fold_text(text, 1000).empty()) continue;
    const auto names = circle.names(members_of(circle, group));
    out.push_back({"theme",
                   list_names(names) + " say much the same, " + std::to_string(names.size()) + " of " +
                       std::to_string(circle.answered.size()) + " answers: " + quote(text),
                   names});
  }
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2.0;
}

// From eight on by z-scores, whose largest possible value is (n - 1) / sqrt(n) (R. Shiffler, "Maximum z scores and outliers",
// 1988): 3, or nine tenths of that where 3 cannot be reached. Below, a single outlier spoils the mean and the spread: Iglewicz &
// Hoaglin, "How to detect and handle outliers", 1993, 3.5 scaled median absolute deviations. Either spread is at least 0.05, so
// that four equal experts do not make a fifth at 0.01 less an outlier.
void add_outliers(const Circle& circle, const std::vector<double>& confidences, std::vector<Insight>& out) {
  constexpr std::size_t fewest_for_z = 8;
  constexpr double least_spread = 0.05;
  const auto n = static_cast<double>(confidences.size());
  if (confidences.size() < 4) return;
  double middle = median(confidences);
  double limit = 3.5;
  double spread = 0.0;
  if (confidences.size() < fewest_for_z) {
    std::vector<double> deviations;
    for (const double confidence : confidences) deviations.push_back(std::abs(confidence - middle));
    spread = 1.4826 * median(deviations);
  } else {
    middle = std::accumulate(confidences.begin(), confidences.end(), 0.0) / n;
    for (const double confidence : confidences) spread += (confidence - middle) * (confidence - middle);
    spread = std::sqrt(spread / (n - 1.0));
    limit = std::min(3.0, 0.9 * (n - 1.0) / std::sqrt(n));
  }
  spread = std::max(spread, least_spread);
  for (std::size_t i = 0; i < confidences.size(); ++i) {
    const double difference = confidences[i] - middle;
    if (std::abs(difference) <= limit * spread) continue;
    const std::string& name = circle.members[circle.answered[i]].name;
    out.push_back({"outlier", name + " is much " + (difference > 0 ? "more" : "less") + " confident than the others", {name}});
  }
}

void add_confidences(const std::vector<double>& confidences, std::vector<Insight>& out) {
  if (confidences.size() < 3) return;
  std::vector<double> sorted = confidences;
  std::sort(sorted.begin(), sorted.end());
  if (sorted.front() == sorted.back()) {
    out.push_back({"confidence", "all experts say that they are " + two_digits(sorted.front()) + " sure", {}});
    return;
  }
  const std::size_t half = sorted.size() / 2;
  const std::vector<double> lower(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(half));
  const std::vector<double> upper(sorted.end() - static_cast<std::ptrdiff_t>(half), sorted.end());
  out.push_back({"confidence",
                 "the experts' own confidence runs from " + two_digits(sorted.front()) + " to " + two_digits(sorted.back()) +
                     ", its middle half from " + two_digits(median(lower)) + " to " + two_digits(median(upper)) + ", median " +
                     two_digits(median(sorted)),
                 {}});
}

// The slope is the median of those between all pairs of points (H. Theil, 1950; P. Sen, "Estimates of the regression coefficient
// based on Kendall's tau", JASA 63, 1968), told only if Kendall's test would see 1 in 20 such by chance. Fewer than five points
// can never pass it.
struct Point {
  double time;
  double value;
};

std::optional<double> rise(const std::vector<Point>& points) {
  constexpr std::size_t most_points = 1000;  // their pairs are looked at one by one
  const auto n = static_cast<double>(points.size());
  if (points.size() > most_points) return std::nullopt;
  std::vector<double> slopes;
  double balance = 0.0;
  const auto [first, last] =
      std::minmax_element(points.begin(), points.end(), [](const Point& a, const Point& b) { return a.time < b.time; });
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (std::size_t j = i + 1; j < points.size(); ++j) {
      if (points[i].time == points[j].time) continue;
      slopes.push_back((points[j].value - points[i].value) / (points[j].time - points[i].time));
      if (slopes.back() != 0.0) balance += slopes.back() > 0.0 ? 1.0 : -1.0;
    }
  }
  const double deviation = std::sqrt(n * (n - 1.0) * (2.0 * n + 5.0) / 18.0);
  if (slopes.empty() || (std::abs(balance) - 1.0) / deviation <= 1.96) return std::nullopt;
  const double change = median(slopes) * (last->time - first->time);
  return change == 0.0 ? std::nullopt : std::optional(change);
}

void add_trends(const Circle& circle, std::vector<Insight>& out) {
  std::vector<Point> confidences;
  std::vector<Point> verdicts;
  for (const std::size_t i : circle.answered) {
    const Member& member = circle.members[i];
    if (member.response->timestamp == 0) continue;
    const double time = static_cast<double>(member.response->timestamp) / us_per_second;
    confidences.push_back({time, member.response->confidence});
    if (member.label && circle.labels.ordered) verdicts.push_back({time, static_cast<double>(*member.label)});
  }
  const auto over = [](const std::vector<Point>& points) {
    return " from the first to the last of " + std::to_string(points.size()) + " answers (Theil-Sen)";
  };
  if (const auto change = rise(confidences)) {
    out.push_back({"trend",
                   std::string("confidence ") + (*change > 0 ? "rises" : "falls") + " over time, by " +
                       two_digits(std::abs(*change)) + over(confidences),
                   {}});
  }
  if (const auto change = rise(verdicts)) {
    out.push_back({"trend",
                   std::string("verdicts get ") + (*change > 0 ? "worse" : "better") + " over time, by " +
                       two_digits(std::abs(*change)) + " steps" + over(verdicts),
                   {}});
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
  const auto abstained =
      static_cast<std::size_t>(std::count_if(circle.members.begin(), circle.members.end(),
                                             [](const Member& member) { return member.response->status == Status::abstained; }));
  if (abstained > 0) {
    out.push_back({"coverage",
                   std::to_string(abstained) + " of " + std::to_string(circle.members.size()) + " experts abstained, and " +
                       std::to_string(circle.answered.size()) + " answered",
                   {}});
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
  if (circle.threshold_estimated && circle.answered.size() > 1) {
    out.push_back(
        {"grouping", "texts are grouped at a similarity of " + two_digits(circle.threshold) + ", estimated from them", {}});
  }
}

}  // namespace

std::vector<Insight> find_insights(const Circle& circle, double evidence_coverage) {
  std::vector<Insight> out;
  add_coverage(circle, evidence_coverage, out);
  add_votes(circle, out);
  add_themes(circle, out);
  std::vector<double> confidences;
  for (const std::size_t i : circle.answered) confidences.push_back(circle.members[i].response->confidence);
  add_outliers(circle, confidences, out);
  add_confidences(confidences, out);
  add_trends(circle, out);
  add_notes(circle, out);
  return out;
}

}  // namespace conclave::consensus
