#include "app/desktop/plugins.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QRegularExpression>
#include <algorithm>

#include "app/desktop/text.h"
#include "scripting/consent.h"

namespace conclave::desktop {

namespace fs = std::filesystem;

namespace {

QString say(const char* text) { return QCoreApplication::translate("plugins", text); }

std::vector<fs::path> pathsOf(const Case& subject) {
  std::vector<fs::path> paths;
  for (const ExpertChoice& choice : subject.experts) {
    const fs::path path = choice.name;
    if (path.extension() != ".py" && choice.name.find('/') == std::string::npos) continue;
    paths.push_back(path.is_relative() ? subject.base / path : path);
  }
  return paths;
}

QString joined(const std::vector<std::string>& texts) {
  QStringList list;
  for (const auto& text : texts) list << qtText(text);
  return list.join(QStringLiteral(", "));
}

}  // namespace

Result<CasePlugins> readCasePlugins(const Case& subject) {
  CasePlugins found;
  const auto lock = scripting::read_lock(subject.base);
  if (!lock) found.problems.push_back({scripting::lock_file(subject.base), lock.error().message});
  for (const fs::path& path : pathsOf(subject)) {
    auto plugin = scripting::read_plugin(path, scripting::Trust::untrusted);
    if (!plugin) {
      found.problems.push_back({path, plugin.error().text()});
      continue;
    }
    if (lock && scripting::agreed(*lock, *plugin)) plugin->trust = scripting::Trust::named;
    found.plugins.push_back(std::move(*plugin));
  }
  return found;
}

Result<std::vector<scripting::PluginInfo>> agreeToCasePlugins(const Case& subject) {
  std::vector<scripting::PluginInfo> plugins;
  for (const fs::path& path : pathsOf(subject)) {
    auto plugin = scripting::read_plugin(path, scripting::Trust::named);
    if (!plugin) return tl::unexpected<Error>(plugin.error());
    plugins.push_back(std::move(*plugin));
  }
  if (auto written = scripting::write_lock(subject.base, plugins); !written) return tl::unexpected<Error>(written.error());
  return plugins;
}

std::vector<PluginRow> pluginRows(const scripting::PluginCatalog* catalog, const CasePlugins& ofCase, const Report* report) {
  using From = PluginRow::From;
  std::vector<PluginRow> rows;
  const auto add = [&](const std::vector<scripting::PluginInfo>& plugins, const std::vector<scripting::PluginProblem>& problems,
                       bool byCase) {
    for (const auto& problem : problems)
      rows.push_back({problem.path, byCase ? From::subject : From::folder, {}, qtText(problem.message)});
    for (const auto& plugin : plugins) {
      const From from = byCase ? From::subject : plugin.trust == scripting::Trust::shipped ? From::shipped : From::folder;
      const bool there = std::any_of(rows.begin(), rows.end(), [&](const PluginRow& row) {
        return row.plugin && !row.path.empty() && row.path.lexically_normal() == plugin.path.lexically_normal();
      });
      if (!there) rows.push_back({plugin.path, from, plugin, {}});  // a folder that was added may hold the case, too
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
  const bool isolated = scripting::runs_isolated(plugin);
  lines << (isolated ? say("Runs in a process of its own, where the system keeps it to the following.")
                     : say("Runs in Conclave itself and could do what you can; the following is what it says it needs."));
  lines << (plugin.network.empty() ? say("No network.") : say("Connects to %1.").arg(joined(plugin.network)));
  if (!plugin.network.empty())
    lines << (plugin.raw_evidence ? say("Sees the evidence as it is.")
                                  : say("Sees the evidence with secrets and personal data redacted."));
  if (!plugin.read.empty()) lines << say("Reads %1, besides itself and the logs of the case.").arg(joined(plugin.read));
  lines << (plugin.write.empty() ? say("Writes no files.") : say("Writes %1.").arg(joined(plugin.write)));
  lines << (plugin.subprocess ? say("May start programs.") : say("Starts no programs."));
  if (!plugin.secrets.empty()) lines << say("May ask for the secrets %1.").arg(joined(plugin.secrets));
  lines << say("At most %1, %2 MB of memory and %3 KB of output.")
               .arg(secondsText(plugin.time_s))
               .arg(plugin.memory_mb, 0, 'f', 0)
               .arg(plugin.output_kb, 0, 'f', 0);
  if (!plugin.requirements.empty()) lines << say("Needs %1.").arg(joined(plugin.requirements));
  return lines;
}

}  // namespace conclave::desktop
