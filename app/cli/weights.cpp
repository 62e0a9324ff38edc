#include "app/cli/weights.h"

#include <cmath>

#include "engine/config/tree.h"

namespace conclave::cli {
namespace {

Result<PinnedWeights> learned_weights(const config::Node& tree, const Case& subject) {
  auto learned = consensus::learned_from_json(tree.to_json());
  if (!learned) return fail(ErrorKind::parse, learned.error().message, tree.location.text());
  const consensus::VerdictList asked{subject.question.verdicts, subject.question.ordered};
  if (learned->question != asked) {
    return fail(
        ErrorKind::parse,
        "these weights were learned of the verdicts " + listed(learned->question) + ", and the case asks for " + listed(asked),
        tree.location.text());
  }
  return PinnedWeights{{}, std::move(*learned)};
}

}  // namespace

std::string listed(const consensus::VerdictList& question) {
  std::string text;
  for (const std::string& label : question.labels) text += (text.empty() ? "" : ", ") + label;
  return text + (question.ordered ? "" : " (not ordered)");
}

std::vector<std::string> PinnedWeights::experts() const {
  std::vector<std::string> names;
  for (const auto& [name, weight] : weights) names.push_back(name);
  for (const auto& [name, weight] : learned.weights) names.push_back(name);
  return names;
}

Result<PinnedWeights> read_weights(const std::filesystem::path& path, const Case& subject) {
  const auto tree = config::read_yaml_file(path);
  if (!tree) return tl::unexpected(tree.error());
  if (tree->kind != config::NodeKind::map) {
    return fail(ErrorKind::parse, "weights are a map from experts to numbers", tree->location.text());
  }
  const config::Node* const inner = tree->find("weights");
  if (tree->find("learned") != nullptr && inner != nullptr && inner->kind == config::NodeKind::map) {
    return learned_weights(*tree, subject);
  }
  PinnedWeights pinned;
  for (const auto& [name, value] : tree->entries) {
    const nlohmann::json number = value.to_json();
    const double weight = number.is_number() ? number.get<double>() : 0;
    if (!(weight > 0) || !std::isfinite(weight)) {
      return fail(ErrorKind::parse, "the weight of '" + name.scalar + "' is not a number above 0", value.location.text());
    }
    pinned.weights[name.scalar] = weight;
  }
  return pinned;
}

}  // namespace conclave::cli
