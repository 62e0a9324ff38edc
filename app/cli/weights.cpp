#include "app/cli/weights.h"

#include <cmath>

#include "engine/config/tree.h"

namespace conclave::cli {

Result<std::map<std::string, double>> read_weights(const std::filesystem::path& path) {
  const auto tree = config::read_yaml_file(path);
  if (!tree) return tl::unexpected(tree.error());
  if (tree->kind != config::NodeKind::map) {
    return fail(ErrorKind::parse, "weights are a map from experts to numbers", tree->location.text());
  }
  std::map<std::string, double> weights;
  for (const auto& [name, value] : tree->entries) {
    const nlohmann::json number = value.to_json();
    const double weight = number.is_number() ? number.get<double>() : 0;
    if (!(weight > 0) || !std::isfinite(weight)) {
      return fail(ErrorKind::parse, "the weight of '" + name.scalar + "' is not a number above 0", value.location.text());
    }
    weights[name.scalar] = weight;
  }
  return weights;
}

}  // namespace conclave::cli
