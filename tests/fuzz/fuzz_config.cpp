// Any bytes as a configuration of any kind: read_config must answer, what it read must survive the way through JSON, and a hook
// that changes nothing must change nothing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/config/infrastructure.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace conclave::config;
  // The name decides where the content fits several kinds.
  for (const char* name : {"fuzz.yaml", "compose.yaml", "fuzz.service"}) {
    const auto config = read_config({reinterpret_cast<const char*>(data), size}, name);
    if (!config) {
      if (config.error().where.empty()) std::abort();
      continue;
    }
    for (const Problem& problem : config->problems)
      if (to_text(problem).empty() || problem.location.line < 1) std::abort();
    for (const NotUnderstood& one : config->not_understood)
      if (one.why.empty() || one.location.line < 1) std::abort();
    const auto again = config_from_json(to_json(config->model));
    if (!again || *again != config->model) std::abort();
    if (with_model(*config, *again).problems != config->problems) std::abort();
    static_cast<void>(config->tree.dump());
  }
  return 0;
}
