// Any bytes as a table of labels: read or refused with a place, and what was read can be aggregated.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "engine/consensus/aggregation/aggregate.h"
#include "engine/consensus/aggregation/label_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace conclave;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto json = nlohmann::json::parse(text, nullptr, false);
  (void)consensus::truths_from_csv(text, "fuzz");
  (void)consensus::truths_from_json(json, "fuzz");
  for (const auto& read : {consensus::labels_from_csv(text, "fuzz"), consensus::labels_from_json(json, "fuzz")}) {
    if (!read) {
      if (read.error().where.empty()) std::abort();
      continue;
    }
    Job job;
    const auto found = consensus::aggregate({read->table, read->truth, job, 0}, consensus::Method::pool);
    if (found && found->labels.size() != read->items.size()) std::abort();
  }
  return 0;
}
