// The steps of the main job, and the report they end in.
#include "engine/case/report.h"

#include <memory>
#include <string>
#include <utility>

#include "engine/case/audit.h"
#include "engine/case/consult.h"
#include "engine/case/render.h"
#include "scripting/bindings/binders.h"
#include "scripting/bindings/blocking.h"
#include "scripting/bindings/convert.h"
#include "scripting/bindings/errors.h"
#include "scripting/bindings/evidence_cast.h"
#include "scripting/bindings/operation.h"
#include "scripting/bindings/response_cast.h"

namespace conclave::scripting {
namespace {

using nlohmann::json;

OperationPtr prepare_load_config(const Case& subject) {
  return make_operation(
      std::make_shared<Job>("read configuration"), [subject] { return load_config(subject); },
      [](Result<std::optional<config::ConfigFile>>&& result) {
        auto file = value_or_raise(std::move(result));
        return file ? py::cast(std::move(*file)) : py::none();
      });
}

// As in the program, what runs is in the audit log; that it cannot be written stops nothing.
CommandOptions to_commands(py::handle allowed, bool from_snapshots, py::handle secrets) {
  CommandOptions options;
  options.allowed = to_texts(allowed, "allow_commands");
  options.all_from_snapshots = from_snapshots;
  options.secrets = to_texts(secrets, "secrets");
  options.on_run = [](const CommandRun& run) {
    const AuditLine line = audit_of_command(run);
    (void)write_audit({&line, 1}, default_audit_path());
  };
  return options;
}

OperationPtr prepare_gather(const Case& subject, const py::object& config, JobPtr job, py::handle allow_commands,
                            bool from_snapshots, py::handle secrets) {
  std::optional<config::ConfigFile> file;
  if (!config.is_none()) file = py::cast<config::ConfigFile>(config);
  const JobPtr own = job_or_new(std::move(job), "gather");
  return make_operation(
      own,
      [subject, file = std::move(file), own, commands = to_commands(allow_commands, from_snapshots, secrets)] {
        return gather(subject, file, *own, commands);
      },
      [](Result<Gathered>&& gathered) { return py::cast(value_or_raise(std::move(gathered))); });
}

std::vector<ReceiptPlugin> to_plugins(const py::iterable& plugins) {
  std::vector<ReceiptPlugin> list;
  for (const py::handle item : plugins) {
    const auto tuple = py::cast<py::tuple>(item);
    if (tuple.size() != 3) throw py::value_error("a plugin is (name, version, sha256)");
    list.push_back({to_utf8(tuple[0], "name"), to_utf8(tuple[1], "version"), to_utf8(tuple[2], "sha256")});
  }
  return list;
}

std::vector<ReceiptHook> to_hooks(const py::iterable& hooks) {
  std::vector<ReceiptHook> list;
  for (const py::handle item : hooks) {
    const auto tuple = py::cast<py::tuple>(item);
    if (tuple.size() != 4) throw py::value_error("a hook is (hook, plugin, change, seconds)");
    list.push_back(
        {to_utf8(tuple[0], "hook"), to_utf8(tuple[1], "plugin"), to_utf8(tuple[2], "change"), to_number(tuple[3], "seconds")});
  }
  return list;
}

OperationPtr prepare_report(const Case& subject, const Gathered& gathered, const py::iterable& responses,
                            const py::iterable& plugins, const py::iterable& hooks, const py::dict& weights,
                            const py::object& started, const py::object& embedding, const py::object& learned) {
  std::map<std::string, double> weight_of;
  for (const auto& [name, weight] : weights) weight_of[to_utf8(name, "name")] = to_number(weight, "weight");
  const TimeUs start = started.is_none() ? now_us() : to_time(started, "started");
  consensus::Learned taught;
  if (!learned.is_none()) taught = value_or_raise(consensus::learned_from_json(to_json_value(learned, "learned")));
  std::optional<std::pair<ReceiptPlugin, Result<json>>> made;
  if (!embedding.is_none()) {
    const auto tuple = py::cast<py::tuple>(embedding);
    if (tuple.size() != 4) throw py::value_error("an embedding is (name, version, sha256, vectors or why there are none)");
    Result<json> vectors = fail(ErrorKind::script, PyUnicode_Check(tuple[3].ptr()) ? to_utf8(tuple[3], "why") : std::string());
    if (!PyUnicode_Check(tuple[3].ptr())) vectors = to_json_value(tuple[3], "vectors");
    made.emplace(ReceiptPlugin{to_utf8(tuple[0], "name"), to_utf8(tuple[1], "version"), to_utf8(tuple[2], "sha256")},
                 std::move(vectors));
  }
  return make_operation(
      std::make_shared<Job>("report"),
      [subject, gathered, answers = to_responses(responses), used_plugins = to_plugins(plugins), used_hooks = to_hooks(hooks),
       weight_of = std::move(weight_of), start, made = std::move(made), taught = std::move(taught)]() mutable -> Result<Report> {
        std::optional<ReceiptEmbedding> compared;
        if (made) compared = compared_by(made->first, answers, made->second);
        return make_report(subject, gathered, std::move(answers), used_plugins, used_hooks, weight_of, start, std::move(compared),
                           std::move(taught));
      },
      [](Result<Report>&& report) { return py::cast(value_or_raise(std::move(report))); });
}

py::tuple verify(const py::iterable& responses, const py::object& evidence) {
  auto answers = to_responses(responses);
  const EvidencePtr found = evidence_from_python(evidence);
  {
    const py::gil_scoped_release release;
    verify_claims(answers, *found);
  }
  return to_tuple(answers);
}

std::string dump(const json& value, int indent) { return value.dump(indent, ' ', false, json::error_handler_t::replace); }

Report from_json_value(const json& value) { return value_or_raise(report_from_json(value)); }

Report from_json_text(py::handle text) {
  const std::string content =
      PyBytes_Check(text.ptr()) ? std::string(py::reinterpret_borrow<py::bytes>(text)) : to_utf8(text, "text");
  const json value = json::parse(content, nullptr, false);
  if (value.is_discarded()) raise(Error{ErrorKind::serialization, "a report is JSON, and this is not", {}, 0, 0});
  return from_json_value(value);
}

// A field of the JSON form; the parts without a class of their own leave as plain values.
py::object field(const Report& self, const char* name) { return json_to_python(to_json(self).at(name)); }

py::object interval(const Report& self) {
  const auto& bounds = self.consensus.confidence_interval;
  return bounds ? py::object(py::make_tuple(bounds->first, bounds->second)) : py::none();
}

template <class Render>
auto rendered(Render render) {
  std::string text;
  {
    const py::gil_scoped_release release;
    text = render();
  }
  return to_str(text);
}

py::list inputs_of(const Gathered& self) {
  py::list list;
  for (const auto& input : self.inputs) list.append(py::make_tuple(to_str(input.path), input.bytes, to_str(input.sha256)));
  return list;
}

// The evidence is immutable: a copy shares it.
py::tuple gathered_state(const Gathered& self) {
  return py::make_tuple(to_python(self.evidence), to_tuple(self.problems), inputs_of(self), self.coverage, self.unreadable);
}

Gathered gathered_from_state(const py::tuple& state) {
  Gathered gathered;
  gathered.evidence = evidence_from_python(state[0]);
  for (const py::handle problem : state[1]) gathered.problems.push_back(py::cast<config::Problem>(problem));
  for (const py::handle item : state[2]) {
    const auto input = py::cast<py::tuple>(item);
    gathered.inputs.push_back({to_utf8(input[0], "path"), py::cast<std::uint64_t>(input[1]), to_utf8(input[2], "sha256")});
  }
  gathered.coverage = py::cast<double>(state[3]);
  gathered.unreadable = py::cast<bool>(state[4]);
  return gathered;
}

void bind_gathered(py::module_& module) {
  py::class_<Gathered>(module, "Gathered", "What gather() brings back.")
      .def_property(
          "evidence", [](const Gathered& self) { return to_python(self.evidence); },
          [](Gathered& self, py::handle value) { self.evidence = evidence_from_python(value); },
          "The columns; a hook's result may take their place.")
      .def_property_readonly("problems", [](const Gathered& self) { return to_tuple(self.problems); })
      .def_property_readonly("inputs", &inputs_of, "(path, bytes, sha256) of what was read.")
      .def_readonly("coverage", &Gathered::coverage, "Share of the named evidence that could be read, in [0, 1].")
      .def_readonly("unreadable", &Gathered::unreadable)
      .def("__eq__",
           [](const Gathered& self, const py::object& other) -> py::object {
             if (!py::isinstance<Gathered>(other)) return py::reinterpret_borrow<py::object>(Py_NotImplemented);
             return py::bool_(gathered_state(self).equal(gathered_state(py::cast<const Gathered&>(other))));
           })
      .def("__copy__", [](const Gathered& self) { return self; })
      .def(
          "__deepcopy__", [](const Gathered& self, const py::dict&) { return self; }, py::arg("memo"))
      .def("__repr__",
           [](const Gathered& self) {
             return py::str("<Gathered coverage={} {} problems>").format(self.coverage, self.problems.size());
           })
      .def(py::pickle(&gathered_state, &gathered_from_state));
  module.attr("Gathered").attr("__match_args__") = py::make_tuple("evidence", "problems", "inputs", "coverage");

  def_operation(module, "load_config", &prepare_load_config, py::arg("case"), "The ConfigFile the case names, or None.");
  def_operation(module, "gather", &prepare_gather, py::arg("case"), py::arg("config") = py::none(), py::arg("job") = py::none(),
                py::arg("allow_commands") = py::tuple(), py::arg("from_snapshots") = false, py::arg("secrets") = py::tuple(),
                "Reads logs and scans services. OSError for named evidence that cannot be read. allow_commands: lines that logs "
                "of the case may come from; from_snapshots: what they printed last is taken, and nothing runs; secrets: "
                "variables that commands do not get.");
  module.def(
      "with_hooks", [](const Report& report, const py::iterable& hooks) { return with_notes(report, {}, to_hooks(hooks)); },
      py::arg("report"), py::arg("hooks"), "A new report whose receipt has these (hook, plugin, change, seconds), too.");
  module.def("verify_claims", &verify, py::arg("responses"), py::arg("evidence"),
             "The responses, every citation resolved against the evidence.");
  def_operation(
      module, "make_report", &prepare_report, py::arg("case"), py::arg("gathered"), py::arg("responses"),
      py::arg("plugins") = py::tuple(), py::arg("hooks") = py::tuple(), py::arg("weights") = py::dict(),
      py::arg("started") = py::none(), py::arg("embedding") = py::none(), py::arg("learned") = py::none(),
      "Verifies claims, concludes and writes the report. plugins: (name, version, sha256); hooks: (hook, plugin, change, "
      "seconds); weights: by expert name; embedding: (name, version, sha256, vectors of texts_to_embed(responses) or a text "
      "that says why there are none); learned: as Store.learned gives it.");
}

}  // namespace

void bind_report(py::module_& module) {
  bind_gathered(module);
  py::class_<Report>(module, "Report", "The verdict and everything a reader needs to judge it, also when the logs are gone.")
      .def_property_readonly("id", [](const Report& self) { return to_str(self.id); })
      .def_property_readonly("case_name", [](const Report& self) { return to_str(self.case_name); })
      .def_property_readonly("case_file", [](const Report& self) { return to_str(self.case_file); })
      .def_property_readonly("question", [](const Report& self) { return to_str(self.question); })
      .def_property_readonly("consensus", [](const Report& self) { return self.consensus; })
      .def_property_readonly(
          "verdict", [](const Report& self) { return field(self, "verdict"); }, "None: no consensus.")
      .def_property_readonly("passed", [](const Report& self) { return self.consensus.passed; })
      .def_property_readonly("reason", [](const Report& self) { return to_str(self.consensus.reason); })
      .def_property_readonly(
          "confidence_score", [](const Report& self) { return self.consensus.confidence_score; },
          "Probability of the verdict, in [0, 1].")
      .def_property_readonly("confidence_interval", &interval, "(low, high) or None.")
      .def_property_readonly(
          "coverage", [](const Report& self) { return self.consensus.coverage; },
          "Share of asked experts that answered with something that could vote, in [0, 1].")
      .def_property_readonly("consensus_text", [](const Report& self) { return to_str(self.consensus.consensus_text); })
      .def_property_readonly("responses", [](const Report& self) { return to_tuple(self.responses); })
      .def_property_readonly("scopes", [](const Report& self) { return field(self, "scopes"); })
      .def_property_readonly("dissenting_opinions", [](const Report& self) { return field(self, "dissenting_opinions"); })
      .def_property_readonly("key_insights", [](const Report& self) { return field(self, "key_insights"); })
      .def_property_readonly("agreement_matrix", [](const Report& self) { return field(self, "agreement_matrix"); })
      .def_property_readonly("groups", [](const Report& self) { return field(self, "groups"); })
      .def_property_readonly("counterfactuals", [](const Report& self) { return field(self, "counterfactuals"); })
      .def_property_readonly(
          "evidence", [](const Report& self) { return field(self, "evidence"); }, "{logs, services, config, excerpts}")
      .def_property_readonly("problems", [](const Report& self) { return to_tuple(self.problems); })
      .def_property_readonly("receipt", [](const Report& self) { return field(self, "receipt"); })
      .def_property_readonly("started", [](const Report& self) { return time_to_python(self.started); })
      .def_property_readonly("seconds", [](const Report& self) { return self.seconds; })
      .def_property_readonly("exit_code", &Report::exit_code, "0 passed, 1 another verdict, 3 no consensus.")
      .def(
          "to_dict", [](const Report& self) { return json_to_python(to_json(self)); }, "As the JSON, in Python values.")
      .def(
          "to_json", [](const Report& self, int indent) { return rendered([&] { return dump(to_json(self), indent); }); },
          py::arg("indent") = 2)
      .def(
          "to_text",
          [](const Report& self, bool colour, int width) { return rendered([&] { return render_text(self, colour, width); }); },
          py::arg("colour") = false, py::arg("width") = 100)
      .def(
          "to_markdown",
          [](const Report& self, bool redacted) { return rendered([&] { return render_markdown(self, redacted); }); },
          py::arg("redacted") = false)
      .def(
          "to_html", [](const Report& self, bool redacted) { return rendered([&] { return render_html(self, redacted); }); },
          py::arg("redacted") = false, "One self-contained file.")
      .def("to_junit", [](const Report& self) { return rendered([&] { return render_junit(self); }); })
      .def("_repr_html_", [](const Report& self) { return rendered([&] { return render_html(self); }); })
      .def(
          "replay", [](const Report& self) { return value_or_raise(replay(self)); },
          "Derives the consensus again from receipt and responses.")
      .def_static("from_json", &from_json_text, py::arg("text"), "From to_json(); SerializationError names what is wrong.")
      .def_static(
          "from_dict", [](py::handle value) { return from_json_value(to_json_value(value, "report")); }, py::arg("value"))
      .def("__eq__",
           [](const Report& self, const py::object& other) -> py::object {
             if (!py::isinstance<Report>(other)) return py::reinterpret_borrow<py::object>(Py_NotImplemented);
             return py::bool_(to_json(self) == to_json(py::cast<const Report&>(other)));
           })
      .def("__hash__", [](const Report& self) { return py::hash(to_str(self.id)); })
      .def("__copy__", [](const Report& self) { return self; })
      .def(
          "__deepcopy__", [](const Report& self, const py::dict&) { return self; }, py::arg("memo"))
      .def("__repr__",
           [](const Report& self) {
             return py::str("<Report {!r}: {!r}, confidence {:.2f}, {} experts>")
                 .format(to_str(self.case_name), field(self, "verdict"), self.consensus.confidence_score, self.responses.size());
           })
      .def("__str__", [](const Report& self) { return rendered([&] { return render_text(self, false); }); })
      .def(py::pickle([](const Report& self) { return py::make_tuple(to_str(dump(to_json(self), -1))); },
                      [](const py::tuple& state) { return from_json_text(state[0]); }));
}

}  // namespace conclave::scripting
