#include "engine/consensus/reliability/lesson.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "engine/consensus/reliability/read_count.h"
#include "engine/consensus/voting.h"

namespace conclave::consensus {
namespace {

using nlohmann::json;

json text_or_null(const std::optional<std::string>& text) { return text ? json(*text) : json(nullptr); }

std::optional<std::string> text_from(const json& in) {
  return in.is_null() ? std::nullopt : std::optional(in.get<std::string>());
}

std::size_t index_of(const std::vector<std::string>& labels, const std::string& label) {
  return static_cast<std::size_t>(std::find(labels.begin(), labels.end(), label) - labels.begin());
}

bool has(const std::vector<std::string>& labels, const std::string& label) { return index_of(labels, label) < labels.size(); }

bool in_unit_range(double value) { return std::isfinite(value) && value >= 0.0 && value <= 1.0; }

Opinion opinion_from(const json& in) {
  Opinion opinion;
  in.at("expert").get_to(opinion.expert);
  in.at("scope").get_to(opinion.scope);
  const auto status = status_from_name(in.at("status").get_ref<const std::string&>());
  if (!status) throw json::other_error::create(501, "an unknown status", &in);
  opinion.status = *status;
  opinion.verdict = text_from(in.at("verdict"));
  in.at("confidence").get_to(opinion.confidence);
  in.at("votes").get_to(opinion.votes);
  opinion.claims = read_count(in.at("claims"));
  opinion.verified_claims = read_count(in.at("verified_claims"));
  return opinion;
}

// What the rest of the room relies on.
bool consistent(const Lesson& lesson) {
  const auto& labels = lesson.question.labels;
  const std::set<std::string> distinct(labels.begin(), labels.end());
  const std::set<std::string> truth(lesson.truth.begin(), lesson.truth.end());
  if (distinct.size() != labels.size() || truth.size() != lesson.truth.size()) return false;
  if (truth.empty() || truth.size() >= labels.size() || !in_unit_range(lesson.confidence)) return false;
  const auto known = [&](const std::string& label) { return has(labels, label); };
  const auto known_or_none = [&](const std::optional<std::string>& label) { return !label || known(*label); };
  const auto fits = [&](const std::vector<double>& said) {
    return said.empty() || (said.size() == labels.size() && std::all_of(said.begin(), said.end(), in_unit_range));
  };
  if (!lesson.said.empty() && lesson.said.size() != lesson.scopes.size()) return false;
  return std::all_of(truth.begin(), truth.end(), known) && known_or_none(lesson.verdict) &&
         std::all_of(lesson.said.begin(), lesson.said.end(), fits) &&
         std::all_of(lesson.passing.begin(), lesson.passing.end(), known) &&
         std::all_of(lesson.scopes.begin(), lesson.scopes.end(),
                     [&](const auto& scope) { return known_or_none(scope.second); }) &&
         std::all_of(lesson.opinions.begin(), lesson.opinions.end(), [&](const Opinion& opinion) {
           return known_or_none(opinion.verdict) && in_unit_range(opinion.confidence) && (!opinion.votes || opinion.verdict) &&
                  opinion.verified_claims <= opinion.claims;
         });
}

struct Judged {
  const Lesson* whole = nullptr;
  std::map<std::string, const Lesson*> scopes;
  [[nodiscard]] const Lesson& any() const { return whole != nullptr ? *whole : *scopes.begin()->second; }
};

std::map<std::string, Judged> by_report(std::span<const Lesson> lessons) {
  std::map<std::string, Judged> reports;
  for (const Lesson& lesson : lessons) {
    Judged& judged = reports[lesson.report];
    if (lesson.scope.empty()) {
      judged.whole = &lesson;
    } else {
      judged.scopes[lesson.scope] = &lesson;
    }
  }
  return reports;
}

std::vector<bool> possible_by_label(const Lesson& lesson) {
  std::vector<bool> possible;
  for (const std::string& label : lesson.question.labels) possible.push_back(has(lesson.truth, label));
  return possible;
}

// What a judgement of the whole report says of one of its scopes.
std::vector<bool> possible_in_scope(const Lesson& whole, const std::optional<std::string>& verdict) {
  std::vector<bool> possible = possible_by_label(whole);
  if (!whole.question.ordered || whole.scopes.size() == 1) return possible;
  const bool right = whole.truth.size() == 1 && whole.verdict == whole.truth.front() && verdict == whole.verdict;
  const auto alike = std::count_if(whole.scopes.begin(), whole.scopes.end(), [&](const auto& s) { return s.second == verdict; });
  if (right && alike == 1) return possible;
  bool worse_is_possible = false;
  for (std::size_t label = possible.size(); label-- > 0;) {
    worse_is_possible = worse_is_possible || possible[label];
    possible[label] = worse_is_possible;
  }
  return possible;
}

std::vector<const Opinion*> votes_in(const Lesson& lesson, const std::string& scope) {
  const bool all = !lesson.question.ordered && lesson.scopes.size() == 1;  // wherever they look
  std::vector<const Opinion*> votes;
  for (const Opinion& opinion : lesson.opinions) {
    if (opinion.votes && (all || opinion.scope == scope)) votes.push_back(&opinion);
  }
  std::stable_sort(votes.begin(), votes.end(), [](const Opinion* a, const Opinion* b) {
    return std::tie(a->expert, a->verdict, a->confidence) < std::tie(b->expert, b->verdict, b->confidence);
  });
  return votes;
}

// In the verdict, as it would be with this dependence between scopes.
double confidence_of(const Lesson& lesson, std::size_t verdict, double dependence) {
  if (!lesson.question.ordered || lesson.said.empty()) return lesson.confidence;
  Labels labels{lesson.question.labels, true, {}};
  for (const std::string& label : labels.names) labels.passing.push_back(has(lesson.passing, label));
  std::vector<ScopeOutcome> scopes;
  for (const auto& said : lesson.said) {
    scopes.push_back({said.empty() ? Decision::no_votes : Decision::decided, verdict, said});
  }
  return std::clamp(case_probability(scopes, verdict, labels, dependence), 0.0, 1.0);
}

}  // namespace

json to_json(const Lesson& lesson) {
  json scopes = json::array();
  for (std::size_t i = 0; i < lesson.scopes.size(); ++i) {
    scopes.push_back({{"scope", lesson.scopes[i].first}, {"verdict", text_or_null(lesson.scopes[i].second)}});
    if (!lesson.said.empty()) scopes.back()["probabilities"] = lesson.said[i];
  }
  json opinions = json::array();
  for (const Opinion& opinion : lesson.opinions) {
    opinions.push_back({{"expert", opinion.expert},
                        {"scope", opinion.scope},
                        {"status", status_name(opinion.status)},
                        {"verdict", text_or_null(opinion.verdict)},
                        {"confidence", opinion.confidence},
                        {"votes", opinion.votes},
                        {"claims", opinion.claims},
                        {"verified_claims", opinion.verified_claims}});
  }
  return {{"lesson", 1},
          {"report", lesson.report},
          {"scope", lesson.scope},
          {"verdicts", lesson.question.labels},
          {"ordered", lesson.question.ordered},
          {"pass", lesson.passing},
          {"verdict", text_or_null(lesson.verdict)},
          {"confidence", lesson.confidence},
          {"scopes", std::move(scopes)},
          {"opinions", std::move(opinions)},
          {"truth", lesson.truth}};
}

Result<Lesson> lesson_from_json(const json& in) {
  try {
    if (in.at("lesson") != 1) return fail(ErrorKind::serialization, "a lesson of another version");
    Lesson lesson;
    in.at("report").get_to(lesson.report);
    in.at("scope").get_to(lesson.scope);
    in.at("verdicts").get_to(lesson.question.labels);
    in.at("ordered").get_to(lesson.question.ordered);
    in.at("pass").get_to(lesson.passing);
    lesson.verdict = text_from(in.at("verdict"));
    in.at("confidence").get_to(lesson.confidence);
    for (const json& scope : in.at("scopes")) {
      lesson.scopes.emplace_back(scope.at("scope").get<std::string>(), text_from(scope.at("verdict")));
      if (scope.contains("probabilities")) scope.at("probabilities").get_to(lesson.said.emplace_back());
    }
    for (const json& opinion : in.at("opinions")) lesson.opinions.push_back(opinion_from(opinion));
    in.at("truth").get_to(lesson.truth);
    if (!consistent(lesson)) return fail(ErrorKind::serialization, "a lesson that contradicts itself");
    return lesson;
  } catch (const json::exception& error) {
    return fail(ErrorKind::serialization, std::string("not a lesson: ") + error.what());
  }
}

std::optional<std::size_t> JudgedScope::truth() const {
  if (std::count(possible.begin(), possible.end(), true) != 1) return std::nullopt;
  return static_cast<std::size_t>(std::find(possible.begin(), possible.end(), true) - possible.begin());
}

std::size_t JudgedScope::label_of(const Opinion& vote) const { return index_of(lesson->question.labels, *vote.verdict); }

std::vector<JudgedScope> judged_scopes(std::span<const Lesson> lessons) {
  std::vector<JudgedScope> out;
  for (const auto& [report, judged] : by_report(lessons)) {
    auto scopes = judged.any().scopes;
    std::sort(scopes.begin(), scopes.end());
    for (const auto& [scope, verdict] : scopes) {
      const auto own = judged.scopes.find(scope);
      const Lesson* const lesson = own != judged.scopes.end() ? own->second : judged.whole;
      if (lesson == nullptr) continue;
      JudgedScope item{lesson, scope, lesson == judged.whole ? possible_in_scope(*lesson, verdict) : possible_by_label(*lesson),
                       votes_in(*lesson, scope)};
      if (std::find(item.possible.begin(), item.possible.end(), false) != item.possible.end()) out.push_back(std::move(item));
    }
  }
  return out;
}

std::vector<JudgedVerdict> judged_verdicts(std::span<const Lesson> lessons, double dependence) {
  std::vector<JudgedVerdict> out;
  for (const auto& [report, judged] : by_report(lessons)) {
    const Lesson& lesson = judged.any();
    if (!lesson.verdict || (judged.whole == nullptr && lesson.scopes.size() != 1)) continue;
    const std::size_t said = index_of(lesson.question.labels, *lesson.verdict);
    const bool passing = has(lesson.passing, *lesson.verdict) || said == 0;
    std::size_t held = 0;
    for (const std::string& label : lesson.truth) {
      const std::size_t truth = index_of(lesson.question.labels, label);
      held += !lesson.question.ordered ? truth == said : passing ? truth <= said : truth >= said;
    }
    if (held == 0 || held == lesson.truth.size()) out.push_back({confidence_of(lesson, said, dependence), held > 0});
  }
  return out;
}

std::vector<JudgedCase> judged_cases(std::span<const Lesson> lessons) {
  std::vector<JudgedCase> out;
  for (const auto& [report, judged] : by_report(lessons)) {
    if (judged.whole == nullptr || !judged.whole->question.ordered) continue;
    const Lesson& lesson = *judged.whole;
    const auto& labels = lesson.question.labels;
    std::size_t last = 0;  // that passes
    for (std::size_t label = 0; label < labels.size(); ++label) last = has(lesson.passing, labels[label]) ? label : last;
    const auto passing = static_cast<std::size_t>(std::count_if(
        lesson.truth.begin(), lesson.truth.end(), [&](const std::string& label) { return index_of(labels, label) <= last; }));
    JudgedCase item{{}, passing > 0};
    for (const auto& said : lesson.said) {
      double good = 0.0;
      for (std::size_t label = 0; label < said.size() && label <= last; ++label) good += said[label];
      if (!said.empty()) item.good.push_back(std::min(good, 1.0));
    }
    std::sort(item.good.begin(), item.good.end());
    const bool known = passing == 0 || passing == lesson.truth.size();
    if (known && item.good.size() > 1) out.push_back(std::move(item));
  }
  return out;
}

}  // namespace conclave::consensus
