// Targets and results of scans as the tuples that conclave/scan.py gives names to. With the GIL.
#pragma once

#include <pybind11/pybind11.h>

#include <vector>

#include "engine/scan/scanner.h"

namespace conclave::scripting {

// (name, host, port, expect); ValueError for what is none.
[[nodiscard]] scan::Target target_from_python(pybind11::handle value);
// (target, state, latency_ms, address, detail, time, addresses) each.
[[nodiscard]] pybind11::list results_to_python(const std::vector<scan::ScanResult>& results);

}  // namespace conclave::scripting
