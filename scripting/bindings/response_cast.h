// What an expert returned, as the engine's values: a bound object, a mapping, or any object with those attributes.
// Needs the GIL. TypeError or ValueError name the field; a mapping with an unknown key is a ValueError with a near miss.
#pragma once

#include <pybind11/pybind11.h>

#include <array>
#include <utility>

#include "engine/consensus/response.h"

namespace conclave::scripting {

// The object behind conclave.ExpertResponse, a type written by hand (expert_response.cpp): an expert may make thousands.
struct ResponseObject {
  PyObject_HEAD consensus::ExpertResponse value;
};
// The response in an ExpertResponse object; null for any other object. Valid as long as the object.
[[nodiscard]] consensus::ExpertResponse* response_in(pybind11::handle object);
[[nodiscard]] pybind11::object response_to_python(consensus::ExpertResponse response);

// The fields in the order of the constructor's parameters, and the attributes' names, interned.
enum class ResponseField {
  expert_name,
  content,
  confidence,
  metadata,
  timestamp,
  verdict,
  scope,
  claims,
  status,
  weight,
  error,
  seconds
};
inline constexpr std::size_t response_field_count = 12;
[[nodiscard]] const std::array<PyObject*, response_field_count>& response_field_names();
// TypeError or ValueError for what the field cannot hold. None is for metadata, verdict and error.
void set_field(consensus::ExpertResponse& response, ResponseField field, pybind11::handle value);

// scope "overall" also stands for "not said". Needs at least content, verdict or claims; ranges are validate()'s business.
[[nodiscard]] consensus::ExpertResponse to_response(pybind11::handle value);
[[nodiscard]] consensus::Claim to_claim(pybind11::handle value);
[[nodiscard]] consensus::Citation to_citation(pybind11::handle value);

// Iterables of them.
[[nodiscard]] std::vector<consensus::ExpertResponse> to_responses(pybind11::handle value);
[[nodiscard]] std::vector<consensus::Claim> to_claims(pybind11::handle value);
[[nodiscard]] std::vector<consensus::Citation> to_citations(pybind11::handle value);
[[nodiscard]] consensus::ResponseError to_response_error(pybind11::handle value);

[[nodiscard]] consensus::Stance to_stance(pybind11::handle value);
[[nodiscard]] consensus::Status to_status(pybind11::handle value);

}  // namespace conclave::scripting

// Lets py::cast and bound functions take and return responses. Include this wherever one crosses.
template <>
struct pybind11::detail::type_caster<conclave::consensus::ExpertResponse> {
  PYBIND11_TYPE_CASTER(conclave::consensus::ExpertResponse, const_name("conclave._core.ExpertResponse"));
  bool load(handle source, bool /*convert*/) {
    const auto* const found = conclave::scripting::response_in(source);
    if (found == nullptr) return false;
    value = *found;
    return true;
  }
  static handle cast(conclave::consensus::ExpertResponse response, return_value_policy /*policy*/, handle /*parent*/) {
    return conclave::scripting::response_to_python(std::move(response)).release();
  }
};
