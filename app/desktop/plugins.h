// The plugins a user sees in one list: shipped, installed, in added folders, of the case, and what cannot be used of them.
#pragma once

#include <QString>
#include <optional>
#include <vector>

#include "app/desktop/session.h"
#include "scripting/case_plugins.h"
#include "scripting/plugin_catalog.h"

namespace conclave::desktop {

struct PluginRow {
  std::filesystem::path path;
  scripting::Origin origin = scripting::Origin::shipped;
  std::optional<scripting::PluginInfo> plugin;            // nothing: it cannot be used
  QString trouble;                                        // why
  std::optional<consensus::ExpertResponse> failure = {};  // its last, in the report that is shown
};

// By name, those that cannot be used first.
[[nodiscard]] std::vector<PluginRow> pluginRows(const scripting::PluginCatalog* catalog, const scripting::CasePlugins& ofCase,
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
