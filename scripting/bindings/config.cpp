// conclave.config: what should run, and what is wrong with it.
#include <algorithm>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "engine/config/infrastructure.h"
#include "engine/config/user_rules.h"
#include "scripting/bindings/binders.h"
#include "scripting/bindings/blocking.h"
#include "scripting/bindings/convert.h"
#include "scripting/bindings/errors.h"

namespace conclave::scripting {
namespace {

using config::ConfigFile;
using config::Problem;

py::tuple problem_state(const Problem& self) {
  return py::make_tuple(to_str(config::severity_name(self.severity)), to_str(self.rule), to_str(self.message), to_str(self.fix),
                        to_str(self.location.file), self.location.line, self.location.column);
}

Problem make_problem(py::handle severity, py::handle rule, py::handle message, py::handle fix, py::handle file, int line,
                     int column) {
  const std::string name = to_utf8(severity, "severity");
  const auto known = config::severity_of(name);
  if (!known) throw py::value_error("severity must be note, warning or error, not '" + name + "'");
  return {*known, to_utf8(rule, "rule"), to_utf8(message, "message"), to_utf8(fix, "fix"), {to_utf8(file, "file"), line, column}};
}

void bind_problem(py::module_& module) {
  py::class_<Problem>(module, "Problem", "Something wrong, with its place and how to mend it.")
      .def(py::init(&make_problem), py::arg("severity"), py::arg("rule"), py::arg("message"), py::arg("fix") = "",
           py::arg("file") = "", py::arg("line") = 0, py::arg("column") = 0)
      .def_property_readonly(
          "severity", [](const Problem& self) { return to_str(config::severity_name(self.severity)); }, "note, warning or error.")
      .def_property_readonly("rule", [](const Problem& self) { return to_str(self.rule); })
      .def_property_readonly("message", [](const Problem& self) { return to_str(self.message); })
      .def_property_readonly("fix", [](const Problem& self) { return to_str(self.fix); })
      .def_property_readonly("file", [](const Problem& self) { return to_str(self.location.file); })
      .def_property_readonly(
          "line", [](const Problem& self) { return self.location.line; }, "1-based; 0 if unknown.")
      .def_property_readonly(
          "column", [](const Problem& self) { return self.location.column; }, "1-based, in bytes.")
      .def("__str__", [](const Problem& self) { return to_str(config::to_text(self)); })
      .def("__repr__", [](const Problem& self) { return py::str("Problem{!r}").format(problem_state(self)); })
      .def("__eq__",
           [](const Problem& self, const py::object& other) -> py::object {
             if (!py::isinstance<Problem>(other)) return py::reinterpret_borrow<py::object>(Py_NotImplemented);
             return py::bool_(self == py::cast<const Problem&>(other));
           })
      .def("__lt__",  // in order of place
           [](const Problem& self, const py::object& other) -> py::object {
             if (!py::isinstance<Problem>(other)) return py::reinterpret_borrow<py::object>(Py_NotImplemented);
             const auto place = [](const Problem& problem) {
               return std::tie(problem.location.file, problem.location.line, problem.location.column, problem.rule,
                               problem.message);
             };
             return py::bool_(place(self) < place(py::cast<const Problem&>(other)));
           })
      .def("__hash__", [](const Problem& self) { return py::hash(problem_state(self)); })
      .def("__copy__", [](const Problem& self) { return self; })
      .def(
          "__deepcopy__", [](const Problem& self, const py::dict&) { return self; }, py::arg("memo"))
      .def(py::pickle(&problem_state, [](const py::tuple& s) {
        return make_problem(s[0], s[1], s[2], s[3], s[4], py::cast<int>(s[5]), py::cast<int>(s[6]));
      }));
  module.attr("Problem").attr("__match_args__") = py::make_tuple("severity", "rule", "message", "fix", "file", "line", "column");
}

config::InfrastructureConfig to_model(py::handle value) {
  return value_or_raise(config::config_from_json(to_json_value(value, "config")));
}

py::list values_to_python(const ConfigFile& self) {
  py::list list;
  for (const auto& value : self.values) {
    list.append(py::make_tuple(to_str(value.path), to_str(value.value), value.line, value.column));
  }
  return list;
}

bool same(const ConfigFile& a, const ConfigFile& b) {
  const auto same_value = [](const auto& x, const auto& y) {
    return std::tie(x.path, x.value, x.line, x.column) == std::tie(y.path, y.value, y.line, y.column);
  };
  return a.file == b.file && a.kind == b.kind && a.model == b.model && a.tree == b.tree && a.problems == b.problems &&
         a.not_understood == b.not_understood && a.ignores == b.ignores &&
         std::equal(a.values.begin(), a.values.end(), b.values.begin(), b.values.end(), same_value);
}

py::list not_understood_to_python(const ConfigFile& self) {
  py::list list;
  for (const auto& one : self.not_understood) {
    list.append(
        py::make_tuple(to_str(one.path), to_str(one.why), to_str(one.location.file), one.location.line, one.location.column));
  }
  return list;
}

py::list ignores_to_python(const ConfigFile& self) {
  py::list list;
  for (const auto& one : self.ignores) {
    list.append(py::make_tuple(to_str(one.rule), one.line, one.also_line, one.location.line, one.location.column));
  }
  return list;
}

config::ConfigKind to_kind(py::handle value) {
  const std::string name = to_utf8(value, "kind");
  for (const auto kind :
       {config::ConfigKind::native, config::ConfigKind::compose, config::ConfigKind::kubernetes, config::ConfigKind::systemd}) {
    if (config::kind_name(kind) == name) return kind;
  }
  throw py::value_error("unknown kind of configuration '" + name + "'");
}

// Numbers of the tree keep their type; what JSON lacks is null in it already.
py::tuple config_state(const ConfigFile& self) {
  return py::make_tuple(to_str(self.file), json_to_python(config::to_json(self.model)), json_to_python(self.tree),
                        values_to_python(self), to_tuple(self.problems), to_str(config::kind_name(self.kind)),
                        not_understood_to_python(self), ignores_to_python(self));
}

ConfigFile config_from_state(const py::tuple& state) {
  ConfigFile file;
  file.file = to_utf8(state[0], "file");
  file.model = to_model(state[1]);
  file.tree = to_json_value(state[2], "tree");
  for (const py::handle item : state[3]) {
    const auto value = py::cast<py::tuple>(item);
    file.values.push_back(
        {to_utf8(value[0], "path"), to_utf8(value[1], "value"), py::cast<int>(value[2]), py::cast<int>(value[3])});
  }
  for (const py::handle problem : state[4]) file.problems.push_back(py::cast<Problem>(problem));
  file.kind = to_kind(state[5]);
  for (const py::handle item : state[6]) {
    const auto one = py::cast<py::tuple>(item);
    file.not_understood.push_back({to_utf8(one[0], "path"),
                                   to_utf8(one[1], "why"),
                                   {to_utf8(one[2], "file"), py::cast<int>(one[3]), py::cast<int>(one[4])}});
  }
  for (const py::handle item : state[7]) {
    const auto one = py::cast<py::tuple>(item);
    file.ignores.push_back({to_utf8(one[0], "rule"),
                            py::cast<int>(one[1]),
                            py::cast<int>(one[2]),
                            {file.file, py::cast<int>(one[3]), py::cast<int>(one[4])}});
  }
  return file;
}

void bind_config_file(py::module_& module) {
  py::class_<ConfigFile>(module, "ConfigFile", "A configuration file, read once: tree, model and every problem.")
      .def_property_readonly("file", [](const ConfigFile& self) { return to_str(self.file); })
      .def_property_readonly(
          "kind", [](const ConfigFile& self) { return to_str(config::kind_name(self.kind)); },
          "native, compose, kubernetes or systemd; seen by the content.")
      .def_property_readonly("not_understood", &not_understood_to_python,
                             "(path, why, file, line, column) of what is in the file and not in the model.")
      .def_property_readonly(
          "tree", [](const ConfigFile& self) { return json_to_python(self.tree); },
          "The whole file; of several documents a list.")
      .def_property_readonly(
          "model", [](const ConfigFile& self) { return json_to_python(config::to_json(self.model)); },
          "{services: [...], global_settings: {...}}")
      .def_property_readonly("values", &values_to_python, "(path, value, line, column) of every scalar, in order.")
      .def_property_readonly("problems", [](const ConfigFile& self) { return to_tuple(self.problems); })
      .def(
          "with_model", [](const ConfigFile& self, py::handle model) { return config::with_model(self, to_model(model)); },
          py::arg("model"), "The same file with another model, checked again.")
      .def("__eq__",
           [](const ConfigFile& self, const py::object& other) -> py::object {
             if (!py::isinstance<ConfigFile>(other)) return py::reinterpret_borrow<py::object>(Py_NotImplemented);
             return py::bool_(same(self, py::cast<const ConfigFile&>(other)));
           })
      .def("__hash__", [](const ConfigFile& self) { return py::hash(py::make_tuple(to_str(self.file), self.values.size())); })
      .def("__copy__", [](const ConfigFile& self) { return self; })
      .def(
          "__deepcopy__", [](const ConfigFile& self, const py::dict&) { return self; }, py::arg("memo"))
      .def("__repr__",
           [](const ConfigFile& self) {
             return py::str("<ConfigFile {!r} {} services, {} problems>")
                 .format(to_str(self.file), self.model.services.size(), self.problems.size());
           })
      .def(py::pickle(&config_state, &config_from_state));
  module.attr("ConfigFile").attr("__match_args__") = py::make_tuple("file", "model", "problems");
}

ConfigFile read_config(py::handle text, py::handle file_name) {
  const std::string content =
      PyBytes_Check(text.ptr()) ? std::string(py::reinterpret_borrow<py::bytes>(text)) : to_utf8(text, "text");
  const std::string name = to_utf8(file_name, "file_name");
  Job job("read configuration");
  return value_or_raise(blocking(job, [&] { return config::read_config(content, name); }));
}

ConfigFile read_config_file(py::handle path) {
  const std::filesystem::path file = to_path(path, "path");
  Job job("read configuration");
  return value_or_raise(blocking(job, [&] { return config::read_config_file(file); }));
}

py::list read_config_files(const py::iterable& paths) {
  std::vector<std::filesystem::path> files;
  for (const py::handle path : paths) files.push_back(to_path(path, "paths"));
  Job job("read configuration");
  py::list read;
  for (auto& file : blocking(job, [&] { return config::read_config_files(files); }))
    read.append(py::cast(value_or_raise(std::move(file))));
  return read;
}

}  // namespace

void bind_config(py::module_& module) {
  bind_problem(module);
  bind_config_file(module);
  module.def("read_config", &read_config, py::arg("text"), py::arg("file_name") = "<text>",
             "Reads YAML or a systemd unit; InfrastructureError if it is neither, everything else is among the problems.");
  module.def("read_config_file", &read_config_file, py::arg("path"));
  module.def(
      "read_config_files", &read_config_files, py::arg("paths"),
      "Files that are one configuration: what one names may stand in another. Errors are those of the first that has one.");
  module.def(
      "config_for_rules", [](const ConfigFile& file) { return json_to_python(config::for_rules(file)); }, py::arg("config"),
      "What rules are given: the model, `file` and `tree`.");
  module.def(
      "with_rule_problems",
      [](const ConfigFile& file, py::handle rule, py::handle found) {
        auto problems = value_or_raise(config::problems_of_rule(file, to_utf8(rule, "rule"), to_json_value(found, "found")));
        const std::size_t count = problems.size();
        return py::make_tuple(config::with_problems(file, std::move(problems)), to_str(config::found_in_words(count)));
      },
      py::arg("config"), py::arg("rule"), py::arg("found"),
      "(the configuration with the problems of a rule, words for the receipt). CircleError for what is no list of problems.");
  module.def(
      "with_failed_rule",
      [](const ConfigFile& file, py::handle rule, py::handle why) {
        return config::with_problems(file, {config::failed_rule(file, to_utf8(rule, "rule"), to_utf8(why, "why"))});
      },
      py::arg("config"), py::arg("rule"), py::arg("why"), "The configuration with a problem that says so.");
  module.def(
      "check_config", [](py::handle model) { return to_tuple(config::check(to_model(model))); }, py::arg("model"),
      "Problems of a model {services, global_settings}.");
}

}  // namespace conclave::scripting
