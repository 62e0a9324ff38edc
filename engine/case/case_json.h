// A case as JSON and back, for those who get it in another process.
#pragma once

#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/case/case.h"

namespace conclave {

// Everything but the places in its file. Paths need not be UTF-8: each of their bytes is one character.
[[nodiscard]] nlohmann::json to_json(const Case& subject);
// Kind serialization for anything else. Only its form is checked: an unknown verdict in the gate stays one.
[[nodiscard]] Result<Case> case_from_json(const nlohmann::json& json);

// The question as reports and cases have it: verdicts, ordered, gate, circle. Reading throws nlohmann::json::exception.
[[nodiscard]] nlohmann::json question_to_json(const consensus::Question& question);
[[nodiscard]] consensus::Question question_from_json(const nlohmann::json& json);

}  // namespace conclave
