#include "engine/consensus/reliability/learned.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/base/ids.h"
#include "engine/consensus/reliability/near_copies.h"
#include "engine/consensus/reliability/read_count.h"
#include "engine/consensus/reliability/weights.h"

namespace conclave::consensus {

using nlohmann::json;

Result<Learned> learn(std::span<const Lesson> lessons, const VerdictList& question) {
  std::vector<Lesson> own;
  std::copy_if(lessons.begin(), lessons.end(), std::back_inserter(own),
               [&](const Lesson& lesson) { return lesson.question == question; });
  Learned learned;
  learned.question = question;
  if (own.empty()) return learned;
  std::vector<std::string> texts;
  for (const Lesson& lesson : own) texts.push_back(to_json(lesson).dump());
  std::sort(texts.begin(), texts.end());
  std::string all;
  for (const std::string& text : texts) all += text + '\n';
  learned.version = sha256(all).substr(0, 16);
  const std::vector<JudgedScope> answers = answers_with_truth(judged_scopes(own));
  learned.judged = answers.size();
  for (const JudgedScope& answer : answers) {
    for (const Opinion* vote : answer.votes) ++learned.answers[vote->expert];
  }
  auto weights = learn_weights(answers);
  if (!weights) return tl::unexpected(weights.error());
  learned.weights = std::move(*weights);
  learned.copies = learn_near_copies(answers);
  learned.dependence = fit_dependence(judged_cases(own));
  learned.calibration = fit_calibration(judged_verdicts(own, learned.dependence.strength));
  return learned;
}

json to_json(const Learned& learned) {
  return {{"learned", 1},
          {"verdicts", learned.question.labels},
          {"ordered", learned.question.ordered},
          {"version", learned.version},
          {"judged", learned.judged},
          {"weights", learned.weights},
          {"answers", learned.answers},
          {"copies", learned.copies},
          {"dependence", to_json(learned.dependence)},
          {"calibration", to_json(learned.calibration)}};
}

Result<Learned> learned_from_json(const json& in) {
  try {
    if (in.at("learned") != 1) return fail(ErrorKind::serialization, "weights of another version");
    Learned learned;
    in.at("verdicts").get_to(learned.question.labels);
    in.at("ordered").get_to(learned.question.ordered);
    in.at("version").get_to(learned.version);
    learned.judged = read_count(in.at("judged"));
    in.at("weights").get_to(learned.weights);
    for (const auto& [expert, weight] : learned.weights) {
      if (!std::isfinite(weight) || weight <= 0.0)
        return fail(ErrorKind::serialization, "the weight of '" + expert + "' is not a number above 0");
    }
    const json answers = in.value("answers", json::object());
    for (const auto& [expert, count] : answers.get_ref<const json::object_t&>()) learned.answers[expert] = read_count(count);
    if (in.contains("copies")) in.at("copies").get_to(learned.copies);
    for (const auto& family : learned.copies) {
      if (family.size() < 2 || !std::is_sorted(family.begin(), family.end()))
        return fail(ErrorKind::serialization, "near-copies are two or more, sorted by name");
    }
    if (in.contains("dependence")) {
      auto dependence = dependence_from_json(in.at("dependence"));
      if (!dependence) return tl::unexpected(dependence.error());
      learned.dependence = *dependence;
    }
    auto calibration = calibration_from_json(in.at("calibration"));
    if (!calibration) return tl::unexpected(calibration.error());
    learned.calibration = std::move(*calibration);
    return learned;
  } catch (const json::exception& error) {
    return fail(ErrorKind::serialization, std::string("not what was learned: ") + error.what());
  }
}

}  // namespace conclave::consensus
