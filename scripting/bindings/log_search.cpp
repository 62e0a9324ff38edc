// conclave.logs.search and count; conclave/logs.py gives what they find its shape.
#include <pybind11/pybind11.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/logs/fields.h"
#include "engine/logs/level.h"
#include "engine/logs/line_set.h"
#include "engine/logs/record_finder.h"
#include "engine/logs/search.h"
#include "engine/logs/timestamp.h"
#include "scripting/bindings/blocking.h"
#include "scripting/bindings/buffers.h"
#include "scripting/bindings/convert.h"
#include "scripting/bindings/errors.h"
#include "scripting/bindings/log_source.h"
#include "scripting/bindings/operation.h"

namespace conclave::scripting {
namespace {

// Lines of one log, or records. Immutable; any thread.
struct LogMatches {
  LogTextPtr log;
  TimeUs reference = 0;
  logs::LineSet lines;                       // of records: their first ones
  std::optional<logs::LineSet> all_lines{};  // of records
};
using LogMatchesPtr = std::shared_ptr<LogMatches>;

// What is wrong with an expression is wrong with an argument.
template <class T>
T argument_or_raise(Result<T>&& result) {
  if (!result && result.error().kind == ErrorKind::parse) throw py::value_error(result.error().text());
  return value_or_raise(std::move(result));
}

// str: an expression; (bytes, is_regex, any_case): one text.
logs::Expression to_expression(py::handle value, const char* what) {
  if (PyUnicode_Check(value.ptr())) return argument_or_raise(logs::parse_expression(to_utf8(value, what)));
  if (!PyTuple_Check(value.ptr()) || PyTuple_GET_SIZE(value.ptr()) != 3) {
    throw py::type_error(std::string(what) + " is an expression (str), or (bytes, is_regex, any_case)");
  }
  const auto [text, regex, any_case] = py::cast<std::tuple<py::bytes, bool, bool>>(value);
  return logs::Expression::of(logs::TextPattern{std::string(text), regex, any_case});
}

logs::Expression to_expression(py::handle expr, py::handle exclude, py::handle level, py::handle since, py::handle until) {
  logs::Expression expression = to_expression(expr, "expr");
  if (!exclude.is_none()) expression = both(std::move(expression), negated(to_expression(exclude, "exclude")));
  if (!level.is_none()) {
    expression =
        both(std::move(expression), logs::Expression::of(argument_or_raise(logs::parse_least_level(to_utf8(level, "level")))));
  }
  logs::TimeFilter time;
  if (!since.is_none()) time.since = to_time(since, "since");
  if (!until.is_none()) time.until = to_time(until, "until");
  return time.since || time.until ? both(std::move(expression), logs::Expression::of(time)) : expression;
}

OperationPtr prepare_search(py::handle source, py::handle expr, py::handle exclude, py::handle level, py::handle since,
                            py::handle until, py::handle reference, bool records, JobPtr job) {
  const TimeUs at = reference.is_none() ? now_us() : to_time(reference, "reference");
  const JobPtr own = job_or_new(std::move(job), "search");
  return make_operation(
      own,
      [open = log_source(source), expression = to_expression(expr, exclude, level, since, until), at, records,
       own]() -> Result<LogMatchesPtr> {
        const auto search = logs::Search::compile(expression);
        if (!search) return tl::unexpected(search.error());
        auto log = open(*own);
        if (!log) return tl::unexpected(log.error());
        logs::SearchOptions options;
        options.reference = at;
        auto found = search->run((*log)->bytes->view(), options, *own);
        if (!found) return tl::unexpected(found.error());
        if (!records) return std::make_shared<LogMatches>(LogMatches{std::move(*log), at, std::move(found->lines)});
        auto whole = logs::records_of((*log)->bytes->view(), (*log)->index, found->lines, at, *own);
        if (!whole) return tl::unexpected(whole.error());
        return std::make_shared<LogMatches>(LogMatches{std::move(*log), at, std::move(whole->firsts), std::move(whole->lines)});
      },
      [](Result<LogMatchesPtr>&& found) -> py::object { return py::cast(argument_or_raise(std::move(found))); });
}

OperationPtr prepare_count(py::handle source, const py::list& patterns, JobPtr job) {
  std::vector<logs::TextPattern> counted;
  for (const auto pattern : patterns) {
    const auto [text, regex, any_case] = py::cast<std::tuple<py::bytes, bool, bool>>(pattern);
    counted.push_back({std::string(text), regex, any_case});
  }
  const JobPtr own = job_or_new(std::move(job), "count");
  return make_operation(
      own,
      [open = log_source(source), counted = std::move(counted), own]() -> Result<std::vector<std::uint64_t>> {
        const auto search = logs::Search::compile(logs::Expression::of(logs::EveryLine{}), counted);
        if (!search) return tl::unexpected(search.error());
        const auto log = open(*own);
        if (!log) return tl::unexpected(log.error());
        logs::SearchOptions options;
        options.keep_lines = false;
        auto found = search->run((*log)->bytes->view(), options, *own);
        if (!found) return tl::unexpected(found.error());
        return std::move(found->counts);
      },
      [](Result<std::vector<std::uint64_t>>&& counts) -> py::object {
        py::list list;
        for (const std::uint64_t count : argument_or_raise(std::move(counts))) list.append(count);
        return list;
      });
}

std::uint64_t number_at(const LogMatches& self, std::uint64_t k) {
  const auto number = self.lines.select(k);
  if (!number) throw py::index_error("match " + std::to_string(k) + " of " + std::to_string(self.lines.size()));
  return *number;
}

// Of the line `number` or of the record that begins there.
std::string_view text_at(const LogMatches& self, std::uint64_t number) {
  const std::string_view bytes = self.log->bytes->view();
  const std::string_view first = self.log->index.line(bytes, number);
  if (!self.all_lines) return first;
  std::uint64_t last = number;
  while (self.all_lines->contains(last + 1) && !self.lines.contains(last + 1)) ++last;
  if (last == number) return first;
  const std::string_view end = self.log->index.line(bytes, last);
  return {first.data(), static_cast<std::size_t>(end.data() + end.size() - first.data())};
}

py::tuple record(const LogMatches& self, std::uint64_t k) {
  const std::uint64_t number = number_at(self, k);
  const std::string_view text = text_at(self, number);
  const std::string_view first = text.substr(0, text.find('\n'));
  const auto stamp = logs::find_stamp(first, self.reference);
  return py::make_tuple(number, text_of(*self.log->bytes, text), to_str(logs::level_name(logs::level_of(first))),
                        stamp ? time_to_python(stamp->time) : py::none());
}

py::object value_of(const logs::Field& field, std::string& buffer) {
  const std::string_view text = logs::text_of(field, buffer);
  if (field.kind == logs::FieldKind::boolean) return py::bool_(text == "true");
  if (field.kind == logs::FieldKind::null) {
    return text == "[]" ? py::object(py::list()) : text == "{}" ? py::object(py::dict()) : py::none();
  }
  if (field.kind == logs::FieldKind::number) {
    const auto number = logs::number_of(text);
    if (number && number->whole) return py::int_(*number->whole);
    if (text.find_first_of(".eE") == std::string_view::npos) {  // beyond 64 bits
      auto whole = py::reinterpret_steal<py::object>(PyLong_FromString(std::string(text).c_str(), nullptr, 10));
      if (whole) return whole;
      PyErr_Clear();  // or beyond the digits that Python reads
    }
    return py::float_(number ? number->value : 0.0);
  }
  constexpr std::size_t date_only = 10;
  if (text.size() > date_only) {
    if (const auto time = parse_time(text)) return time_to_python(*time);
  }
  return to_str(text);
}

py::dict fields_of(py::handle line) {
  const std::string text =
      PyBytes_Check(line.ptr()) ? std::string(py::reinterpret_borrow<py::bytes>(line)) : to_utf8(line, "line");
  py::dict fields;
  logs::FieldReader reader;
  reader.start(text);
  std::string buffer;
  for (logs::Field field; reader.next(field);) {
    const py::str name = to_str(field.name);
    const py::object value = value_of(field, buffer);
    if (!field.in_list) {
      fields[name] = value;
    } else if (fields.contains(name) && PyList_Check(py::object(fields[name]).ptr())) {
      py::cast<py::list>(fields[name]).append(value);
    } else {
      py::list values;
      values.append(value);
      fields[name] = values;
    }
  }
  return fields;
}

py::object numbers(const LogMatches& self, std::uint64_t start, std::uint64_t count) {
  auto owner = std::make_shared<const std::vector<std::uint64_t>>(self.lines.numbers(start, count));
  const std::uint64_t* data = owner->data();
  const std::size_t size = owner->size();
  return view_of(SharedBuffer{std::move(owner), data, size, sizeof(std::uint64_t), "Q"});
}

template <class Combine>
LogMatchesPtr combined(const LogMatches& a, const LogMatches& b, Combine combine) {
  if (a.log != b.log && a.log->bytes->name() != b.log->bytes->name()) {
    throw py::value_error("matches of different logs cannot be combined: '" + a.log->bytes->name() + "' and '" +
                          b.log->bytes->name() + "'");
  }
  if (a.all_lines.has_value() != b.all_lines.has_value()) throw py::value_error("lines and records cannot be combined");
  auto both = std::make_shared<LogMatches>(LogMatches{a.log, a.reference, combine(a.lines, b.lines)});
  if (a.all_lines) both->all_lines = combine(*a.all_lines, *b.all_lines);
  return both;
}

}  // namespace

void bind_log_search(py::module_& module) {
  using logs::LineSet;
  py::class_<LogMatches, LogMatchesPtr>(module, "LogMatches", "Lines of one log that a search found. Immutable.")
      .def_property_readonly("log", [](const LogMatches& self) { return self.log; })
      .def("__len__", [](const LogMatches& self) { return self.lines.size(); })
      .def("number", &number_at, py::arg("k"), "Number (1-based) of the k-th line found, from 0.")
      .def("record", &record, py::arg("k"), "(line, text, level, time or None) of the k-th line found, from 0.")
      .def("numbers", &numbers, py::arg("start"), py::arg("count"),
           "Numbers of up to `count` lines from the k-th on, as a memoryview of uint64.")
      .def(
          "contains", [](const LogMatches& self, std::uint64_t line) { return self.lines.contains(line); }, py::arg("line"))
      .def(
          "rank", [](const LogMatches& self, std::uint64_t line) { return self.lines.rank(line); }, py::arg("line"),
          "How many lines found are at most `line`.")
      .def(
          "context",
          [](const LogMatches& self, std::uint64_t around) {
            py::list ranges;
            const LineSet& lines = self.all_lines ? *self.all_lines : self.lines;
            for (const auto& [first, last] : lines.with_context(around, self.log->index.line_count())) {
              ranges.append(py::make_tuple(first, last));
            }
            return ranges;
          },
          py::arg("around"), "(first, last) of the lines found with `around` lines before and behind each.")
      .def(
          "intersection",
          [](const LogMatches& self, const LogMatches& other) {
            return combined(self, other, [](const LineSet& a, const LineSet& b) { return a & b; });
          },
          py::arg("other"))
      .def(
          "union",
          [](const LogMatches& self, const LogMatches& other) {
            return combined(self, other, [](const LineSet& a, const LineSet& b) { return a | b; });
          },
          py::arg("other"))
      .def(
          "difference",
          [](const LogMatches& self, const LogMatches& other) {
            return combined(self, other, [](const LineSet& a, const LineSet& b) { return a - b; });
          },
          py::arg("other"))
      .def("complement",
           [](const LogMatches& self) {
             if (self.all_lines) throw py::type_error("records that were not found are not known; search for NOT (...)");
             return std::make_shared<LogMatches>(
                 LogMatches{self.log, self.reference, self.lines.complement(self.log->index.line_count())});
           })
      .def(
          "same_lines",
          [](const LogMatches& self, const LogMatches& other) {
            return self.lines == other.lines && self.all_lines == other.all_lines;
          },
          py::arg("other"))
      .def_property_readonly("are_records", [](const LogMatches& self) { return self.all_lines.has_value(); })
      .def("__copy__", [](const LogMatchesPtr& self) { return self; })
      .def(
          "__deepcopy__", [](const LogMatchesPtr& self, const py::dict&) { return self; }, py::arg("memo"))
      .def("__repr__", [](const LogMatches& self) {
        return py::str("<LogMatches {!r} {} {}>")
            .format(to_str(self.log->bytes->name()), self.lines.size(), self.all_lines ? "records" : "lines");
      });

  def_operation(module, "search_log", &prepare_search, py::arg("source"), py::arg("expr"), py::arg("exclude") = py::none(),
                py::arg("level") = py::none(), py::arg("since") = py::none(), py::arg("until") = py::none(),
                py::arg("reference") = py::none(), py::arg("records") = false, py::arg("job") = py::none());
  module.def("fields_of", &fields_of, py::arg("line"), R"(The fields of a line: of JSON, of logfmt, and of name=value in a text.

line: str or bytes. Names have a dot between those of objects in each other. Values are str, int, float, bool, None, aware datetimes
(texts that are an ISO 8601 time), and lists of what an array holds. Of a line that breaks off there are the fields before.)");
  def_operation(module, "count_lines", &prepare_count, py::arg("source"), py::arg("patterns"), py::arg("job") = py::none());
}

}  // namespace conclave::scripting
