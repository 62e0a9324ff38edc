// The history of reports.
#include "engine/store/store.h"

#include <memory>
#include <string>

#include "engine/case/past.h"
#include "scripting/bindings/binders.h"
#include "scripting/bindings/convert.h"
#include "scripting/bindings/errors.h"

namespace conclave::scripting {
namespace {

using store::Store;

// SQLite may wait for another process: never with the GIL held.
template <class Work>
auto without_gil(Work work) {
  const py::gil_scoped_release release;
  return work();
}

std::unique_ptr<Store> open(py::handle path) {
  const std::filesystem::path file = path.is_none() ? store::default_store_path() : to_path(path, "path");
  return value_or_raise(without_gil([&] { return Store::open(file); }));
}

void add(Store& self, const Report& report, const Case& subject) {
  value_or_raise(without_gil([&] { return keep_report(self, subject, report); }));
}

py::list list(const Store& self, std::size_t limit) {
  const auto rows = value_or_raise(without_gil([&] { return self.list_reports(limit); }));
  py::list answers;
  for (const auto& row : rows) {
    answers.append(py::make_tuple(to_str(row.id), to_str(row.case_name), to_str(row.case_key), time_to_python(row.started),
                                  row.verdict.empty() ? py::object(py::none()) : py::object(to_str(row.verdict)), row.passed,
                                  row.confidence ? py::object(py::float_(*row.confidence)) : py::none()));
  }
  return answers;
}

py::object last(const Store& self, const Case& subject) {
  const auto json = value_or_raise(without_gil([&] { return last_report_json(self, subject); }));
  return json ? py::object(to_str(*json)) : py::none();
}

}  // namespace

void bind_store(py::module_& module) {
  py::class_<Store>(module, "Store", "The history of reports, in SQLite. Several processes may share one file.")
      .def(py::init(&open), py::arg("path") = py::none(), "path: None for the user's own history.")
      .def("add_report", &add, py::arg("report"), py::arg("case"),
           "Under the absolute path of the case file, or the name of a case without one.")
      .def("list_reports", &list, py::arg("limit") = 100,
           "(id, case_name, case_key, started, verdict, passed, confidence), newest first.")
      .def(
          "report_json",
          [](const Store& self, py::handle id) {
            const std::string wanted = to_utf8(id, "id");
            return to_str(value_or_raise(without_gil([&] { return self.report_json(wanted); })));
          },
          py::arg("id"), "By id or a unique prefix of at least 4 characters; KeyError otherwise.")
      .def("last_report_json", &last, py::arg("case"), "The newest report on the case, or None.");
  module.def("default_store_path", [] { return path_to_python(store::default_store_path()); });
}

}  // namespace conclave::scripting
