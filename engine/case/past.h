// The history as a consultation uses it: the report before this one goes in as evidence, this one is added.
#pragma once

#include <optional>
#include <string>

#include "engine/case/case.h"
#include "engine/case/evidence.h"
#include "engine/case/report.h"
#include "engine/store/store.h"

namespace conclave {

// Under which the reports of a case find each other: the absolute path of its file, or its name where there is none.
[[nodiscard]] std::string case_key(const Case& subject);

// The newest report on the case as JSON text, or nothing.
[[nodiscard]] Result<std::optional<std::string>> last_report_json(const store::Store& history, const Case& subject);
// Together with what it says of services, as a scan.
[[nodiscard]] Result<void> keep_report(store::Store& history, const Case& subject, const Report& report);

// New evidence that also holds a report as JSON text; experts see it as evidence.previous.
[[nodiscard]] Result<EvidencePtr> with_previous(const Evidence& evidence, std::string report_json);

}  // namespace conclave
