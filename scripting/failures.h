// What a failed expert was given, saved as a test that asks it again.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "engine/case/evidence.h"
#include "engine/case/report.h"
#include "scripting/script_host.h"

namespace conclave::scripting {

// For each expert of `chosen` that failed, timed out or was killed according to `report`, a folder in `folder` (made if need be;
// one that is there already is left alone) with evidence.bin, the blob it saw, failure.json and a test file for pytest, which
// asks it again by conclave.testing.replay. Only the user may read them. Returns the folders. `evidence`: what the circle was
// asked on.
[[nodiscard]] Result<std::vector<std::filesystem::path>> save_failures(const std::filesystem::path& folder,
                                                                       std::span<const ChosenExpert> chosen,
                                                                       const EvidencePtr& evidence, const Report& report);

}  // namespace conclave::scripting
