// The start of the window as plugins see it: on_startup of hooks, and the search for a plugin that breaks starts.
#pragma once

#include <QObject>
#include <QTimer>
#include <chrono>
#include <filesystem>
#include <memory>

#include "app/desktop/scripts.h"
#include "engine/config/problem.h"
#include "scripting/starts.h"

namespace conclave::desktop {

// A start is complete when all hooks have ended and the window has lived for `settling` since. Owner: main(). GUI thread; files
// are read and hooks called in jobs.
class Startup : public QObject {
  Q_OBJECT
 public:
  Startup(Jobs& jobs, Scripts& scripts, std::filesystem::path file, std::chrono::milliseconds settling = std::chrono::seconds(3),
          QObject* parent = nullptr);

  // The window ends as it should, so that this start is not held against anybody, unless a hook has kept Python busy for 10 s.
  void leave();

 Q_SIGNALS:
  // Plugins are off in this start while a culprit is looked for. Before any hook runs.
  void searching(const QString& text);
  // It is disabled now.
  void found(const QString& plugin, const QString& text);
  void said(conclave::config::Severity severity, const QString& what, const QString& detail);
  void hooksEnded();  // or there are none, or there is no Python
  void completed();

 private:
  struct Plan {
    std::shared_ptr<scripting::Start> start;  // null: it cannot be remembered
    std::vector<scripting::PluginInfo> hooks;
    QString trouble;
  };
  void begin();
  static Result<Plan> makePlan(scripting::ScriptHost& host, const std::filesystem::path& file,
                               const std::vector<std::filesystem::path>& folders, const std::vector<std::string>& trusted);
  void announce(const Plan& plan);
  void runHooks(std::vector<scripting::PluginInfo> hooks);
  void complete();
  void blame(const scripting::StartPlugin& culprit, const QString& trouble);

  Jobs& jobs_;
  Scripts& scripts_;
  const std::filesystem::path file_;
  std::shared_ptr<scripting::Start> start_;
  QTimer settling_;
  bool begun_ = false;
  bool planning_ = false;
  bool running_ = false;
  bool leaving_ = false;
  qint64 runningSinceMs_ = 0;
};

}  // namespace conclave::desktop
