// What an expert returned, as the engine's values: a bound object, a mapping, or any object with those attributes.
// Needs the GIL. TypeError or ValueError name the field; a mapping with an unknown key is a ValueError with a near miss.
#pragma once

#include <pybind11/pybind11.h>

#include "engine/consensus/response.h"

namespace conclave::scripting {

// scope "overall" also stands for "not said". Needs at least content, verdict or claims; ranges are validate()'s business.
[[nodiscard]] consensus::ExpertResponse to_response(pybind11::handle value);
[[nodiscard]] consensus::Claim to_claim(pybind11::handle value);
[[nodiscard]] consensus::Citation to_citation(pybind11::handle value);

// Iterables of them.
[[nodiscard]] std::vector<consensus::Claim> to_claims(pybind11::handle value);
[[nodiscard]] std::vector<consensus::Citation> to_citations(pybind11::handle value);
[[nodiscard]] consensus::ResponseError to_response_error(pybind11::handle value);

[[nodiscard]] consensus::Stance to_stance(pybind11::handle value);
[[nodiscard]] consensus::Status to_status(pybind11::handle value);

}  // namespace conclave::scripting
