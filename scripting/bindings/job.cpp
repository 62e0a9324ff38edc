#include "engine/base/job.h"

#include <memory>

#include "scripting/bindings/binders.h"
#include "scripting/bindings/convert.h"

namespace conclave::scripting {

void bind_job(py::module_& module) {
  py::class_<Progress>(module, "Progress", "How far a job is. `total` is 0 while unknown.")
      .def_property_readonly("phase", [](const Progress& progress) { return to_str(progress.phase); })
      .def_property_readonly("unit", [](const Progress& progress) { return to_str(progress.unit); })
      .def_readonly("done", &Progress::done)
      .def_readonly("total", &Progress::total)
      .def("__eq__",
           [](const Progress& self, const py::object& other) -> py::object {
             if (!py::isinstance<Progress>(other)) return py::reinterpret_borrow<py::object>(Py_NotImplemented);
             const auto& another = py::cast<const Progress&>(other);
             return py::bool_(self.phase == another.phase && self.unit == another.unit && self.done == another.done &&
                              self.total == another.total);
           })
      .def("__copy__", [](const Progress& self) { return self; })
      .def(
          "__deepcopy__", [](const Progress& self, const py::dict&) { return self; }, py::arg("memo"))
      .def(py::pickle(
          [](const Progress& self) { return py::make_tuple(to_str(self.phase), to_str(self.unit), self.done, self.total); },
          [](const py::tuple& state) {
            return Progress{to_utf8(state[0], "phase"), to_utf8(state[1], "unit"), py::cast<std::uint64_t>(state[2]),
                            py::cast<std::uint64_t>(state[3])};
          }))
      .def("__repr__", [](const Progress& progress) {
        return py::str("Progress(phase={!r}, done={}, total={}, unit={!r})")
            .format(to_str(progress.phase), progress.done, progress.total, to_str(progress.unit));
      });
  module.attr("Progress").attr("__match_args__") = py::make_tuple("phase", "done", "total", "unit");

  py::class_<Job, std::shared_ptr<Job>>(
      module, "Job", "Progress out, a stop in. Pass one to a long call to watch it or to stop it from another thread.")
      .def(py::init([](py::handle title, Job* parent) {
             std::string text = to_utf8(title, "title");
             return parent != nullptr ? std::make_shared<Job>(std::move(text), *parent) : std::make_shared<Job>(std::move(text));
           }),
           py::arg("title") = "", py::arg("parent") = py::none(), "A job that also stops when `parent` does.")
      .def_property_readonly("id", &Job::id)
      .def_property_readonly("title", [](const Job& job) { return to_str(job.title()); })
      .def_property_readonly("stopped", &Job::stopped, "Whether somebody asked this job to stop.")
      .def("request_stop", &Job::request_stop, "Asks the work to end soon. Any thread.")
      .def("begin", &Job::begin, py::arg("phase"), py::arg("total") = 0, py::arg("unit") = "",
           "Starts a phase of `total` steps; `done` returns to 0.")
      .def("advance", &Job::advance, py::arg("amount") = 1)
      .def("progress", &Job::progress)
      .def("__repr__", [](const Job& job) {
        return py::str("<conclave.Job {} {!r}{}>").format(job.id(), to_str(job.title()), job.stopped() ? " stopped" : "");
      });
}

}  // namespace conclave::scripting
