// Any bytes as a configuration: read_config must answer, and what it read must survive the way through JSON.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/config/infrastructure.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace conclave::config;
  const auto config = read_config({reinterpret_cast<const char*>(data), size}, "fuzz.yaml");
  if (!config) return config.error().where.empty() ? (std::abort(), 0) : 0;
  for (const Problem& problem : config->problems)
    if (to_text(problem).empty() || problem.location.line < 1) std::abort();
  const auto again = config_from_json(to_json(config->model));
  if (!again || *again != config->model) std::abort();
  static_cast<void>(config->tree.dump());
  return 0;
}
