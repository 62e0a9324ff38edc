// Any bytes as a file of expectations: refused with a place, or targets of which each says what it should be.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/scan/differences.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace conclave::scan;
  const auto targets = expectations_of({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!targets) {
    if (!targets.error().where.starts_with("fuzz")) std::abort();
    return 0;
  }
  if (targets->empty()) std::abort();
  for (const Target& target : *targets)
    if (!target.expect || target.port == 0 || (target.p95_ms && !(*target.p95_ms > 0))) std::abort();
  return 0;
}
