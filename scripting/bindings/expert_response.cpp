// ExpertResponse, written by hand: pybind11 needs twice the time for the object alone that a whole response may take here. The
// value lives in the object; attributes are converted when they are asked for.
#include <new>
#include <string>

#include "scripting/bindings/binders.h"
#include "scripting/bindings/convert.h"
#include "scripting/bindings/errors.h"
#include "scripting/bindings/fast.h"
#include "scripting/bindings/response_cast.h"

namespace conclave::scripting {
namespace {

using consensus::ExpertResponse;

ExpertResponse& value_of(PyObject* self) { return reinterpret_cast<ResponseObject*>(self)->value; }

py::object text_or_none(const std::optional<std::string>& text) { return text ? py::object(to_str(*text)) : py::none(); }

py::object read_only(const nlohmann::json& json) {
  return py::module_::import("types").attr("MappingProxyType")(json_to_python(json));
}

py::dict by_label(const ExpertResponse& self) {
  py::dict out;
  for (const auto& [label, probability] : self.probabilities) out[to_str(label)] = probability;
  return out;
}

// What was given: a label, a read-only mapping, a tuple or None.
py::object verdict(const ExpertResponse& self) {
  if (!self.probabilities.empty()) return py::module_::import("types").attr("MappingProxyType")(by_label(self));
  if (!self.ranking.empty()) return texts_to_python(self.ranking);
  return text_or_none(self.verdict);
}

py::object get_field(const ExpertResponse& self, ResponseField field) {
  switch (field) {
    case ResponseField::expert_name:
      return to_str(self.expert_name);
    case ResponseField::content:
      return to_str(self.content);
    case ResponseField::confidence:
      return py::float_(self.confidence);
    case ResponseField::metadata:
      return read_only(self.metadata);
    case ResponseField::timestamp:
      return py::float_(static_cast<double>(self.timestamp) / us_per_second);
    case ResponseField::verdict:
      return verdict(self);
    case ResponseField::scope:
      return to_str(self.scope);
    case ResponseField::claims:
      return to_tuple(self.claims);
    case ResponseField::status:
      return to_str(consensus::status_name(self.status));
    case ResponseField::weight:
      return py::float_(self.weight);
    case ResponseField::error:
      return self.error ? py::cast(*self.error) : py::none();
    case ResponseField::seconds:
      return py::float_(self.seconds);
  }
  return py::none();
}

ResponseField field_of(void* closure) { return static_cast<ResponseField>(reinterpret_cast<std::uintptr_t>(closure)); }

PyObject* get(PyObject* self, void* closure) {
  return guarded([&] { return get_field(value_of(self), field_of(closure)).release().ptr(); });
}

int set(PyObject* self, PyObject* value, void* closure) {
  const auto name = py::handle(response_field_names()[static_cast<std::size_t>(field_of(closure))]);
  PyObject* const done = guarded([&] {
    if (value == nullptr) throw py::attribute_error("a response always has its " + std::string(py::str(name)));
    set_field(value_of(self), field_of(closure), value);
    return Py_None;
  });
  return done == nullptr ? -1 : 0;
}

// Made with the type's own allocation, so that a value is there before anything can fail.
py::object empty_response(PyTypeObject* type) {
  auto object = py::reinterpret_steal<py::object>(type->tp_alloc(type, 0));
  if (!object) throw py::error_already_set();
  new (&value_of(object.ptr())) ExpertResponse();
  return object;
}

PyObject* construct(PyObject* type, PyObject* const* arguments, std::size_t count, PyObject* keywords) {
  return guarded([&] {
    std::array<PyObject*, response_field_count> given;
    const Parameters parameters{"ExpertResponse", response_field_names(), 0, 8};
    sort_arguments(parameters, arguments, static_cast<std::size_t>(PyVectorcall_NARGS(count)), keywords, given);
    py::object object = empty_response(reinterpret_cast<PyTypeObject*>(type));
    for (std::size_t i = 0; i < given.size(); ++i) {
      const auto field = static_cast<ResponseField>(i);
      if (given[i] != nullptr && !(field == ResponseField::scope && given[i] == Py_None)) {
        set_field(value_of(object.ptr()), field, given[i]);
      }
    }
    return object.release().ptr();
  });
}

// ExpertResponse.__new__(...), which copyreg uses; calls of the type go straight to construct().
PyObject* construct_slowly(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  return guarded([&] {
    std::vector<PyObject*> given(PySequence_Fast_ITEMS(arguments),
                                 PySequence_Fast_ITEMS(arguments) + PyTuple_GET_SIZE(arguments));
    py::list names;
    if (keywords != nullptr) {
      for (const auto& [name, value] : py::reinterpret_borrow<py::dict>(keywords)) {
        names.append(name);
        given.push_back(value.ptr());
      }
    }
    const py::tuple named(names);
    PyObject* const made = construct(reinterpret_cast<PyObject*>(type), given.data(),
                                     static_cast<std::size_t>(PyTuple_GET_SIZE(arguments)), named.ptr());
    if (made == nullptr) throw py::error_already_set();
    return made;
  });
}

void destroy(PyObject* self) {
  value_of(self).~ExpertResponse();
  PyTypeObject* const type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* represent(PyObject* object) {
  return guarded([&] {
    const ExpertResponse& self = value_of(object);
    return py::str(py::str("ExpertResponse({!r}, {!r}, confidence={}, verdict={!r}, scope={!r}, status={!r})")
                       .format(to_str(self.expert_name), to_str(self.content), self.confidence,
                               self.probabilities.empty() ? verdict(self) : by_label(self), to_str(self.scope),
                               to_str(consensus::status_name(self.status))))
        .release()
        .ptr();
  });
}

PyObject* compare(PyObject* self, PyObject* other, int operation) {
  const ExpertResponse* const another = response_in(other);
  if (another == nullptr || (operation != Py_EQ && operation != Py_NE)) Py_RETURN_NOTIMPLEMENTED;
  return PyBool_FromLong(static_cast<long>((value_of(self) == *another) == (operation == Py_EQ)));
}

PyObject* copied(PyObject* self, PyObject* /*none or memo*/) {
  return guarded([&] { return response_to_python(value_of(self)).release().ptr(); });
}

PyObject* reduce(PyObject* object, PyObject* /*none*/) {
  return guarded([&] {
    const ExpertResponse& self = value_of(object);
    py::dict fields;
    for (std::size_t i = 0; i < response_field_count; ++i) {
      const auto field = static_cast<ResponseField>(i);
      const py::handle name = response_field_names()[i];
      if (field == ResponseField::metadata) {
        fields[name] = json_to_python(self.metadata);
      } else if (field == ResponseField::verdict && !self.probabilities.empty()) {
        fields[name] = by_label(self);  // a read-only view cannot be pickled
      } else if (field == ResponseField::timestamp) {
        fields[name] = time_to_python(self.timestamp);  // a float would lose microseconds
      } else {
        fields[name] = get_field(self, field);
      }
    }
    return py::make_tuple(py::module_::import("copyreg").attr("__newobj_ex__"),
                          py::make_tuple(py::type::handle_of(object), py::tuple(), fields))
        .release()
        .ptr();
  });
}

const std::array<PyObject*, 1>& value_name() {
  static const auto names = interned({"value"});
  return names;
}

PyObject* coerce(PyObject* /*none*/, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  return guarded([&] {
    return response_to_python(to_response(sorted("coerce", value_name(), arguments, count, keywords)[0])).release().ptr();
  });
}

PyObject* from_dict(PyObject* /*none*/, PyObject* const* arguments, Py_ssize_t count, PyObject* keywords) {
  return guarded([&] {
    const nlohmann::json json = to_json_value(sorted("from_dict", value_name(), arguments, count, keywords)[0], "response");
    return response_to_python(value_or_raise(consensus::response_from_json(json))).release().ptr();
  });
}

PyObject* to_dict(PyObject* self, PyObject* /*none*/) {
  return guarded([&] { return json_to_python(consensus::to_json(value_of(self))).release().ptr(); });
}

PyObject* validate(PyObject* self, PyObject* /*none*/) {
  return guarded([&] {
    value_or_raise(consensus::validate(value_of(self)));
    return Py_NewRef(Py_None);
  });
}

PyGetSetDef attribute(const char* name, ResponseField field, const char* doc = nullptr) {
  void* const closure = reinterpret_cast<void*>(static_cast<std::uintptr_t>(field));  // NOLINT(performance-no-int-to-ptr)
  return {name, &get, &set, doc, closure};
}

constexpr const char* type_doc =
    "ExpertResponse(expert_name='', content='', confidence=0.5, metadata=None, timestamp=0, verdict=None, scope=None, claims=(), "
    "*, status='answered', weight=1.0, error=None, seconds=0.0)\n--\n\n"
    "What one expert says. confidence: in [0, 1], the expert's own word; verdict: one of the question's labels, a mapping from "
    "labels to probabilities that sum to 1, a ranking of labels, best first, or None for text without a label; scope: what it "
    "looked at, None for what the expert is registered with; timestamp: seconds since 1970 or a "
    "datetime.";

}  // namespace

void bind_expert_response(py::module_& module) {
  static PyGetSetDef attributes[] = {
      attribute("expert_name", ResponseField::expert_name),
      attribute("content", ResponseField::content),
      attribute("confidence", ResponseField::confidence),
      attribute("metadata", ResponseField::metadata, "A read-only mapping; assign a new one to change it."),
      attribute("timestamp", ResponseField::timestamp, "Seconds since 1970; 0 if not said."),
      attribute("verdict", ResponseField::verdict,
                "A label, a read-only mapping from labels to probabilities, a tuple of labels, or None."),
      attribute("scope", ResponseField::scope),
      attribute("claims", ResponseField::claims, "A tuple; assign to change it."),
      attribute("status", ResponseField::status, "answered, abstained, failed, timed_out, killed, refused or cancelled."),
      attribute("weight", ResponseField::weight),
      attribute("error", ResponseField::error),
      attribute("seconds", ResponseField::seconds),
      {},
  };
  static PyMethodDef methods[] = {
      fast_method(
          "coerce", &coerce,
          "coerce(value)\n--\n\nFrom an ExpertResponse, a mapping, or any object with those attributes. TypeError or ValueError "
          "otherwise.",
          METH_STATIC),
      fast_method("from_dict", &from_dict,
                  "from_dict(value)\n--\n\nStrict reading of to_dict(); SerializationError names the field.", METH_STATIC),
      {"to_dict", &to_dict, METH_NOARGS, "to_dict($self)\n--\n\nAs in the JSON of a report."},
      {"validate", &validate, METH_NOARGS,
       "validate($self)\n--\n\nRaises ValueError that names response and field if a name, label or number is out of range."},
      {"__copy__", &copied, METH_NOARGS, nullptr},
      {"__deepcopy__", &copied, METH_O, nullptr},
      {"__reduce__", &reduce, METH_NOARGS, nullptr},
      {},
  };
  static PyType_Slot slots[] = {
      {Py_tp_doc, const_cast<char*>(type_doc)},
      {Py_tp_new, reinterpret_cast<void*>(&construct_slowly)},
      {Py_tp_dealloc, reinterpret_cast<void*>(&destroy)},
      {Py_tp_repr, reinterpret_cast<void*>(&represent)},
      {Py_tp_richcompare, reinterpret_cast<void*>(&compare)},
      {Py_tp_hash, reinterpret_cast<void*>(&PyObject_HashNotImplemented)},
      {Py_tp_getset, attributes},
      {Py_tp_methods, methods},
      {0, nullptr},
  };
  static PyType_Spec spec = {"conclave._core.ExpertResponse", sizeof(ResponseObject), 0, Py_TPFLAGS_DEFAULT, slots};
  const auto type = py::reinterpret_steal<py::object>(PyType_FromSpec(&spec));
  if (!type) throw py::error_already_set();
  type.attr("__match_args__") =
      py::make_tuple("expert_name", "content", "confidence", "metadata", "timestamp", "verdict", "scope", "claims");
  auto* const raw = reinterpret_cast<PyTypeObject*>(type.ptr());
  raw->tp_vectorcall = &construct;
  raw->tp_flags |= Py_TPFLAGS_IMMUTABLETYPE;
  module.attr("ExpertResponse") = type;
}

}  // namespace conclave::scripting
