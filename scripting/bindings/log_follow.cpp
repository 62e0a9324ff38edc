// The follower behind conclave/_follow.py, which gives it its shape.
#include <chrono>
#include <cmath>
#include <filesystem>
#include <memory>
#include <vector>

#include "engine/logs/follow.h"
#include "scripting/bindings/binders.h"
#include "scripting/bindings/convert.h"
#include "scripting/bindings/errors.h"

namespace conclave::scripting {
namespace {

using logs::Follower;

std::unique_ptr<Follower> open(const py::iterable& paths, std::uint64_t last_lines) {
  std::vector<std::filesystem::path> files;
  for (const py::handle path : paths) files.push_back(to_path(path, "path"));
  Result<Follower> follower = [&] {
    const py::gil_scoped_release release;
    return Follower::open(files, {.last_lines = last_lines});
  }();
  return std::make_unique<Follower>(value_or_raise(std::move(follower)));
}

py::list to_list(const std::vector<logs::Followed>& all) {
  py::list list;
  for (const logs::Followed& one : all)
    list.append(py::make_tuple(one.file, to_str(logs::what_name(one.what)), py::bytes(one.text)));
  return list;
}

py::list take(Follower& self, double patience, const JobPtr& job) {
  if (!std::isfinite(patience) || patience < 0) throw py::value_error("patience is a number of seconds, 0 or more");
  const auto most = std::chrono::milliseconds(static_cast<std::int64_t>(std::min(patience, 60.0) * 1000));
  std::vector<logs::Followed> all;
  {
    const py::gil_scoped_release release;
    Job own;
    all = self.take(most, job ? *job : own);
  }
  return to_list(all);
}

py::list rest(Follower& self) {
  std::vector<logs::Followed> all;
  {
    const py::gil_scoped_release release;
    all = self.rest();
  }
  return to_list(all);
}

}  // namespace

void bind_log_follow(py::module_& module) {
  py::class_<Follower>(module, "Follower", "What conclave.logs.follow uses. One thread at a time.")
      .def(py::init(&open), py::arg("paths"), py::arg("last_lines") = 10)
      .def("take", &take, py::arg("patience"), py::arg("job") = py::none(),
           "(index of the path, event, bytes) as soon as there is some, at most `patience` seconds later.")
      .def("rest", &rest, "The same of last lines that have no end.");
}

}  // namespace conclave::scripting
