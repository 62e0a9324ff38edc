#include "scripting/bindings/response_cast.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/text.h"
#include "scripting/bindings/convert.h"
#include "scripting/bindings/fast.h"

namespace conclave::scripting {

namespace py = pybind11;

namespace {

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 4> claim_fields = {"text", "stance", "severity", "evidence"};
constexpr std::array<std::string_view, 6> citation_fields = {"kind", "source", "line", "id", "verified", "excerpt"};
constexpr std::array<std::string_view, 3> error_fields = {"type", "message", "traceback"};

bool is_mapping(py::handle value) {
  return PyDict_Check(value.ptr()) || (PyMapping_Check(value.ptr()) != 0 && py::hasattr(value, "keys"));
}

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

namespace {

constexpr auto field_names =
    std::to_array<std::string_view>({"expert_name", "content", "confidence", "metadata", "timestamp", "verdict", "scope",
                                     "claims", "status", "weight", "error", "seconds"});
static_assert(field_names.size() == response_field_count);

nlohmann::json to_metadata(py::handle value) {
  if (value.is_none()) return nlohmann::json::object();
  nlohmann::json json = to_json_value(value, "metadata");
  if (!json.is_object()) throw py::type_error("metadata must be a mapping");
  return json;
}

PyTypeObject* response_type() {
  static PyTypeObject* type = nullptr;  // guarded by the GIL; lives as long as the module, which is never unloaded
  if (type == nullptr) {
    py::object found = py::module_::import("conclave._core").attr("ExpertResponse");
    type = reinterpret_cast<PyTypeObject*>(found.release().ptr());
  }
  return type;
}

// Fields of a response one by one; None counts as not said.
class Filling {
 public:
  void add(ResponseField field, py::handle value) {
    if (value.is_none()) return;
    says_something_ =
        says_something_ || field == ResponseField::content || field == ResponseField::verdict || field == ResponseField::claims;
    set_field(response_, field, value);
  }
  consensus::ExpertResponse take(py::handle from) {
    if (says_something_) return std::move(response_);
    throw py::type_error(std::string("a response needs content, verdict or claims; got ") + Py_TYPE(from.ptr())->tp_name);
  }

 private:
  consensus::ExpertResponse response_;
  bool says_something_ = false;
};

[[noreturn]] void refuse_field(PyObject* key) {
  const std::string name = to_utf8(key, "a field name");
  throw py::value_error("a response has no field '" + name + "'" + did_you_mean(name, field_names));
}

consensus::ExpertResponse from_dict(PyObject* dict) {
  Filling filling;
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t place = 0;
  while (PyDict_Next(dict, &place, &key, &value) != 0) {
    const std::ptrdiff_t index = index_of(key, response_field_names());
    if (index < 0) refuse_field(key);
    const auto kept = py::reinterpret_borrow<py::object>(value);  // converting it may run code that empties the dict
    filling.add(static_cast<ResponseField>(index), kept);
  }
  return filling.take(dict);
}

consensus::ExpertResponse from_mapping(py::handle mapping) {
  Filling filling;
  for (const py::handle key : mapping.attr("keys")()) {
    const std::ptrdiff_t index = index_of(key.ptr(), response_field_names());
    if (index < 0) refuse_field(key.ptr());
    filling.add(static_cast<ResponseField>(index), py::object(mapping[key]));
  }
  return filling.take(mapping);
}

// Where attributes are what an object's dict holds, most of the twelve are missing in both dict and type: going through the dict
// is faster than asking for each. What the type has (properties, slots, defaults) is asked for as usual.
consensus::ExpertResponse from_attributes(py::handle object) {
  Filling filling;
  PyTypeObject* const type = Py_TYPE(object.ptr());
  py::object dict;
  if (type->tp_getattro == PyObject_GenericGetAttr && (type->tp_dictoffset != 0)) {
    dict = py::reinterpret_steal<py::object>(PyObject_GenericGetDict(object.ptr(), nullptr));
    if (!dict) throw py::error_already_set();
  }
  std::array<bool, response_field_count> asked{};
  for (std::size_t i = 0; i < response_field_count; ++i) {
    PyObject* const name = response_field_names()[i];
    asked[i] = !dict || _PyType_Lookup(type, name) != nullptr;
    if (!asked[i]) continue;
    PyObject* found = nullptr;
    if (_PyObject_LookupAttr(object.ptr(), name, &found) < 0) throw py::error_already_set();
    if (found != nullptr) filling.add(static_cast<ResponseField>(i), py::reinterpret_steal<py::object>(found));
  }
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t place = 0;
  while (dict && PyDict_Next(dict.ptr(), &place, &key, &value) != 0) {
    const std::ptrdiff_t index = index_of(key, response_field_names());
    if (index < 0 || asked[static_cast<std::size_t>(index)]) continue;
    filling.add(static_cast<ResponseField>(index), py::reinterpret_borrow<py::object>(value));
  }
  return filling.take(object);
}

// "responses[2] of 'a': ", for an error.
std::string place_of(py::handle response, std::size_t index) {
  std::string place = "responses[" + std::to_string(index) + "]";
  py::object name;
  try {
    name = is_mapping(response) ? response.attr("get")("expert_name") : py::getattr(response, "expert_name", py::none());
  } catch (py::error_already_set& /*it is asked for a better message only*/) {
    return place + ": ";
  }
  if (PyUnicode_Check(name.ptr())) place += " of '" + to_utf8(name, "expert_name") + "'";
  return place + ": ";
}

}  // namespace

const std::array<PyObject*, response_field_count>& response_field_names() {
  static const auto names = interned({"expert_name", "content", "confidence", "metadata", "timestamp", "verdict", "scope",
                                      "claims", "status", "weight", "error", "seconds"});
  return names;
}

consensus::ExpertResponse* response_in(py::handle object) {
  if (Py_TYPE(object.ptr()) != response_type()) return nullptr;
  return &reinterpret_cast<ResponseObject*>(object.ptr())->value;
}

py::object response_to_python(consensus::ExpertResponse response) {
  PyTypeObject* const type = response_type();
  auto object = py::reinterpret_steal<py::object>(type->tp_alloc(type, 0));
  if (!object) throw py::error_already_set();
  new (&reinterpret_cast<ResponseObject*>(object.ptr())->value) consensus::ExpertResponse(std::move(response));
  return object;
}

namespace {

void set_verdict(consensus::ExpertResponse& response, py::handle value) {
  if (value.is_none()) return consensus::set_label(response, std::nullopt);
  if (PyUnicode_Check(value.ptr())) return consensus::set_label(response, to_utf8(value, "verdict"));
  if (is_mapping(value)) {
    std::vector<std::pair<std::string, double>> probabilities;
    for (const py::handle item : value.attr("items")()) {
      const auto pair = py::cast<py::tuple>(item);
      std::string label = to_utf8(pair[0], "a label of verdict");
      const double share = to_number(pair[1], ("verdict['" + label + "']").c_str());
      probabilities.emplace_back(std::move(label), share);
    }
    if (probabilities.empty()) throw py::value_error("verdict must name at least one label");
    return consensus::set_probabilities(response, std::move(probabilities));
  }
  const bool ordered = PyBytes_Check(value.ptr()) == 0 && PyAnySet_Check(value.ptr()) == 0 && py::hasattr(value, "__iter__");
  if (!ordered) {
    throw py::type_error(
        std::string("verdict must be a label, a mapping label -> probability, a ranking of labels or None, not ") +
        Py_TYPE(value.ptr())->tp_name);
  }
  std::vector<std::string> ranking = to_texts(value, "verdict");
  if (ranking.empty()) throw py::value_error("verdict must name at least one label");
  consensus::set_ranking(response, std::move(ranking));
}

}  // namespace

void set_field(consensus::ExpertResponse& response, ResponseField field, py::handle value) {
  switch (field) {
    case ResponseField::expert_name:
      response.expert_name = to_utf8(value, "expert_name");
      break;
    case ResponseField::content:
      response.content = to_utf8(value, "content");
      break;
    case ResponseField::confidence:
      response.confidence = to_number(value, "confidence");
      break;
    case ResponseField::metadata:
      response.metadata = to_metadata(value);
      break;
    case ResponseField::timestamp:
      response.timestamp = to_time(value, "timestamp");
      break;
    case ResponseField::verdict:
      set_verdict(response, value);
      break;
    case ResponseField::scope:
      response.scope = to_utf8(value, "scope");
      break;
    case ResponseField::claims:
      response.claims = to_claims(value);
      break;
    case ResponseField::status:
      response.status = to_status(value);
      break;
    case ResponseField::weight:
      response.weight = to_number(value, "weight");
      break;
    case ResponseField::error:
      response.error = value.is_none() ? std::nullopt : std::optional(to_response_error(value));
      break;
    case ResponseField::seconds:
      response.seconds = to_number(value, "seconds");
      break;
  }
}

consensus::ExpertResponse to_response(py::handle value) {
  if (const auto* const response = response_in(value)) return *response;
  if (PyDict_CheckExact(value.ptr())) return from_dict(value.ptr());
  if (is_mapping(value)) return from_mapping(value);
  return from_attributes(value);
}

std::vector<consensus::ExpertResponse> to_responses(py::handle value) {
  std::vector<consensus::ExpertResponse> responses;
  for (const py::handle response : py::iter(value)) {
    try {
      responses.push_back(to_response(response));
    } catch (const py::type_error& error) {
      throw py::type_error(place_of(response, responses.size()) + error.what());
    } catch (const py::value_error& error) {
      throw py::value_error(place_of(response, responses.size()) + error.what());
    }
  }
  return responses;
}

}  // namespace conclave::scripting
