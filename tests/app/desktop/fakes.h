// Stand-ins for what a test of the window must not depend on: Python, and a consultation that was run.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

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

 private:
  ExpertInfo info_;
  std::string verdict_;
  int delay_ms_;
  std::vector<std::thread> threads_;
};

// A host whose console understands four commands: "print TEXT", "flood", "wait" (until interrupted) and a line that ends with ":"
// (incomplete). Callbacks come from a thread, as Python's do.
class FakeHost : public scripting::ScriptHost {
 public:
  explicit FakeHost(scripting::OutputSink sink);
  ~FakeHost() override;

  std::vector<ExpertPtr> experts;
  std::string busy;                                 // set before the host is in use
  std::vector<scripting::PluginInfo> more_plugins;  // of the catalogue; set before the host is in use
  std::vector<std::string> allowed_endpoints;       // of the last request; read when the consultation ended

  [[nodiscard]] scripting::PluginCatalog catalog(const std::vector<std::filesystem::path>& plugin_dirs) const override;
  [[nodiscard]] Result<scripting::Circle> circle(const Case& subject, const scripting::CircleRequest& request) override;
  [[nodiscard]] Hooks hooks(const scripting::CircleRequest&) override { return {}; }
  void execute(std::string source, std::function<void(scripting::ConsoleReply)> done) override;
  void complete(std::string text, std::function<void(std::vector<std::string>)> done) override;
  void publish(const Report& report, EvidencePtr evidence) override;
  void interrupt() override;
  [[nodiscard]] std::string busy_with() const override { return busy; }
  int run_terminal_console() override { return 0; }
  int run_script(const std::filesystem::path&, std::vector<std::string>) override { return 0; }
  [[noreturn]] void exit(int code) override { std::_Exit(code); }

  std::atomic<int> published{0};
  std::atomic<int> interrupts{0};

 private:
  void run(std::function<void()> work);
  scripting::OutputSink sink_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool interrupted_ = false;
  std::vector<std::thread> threads_;
};

// A report as the engine would make it: two scopes, four experts (one of them failed with a traceback), claims with and without
// verified citations.
[[nodiscard]] Report sampleReport();

// A fresh temporary folder that settings, caches and state go to for this process. Call before the first QSettings.
[[nodiscard]] std::filesystem::path useTemporaryHome();

}  // namespace conclave::desktop
