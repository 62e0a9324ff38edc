// The script host as the window sees it: started in the background, answering by signals on the GUI thread.
#pragma once

#include <QObject>
#include <QString>
#include <QStringList>
#include <QTimer>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "app/desktop/jobs.h"
#include "scripting/script_host.h"

namespace conclave::desktop {

struct OutputPiece {
  scripting::Stream stream;
  QString text;
  QString origin;
  bool remark = false;  // of the window itself
};

// Owner: main(). Threads: GUI only; none of its members waits for Python. What scripts print is collected and signalled at most
// 20 times a second; beyond 400 lines or 64 KiB between two signals the oldest are left out and counted.
class Scripts : public QObject {
  Q_OBJECT
 public:
  using Starter = std::function<Result<std::unique_ptr<scripting::ScriptHost>>(scripting::OutputSink)>;
  enum class State { starting, ready, unavailable };

  explicit Scripts(Jobs& jobs, QObject* parent = nullptr);
  ~Scripts() override;

  void start(Starter starter);
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] QString trouble() const { return trouble_; }  // why it is unavailable
  // Null unless ready. Shared with jobs that use it; its members that read files or wait (catalog, circle, hooks) belong into
  // jobs.
  [[nodiscard]] std::shared_ptr<scripting::ScriptHost> host() const { return host_; }

  // What can be asked; null until read. Folders outlive the start: naming one is consent to run what it holds.
  [[nodiscard]] std::shared_ptr<const scripting::PluginCatalog> catalog() const { return catalog_; }
  [[nodiscard]] const std::vector<std::filesystem::path>& pluginDirs() const { return pluginDirs_; }
  void setPluginDirs(std::vector<std::filesystem::path> dirs);
  // Names of plugins that run inside the program (--trust), until it ends.
  void setTrusted(std::vector<std::string> names) { trusted_ = std::move(names); }
  [[nodiscard]] const std::vector<std::string>& trusted() const { return trusted_; }
  void readCatalog();  // anew; catalogChanged() when it is done

  // `done` runs on the GUI thread, and not at all if `context` is gone by then.
  void execute(const QString& source, QObject* context, std::function<void(scripting::ConsoleReply)> done);
  void complete(const QString& text, QObject* context, std::function<void(QStringList)> done);
  // Signature and first line of documentation of the call that is open at the end of `text`; empty: none.
  void callTip(const QString& text, QObject* context, std::function<void(QString)> done);
  void interrupt();
  // What input() in the console waits for (asked); nothing is the end of input.
  void answer(const std::optional<QString>& line);
  // See ScriptHost::listen_for_debugger().
  [[nodiscard]] QString debuggerAddress() const { return debugger_; }  // empty: nothing listens
  void listenForDebugger(std::uint16_t port, QObject* context, std::function<void(Result<std::string>)> done);
  // In jobs; what ran at that time comes as a signal, the stack of one as text for the user.
  void lookAtRunning();
  void stop(std::uint64_t id, scripting::StopHow how);
  void stack(std::uint64_t id, QObject* context, std::function<void(Result<std::string>)> done);

 Q_SIGNALS:
  void stateChanged();
  void catalogChanged();
  void output(const std::vector<conclave::desktop::OutputPiece>& pieces);
  // What has kept the script thread busy for at least 5 s; empty once it is free again.
  void stuck(const QString& what);
  void asked(conclave::scripting::Asks what);  // input() or getpass() in the console waits for answer(), or nobody any more
  // A script called a member of `app`; see scripting::Frontend.
  void requested(const QString& what, const nlohmann::json& argument);
  void running(const std::vector<conclave::scripting::RunningScript>& scripts);

 private:
  struct Collector;
  void attach();
  void drain();
  void watch();

  Jobs& jobs_;
  State state_ = State::unavailable;
  QString trouble_;
  std::shared_ptr<scripting::ScriptHost> host_;
  std::shared_ptr<const scripting::PluginCatalog> catalog_;
  std::vector<std::filesystem::path> pluginDirs_;
  std::vector<std::string> trusted_;
  QString debugger_;
  std::shared_ptr<Collector> collector_;
  QTimer drainTimer_;
  QTimer watchTimer_;
  QString busy_;
  qint64 busySinceMs_ = 0;
  bool stuck_ = false;
  Jobs::Id looking_ = 0;
  bool asking_ = false;
};

}  // namespace conclave::desktop
