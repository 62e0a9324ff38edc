// Evidence for those who may send it elsewhere.
#pragma once

#include <nlohmann/json.hpp>

#include "engine/case/evidence.h"

namespace conclave {

// New evidence without secrets and personal data, by security::redaction_rules(): log texts, configuration, facts, earlier
// reports, details of services. What citations name stays: paths, names, ids, numbers. Kind io if there is no memory for it.
[[nodiscard]] Result<EvidencePtr> redacted(const Evidence& evidence);
// The same for every text of a JSON value; those under a secret name as a whole.
[[nodiscard]] nlohmann::json redacted(const nlohmann::json& value);

}  // namespace conclave
