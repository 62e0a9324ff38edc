// The plugins a user sees in one list: shipped, in added folders, of the case, and what cannot be used of them.
#pragma once

#include <QString>
#include <optional>
#include <vector>

#include "app/desktop/session.h"
#include "scripting/plugin_catalog.h"

namespace conclave::desktop {

// What a case names by path, read without running it.
struct CasePlugins {
  std::vector<scripting::PluginInfo> plugins;  // untrusted: nobody agreed to this content yet
  std::vector<scripting::PluginProblem> problems;
};

struct PluginRow {
  enum class From { shipped, folder, subject };
  std::filesystem::path path;
  From from = From::shipped;
  std::optional<scripting::PluginInfo> plugin;            // nothing: it cannot be used
  QString trouble;                                        // why
  std::optional<consensus::ExpertResponse> failure = {};  // its last, in the report that is shown
};

// In jobs.
[[nodiscard]] Result<CasePlugins> readCasePlugins(const Case& subject);
// Writes conclave.lock beside the case: what it names by path may run with the content it has now. Those agreed to.
[[nodiscard]] Result<std::vector<scripting::PluginInfo>> agreeToCasePlugins(const Case& subject);

// By name, those that cannot be used first.
[[nodiscard]] std::vector<PluginRow> pluginRows(const scripting::PluginCatalog* catalog, const CasePlugins& ofCase,
                                                const Report* report);

// The file a person edits: the module of a folder's entry, or plugin.toml if it is what is wrong. With a line if `trouble` names
// one.
struct PluginPlace {
  QString file;
  int line = 1;
};
[[nodiscard]] PluginPlace placeOf(const PluginRow& row);

// What it may do and how much of it, for people; one sentence a line.
[[nodiscard]] QStringList permissionsText(const scripting::PluginInfo& plugin);

}  // namespace conclave::desktop
