// The history as a consultation uses it: the report before this one goes in as evidence, this one is added.
#pragma once

#include <memory>

#include "engine/case/consult.h"
#include "engine/store/store.h"

namespace conclave::cli {

// Under which reports of a case find each other: the path of its file, or its name where there is none.
[[nodiscard]] std::string case_key(const Case& subject);

// Lets experts see `previous_json` (a report) as evidence.previous, before the hooks of plugins run.
[[nodiscard]] Hooks with_previous(Hooks hooks, std::string previous_json);

[[nodiscard]] store::ReportRow row_of(const Case& subject, const Report& report);

}  // namespace conclave::cli
