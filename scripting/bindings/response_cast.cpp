#include "scripting/bindings/response_cast.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/text.h"
#include "scripting/bindings/convert.h"

namespace conclave::scripting {

namespace py = pybind11;

namespace {

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 12> response_fields = {"expert_name", "content", "confidence", "metadata",
                                                              "timestamp",   "verdict", "scope",      "claims",
                                                              "status",      "weight",  "error",      "seconds"};
constexpr std::array<std::string_view, 4> claim_fields = {"text", "stance", "severity", "evidence"};
constexpr std::array<std::string_view, 6> citation_fields = {"kind", "source", "line", "id", "verified", "excerpt"};
constexpr std::array<std::string_view, 3> error_fields = {"type", "message", "traceback"};

// A mapping or an object, read by field. None counts as absent.
class Fields {
 public:
  Fields(py::handle value, const char* what, Names known) : value_(value), is_mapping_(is_mapping(value)) {
    if (!is_mapping_) return;
    for (const py::handle key : value.attr("keys")()) {
      const std::string name = to_utf8(key, "a field name");
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        throw py::value_error(std::string(what) + " has no field '" + name + "'" + did_you_mean(name, known));
      }
    }
  }

  py::object get(const char* name) const {
    if (is_mapping_) {
      const py::str key(name);
      if (!value_.contains(key)) return py::none();
      return value_[key];
    }
    return py::getattr(value_, name, py::none());
  }
  void text(const char* name, std::string& out) const {
    if (const py::object field = get(name); !field.is_none()) out = to_utf8(field, name);
  }
  void number(const char* name, double& out) const {
    if (const py::object field = get(name); !field.is_none()) out = to_number(field, name);
  }

 private:
  static bool is_mapping(py::handle value) {
    return PyDict_Check(value.ptr()) || (PyMapping_Check(value.ptr()) != 0 && py::hasattr(value, "keys"));
  }
  py::handle value_;
  bool is_mapping_;
};

template <class T, class Convert>
std::vector<T> to_list(py::handle value, const char* what, Convert convert) {
  if (PyUnicode_Check(value.ptr()) || PyDict_Check(value.ptr()) || !py::hasattr(value, "__iter__")) {
    throw py::type_error(std::string(what) + " must be a list, not " + Py_TYPE(value.ptr())->tp_name);
  }
  std::vector<T> list;
  for (const py::handle item : value) list.push_back(convert(item));
  return list;
}

template <class T>
T by_name(py::handle value, const char* what, std::optional<T> (*from_name)(std::string_view)) {
  const std::string name = to_utf8(value, what);
  if (const auto known = from_name(name)) return *known;
  throw py::value_error("unknown " + std::string(what) + " '" + name + "'");
}

}  // namespace

consensus::Stance to_stance(py::handle value) { return by_name(value, "stance", &consensus::stance_from_name); }

consensus::Status to_status(py::handle value) { return by_name(value, "status", &consensus::status_from_name); }

consensus::Citation to_citation(py::handle value) {
  if (py::isinstance<consensus::Citation>(value)) return py::cast<consensus::Citation>(value);
  const Fields fields(value, "a citation", citation_fields);
  consensus::Citation citation;
  fields.text("kind", citation.kind);
  fields.text("source", citation.source);
  fields.text("id", citation.id);
  if (const py::object line = fields.get("line"); !line.is_none()) {
    const auto index = py::reinterpret_steal<py::int_>(PyNumber_Index(line.ptr()));
    if (!index) throw py::error_already_set();
    // No file has such a line, as a model's arithmetic may claim: the citation is not found, and the rest of the answer stands.
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
    citation.line = overflow == 0 && number > 0 ? static_cast<std::uint64_t>(number) : 0;
  }
  if (citation.kind.empty()) throw py::value_error("a citation needs a kind: log, template, service or config");
  return citation;
}

std::vector<consensus::Citation> to_citations(py::handle value) {
  return to_list<consensus::Citation>(value, "evidence", to_citation);
}

consensus::Claim to_claim(py::handle value) {
  if (py::isinstance<consensus::Claim>(value)) return py::cast<consensus::Claim>(value);
  const Fields fields(value, "a claim", claim_fields);
  consensus::Claim claim;
  fields.text("text", claim.text);
  fields.number("severity", claim.severity);
  if (const py::object stance = fields.get("stance"); !stance.is_none()) claim.stance = to_stance(stance);
  if (const py::object evidence = fields.get("evidence"); !evidence.is_none()) claim.evidence = to_citations(evidence);
  if (claim.text.empty()) throw py::value_error("a claim needs a text");
  return claim;
}

std::vector<consensus::Claim> to_claims(py::handle value) { return to_list<consensus::Claim>(value, "claims", to_claim); }

consensus::ResponseError to_response_error(py::handle value) {
  if (py::isinstance<consensus::ResponseError>(value)) return py::cast<consensus::ResponseError>(value);
  const Fields fields(value, "an error", error_fields);
  consensus::ResponseError error;
  fields.text("type", error.type);
  fields.text("message", error.message);
  fields.text("traceback", error.traceback);
  return error;
}

consensus::ExpertResponse to_response(py::handle value) {
  if (py::isinstance<consensus::ExpertResponse>(value)) return py::cast<consensus::ExpertResponse>(value);
  const Fields fields(value, "a response", response_fields);
  const py::object content = fields.get("content");
  const py::object verdict = fields.get("verdict");
  const py::object claims = fields.get("claims");
  if (content.is_none() && verdict.is_none() && claims.is_none()) {
    throw py::type_error(std::string("a response needs content, verdict or claims; got ") + Py_TYPE(value.ptr())->tp_name);
  }
  consensus::ExpertResponse response;
  fields.text("expert_name", response.expert_name);
  fields.text("content", response.content);
  fields.text("scope", response.scope);
  fields.number("confidence", response.confidence);
  fields.number("weight", response.weight);
  fields.number("seconds", response.seconds);
  if (!verdict.is_none()) response.verdict = to_utf8(verdict, "verdict");
  if (!claims.is_none()) response.claims = to_claims(claims);
  if (const py::object metadata = fields.get("metadata"); !metadata.is_none()) {
    response.metadata = to_json_value(metadata, "metadata");
    if (!response.metadata.is_object()) throw py::type_error("metadata must be a mapping");
  }
  if (const py::object time = fields.get("timestamp"); !time.is_none()) response.timestamp = to_time(time, "timestamp");
  if (const py::object status = fields.get("status"); !status.is_none()) response.status = to_status(status);
  if (const py::object error = fields.get("error"); !error.is_none()) response.error = to_response_error(error);
  return response;
}

}  // namespace conclave::scripting
