#include "app/desktop/startup.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QElapsedTimer>
#include <algorithm>

#include "app/desktop/text.h"
#include "scripting/plugin_switches.h"

namespace conclave::desktop {

namespace {

constexpr qint64 hanging_after_ms = 10'000;
constexpr qint64 planning_patience_ms = 6000;  // a little more than the lock of the file is waited for

QString namesOf(const scripting::StartPlugins& plugins) {
  QStringList names;
  for (const auto& plugin : plugins) names << qtText(plugin.name);
  return names.join(QStringLiteral(", "));
}

// Halving `suspects` until one is left.
int startsToGo(std::size_t suspects) {
  int starts = 0;
  for (; suspects > 1; suspects = (suspects + 1) / 2) ++starts;
  return starts;
}

}  // namespace

Startup::Startup(Jobs& jobs, Scripts& scripts, std::filesystem::path file, std::chrono::milliseconds settling, QObject* parent)
    : QObject(parent), jobs_(jobs), scripts_(scripts), file_(std::move(file)) {
  settling_.setSingleShot(true);
  settling_.setInterval(settling);
  connect(&settling_, &QTimer::timeout, this, &Startup::complete);
  connect(&scripts_, &Scripts::stateChanged, this, [this] {
    if (begun_ || leaving_ || scripts_.state() == Scripts::State::starting) return;
    begun_ = true;
    if (scripts_.host()) return begin();
    Q_EMIT hooksEnded();
    Q_EMIT completed();
  });
}

Result<Startup::Plan> Startup::makePlan(scripting::ScriptHost& host, const std::filesystem::path& file,
                                        const std::vector<std::filesystem::path>& folders,
                                        const std::vector<std::string>& trusted) {
  Plan plan;
  std::vector<scripting::PluginInfo> searched;
  for (auto& plugin : host.catalog(folders).plugins) {
    if (plugin.kind != "hook" || !scripting::may_run(plugin) || !plugin.runs_at_start) continue;
    plan.hooks.push_back(scripting::as_trusted(std::move(plugin), trusted));
    if (plan.hooks.back().origin != scripting::Origin::shipped) searched.push_back(plan.hooks.back());
  }
  auto start = scripting::Start::begin(file, searched);
  if (!start) {
    plan.trouble = qtText(start.error().text());
    return plan;
  }
  plan.start = std::make_shared<scripting::Start>(std::move(*start));
  plan.trouble = qtText(plan.start->remark());
  const auto& decided = plan.start->plan();
  std::erase_if(plan.hooks, [&](const scripting::PluginInfo& plugin) {
    const scripting::StartPlugin one{plugin.name, plugin.sha256};
    return decided.off.contains(one) || decided.culprit == one;
  });
  if (decided.culprit) {
    if (const auto kept = scripting::set_enabled(decided.culprit->name, false); !kept) plan.trouble = qtText(kept.error().text());
  }
  return plan;
}

void Startup::begin() {
  planning_ = true;
  jobs_.run<Plan>(
      {tr("Looking at the last start"), this, {}, true},
      [host = scripts_.host(), file = file_, folders = scripts_.pluginDirs(), trusted = scripts_.trusted()](Job&) {
        return makePlan(*host, file, folders, trusted);
      },
      [this](Result<Plan> plan) {
        planning_ = false;
        if (!plan) return;  // the window is closing
        start_ = plan->start;
        if (leaving_) return;
        announce(*plan);
        runHooks(std::move(plan->hooks));
      });
}

void Startup::announce(const Plan& plan) {
  const bool blames = plan.start && plan.start->plan().culprit;
  if (!plan.trouble.isEmpty() && !blames) Q_EMIT said(config::Severity::warning, tr("The last start"), plan.trouble);
  if (!plan.start) return;
  const auto& decided = plan.start->plan();
  if (decided.culprit) blame(*decided.culprit, plan.trouble);
  if (decided.suspects == 0) return;
  const auto all = decided.on.size() + decided.off.size();
  Q_EMIT searching(
      tr("Looking for the plugin that broke the last start: %1 of %2 are off. Start Conclave again to go on; %3 to go.\n"
         "Off in this start: %4\nOn: %5\nNothing about their settings changes.")
          .arg(decided.off.size())
          .arg(all)
          .arg(counted(static_cast<quint64>(startsToGo(decided.suspects)), "start", "starts"), namesOf(decided.off),
               namesOf(decided.on)));
}

void Startup::blame(const scripting::StartPlugin& culprit, const QString& trouble) {
  const QString name = qtText(culprit.name);
  if (!trouble.isEmpty()) {
    Q_EMIT said(config::Severity::error, tr("%1 broke the last start and cannot be switched off").arg(name), trouble);
    return;
  }
  scripts_.readCatalog();
  Q_EMIT found(name, tr("The plugin %1 broke the last start, so it is off now. Its settings are kept.").arg(name));
}

void Startup::runHooks(std::vector<scripting::PluginInfo> hooks) {
  if (hooks.empty()) {
    Q_EMIT hooksEnded();
    return complete();
  }
  using Outcomes = std::vector<scripting::StartedHook>;
  running_ = true;
  runningSinceMs_ = QDateTime::currentMSecsSinceEpoch();
  jobs_.run<Outcomes>(
      {tr("Starting plugins"), this, QStringLiteral("start")},
      [host = scripts_.host(), hooks = std::move(hooks)](Job& job) -> Result<Outcomes> { return host->start_up(hooks, job); },
      [this](const Result<Outcomes>& outcomes) {
        if (!outcomes) return;  // the window is closing
        running_ = false;
        for (const auto& one : *outcomes) {
          const QString who = qtText(one.plugin);
          for (const auto& text : one.messages) Q_EMIT said(config::Severity::note, who, qtText(text));
          if (!one.failure.empty())
            Q_EMIT said(config::Severity::warning, tr("on_startup of %1 failed").arg(who), qtText(one.failure));
        }
        Q_EMIT hooksEnded();
        settling_.start();
      });
}

void Startup::complete() {
  if (!start_) {
    Q_EMIT completed();
    return;
  }
  using Culprit = std::optional<scripting::StartPlugin>;
  struct End {
    Culprit culprit;
    QString trouble;
  };
  jobs_.run<End>(
      {tr("Remembering the start"), this, {}, true},
      [start = start_](Job&) -> Result<End> {
        const auto culprit = start->complete();
        if (!culprit) return tl::unexpected<Error>(culprit.error());
        End end{*culprit, {}};
        if (end.culprit) {
          if (const auto kept = scripting::set_enabled(end.culprit->name, false); !kept)
            end.trouble = qtText(kept.error().text());
        }
        return end;
      },
      [this](const Result<End>& end) {
        if (end) start_.reset();
        if (!end && end.error().kind != ErrorKind::cancelled)
          Q_EMIT said(config::Severity::warning, tr("This start"), qtText(end.error().text()));
        if (end && end->culprit) {
          Q_EMIT searching({});
          blame(*end->culprit, end->trouble);
        }
        Q_EMIT completed();
      });
}

void Startup::leave() {
  leaving_ = true;
  settling_.stop();
  QElapsedTimer waited;
  waited.start();
  while (planning_ && waited.elapsed() < planning_patience_ms) {  // what is being written of this start must be taken back
    QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents, 50);
  }
  const bool late = QDateTime::currentMSecsSinceEpoch() - runningSinceMs_ >= hanging_after_ms;
  const bool hangs = running_ && late && scripts_.host() && !scripts_.host()->busy_with().empty();
  if (start_ && !hangs) (void)start_->withdraw();
  start_.reset();
}

}  // namespace conclave::desktop
