// Which experts a case asks for, with which settings, which of them may run, and which hooks. Knows no Python.
#pragma once

#include <filesystem>
#include <functional>

#include "engine/base/error.h"
#include "engine/case/case.h"
#include "scripting/plugin_catalog.h"
#include "scripting/script_host.h"

namespace conclave::scripting {

// `endpoints`: those of the request that the policy in force allows.
using MakeExpert = std::function<ExpertPtr(const PluginInfo& plugin, nlohmann::json settings, double weight,
                                           const std::vector<std::string>& endpoints)>;

// As ScriptHost::circle(). `make` is called for those that may run, with settings complete and checked.
[[nodiscard]] Result<Circle> choose_circle(const Case& subject, const CircleRequest& request,
                                           const std::filesystem::path& shipped, const MakeExpert& make);

// The probe that a scan without a case asks. An error also if a folder that was named cannot be read.
[[nodiscard]] Result<PluginInfo> choose_probe(const std::string& name, const CircleRequest& request,
                                              const std::filesystem::path& shipped);

// The hooks and rules that run with a case, by name: those of the catalogue, and of the case itself those that somebody agreed
// to.
[[nodiscard]] std::vector<PluginInfo> called_by_consult(const Case& subject, const CircleRequest& request,
                                                        const std::filesystem::path& shipped);

// The rules that a configuration without a case is shown to, by name.
struct ChosenRules {
  std::vector<PluginInfo> rules;          // that may run
  std::vector<config::Problem> problems;  // as Circle::problems
};
// An error if a folder that was named cannot be read; what cannot be used of its plugins is a problem.
[[nodiscard]] Result<ChosenRules> choose_rules(const CircleRequest& request, const std::filesystem::path& shipped);

// What its manifest names, and what settings name for it.
[[nodiscard]] std::vector<std::string> secrets_of(const PluginInfo& plugin, const nlohmann::json& settings);

// Where a setting is said, for messages; of the whole expert if the name is empty.
using PlaceOf = std::function<std::string(const std::string& setting)>;

// The defaults of `plugin` and what the case says over them. Errors of kind invalid_argument name the plugin and the setting.
[[nodiscard]] Result<nlohmann::json> merge_settings(const PluginInfo& plugin, const nlohmann::json& said,
                                                    const PlaceOf& place_of);

}  // namespace conclave::scripting
