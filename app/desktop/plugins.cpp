#include "app/desktop/plugins.h"

#include <QFileInfo>
#include <QRegularExpression>
#include <algorithm>

#include "app/desktop/text.h"
#include "scripting/permissions.h"
#include "scripting/user_plugins.h"

namespace conclave::desktop {

namespace {

bool isInside(const std::filesystem::path& path, const std::filesystem::path& folder) {
  const auto relative = path.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

}  // namespace

std::vector<PluginRow> pluginRows(const scripting::PluginCatalog* catalog, const scripting::CasePlugins& ofCase,
                                  const Report* report) {
  using scripting::Origin;
  std::vector<PluginRow> rows;
  const auto users = scripting::user_plugins_folder();
  const auto add = [&](const std::vector<scripting::PluginInfo>& plugins, const std::vector<scripting::PluginProblem>& problems,
                       bool byCase) {
    for (const auto& problem : problems) {
      const Origin origin = byCase ? Origin::subject : isInside(problem.path, users) ? Origin::user : Origin::folder;
      rows.push_back({problem.path, origin, {}, qtText(problem.message)});
    }
    for (const auto& plugin : plugins) {
      const bool there = std::any_of(rows.begin(), rows.end(), [&](const PluginRow& row) {
        return row.plugin && !row.path.empty() && row.path.lexically_normal() == plugin.path.lexically_normal();
      });
      if (!there) rows.push_back({plugin.path, plugin.origin, plugin, {}});  // a folder that was added may hold the case, too
    }
  };
  if (catalog) add(catalog->plugins, catalog->problems, false);
  add(ofCase.plugins, ofCase.problems, true);
  const auto nameOf = [](const PluginRow& row) { return row.plugin ? row.plugin->name : row.path.filename().string(); };
  std::stable_sort(rows.begin(), rows.end(), [&](const PluginRow& a, const PluginRow& b) {
    return a.plugin.has_value() != b.plugin.has_value() ? !a.plugin.has_value() : nameOf(a) < nameOf(b);
  });
  if (!report) return rows;
  for (auto& row : rows) {
    for (const auto& response : report->responses) {
      if (row.plugin && response.error && response.expert_name == row.plugin->name) row.failure = response;
    }
  }
  return rows;
}

PluginPlace placeOf(const PluginRow& row) {
  static const QRegularExpression place(QStringLiteral("^(/[^\\n]*?):(\\d{1,7})(?::\\d+)?"), QRegularExpression::MultilineOption);
  if (const auto match = place.match(row.trouble); match.hasMatch()) return {match.captured(1), match.captured(2).toInt()};
  const QString path = qtPath(row.path);
  if (!QFileInfo(path).isDir()) return {path, 1};
  if (!row.plugin) return {path + QStringLiteral("/plugin.toml"), 1};
  const QString module = path + QLatin1Char('/') + qtText(row.plugin->module);
  const QString file = module + QStringLiteral(".py");
  return {QFileInfo::exists(file) ? file : module + QStringLiteral("/__init__.py"), 1};
}

QStringList permissionsText(const scripting::PluginInfo& plugin) {
  QStringList lines;
  for (const auto& line : scripting::permission_lines(plugin)) lines << qtText(line);
  return lines;
}

}  // namespace conclave::desktop
