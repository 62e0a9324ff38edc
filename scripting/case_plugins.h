// The code that comes with a case: what it names by path, and the folder `plugins` beside its file. It runs, in workers, if
// somebody agreed to its content (consent.h).
#pragma once

#include <filesystem>
#include <vector>

#include "engine/base/error.h"
#include "engine/case/case.h"
#include "scripting/plugin_catalog.h"

namespace conclave::scripting {

struct CasePlugins {
  std::vector<PluginInfo> plugins;  // `named` if they are agreed to, else `untrusted`; those it names by path first
  std::vector<PluginProblem> problems;
};

// Empty for a case that has no file.
[[nodiscard]] std::filesystem::path case_plugins_folder(const Case& subject);

// Whether an expert of a case is named by path: what ends in .py or holds a '/'.
[[nodiscard]] bool is_plugin_path(std::string_view name);

// Runs no code. What cannot be read is a problem, and so is a lock that cannot be understood.
[[nodiscard]] CasePlugins read_case_plugins(const Case& subject);

// Writes conclave.lock beside the case: everything read_case_plugins() finds may run with the content it has now. What the case
// names must be usable; what cannot be used of the folder is left out and a problem. `plugins` are those agreed to.
[[nodiscard]] Result<CasePlugins> agree_to_case(const Case& subject);

}  // namespace conclave::scripting
