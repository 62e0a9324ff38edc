// What is behind scan(), with what answers for names passed in.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "engine/scan/resolver.h"
#include "engine/scan/scanner.h"

namespace conclave::scan {

// The time-out of `names` is that of `options`.
[[nodiscard]] std::vector<ScanResult> sweep(std::span<const Target> targets, const ScanOptions& options, Job& job,
                                            const std::function<void(const ScanResult&)>& on_result, ResolverOptions names);

}  // namespace conclave::scan
