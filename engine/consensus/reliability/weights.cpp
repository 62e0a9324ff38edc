// A conditional logit (aggregation/conditional_logit.h): the label of a scope is a choice among the verdicts, for which each vote
// speaks with 0.51 + 0.49 * confidence, as it does in voting.cpp. All votes share one coefficient, and each expert has a
// deviation from it that the ridge draws to nothing: with few judgements everybody weighs alike. How often each label is true has
// coefficients of its own, so that whoever always says what is usually true earns nothing by that.
//
// The weight is the expert's coefficient in relation to the common one, kept between `lightest` and `heaviest`. An expert that
// merely repeats another may have a coefficient below zero and still be right; silenced is only who is proven worse than chance:
// with a probability of 95 % it is right less often than a guess (track_record.h).
#include "engine/consensus/reliability/weights.h"

#include <algorithm>
#include <utility>

#include "engine/base/job.h"
#include "engine/consensus/aggregation/conditional_logit.h"
#include "engine/consensus/reliability/track_record.h"

namespace conclave::consensus {
namespace {

// Before the first judgement: a vote is worth about one in log odds, and labels are equally frequent.
constexpr double common_centre = 1.0;
constexpr double common_ridge = 0.1;
constexpr double frequency_ridge = 0.1;

// Coefficients: the common one, those of the labels, those of the experts.
class Layout {
 public:
  Layout(std::span<const JudgedScope> answers) : labels_(answers.front().possible.size()) {
    for (const JudgedScope& answer : answers) {
      for (const Opinion* vote : answer.votes) experts_.emplace(vote->expert, 0);
    }
    std::uint32_t next = 1 + static_cast<std::uint32_t>(labels_);
    for (auto& [name, index] : experts_) index = next++;
  }

  [[nodiscard]] Choice choice(const JudgedScope& answer) const {
    Choice out;
    out.truth = *answer.truth();
    for (std::size_t label = 0; label < labels_; ++label) {
      Candidate candidate;
      candidate.features.push_back({1 + static_cast<std::uint32_t>(label), 1.0});
      for (const Opinion* vote : answer.votes) {
        if (answer.label_of(*vote) != label) continue;
        const double strength = 0.51 + 0.49 * vote->confidence;
        candidate.features.push_back({0, strength});
        candidate.features.push_back({experts_.at(vote->expert), strength});
      }
      out.candidates.push_back(std::move(candidate));
    }
    return out;
  }

  [[nodiscard]] Shrinkage shrinkage() const {
    Shrinkage out{std::vector<double>(1 + labels_ + experts_.size(), 0.0),
                  std::vector<double>(1 + labels_ + experts_.size(), 0.0)};
    out.centre.front() = common_centre;
    out.own_ridge.front() = common_ridge;
    std::fill_n(out.own_ridge.begin() + 1, labels_, frequency_ridge);
    return out;
  }

  [[nodiscard]] const std::map<std::string, std::uint32_t>& experts() const { return experts_; }

 private:
  std::size_t labels_;
  std::map<std::string, std::uint32_t> experts_;
};

struct Record {
  double right = 0;
  double wrong = 0;
};

bool worse_than_chance(const Record& record, std::size_t labels) {
  return beta_quantile(0.95, record.right + 1.0, record.wrong + 1.0) < 1.0 / static_cast<double>(labels);
}

}  // namespace

std::vector<JudgedScope> answers_with_truth(std::vector<JudgedScope> judged) {
  std::erase_if(judged, [](const JudgedScope& scope) { return scope.votes.empty() || !scope.truth(); });
  return judged;
}

Result<std::map<std::string, double>> learn_weights(std::span<const JudgedScope> answers) {
  std::map<std::string, double> weights;
  if (answers.size() < least_for_weights) return weights;
  const Layout layout(answers);
  std::vector<Choice> choices;
  std::map<std::string, Record> records;
  for (const JudgedScope& answer : answers) {
    choices.push_back(layout.choice(answer));
    for (const Opinion* vote : answer.votes) {
      Record& record = records[vote->expert];
      (answer.label_of(*vote) == *answer.truth() ? record.right : record.wrong) += 1.0;
    }
  }
  Job job("learning weights");
  const auto fit = fit_conditional_logit(choices, layout.shrinkage(), job);
  if (!fit) return tl::unexpected(fit.error());
  const double common = fit->weights.front();
  if (!(common > 0)) return weights;
  for (const auto& [expert, index] : layout.experts()) {
    const double relative = 1.0 + fit->weights[index] / common;
    weights[expert] =
        worse_than_chance(records[expert], answers.front().possible.size()) ? silenced : std::clamp(relative, lightest, heaviest);
  }
  return weights;
}

}  // namespace conclave::consensus
