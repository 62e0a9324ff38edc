// The plugin catalogue: which plugins there are, as the runner's info dicts.
#include "scripting/bindings/plugin_cast.h"

#include <string>

#include "engine/case/policy.h"
#include "scripting/bindings/binders.h"
#include "scripting/bindings/convert.h"
#include "scripting/bindings/errors.h"
#include "scripting/bindings/operation.h"
#include "scripting/case_plugins.h"
#include "scripting/consent.h"
#include "scripting/plugin_catalog.h"
#include "scripting/plugin_switches.h"

namespace conclave::scripting {
namespace {

Trust to_trust(py::handle value) {
  const std::string name = to_utf8(value, "trust");
  for (const Trust trust : {Trust::shipped, Trust::trusted, Trust::named, Trust::untrusted}) {
    if (name == trust_name(trust)) return trust;
  }
  throw py::value_error("trust is shipped, trusted, named or untrusted, not '" + name + "'");
}

}  // namespace

py::dict to_python(const PluginInfo& plugin) {
  py::list specs;
  py::list secret_settings;
  for (const Setting& setting : plugin.settings) {
    py::dict spec;
    spec["name"] = to_str(setting.name);
    spec["type"] = to_str(setting.type);
    spec["default_value"] = json_to_python(setting.default_value);
    spec["help"] = to_str(setting.help);
    specs.append(spec);
    if (setting.names_secret) secret_settings.append(to_str(setting.name));
  }
  py::dict info;
  info["name"] = to_str(plugin.name);
  info["version"] = to_str(plugin.version);
  info["kind"] = to_str(plugin.kind);
  info["scope"] = to_str(plugin.scope);
  info["summary"] = to_str(plugin.summary);
  info["module"] = to_str(plugin.module);
  info["function"] = to_str(plugin.function);
  info["path"] = path_to_python(plugin.path);
  info["sha256"] = to_str(plugin.sha256);
  info["requirements"] = texts_to_python(plugin.requirements);
  info["locked"] = texts_to_python(plugin.locked);
  info["requires_python"] = to_str(plugin.requires_python);
  info["setting_specs"] = specs;
  info["timeout_s"] = plugin.time_s;
  info["memory_mb"] = plugin.memory_mb;
  info["output_kb"] = plugin.output_kb;
  info["network"] = texts_to_python(plugin.network);
  info["read"] = texts_to_python(plugin.read);
  info["write"] = texts_to_python(plugin.write);
  info["subprocess"] = plugin.subprocess;
  info["raw_evidence"] = plugin.raw_evidence;
  info["secrets"] = texts_to_python(plugin.secrets);
  info["secret_settings"] = secret_settings;
  info["isolated"] = runs_isolated(plugin);
  info["trust"] = to_str(trust_name(plugin.trust));
  info["origin"] = to_str(origin_name(plugin.origin));
  info["in_default_circle"] = in_default_circle(plugin);
  info["enabled"] = plugin.enabled;
  info["forbidden"] = to_str(plugin.forbidden);
  info["trustable"] = plugin.trustable;
  return info;
}

PluginInfo plugin_from_python(const py::dict& info) {
  const auto text = [&](const char* key) { return to_utf8(info[key], key); };
  PluginInfo plugin;
  plugin.name = text("name");
  plugin.version = text("version");
  plugin.kind = text("kind");
  plugin.scope = text("scope");
  plugin.module = text("module");
  plugin.function = text("function");
  plugin.path = to_path(info["path"], "path");
  plugin.sha256 = text("sha256");
  plugin.requirements = to_texts(info["requirements"], "requirements");
  plugin.locked = to_texts(info["locked"], "locked");
  for (const py::handle item : info["setting_specs"]) {
    const auto spec = py::cast<py::dict>(item);
    plugin.settings.push_back({to_utf8(spec["name"], "name"), to_utf8(spec["type"], "type"),
                               to_json_value(spec["default_value"], "default_value"), to_utf8(spec["help"], "help")});
  }
  plugin.time_s = to_number(info["timeout_s"], "timeout_s");
  plugin.memory_mb = to_number(info["memory_mb"], "memory_mb");
  plugin.output_kb = to_number(info["output_kb"], "output_kb");
  plugin.network = to_texts(info["network"], "network");
  plugin.read = to_texts(info["read"], "read");
  plugin.write = to_texts(info["write"], "write");
  plugin.subprocess = py::cast<bool>(info["subprocess"]);
  plugin.raw_evidence = py::cast<bool>(info["raw_evidence"]);
  plugin.trust = to_trust(info["trust"]);
  return plugin;
}

namespace {

py::tuple infos_and_problems(const std::vector<PluginInfo>& plugins, const std::vector<PluginProblem>& problems) {
  py::list infos;
  for (const PluginInfo& plugin : plugins) infos.append(to_python(plugin));
  py::list troubles;
  for (const PluginProblem& problem : problems) {
    troubles.append(py::make_tuple(path_to_python(problem.path), to_str(problem.message)));
  }
  return py::make_tuple(infos, troubles);
}

JobPtr reading() { return std::make_shared<Job>("read plugins"); }

OperationPtr prepare_catalog(py::handle shipped, const py::iterable& named) {
  const std::filesystem::path folder = shipped.is_none() ? std::filesystem::path() : to_path(shipped, "shipped");
  std::vector<std::filesystem::path> folders;
  for (const py::handle path : named) folders.push_back(to_path(path, "named"));
  return make_operation(
      reading(), [folder, folders = std::move(folders)] { return read_users_catalog(folder, folders); },
      [](const PluginCatalog& found) { return infos_and_problems(found.plugins, found.problems); });
}

OperationPtr prepare_case_plugins(const Case& subject) {
  return make_operation(
      reading(), [subject] { return read_case_plugins(subject); },
      [](const CasePlugins& found) { return infos_and_problems(found.plugins, found.problems); });
}

OperationPtr prepare_plugin(py::handle path, py::handle trust) {
  return make_operation(
      reading(), [file = to_path(path, "path"), how = to_trust(trust)] { return read_users_plugin(file, how); },
      [](Result<PluginInfo>&& info) { return to_python(value_or_raise(std::move(info))); });
}

}  // namespace

void bind_plugins(py::module_& module) {
  module.def(
      "agreed_digests",
      [](py::handle folder) {
        py::set digests;
        for (const Consent& consent : value_or_raise(read_lock(to_path(folder, "folder")))) digests.add(to_str(consent.sha256));
        return digests;
      },
      py::arg("folder"), "The sha256 of plugins that the conclave.lock in `folder` lets run.");
  module.def(
      "check_consent",
      [] {
        (void)value_or_raise(read_disabled());
        (void)value_or_raise(policy_in_force());
      },
      "Raises if nobody knows what may run here: the user's switches or a policy cannot be understood.");
  module.def(
      "forbids_endpoint",
      [](py::handle endpoint) {
        return to_str(value_or_raise(policy_in_force()).forbids_endpoint(to_utf8(endpoint, "endpoint")));
      },
      py::arg("endpoint"), "Why the policy in force does not let evidence be sent there; empty if it does.");
  def_operation(
      module, "case_plugins", &prepare_case_plugins, py::arg("case"),
      "(infos, problems): what a case names by path, and what is in the folder plugins beside it; untrusted unless its content "
      "is in "
      "conclave.lock. No code of theirs runs.");
  def_operation(
      module, "read_catalog", &prepare_catalog, py::arg("shipped"), py::arg("named") = py::tuple(),
      "(infos, problems): plugins by name, as the runner takes them, those in the user's plugin folder among them; no code of "
      "theirs runs.");
  def_operation(module, "read_plugin", &prepare_plugin, py::arg("path"), py::arg("trust") = "named",
                "The info of one folder or .py file.");
}

}  // namespace conclave::scripting
