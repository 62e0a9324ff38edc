// What hooks changed, put into place by the engine: used by conclave/_hooks.py only. Changes are as in
// engine/case/hook_changes.h.
#include <utility>
#include <vector>

#include "engine/case/case_json.h"
#include "engine/case/consult.h"
#include "engine/case/hook_changes.h"
#include "scripting/bindings/binders.h"
#include "scripting/bindings/convert.h"
#include "scripting/bindings/errors.h"
#include "scripting/bindings/evidence_cast.h"
#include "scripting/bindings/response_cast.h"

namespace conclave::scripting {
namespace {

py::tuple change_services(py::handle evidence, py::handle changes) {
  auto changed = value_or_raise(with_service_changes(evidence_from_python(evidence), to_json_value(changes, "changes")));
  return py::make_tuple(to_python(changed.value), to_str(changed.change));
}

py::tuple change_responses(const py::iterable& responses, py::handle changes) {
  auto changed = value_or_raise(with_response_changes(to_responses(responses), to_json_value(changes, "changes")));
  py::list list;
  for (consensus::ExpertResponse& response : changed.value) list.append(response_to_python(std::move(response)));
  return py::make_tuple(list, to_str(changed.change));
}

py::tuple add_notes(const Report& report, py::handle plugin, py::handle texts) {
  auto notes = value_or_raise(notes_of(to_utf8(plugin, "plugin"), to_json_value(texts, "texts")));
  return py::make_tuple(with_notes(report, std::move(notes.value), {}), to_str(notes.change));
}

py::tuple to_notes(py::handle plugin, py::handle texts) {
  auto notes = value_or_raise(notes_of(to_utf8(plugin, "plugin"), to_json_value(texts, "texts")));
  return py::make_tuple(to_tuple(notes.value), to_str(notes.change));
}

}  // namespace

void bind_hooks(py::module_& module) {
  module.def(
      "services_of", [](py::handle evidence) { return json_to_python(services_of(*evidence_from_python(evidence))); },
      py::arg("evidence"), "One dict per service, as in a report.");
  module.def("with_service_changes", &change_services, py::arg("evidence"), py::arg("changes"),
             "(new evidence, words for the receipt). CircleError for what hooks may not change.");
  module.def("with_response_changes", &change_responses, py::arg("responses"), py::arg("changes"),
             "(new responses, words for the receipt). CircleError for what hooks may not change.");
  module.def(
      "case_to_plain", [](const Case& subject) { return json_to_python(to_json(subject)); }, py::arg("case"),
      "What case_from_plain() makes an equal case of, as JSON has it: of dict, list, str, numbers, bool and None.");
  module.def(
      "case_from_plain", [](py::handle value) { return value_or_raise(case_from_json(to_json_value(value, "case"))); },
      py::arg("value"), "SerializationError for anything else.");
  module.def("notes_of", &to_notes, py::arg("plugin"), py::arg("texts"),
             "(problems, words for the receipt): the notes of one plugin. CircleError for too many, or too long ones.");
  module.def("with_notes", &add_notes, py::arg("report"), py::arg("plugin"), py::arg("texts"),
             "(new report, words for the receipt) with the notes of one plugin.");
}

}  // namespace conclave::scripting
