// Stand-ins for what a test of the window must not depend on: Python, and a consultation that was run.
#pragma once

#include <QObject>
#include <QTemporaryDir>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "app/desktop/session.h"
#include "app/desktop/theme.h"
#include "engine/case/report.h"
#include "scripting/script_host.h"

namespace conclave::desktop {

// An expert without Python: answers from a thread of its own after `delay_ms`, or when it is stopped.
class FakeExpert : public Expert {
 public:
  FakeExpert(std::string name, std::string verdict, int delay_ms = 0);
  ~FakeExpert() override;
  [[nodiscard]] const ExpertInfo& info() const override { return info_; }
  void start(EvidencePtr evidence, JobPtr job, std::function<void(consensus::ExpertResponse)> done) override;
  EvidencePtr seen;  // of the last consultation; read when it ended

 private:
  ExpertInfo info_;
  std::string verdict_;
  int delay_ms_;
  std::vector<std::thread> threads_;
};

// A host whose catalogue holds "error_bursts", as shipped, "stranger", which may not run, and what is in the user's folder; whose
// console understands these commands: "print TEXT", "say ORIGIN TEXT", "flood", "wait" (until interrupted), "ask TEXT" (prints
// the question and then the answer), "secret TEXT" (the same, hidden) and a line that ends with ":" (incomplete). Callbacks come
// from a thread, as Python's do.
class FakeHost : public scripting::ScriptHost {
 public:
  explicit FakeHost(scripting::OutputSink sink);
  ~FakeHost() override;

  std::vector<ExpertPtr> experts;
  std::vector<consensus::ExpertResponse> refused;
  Hooks case_hooks;                                 // set before the host is in use
  std::string busy;                                 // set before the host is in use
  std::vector<scripting::PluginInfo> more_plugins;  // of the catalogue; set before the host is in use
  Probes probes;
  std::vector<std::string> allowed_endpoints;  // of the last request; read when the consultation ended

  [[nodiscard]] scripting::PluginCatalog catalog(const std::vector<std::filesystem::path>& plugin_dirs) const override;
  [[nodiscard]] Result<scripting::Circle> circle(const Case& subject, const scripting::CircleRequest& request) override;
  [[nodiscard]] Hooks hooks(const Case&, const scripting::CircleRequest&) override { return case_hooks; }
  [[nodiscard]] Probe probe(const scripting::PluginInfo&) override { return {}; }
  void execute(std::string source, std::function<void(scripting::ConsoleReply)> done) override;
  void complete(std::string text, std::function<void(std::vector<std::string>)> done) override;
  void call_tip(std::string text, std::function<void(std::string)> done) override;
  void attach(scripting::Frontend frontend) override { frontend_ = std::move(frontend); }
  void answer(std::optional<std::string> line) override;
  void publish(scripting::Shown shown) override;
  [[nodiscard]] std::vector<scripting::RunningScript> running() const override;
  bool stop(std::uint64_t id, scripting::StopHow how) override;
  [[nodiscard]] Result<std::string> stack(std::uint64_t id) override;
  void request(const std::string& what, const nlohmann::json& argument);  // as a script would through `app`
  void interrupt() override;
  [[nodiscard]] std::string busy_with() const override { return busy; }
  [[nodiscard]] std::vector<scripting::StartedHook> start_up(const std::vector<scripting::PluginInfo>& plugins,
                                                             Job& job) override;
  // Port 1 cannot be had; else the address as it would be.
  void listen_for_debugger(std::uint16_t port, std::function<void(Result<std::string>)> done) override;
  std::vector<std::string> started;        // names of the hooks that start_up() was given; read when the start is over
  scripting::StartedHook startup_outcome;  // of each; set before the host is in use
  int run_terminal_console(const std::filesystem::path&) override { return 0; }
  int run_script(const std::filesystem::path&, std::vector<std::string>, std::optional<std::uint16_t>) override { return 0; }
  [[noreturn]] void exit(int code) override { std::_Exit(code); }

  std::atomic<int> published{0};
  void setRunning(std::vector<scripting::RunningScript> list);
  [[nodiscard]] std::vector<std::pair<std::uint64_t, scripting::StopHow>> stops() const;
  [[nodiscard]] scripting::Shown shown() const;
  std::atomic<int> interrupts{0};

 private:
  void run(std::function<void()> work);
  scripting::OutputSink sink_;
  scripting::Frontend frontend_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool interrupted_ = false;
  bool answered_ = false;
  std::optional<std::string> answer_;
  std::vector<scripting::RunningScript> running_;
  std::vector<std::pair<std::uint64_t, scripting::StopHow>> stops_;
  scripting::Shown shown_;
  std::vector<std::thread> threads_;
};

// A report as the engine would make it: two scopes, four experts (one of them failed with a traceback), claims with and without
// verified citations.
[[nodiscard]] Report sampleReport();

// WCAG 2.1, "contrast ratio".
[[nodiscard]] double contrast(const QColor& a, const QColor& b);

// A fresh temporary folder that settings, caches and state go to for this process. Call before the first QSettings.
[[nodiscard]] std::filesystem::path useTemporaryHome();

// What a test of the window needs around it, new for each function: a folder of its own, a session that keeps its history and its
// audit log there, and Python when startPython() is called. A test that has an init() or cleanup() of its own calls these.
class DesktopTest : public QObject {
  Q_OBJECT

 public Q_SLOTS:
  void initTestCase();
  void init();
  void cleanup();

 protected:
  [[nodiscard]] QString path(const char* name) const { return folder_->filePath(QLatin1String(name)); }
  QString write(const char* name, const QByteArray& text) const;  // its path
  [[nodiscard]] QStringList audited() const;                      // "event subject" of each line
  // `prepare` is called before the host is in use.
  FakeHost& startPython(std::function<void(FakeHost&)> prepare = {});

  std::unique_ptr<QTemporaryDir> folder_;
  std::unique_ptr<Jobs> jobs_;
  std::unique_ptr<Scripts> scripts_;
  std::unique_ptr<ThemeController> theme_;
  std::unique_ptr<Session> session_;
};

}  // namespace conclave::desktop
