#include "scripting/circle.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/base/text.h"
#include "engine/base/time.h"
#include "engine/case/policy.h"
#include "engine/scan/probe/protocols.h"
#include "scripting/case_plugins.h"
#include "scripting/consent.h"
#include "scripting/plugin_switches.h"
#include "scripting/worker/isolated_expert.h"

namespace conclave::scripting {
namespace {

namespace fs = std::filesystem;

fs::path resolved(const fs::path& path) {
  std::error_code error;
  fs::path result = fs::weakly_canonical(path, error);
  return error ? fs::absolute(path, error) : result;
}

bool is_inside(const fs::path& path, const fs::path& folder) {
  const fs::path relative = resolved(path).lexically_relative(resolved(folder));
  return !relative.empty() && *relative.begin() != "..";
}

consensus::ExpertResponse refused_response(const PluginInfo& plugin, double weight, std::string message) {
  consensus::ExpertResponse response;
  response.expert_name = plugin.name;
  response.scope = plugin.scope;
  response.weight = weight;
  response.status = consensus::Status::refused;
  response.timestamp = now_us();
  response.error = consensus::ResponseError{"Refused", std::move(message), {}};
  return response;
}

// What is called or asked besides experts: one of the catalogue hides one of the case.
PluginCatalog with_those_of_case(PluginCatalog catalog, const Case& subject, const CasePlugins& of_case) {
  if (case_plugins_folder(subject).empty()) return catalog;
  for (const PluginInfo& plugin : of_case.plugins) {
    if (catalog.find(plugin.name) == nullptr) catalog.plugins.push_back(plugin);
  }
  catalog.problems.insert(catalog.problems.end(), of_case.problems.begin(), of_case.problems.end());
  return catalog;
}

// Hooks and rules, by name, whether they may run or not.
std::vector<PluginInfo> all_called(const PluginCatalog& with_case, const std::vector<std::string>& trusted) {
  std::vector<PluginInfo> called = with_case.plugins;
  std::erase_if(called, [](const PluginInfo& plugin) { return plugin.kind != "hook" && plugin.kind != "rule"; });
  for (PluginInfo& plugin : called) plugin = as_trusted(std::move(plugin), trusted);
  std::stable_sort(called.begin(), called.end(), [](const PluginInfo& a, const PluginInfo& b) { return a.name < b.name; });
  return called;
}

bool runs(const PluginInfo& plugin) { return may_run(plugin) && plugin.trust != Trust::untrusted; }

// A note on a plugin that would have run if the user had not switched it off, the policy allowed it, or somebody agreed to it.
config::Problem left_out(const PluginInfo& plugin, const fs::path& case_file) {
  using enum config::Severity;
  const std::string what = plugin.kind + " '" + plugin.name + "' did not run: ";
  if (!plugin.enabled) return {note, "disabled", what + "you disabled it", "conclave plugins enable " + plugin.name, {}};
  if (!plugin.forbidden.empty()) return {note, "policy", what + plugin.forbidden, {}, {}};
  return {note,
          "consent",
          what + "it comes with the case, and nobody agreed to its content",
          "conclave plugins lock " + case_file.string(),
          {}};
}

// A folder that was named has to be there; what is wrong with single plugins in it matters only when they are asked for.
Result<void> check_named_folders(const PluginCatalog& catalog, const std::vector<fs::path>& named) {
  for (const PluginProblem& problem : catalog.problems) {
    if (std::find(named.begin(), named.end(), problem.path) != named.end())
      return fail(ErrorKind::invalid_argument, problem.message);
  }
  return {};
}

// The embedding or probe of that name, which may run; an error says why there is none.
Result<PluginInfo> find_of_kind(const PluginCatalog& catalog, const std::string& kind, const std::string& name,
                                const std::vector<std::string>& trusted, const fs::path& case_file) {
  const PluginInfo* found = catalog.find(name);
  if (found != nullptr && found->kind != kind)
    return fail(ErrorKind::invalid_argument, "plugin '" + name + "' is no " + kind + " but of kind " + found->kind,
                case_file.string());
  if (found == nullptr) {
    const std::string what = kind + " '" + name + "'";
    for (const PluginProblem& problem : catalog.problems) {
      if (problem.path.stem() == name)
        return fail(ErrorKind::parse, what + " cannot be used: " + problem.message, case_file.string());
    }
    std::vector<std::string_view> known;
    for (const PluginInfo& each : catalog.plugins) {
      if (each.kind == kind) known.push_back(each.name);
    }
    return fail(ErrorKind::not_found, "there is no " + what + did_you_mean(name, known), case_file.string());
  }
  PluginInfo plugin = as_trusted(*found, trusted);
  if (runs(plugin)) return plugin;
  const config::Problem why = left_out(plugin, case_file.string());
  return fail(ErrorKind::security, why.message + (why.fix.empty() ? "" : "; " + why.fix + " allows it"), case_file.string());
}

class Chooser {
 public:
  Chooser(const Case& subject, const CircleRequest& request, const fs::path& shipped)
      : subject_(subject),
        request_(request),
        catalog_(read_users_catalog(shipped, request.plugin_dirs)),
        of_case_(read_case_plugins(subject)),
        with_case_(with_those_of_case(catalog_, subject, of_case_)),
        called_(all_called(with_case_, request.trusted)) {}

  // The plugin a name or a path means. `by_user`: named on the command line and not in the case.
  [[nodiscard]] Result<PluginInfo> find(const ExpertChoice& choice, bool by_user) const {
    const std::string& name = choice.name;
    const std::string place = by_user ? std::string() : place_of(choice);
    if (is_plugin_path(name)) {
      auto plugin = find_path(name, by_user);
      if (!plugin && !by_user && !choice.place().empty()) {
        plugin.error().message = plugin.error().text();
        plugin.error().where = place;
      }
      return plugin;
    }
    if (const PluginInfo* plugin = catalog_.find(name)) {
      if (plugin->kind == "expert") return as_trusted(*plugin, request_.trusted);
      return fail(ErrorKind::invalid_argument, "plugin '" + name + "' is no expert but of kind " + plugin->kind, place);
    }
    for (const PluginInfo& plugin : of_case_.plugins) {
      if (plugin.name == name && plugin.kind == "expert") return as_trusted(plugin, request_.trusted);
    }
    auto problems = catalog_.problems;
    problems.insert(problems.end(), of_case_.problems.begin(), of_case_.problems.end());
    for (const PluginProblem& problem : problems) {
      if (problem.path.stem() == name) {
        return fail(ErrorKind::parse, "expert '" + name + "' cannot be used: " + problem.message, place);
      }
    }
    std::vector<std::string_view> known;
    for (const PluginInfo& plugin : catalog_.plugins) {
      if (plugin.kind == "expert") known.push_back(plugin.name);
    }
    return fail(ErrorKind::not_found, "there is no expert '" + name + "'" + did_you_mean(name, known), place);
  }

  [[nodiscard]] std::vector<ExpertChoice> choices() const {
    std::vector<ExpertChoice> choices;
    if (!request_.only.empty()) {
      for (const std::string& name : request_.only) choices.push_back(as_the_case_says(name));
    } else if (!subject_.experts.empty()) {
      choices = subject_.experts;
    } else {
      for (const PluginInfo& plugin : catalog_.plugins) {
        if (in_default_circle(plugin) && may_run(plugin)) choices.push_back({plugin.name, nlohmann::json::object(), 1.0});
      }
    }
    return choices;
  }

  // Code that only the case names may run, in a worker, if its content is in the lock beside the case. Nothing runs if nobody
  // knows what the user switched off, or what the policy allows.
  [[nodiscard]] Result<void> read_consent() {
    auto lock = read_lock(subject_.base);
    if (!lock) return tl::unexpected(std::move(lock.error()));
    lock_ = std::move(*lock);
    if (auto disabled = read_disabled(); !disabled) return tl::unexpected(std::move(disabled.error()));
    auto policy = policy_in_force();
    if (!policy) return tl::unexpected(std::move(policy.error()));
    policy_ = std::move(*policy);
    return {};
  }

  // Only if the case asks for one.
  [[nodiscard]] Result<std::optional<PluginInfo>> embedding() const {
    const auto& circle = subject_.question.circle;
    if (circle.similarity_algorithm != consensus::Similarity::semantic) return std::optional<PluginInfo>{};
    return find_of_kind(with_case_, "embedding", circle.embedding, request_.trusted, subject_.file);
  }

  // Those that services of the case name, each once.
  [[nodiscard]] Result<std::vector<PluginInfo>> probes() const {
    std::vector<PluginInfo> probes;
    for (const scan::Target& service : subject_.services) {
      const bool known =
          std::any_of(probes.begin(), probes.end(), [&](const auto& probe) { return probe.name == service.probe; });
      if (service.probe.empty() || scan::is_probe_name(service.probe) || known) continue;
      auto probe = find_of_kind(with_case_, "probe", service.probe, request_.trusted, subject_.file);
      if (!probe) return tl::unexpected(std::move(probe.error()));
      probes.push_back(std::move(*probe));
    }
    return probes;
  }

  [[nodiscard]] Result<void> check_folders() const { return check_named_folders(catalog_, request_.plugin_dirs); }

  // What would have run, or sent, if the user had not switched it off or the policy allowed it; for the report.
  [[nodiscard]] std::vector<config::Problem> problems() const {
    const bool asks_all = request_.only.empty() && subject_.experts.empty();
    std::vector<config::Problem> problems;
    for (const PluginInfo& plugin : catalog_.plugins) {
      if (asks_all && in_default_circle(plugin) && !may_run(plugin)) problems.push_back(left_out(plugin, subject_.file));
    }
    for (const PluginInfo& plugin : called_) {
      if (!runs(plugin)) problems.push_back(left_out(plugin, subject_.file));
    }
    const auto distrusts =
        std::find_if(policy_.files.begin(), policy_.files.end(), [](const PolicyFile& file) { return !file.plugins.trust; });
    for (const std::string& name : request_.trusted) {
      if (distrusts == policy_.files.end()) break;
      const std::string why = "--trust " + name + " does not count: " + distrusts->path.string() + " says so";
      problems.push_back({config::Severity::note, "policy", why, {}, {}});
    }
    for (const std::string& endpoint : request_.allowed_endpoints) {
      if (std::string why = policy_.forbids_endpoint(endpoint); !why.empty())
        problems.push_back({config::Severity::note, "policy", std::move(why), {}, {}});
    }
    return problems;
  }

  [[nodiscard]] std::vector<std::string> endpoints() const {
    std::vector<std::string> allowed;
    for (const std::string& endpoint : request_.allowed_endpoints) {
      if (policy_.forbids_endpoint(endpoint).empty()) allowed.push_back(endpoint);
    }
    return allowed;
  }

  // Whether a hook or a rule will run in a worker.
  [[nodiscard]] bool isolates_hooks() const {
    return std::any_of(called_.begin(), called_.end(),
                       [](const PluginInfo& plugin) { return runs(plugin) && runs_isolated(plugin); });
  }

  [[nodiscard]] std::string place_of(const ExpertChoice& choice, const std::string& setting = {}) const {
    const std::string place = choice.place(setting);
    return place.empty() ? subject_.file.string() : place;
  }

 private:
  [[nodiscard]] ExpertChoice as_the_case_says(const std::string& name) const {
    const auto found = std::find_if(subject_.experts.begin(), subject_.experts.end(),
                                    [&](const ExpertChoice& choice) { return choice.name == name; });
    return found == subject_.experts.end() ? ExpertChoice{name, nlohmann::json::object(), 1.0} : *found;
  }

  [[nodiscard]] Result<PluginInfo> find_path(const std::string& name, bool by_user) const {
    fs::path path = name;
    if (!by_user && path.is_relative()) path = subject_.base / path;
    const bool named = by_user || std::any_of(request_.plugin_dirs.begin(), request_.plugin_dirs.end(),
                                              [&](const fs::path& folder) { return is_inside(path, folder); });
    auto plugin = read_users_plugin(path, named ? Trust::named : Trust::untrusted);
    if (!plugin) {
      if (plugin.error().os_error == ENOENT) plugin.error().kind = ErrorKind::not_found;
      return plugin;
    }
    if (plugin->kind != "expert") {
      return fail(ErrorKind::invalid_argument, "is no expert but of kind " + plugin->kind, path.string());
    }
    if (plugin->trust == Trust::untrusted && agreed(lock_, *plugin)) plugin->trust = Trust::named;
    return as_trusted(std::move(*plugin), request_.trusted);
  }

  const Case& subject_;
  const CircleRequest& request_;
  PluginCatalog catalog_;
  CasePlugins of_case_;
  PluginCatalog with_case_;
  std::vector<PluginInfo> called_;  // also those that may not run
  std::vector<Consent> lock_;
  Policy policy_;
};

bool fits(const std::string& type, const nlohmann::json& value) {
  if (type == "bool") return value.is_boolean();
  if (type == "str") return value.is_string();
  if (type == "int") return value.is_number_integer();
  return value.is_number() && std::isfinite(value.get<double>());
}

}  // namespace

Result<PluginInfo> choose_probe(const std::string& name, const CircleRequest& request, const fs::path& shipped) {
  const PluginCatalog catalog = read_users_catalog(shipped, request.plugin_dirs);
  if (auto folders = check_named_folders(catalog, request.plugin_dirs); !folders)
    return tl::unexpected(std::move(folders.error()));
  return find_of_kind(catalog, "probe", name, request.trusted, {});
}

Result<ChosenRules> choose_rules(const CircleRequest& request, const fs::path& shipped) {
  const PluginCatalog catalog = read_users_catalog(shipped, request.plugin_dirs);
  if (auto folders = check_named_folders(catalog, request.plugin_dirs); !folders)
    return tl::unexpected(std::move(folders.error()));
  ChosenRules chosen;
  for (const PluginInfo& plugin : catalog.plugins) {
    if (plugin.kind != "rule") continue;
    if (may_run(plugin))
      chosen.rules.push_back(as_trusted(plugin, request.trusted));
    else
      chosen.problems.push_back(left_out(plugin, {}));
  }
  for (const PluginProblem& problem : catalog.problems) {
    const bool named = std::any_of(request.plugin_dirs.begin(), request.plugin_dirs.end(),
                                   [&](const fs::path& folder) { return is_inside(problem.path, folder); });
    if (named)
      chosen.problems.push_back(
          {config::Severity::warning, "plugin", "a plugin that may be a rule cannot be used: " + problem.message, {}, {}});
  }
  if (std::any_of(chosen.rules.begin(), chosen.rules.end(), runs_isolated)) {
    for (config::Problem& problem : isolation_problems()) chosen.problems.push_back(std::move(problem));
  }
  return chosen;
}

Result<nlohmann::json> merge_settings(const PluginInfo& plugin, const nlohmann::json& said, const PlaceOf& place_of) {
  nlohmann::json settings = nlohmann::json::object();
  for (const Setting& setting : plugin.settings) settings[setting.name] = setting.default_value;
  if (said.is_null()) return settings;
  if (!said.is_object()) {
    return fail(ErrorKind::invalid_argument, "the settings of expert '" + plugin.name + "' must be a map", place_of({}));
  }
  std::vector<std::string_view> known;
  for (const Setting& setting : plugin.settings) known.emplace_back(setting.name);
  for (const auto& [name, value] : said.items()) {
    const auto setting = std::find_if(plugin.settings.begin(), plugin.settings.end(),
                                      [&name = name](const Setting& candidate) { return candidate.name == name; });
    if (setting == plugin.settings.end()) {
      return fail(ErrorKind::invalid_argument,
                  "expert '" + plugin.name + "' has no setting '" + name + "'" + did_you_mean(name, known), place_of(name));
    }
    if (!fits(setting->type, value)) {
      return fail(ErrorKind::invalid_argument,
                  "setting '" + name + "' of expert '" + plugin.name + "' must be of type " + setting->type + ", not " +
                      value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                  place_of(name));
    }
    settings[name] = setting->type == "float" ? nlohmann::json(value.get<double>()) : value;
  }
  return settings;
}

std::vector<PluginInfo> called_by_consult(const Case& subject, const CircleRequest& request, const fs::path& shipped) {
  const PluginCatalog catalog =
      with_those_of_case(read_users_catalog(shipped, request.plugin_dirs), subject, read_case_plugins(subject));
  auto called = all_called(catalog, request.trusted);
  std::erase_if(called, [](const PluginInfo& plugin) { return !runs(plugin); });
  return called;
}

std::vector<std::string> secrets_of(const PluginInfo& plugin, const nlohmann::json& settings) {
  std::vector<std::string> names = plugin.secrets;
  for (const Setting& setting : plugin.settings) {
    if (!setting.names_secret) continue;
    if (auto name = settings.value(setting.name, std::string()); !name.empty()) names.push_back(std::move(name));
  }
  return names;
}

Result<Circle> choose_circle(const Case& subject, const CircleRequest& request, const fs::path& shipped, const MakeExpert& make) {
  Chooser chooser(subject, request, shipped);
  if (auto consent = chooser.read_consent(); !consent) return tl::unexpected(std::move(consent.error()));
  if (auto folders = chooser.check_folders(); !folders) return tl::unexpected(std::move(folders.error()));
  Circle circle;
  auto embedding = chooser.embedding();
  if (!embedding) return tl::unexpected(std::move(embedding.error()));
  circle.embedding_plugin = std::move(*embedding);
  auto probes = chooser.probes();
  if (!probes) return tl::unexpected(std::move(probes.error()));
  circle.probe_plugins = std::move(*probes);
  std::vector<std::string> seen;
  bool isolated = chooser.isolates_hooks() || (circle.embedding_plugin && runs_isolated(*circle.embedding_plugin)) ||
                  std::any_of(circle.probe_plugins.begin(), circle.probe_plugins.end(), runs_isolated);
  const std::vector<std::string> endpoints = chooser.endpoints();
  for (const ExpertChoice& choice : chooser.choices()) {
    auto plugin = chooser.find(choice, !request.only.empty());
    if (!plugin) return tl::unexpected(std::move(plugin.error()));
    if (std::find(seen.begin(), seen.end(), plugin->name) != seen.end()) {
      return fail(ErrorKind::invalid_argument, "expert '" + plugin->name + "' is asked for twice", chooser.place_of(choice));
    }
    seen.push_back(plugin->name);
    if (!(choice.weight > 0) || !std::isfinite(choice.weight)) {
      return fail(ErrorKind::invalid_argument, "the weight of expert '" + plugin->name + "' must be above 0",
                  chooser.place_of(choice));
    }
    auto settings =
        merge_settings(*plugin, choice.settings, [&](const std::string& setting) { return chooser.place_of(choice, setting); });
    if (!settings) return tl::unexpected(std::move(settings.error()));
    if (!plugin->enabled) {
      circle.refused.push_back(refused_response(
          *plugin, choice.weight, "not run: you disabled it; conclave plugins enable " + plugin->name + " allows it again"));
      continue;
    }
    if (!plugin->forbidden.empty()) {
      circle.refused.push_back(refused_response(*plugin, choice.weight, "not run: " + plugin->forbidden));
      continue;
    }
    if (plugin->trust == Trust::untrusted) {
      circle.refused.push_back(refused_response(*plugin, choice.weight,
                                                "not run: " + plugin->path.string() +
                                                    " is neither shipped nor named by you; to allow it: --plugins " +
                                                    plugin->path.parent_path().string() + " or --expert " +
                                                    plugin->path.string() + ", or for every run: conclave plugins lock CASE"));
      continue;
    }
    isolated = isolated || runs_isolated(*plugin);
    const auto secrets = secrets_of(*plugin, *settings);
    circle.secrets.insert(circle.secrets.end(), secrets.begin(), secrets.end());
    circle.chosen.push_back({*plugin, *settings});
    circle.experts.push_back(make(*plugin, std::move(*settings), choice.weight, endpoints));
  }
  std::sort(circle.secrets.begin(), circle.secrets.end());
  circle.secrets.erase(std::unique(circle.secrets.begin(), circle.secrets.end()), circle.secrets.end());
  circle.problems = chooser.problems();
  if (isolated) {
    for (config::Problem& problem : isolation_problems()) circle.problems.push_back(std::move(problem));
  }
  return circle;
}

}  // namespace conclave::scripting
