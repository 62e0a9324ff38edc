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
