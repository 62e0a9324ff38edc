// The history of reports.
#include "engine/store/store.h"

#include <memory>
#include <string>

#include "engine/case/past.h"
#include "scripting/bindings/binders.h"
#include "scripting/bindings/convert.h"
#include "scripting/bindings/errors.h"
#include "scripting/bindings/operation.h"

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

// For those who must not wait: each opens the user's own history for itself.
OperationPtr prepare_last_report(const Case& subject) {
  return make_operation(
      std::make_shared<Job>("read history"),
      [subject]() -> Result<std::optional<std::string>> {
        const auto history = Store::open(store::default_store_path());
        if (!history) return tl::unexpected(history.error());
        return last_report_json(**history, subject);
      },
      [](Result<std::optional<std::string>>&& result) {
        const auto json = value_or_raise(std::move(result));
        return json ? py::object(to_str(*json)) : py::none();
      });
}

OperationPtr prepare_keep_report(const Report& report, const Case& subject) {
  return make_operation(
      std::make_shared<Job>("keep report"),
      [report, subject]() -> Result<void> {
        auto history = Store::open(store::default_store_path());
        if (!history) return tl::unexpected(history.error());
        return keep_report(**history, subject, report);
      },
      [](Result<void>&& result) -> py::object {
        value_or_raise(std::move(result));
        return py::none();
      });
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
  def_operation(module, "last_report", &prepare_last_report, py::arg("case"),
                "The newest report on the case in the user's own history, as JSON text, or None.");
  def_operation(module, "keep_report", &prepare_keep_report, py::arg("report"), py::arg("case"), "In the user's own history.");
  module.def("default_store_path", [] { return path_to_python(store::default_store_path()); });
}

}  // namespace conclave::scripting
