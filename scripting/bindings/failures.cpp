// What failed experts were given, saved as tests: used by conclave/case.py only.
#include "scripting/failures.h"

#include <utility>
#include <vector>

#include "scripting/bindings/binders.h"
#include "scripting/bindings/convert.h"
#include "scripting/bindings/errors.h"
#include "scripting/bindings/evidence_cast.h"
#include "scripting/bindings/plugin_cast.h"

namespace conclave::scripting {
namespace {

ChosenExpert to_chosen(py::handle info, py::handle settings) {
  const auto dict = py::cast<py::dict>(info);
  ChosenExpert expert{plugin_from_python(dict), to_json_value(settings, "settings")};
  if (py::cast<bool>(dict["isolated"])) expert.plugin.runner = "isolated";
  return expert;
}

py::list save(py::handle folder, const py::iterable& chosen, py::handle evidence, const Report& report) {
  const std::filesystem::path place = to_path(folder, "folder");
  std::vector<ChosenExpert> experts;
  for (const py::handle item : chosen) {
    const auto pair = py::cast<py::tuple>(item);
    if (pair.size() != 2) throw py::value_error("an expert is (info, settings)");
    experts.push_back(to_chosen(pair[0], pair[1]));
  }
  const EvidencePtr asked_on = evidence_from_python(evidence);
  Result<std::vector<std::filesystem::path>> saved;
  {
    const py::gil_scoped_release release;
    saved = save_failures(place, experts, asked_on, report);
  }
  py::list paths;
  for (const auto& path : value_or_raise(std::move(saved))) paths.append(path_to_python(path));
  return paths;
}

}  // namespace

void bind_failures(py::module_& module) {
  module.def(
      "save_failures", &save, py::arg("folder"), py::arg("chosen"), py::arg("evidence"), py::arg("report"),
      "Saves what each of the (info, settings) was given that failed, as a test: the folders. OSError if that cannot be done.");
}

}  // namespace conclave::scripting
