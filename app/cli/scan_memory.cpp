#include "app/cli/scan_memory.h"

#include "engine/case/scan_history.h"

namespace conclave::cli {

std::unique_ptr<store::Store> open_scan_history(Program& program) {
  auto history = store::Store::open(store::default_store_path());
  if (history) return std::move(*history);
  program.remark("conclave: going on without history: " + history.error().text());
  return nullptr;
}

Result<std::optional<Baseline>> find_baseline(const store::Store& history, const std::string& which,
                                              const std::vector<scan::Target>& targets) {
  const auto id = find_scan(history, which, targets);
  if (!id) return tl::unexpected(id.error());
  if (!*id) return std::nullopt;
  const auto row = history.scan(**id);
  if (!row) return tl::unexpected(row.error());
  auto results = results_of_scan(history, **id);
  if (!results) return tl::unexpected(results.error());
  return Baseline{**id, row->started, std::move(*results)};
}

void remember(Program& program, store::Store& history, std::vector<scan::ScanResult>& results, ScanSummary& summary) {
  if (summary.interrupted) return;
  const auto kept = keep_scan(history, "command scan", results, summary.seconds);
  if (!kept) {
    program.remark("conclave: the scan is not in the history: " + kept.error().text());
    return;
  }
  summary.scan = *kept;
  if (const auto added = add_histories(history, results); !added)
    program.remark("conclave: going on without history: " + added.error().text());
}

}  // namespace conclave::cli
