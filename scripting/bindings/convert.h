// Plain values between Python and the engine: text, paths, times, JSON. Every conversion has its home here.
// Needs the GIL. A value of the wrong type is a TypeError, a wrong value a ValueError; both name `what`.
#pragma once

#include <pybind11/pybind11.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/time.h"

namespace conclave::scripting {

namespace py = pybind11;

// str as UTF-8; lone surrogates become "?". Only str is text.
[[nodiscard]] std::string to_utf8(py::handle value, const char* what);
// Invalid UTF-8 becomes U+FFFD.
[[nodiscard]] py::str to_str(std::string_view text);

// str, bytes or os.PathLike; the file system's own bytes survive (surrogateescape).
[[nodiscard]] std::filesystem::path to_path(py::handle value, const char* what);
[[nodiscard]] py::str path_to_python(const std::filesystem::path& path);

// A number that is not NaN-checked: anything with __float__ or __index__, but not bool and not str.
[[nodiscard]] double to_number(py::handle value, const char* what);

// An aware datetime, a naive one (taken as UTC), seconds since 1970 (int or float), or an ISO 8601 str.
[[nodiscard]] TimeUs to_time(py::handle value, const char* what);
// Aware, UTC.
[[nodiscard]] py::object time_to_python(TimeUs time);
[[nodiscard]] py::object time_to_python(const std::optional<TimeUs>& time);
[[nodiscard]] std::optional<std::pair<TimeUs, TimeUs>> to_time_range(py::handle value, const char* what);

// None, bool, int, float (NaN and infinities become null), str, mapping with str keys, iterable, datetime (ISO 8601),
// os.PathLike.
[[nodiscard]] nlohmann::json to_json_value(py::handle value, const char* what);
[[nodiscard]] py::object json_to_python(const nlohmann::json& value);

// Any iterable of str; a single str is a TypeError, because it is nearly always a slip.
[[nodiscard]] std::vector<std::string> to_texts(py::handle value, const char* what);
[[nodiscard]] py::tuple texts_to_python(const std::vector<std::string>& texts);

// Bound values, each copied.
template <class T>
[[nodiscard]] py::tuple to_tuple(const std::vector<T>& items) {
  py::tuple tuple(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) tuple[i] = py::cast(items[i]);
  return tuple;
}

}  // namespace conclave::scripting
