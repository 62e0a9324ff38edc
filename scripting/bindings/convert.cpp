#include "scripting/bindings/convert.h"

#include <cmath>
#include <cstdint>
#include <limits>

namespace conclave::scripting {
namespace {

constexpr int max_depth = 64;

std::string type_name(py::handle value) { return Py_TYPE(value.ptr())->tp_name; }

[[noreturn]] void wrong_type(const std::string& what, const char* wanted, py::handle got) {
  throw py::type_error(what + " must be " + wanted + ", not " + type_name(got));
}

bool has_attribute(py::handle value, const char* name) { return py::hasattr(value, name); }

py::module_ datetime() { return py::module_::import("datetime"); }

nlohmann::json json_at(py::handle value, const std::string& what, int depth);

nlohmann::json number_json(py::handle value, const std::string& what) {
  if (PyLong_Check(value.ptr())) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(value.ptr(), &overflow);
    if (overflow == 0) return number;
    return to_number(value, what.c_str());
  }
  const double number = to_number(value, what.c_str());
  return std::isfinite(number) ? nlohmann::json(number) : nlohmann::json();
}

nlohmann::json mapping_json(py::handle value, const std::string& what, int depth) {
  nlohmann::json object = nlohmann::json::object();
  for (const py::handle item : value.attr("items")()) {
    const auto pair = py::cast<py::tuple>(item);
    std::string key = to_utf8(pair[0], ("a key of " + what).c_str());
    std::string place = what;
    place.append(".").append(key);
    object[key] = json_at(pair[1], place, depth + 1);
  }
  return object;
}

nlohmann::json json_at(py::handle value, const std::string& what, int depth) {
  if (depth > max_depth) throw py::value_error(what + " is nested more than 64 levels deep");
  PyObject* raw = value.ptr();
  if (value.is_none()) return nullptr;
  if (PyBool_Check(raw)) return raw == Py_True;
  if (PyUnicode_Check(raw)) return to_utf8(value, what.c_str());
  if (PyLong_Check(raw) || PyFloat_Check(raw)) return number_json(value, what);
  if (PyDict_Check(raw) || (PyMapping_Check(raw) && has_attribute(value, "items"))) return mapping_json(value, what, depth);
  if (has_attribute(value, "isoformat")) return to_utf8(py::str(value.attr("isoformat")()), what.c_str());
  if (has_attribute(value, "__fspath__")) return to_utf8(path_to_python(to_path(value, what.c_str())), what.c_str());
  if (PyBytes_Check(raw) || PyByteArray_Check(raw)) wrong_type(what, "something JSON can hold", value);
  if (has_attribute(value, "__iter__")) {
    nlohmann::json list = nlohmann::json::array();
    for (const py::handle item : value) {
      std::string place = what;
      place.append("[").append(std::to_string(list.size())).append("]");
      list.push_back(json_at(item, place, depth + 1));
    }
    return list;
  }
  if (PyNumber_Check(raw) != 0) return number_json(value, what);
  wrong_type(what, "something JSON can hold", value);
}

}  // namespace

std::string to_utf8(py::handle value, const char* what) {
  if (!PyUnicode_Check(value.ptr())) wrong_type(what, "str", value);
  Py_ssize_t size = 0;
  if (const char* text = PyUnicode_AsUTF8AndSize(value.ptr(), &size)) return {text, static_cast<std::size_t>(size)};
  PyErr_Clear();
  const auto bytes = py::reinterpret_steal<py::bytes>(PyUnicode_AsEncodedString(value.ptr(), "utf-8", "replace"));
  if (!bytes) throw py::error_already_set();
  return bytes;
}

py::str to_str(std::string_view text) {
  auto value = py::reinterpret_steal<py::str>(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace"));
  if (!value) throw py::error_already_set();
  return value;
}

std::filesystem::path to_path(py::handle value, const char* what) {
  PyObject* encoded = nullptr;
  if (PyUnicode_FSConverter(value.ptr(), &encoded) == 0) {
    if (PyErr_ExceptionMatches(PyExc_TypeError) == 0) throw py::error_already_set();
    PyErr_Clear();
    wrong_type(what, "a path (str, bytes or os.PathLike)", value);
  }
  return {std::string(py::reinterpret_steal<py::bytes>(encoded))};
}

py::str path_to_python(const std::filesystem::path& path) {
  const std::string& bytes = path.native();
  auto value =
      py::reinterpret_steal<py::str>(PyUnicode_DecodeFSDefaultAndSize(bytes.data(), static_cast<Py_ssize_t>(bytes.size())));
  if (!value) throw py::error_already_set();
  return value;
}

double to_number(py::handle value, const char* what) {
  if (PyFloat_CheckExact(value.ptr())) return PyFloat_AS_DOUBLE(value.ptr());
  if (PyBool_Check(value.ptr()) || PyUnicode_Check(value.ptr()) || PyNumber_Check(value.ptr()) == 0) {
    wrong_type(what, "a number", value);
  }
  const double number = PyFloat_AsDouble(value.ptr());
  if (number == -1.0 && PyErr_Occurred() != nullptr) throw py::error_already_set();
  return number;
}

TimeUs to_time(py::handle value, const char* what) {
  if (PyUnicode_Check(value.ptr())) {
    const std::string text = to_utf8(value, what);
    if (const auto time = parse_time(text)) return *time;
    throw py::value_error(std::string(what) + " is not an ISO 8601 time: " + text);
  }
  const bool plain_number = PyFloat_CheckExact(value.ptr()) || PyLong_CheckExact(value.ptr());
  if (!plain_number && py::isinstance(value, datetime().attr("datetime"))) {
    const py::object utc = datetime().attr("timezone").attr("utc");
    const py::object aware = value.attr("tzinfo").is_none() ? value.attr("replace")(py::arg("tzinfo") = utc)
                                                            : py::reinterpret_borrow<py::object>(value);
    const py::object since = aware - datetime().attr("datetime")(1970, 1, 1, py::arg("tzinfo") = utc);
    return py::cast<TimeUs>(since.attr("__floordiv__")(datetime().attr("timedelta")(py::arg("microseconds") = 1)));
  }
  const double seconds = to_number(value, what);
  if (!(std::abs(seconds) < 9e12)) throw py::value_error(std::string(what) + " is out of range");
  return static_cast<TimeUs>(std::llround(seconds * us_per_second));
}

py::object time_to_python(TimeUs time) {
  const py::object utc = datetime().attr("timezone").attr("utc");
  return datetime().attr("datetime")(1970, 1, 1, py::arg("tzinfo") = utc) +
         datetime().attr("timedelta")(py::arg("microseconds") = time);
}

py::object time_to_python(const std::optional<TimeUs>& time) { return time ? time_to_python(*time) : py::none(); }

std::optional<std::pair<TimeUs, TimeUs>> to_time_range(py::handle value, const char* what) {
  if (value.is_none()) return std::nullopt;
  if (PySequence_Check(value.ptr()) == 0 || py::len(value) != 2) wrong_type(what, "a pair of times", value);
  const auto pair = py::reinterpret_steal<py::tuple>(PySequence_Tuple(value.ptr()));
  if (!pair) throw py::error_already_set();
  return std::pair{to_time(pair[0], what), to_time(pair[1], what)};
}

nlohmann::json to_json_value(py::handle value, const char* what) { return json_at(value, what, 0); }

py::object json_to_python(const nlohmann::json& value) {
  switch (value.type()) {
    case nlohmann::json::value_t::boolean:
      return py::bool_(value.get<bool>());
    case nlohmann::json::value_t::number_integer:
      return py::int_(value.get<std::int64_t>());
    case nlohmann::json::value_t::number_unsigned:
      return py::int_(value.get<std::uint64_t>());
    case nlohmann::json::value_t::number_float:
      return py::float_(value.get<double>());
    case nlohmann::json::value_t::string:
      return to_str(value.get_ref<const std::string&>());
    case nlohmann::json::value_t::array: {
      py::list list;
      for (const auto& item : value) list.append(json_to_python(item));
      return list;
    }
    case nlohmann::json::value_t::object: {
      py::dict dict;
      for (const auto& [key, item] : value.items()) dict[to_str(key)] = json_to_python(item);
      return dict;
    }
    default:
      return py::none();
  }
}

std::vector<std::string> to_texts(py::handle value, const char* what) {
  if (PyUnicode_Check(value.ptr()) || !has_attribute(value, "__iter__")) wrong_type(what, "an iterable of str", value);
  std::vector<std::string> texts;
  for (const py::handle item : value) texts.push_back(to_utf8(item, what));
  return texts;
}

py::tuple texts_to_python(const std::vector<std::string>& texts) {
  py::tuple tuple(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) tuple[i] = to_str(texts[i]);
  return tuple;
}

}  // namespace conclave::scripting
