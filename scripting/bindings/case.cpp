// Case: what to look at and what to ask.
#include "engine/case/case.h"

#include <string>
#include <utility>

#include "engine/case/case_json.h"
#include "engine/scan/probe/needs.h"
#include "scripting/bindings/binders.h"
#include "scripting/bindings/blocking.h"
#include "scripting/bindings/circle_cast.h"
#include "scripting/bindings/convert.h"
#include "scripting/bindings/errors.h"
#include "scripting/bindings/operation.h"

namespace conclave::scripting {
namespace {

using nlohmann::json;

// All problems at once: in the text one a line, and as the attribute `problems`.
Case usable_case(Result<CaseFile>&& read) {
  CaseFile file = value_or_raise(std::move(read));
  if (file.usable()) return std::move(file.value);
  std::string text;
  for (const config::Problem& problem : file.problems) text += (text.empty() ? "" : "\n") + config::to_text(problem);
  raise(Error{ErrorKind::parse, std::move(text), {}, 0, 0}, to_tuple(file.problems));
}

// A script may change its working folder: what a case names does not move with it.
std::filesystem::path absolute_path(py::handle path, const char* what) {
  std::error_code error;
  auto absolute = std::filesystem::absolute(to_path(path, what), error).lexically_normal();
  if (error) raise(fail_io("cannot tell the working folder", {}, error.value()).value());
  return absolute.has_filename() ? absolute : absolute.parent_path();
}

OperationPtr prepare_load_case(py::handle path) {
  return make_operation(
      std::make_shared<Job>("read case"), [file = to_path(path, "path")] { return read_case_file(file); },
      [place = absolute_path(path, "path")](Result<CaseFile>&& read) {
        Case loaded = usable_case(std::move(read));
        loaded.file = place;
        loaded.base = place.parent_path();
        return py::cast(std::move(loaded));
      });
}

Case read_case_text(py::handle text, py::handle file) {
  const std::string yaml = to_utf8(text, "text");
  const std::filesystem::path name = to_path(file, "file");
  Job job("read case");
  Case parsed = usable_case(blocking(job, [&] { return read_case(yaml, name); }));
  parsed.base = absolute_path(file, "file").parent_path();
  return parsed;
}

// Paths, and mappings that name a command, as in a case file.
struct GivenLogs {
  std::vector<std::string> paths;
  json commands = json::array();
};

GivenLogs to_logs(py::handle value) {
  GivenLogs logs;
  if (value.is_none()) return logs;
  const auto is_mapping = [](py::handle item) { return py::hasattr(item, "keys"); };
  const auto add = [&](py::handle item) {
    if (is_mapping(item))
      logs.commands.push_back(to_json_value(item, "logs"));
    else
      logs.paths.push_back(to_path(item, "logs").string());
  };
  const bool is_one = PyUnicode_Check(value.ptr()) || PyBytes_Check(value.ptr()) || is_mapping(value);
  if (is_one || py::hasattr(value, "__fspath__")) {
    add(value);
  } else {
    for (const py::handle item : value) add(item);
  }
  return logs;
}

// As a case file has them: (host, port) pairs are accepted too.
json services_json(py::handle services) {
  json list = json::array();
  for (const py::handle item : services) {
    if (PyTuple_Check(item.ptr()) && py::len(item) == 2) {
      const auto pair = py::reinterpret_borrow<py::tuple>(item);
      const std::string host = to_utf8(pair[0], "host");
      const std::string shown = host.find(':') == std::string::npos ? host : "[" + host + "]";
      list.push_back(shown + ":" + std::to_string(py::cast<long long>(pair[1])));
    } else {
      list.push_back(to_json_value(item, "services"));
    }
  }
  return list;
}

json time_json(py::handle time, const char* what) { return format_time(to_time(time, what)); }

// A case from code is read by the same reader as a case file (JSON is YAML), so that the same rules hold.
Case case_from_document(json document, GivenLogs logs, std::string config, std::filesystem::path base) {
  if (!logs.paths.empty() || !logs.commands.empty()) {
    document["logs"] = logs.paths;
    for (json& command : logs.commands) document["logs"].push_back(std::move(command));
  }
  if (!config.empty()) document["config"] = config;
  const std::string text = document.dump(-1, ' ', false, json::error_handler_t::replace);
  Case made = usable_case(read_case(text, "<case>"));
  made.file.clear();
  for (ExpertChoice& choice : made.experts) choice = {choice.name, choice.settings, choice.weight};  // places of no file
  made.base = std::move(base);
  made.logs = std::move(logs.paths);
  for (LogCommand& command : made.commands) command.location = {};
  made.config = std::move(config);
  if (!document.contains("name")) made.name = "case";
  return made;
}

Case make_case(py::handle question, py::handle logs, py::handle services, py::handle config, py::handle name, py::handle verdicts,
               bool ordered, py::handle gate, py::handle change_time, py::handle time_range, py::handle experts,
               py::handle circle, py::handle base, bool keep_going) {
  json document = {{"question", to_utf8(question, "question")}, {"ordered", ordered}};
  const auto set = [&](const char* key, py::handle value) {
    if (!value.is_none()) document[key] = to_json_value(value, key);
  };
  set("name", name);
  set("verdicts", verdicts);
  set("gate", gate);
  set("experts", experts);
  set("circle", circle);
  if (!services.is_none()) document["services"] = services_json(services);
  if (!change_time.is_none()) document["change_time"] = time_json(change_time, "change_time");
  if (const auto range = to_time_range(time_range, "time_range")) {
    document["time_range"] = {format_time(range->first), format_time(range->second)};
  }
  Case made =
      case_from_document(std::move(document), to_logs(logs),
                         config.is_none() ? std::string{} : to_path(config, "config").string(), absolute_path(base, "base"));
  made.keep_going = keep_going;
  return made;
}

json experts_json(const Case& self) {
  json list = json::array();
  for (const ExpertChoice& choice : self.experts) {
    list.push_back({{"name", choice.name}, {"settings", choice.settings}, {"weight", choice.weight}});
  }
  return list;
}

py::str place_of(const Case& self, py::handle expert, py::handle setting) {
  const std::string name = to_utf8(expert, "expert");
  for (const ExpertChoice& choice : self.experts) {
    if (choice.name == name) return to_str(choice.place(to_utf8(setting, "setting")));
  }
  return to_str("");
}

json gate_json(const consensus::Gate& gate) {
  json object = {{"required", gate.required}, {"min_confidence", gate.min_confidence}, {"pass", gate.pass}};
  if (gate.min_answered) object["min_answered"] = *gate.min_answered;
  if (gate.pass.empty()) object.erase("pass");
  return object;
}

json circle_json(const consensus::CircleConfig& circle) {
  const auto& threshold = circle.min_consensus_threshold;
  json object = {{"min_consensus_threshold", threshold ? json(*threshold) : json("auto")},
                 {"similarity_algorithm", consensus::similarity_name(circle.similarity_algorithm)},
                 {"enable_parallel_processing", circle.enable_parallel_processing},
                 {"max_threads", circle.max_threads}};
  if (!circle.embedding.empty()) object["embedding"] = circle.embedding;
  return object;
}

json target_json(const scan::Target& target) {
  const std::string host = target.host.find(':') == std::string::npos ? target.host : "[" + target.host + "]";
  json object = {{"target", host + ":" + std::to_string(target.port)}, {"name", target.name}};
  if (target.expect) object["expect"] = scan::state_name(*target.expect);
  if (!target.probe.empty()) object["probe"] = target.probe;
  if (target.needs) object.update(scan::to_json(*target.needs));
  if (target.p95_ms) object["p95_ms"] = *target.p95_ms;
  return object;
}

json services_json(const Case& self) {
  json list = json::array();
  for (const scan::Target& target : self.services) list.push_back(target_json(target));
  return list;
}

// What a case file would hold, without logs and config, whose paths may be no UTF-8.
json document_of(const Case& self) {
  json document = {{"name", self.name},
                   {"question", self.question_text},
                   {"verdicts", self.question.verdicts},
                   {"ordered", self.question.ordered},
                   {"gate", gate_json(self.question.gate)},
                   {"circle", circle_json(self.question.circle)}};
  if (self.change_time) document["change_time"] = format_time(*self.change_time);
  if (self.time_range) document["time_range"] = {format_time(self.time_range->first), format_time(self.time_range->second)};
  if (!self.services.empty()) document["services"] = services_json(self);
  if (!self.experts.empty()) document["experts"] = experts_json(self);
  return document;
}

py::tuple paths_to_python(const std::vector<std::string>& paths) {
  py::tuple tuple(paths.size());
  for (std::size_t i = 0; i < paths.size(); ++i) tuple[i] = path_to_python(paths[i]);
  return tuple;
}

json commands_json(const Case& self) {
  json list = json::array();
  for (const LogCommand& command : self.commands) {
    list.push_back(
        {{"command", command.line}, {"name", command.name}, {"timeout", command.timeout_s}, {"max_bytes", command.max_bytes}});
  }
  return list;
}

py::tuple logs_to_python(const Case& self) {
  py::list logs(paths_to_python(self.logs));
  for (const json& command : commands_json(self)) logs.append(json_to_python(command));
  return py::tuple(logs);
}

py::object config_to_python(const Case& self) {
  return self.config.empty() ? py::object(py::none()) : py::object(path_to_python(self.config));
}

py::dict to_dict(const Case& self) {
  py::dict dict = json_to_python(document_of(self));
  if (!self.logs.empty() || !self.commands.empty()) dict["logs"] = logs_to_python(self);
  if (!self.config.empty()) dict["config"] = config_to_python(self);
  return dict;
}

py::str case_state(const Case& self) { return to_str(to_json(self).dump(-1, ' ', false, json::error_handler_t::replace)); }

Case case_from_state(py::handle state) {
  return value_or_raise(conclave::case_from_json(json::parse(to_utf8(state, "state"), nullptr, false)));
}

py::object range_to_python(const Case& self) {
  if (!self.time_range) return py::none();
  return py::make_tuple(time_to_python(self.time_range->first), time_to_python(self.time_range->second));
}

py::str draft(const py::iterable& paths, py::handle base) {
  std::vector<std::filesystem::path> files;
  for (const py::handle path : paths) files.push_back(to_path(path, "paths"));
  const std::filesystem::path folder = to_path(base, "base");
  Job job("draft case");
  return to_str(value_or_raise(blocking(job, [&] { return draft_case(files, folder); })));
}

}  // namespace

void bind_case(py::module_& module) {
  py::class_<Case>(module, "Case", "What to look at and what to ask. Immutable.")
      .def(py::init(&make_case), py::kw_only(), py::arg("question"), py::arg("logs") = py::none(),
           py::arg("services") = py::none(), py::arg("config") = py::none(), py::arg("name") = py::none(),
           py::arg("verdicts") = py::none(), py::arg("ordered") = true, py::arg("gate") = py::none(),
           py::arg("change_time") = py::none(), py::arg("time_range") = py::none(), py::arg("experts") = py::none(),
           py::arg("circle") = py::none(), py::arg("base") = ".", py::arg("keep_going") = false,
           "logs: one path, glob or directory, or several, and mappings such as {'command': 'journalctl -u api'}; services: "
           "\"host:port\", (host, port) or mappings; config: a path; "
           "times: "
           "datetime, seconds or ISO 8601. The rest is as in a case file. InfrastructureError lists everything that is wrong.")
      .def_static(
          "load", [](py::handle path) { return run_now(*prepare_load_case(path)); }, py::arg("path"),
          "Reads a case file; `file` and `base` are absolute. OSError if it cannot be read; InfrastructureError, whose "
          "`problems` "
          "lists all, if it is wrong.")
      .def_static("parse", &read_case_text, py::arg("text"), py::arg("file") = "<text>",
                  "As load(), from the text; `file` names it, and paths are relative to its folder.")
      .def_static(
          "of_this_machine",
          [] {
            Job job("looking at this machine");
            return case_of_this_machine(job);
          },
          py::call_guard<py::gil_scoped_release>(), "Readable logs under /var/log, the journal, and the listening TCP sockets.")
      .def_property_readonly(
          "file",
          [](const Case& self) -> py::object {
            return self.file.empty() ? py::object(py::none()) : py::object(path_to_python(self.file));
          },
          "Path of the case file, or None.")
      .def_property_readonly(
          "base", [](const Case& self) { return path_to_python(self.base); }, "Relative paths start here; absolute.")
      .def_property_readonly("name", [](const Case& self) { return to_str(self.name); })
      .def_property_readonly("question", [](const Case& self) { return to_str(self.question_text); })
      .def_property_readonly(
          "verdicts", [](const Case& self) { return texts_to_python(self.question.verdicts); }, "Best first.")
      .def_property_readonly("ordered", [](const Case& self) { return self.question.ordered; })
      .def_property_readonly("gate", [](const Case& self) { return json_to_python(gate_json(self.question.gate)); })
      .def_property_readonly("circle", [](const Case& self) { return ScriptCircle(self.question.circle); })
      .def_property_readonly("change_time", [](const Case& self) { return time_to_python(self.change_time); })
      .def_property_readonly("time_range", &range_to_python, "(start, end), aware, or None.")
      .def_property_readonly(
          "logs", [](const Case& self) { return paths_to_python(self.logs); }, "Paths, as written.")
      .def_property_readonly(
          "commands", [](const Case& self) { return json_to_python(commands_json(self)); },
          "More logs: [{command, name, timeout, max_bytes}], in s and bytes. None runs unless the user agrees.")
      .def_property_readonly("services", [](const Case& self) { return json_to_python(services_json(self)); })
      .def_property_readonly("config", &config_to_python)
      .def_property_readonly(
          "experts", [](const Case& self) { return json_to_python(experts_json(self)); },
          "[{name, settings, weight}]; empty: all shipped ones and those the user installed.")
      .def_property_readonly("whole_machine", [](const Case& self) { return self.whole_machine; })
      .def_property_readonly(
          "keep_going", [](const Case& self) { return self.keep_going; },
          "Whether named evidence that cannot be read is a problem instead of an error.")
      .def("place_of", &place_of, py::arg("expert"), py::arg("setting") = "",
           "file:line:column where the case file names an expert, or a setting of it; '' if no file says so.")
      .def("to_dict", &to_dict, "As a case file would hold it.")
      .def("__eq__",
           [](const Case& self, const py::object& other) -> py::object {
             if (!py::isinstance<Case>(other)) return py::reinterpret_borrow<py::object>(Py_NotImplemented);
             return py::bool_(to_json(self) == to_json(py::cast<const Case&>(other)));
           })
      .def("__hash__", [](const Case& self) { return py::hash(py::make_tuple(to_str(self.name), to_str(self.question_text))); })
      .def("__copy__", [](const Case& self) { return self; })
      .def(
          "__deepcopy__", [](const Case& self, const py::dict&) { return self; }, py::arg("memo"))
      .def("__repr__",
           [](const Case& self) {
             return py::str("<Case {!r}: {!r}, {} logs, {} services>")
                 .format(to_str(self.name), to_str(self.question_text), self.logs.size(), self.services.size());
           })
      .def(py::pickle([](const Case& self) { return py::make_tuple(case_state(self)); },
                      [](const py::tuple& state) { return case_from_state(state[0]); }));
  module.attr("Case").attr("__match_args__") = py::make_tuple("name", "question");

  def_operation(module, "load_case", &prepare_load_case, py::arg("path"), "Case.load().");
  module.def("draft_case", &draft, py::arg("paths"), py::arg("base") = ".",
             "A commented case file over the given files and folders.");
}

}  // namespace conclave::scripting
