// Any bytes as targets: refused with a reason, or targets that are read again from their own names as the same ones.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/scan/scanner.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace conclave::scan;
  const auto targets = parse_targets({reinterpret_cast<const char*>(data), size});
  if (!targets) {
    if (targets.error().message.empty()) std::abort();
    return 0;
  }
  constexpr std::size_t most = 100;  // of a network all are alike
  for (std::size_t i = 0; i < targets->size() && i < most; ++i) {
    const Target& target = (*targets)[i];
    if (target.port == 0 || target.host.empty()) std::abort();
    const auto again = parse_targets(target.name);
    if (!again || again->size() != 1 || again->front().host != target.host || again->front().port != target.port) std::abort();
  }
  return 0;
}
