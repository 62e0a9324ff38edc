#include "tests/app/desktop/fakes.h"

#include <QCoreApplication>
#include <QFile>
#include <QSettings>
#include <QTest>
#include <algorithm>
#include <cmath>

#include "app/desktop/text.h"
#include "scripting/plugin_switches.h"
#include "scripting/user_plugins.h"

namespace conclave::desktop {

using consensus::Citation;
using consensus::Claim;
using consensus::ExpertResponse;
using consensus::Status;
using namespace std::chrono_literals;

FakeExpert::FakeExpert(std::string name, std::string verdict, int delay_ms) : verdict_(std::move(verdict)), delay_ms_(delay_ms) {
  info_.name = std::move(name);
  info_.scope = "logs.errors";
  info_.version = "1.0.0";
  info_.sha256 = std::string(64, 'c');
}

FakeExpert::~FakeExpert() {
  for (auto& thread : threads_) thread.join();
}

void FakeExpert::start(EvidencePtr evidence, JobPtr job, std::function<void(ExpertResponse)> done) {
  seen = std::move(evidence);
  threads_.emplace_back([this, job, done] {
    for (int waited = 0; waited < delay_ms_ && !job->stopped(); waited += 5) std::this_thread::sleep_for(5ms);
    ExpertResponse response;
    response.expert_name = info_.name;
    response.scope = info_.scope;
    response.status = job->stopped() ? Status::cancelled : Status::answered;
    if (!job->stopped()) response.verdict = verdict_;
    response.confidence = 0.8;
    response.content = "I looked at the log.";
    done(response);
  });
}

FakeHost::FakeHost(scripting::OutputSink sink) : sink_(std::move(sink)) {}

FakeHost::~FakeHost() {
  interrupt();
  for (auto& thread : threads_) thread.join();
}

scripting::PluginCatalog FakeHost::catalog(const std::vector<std::filesystem::path>&) const {
  scripting::PluginCatalog catalog;
  scripting::PluginInfo plugin;
  plugin.name = "error_bursts";
  plugin.version = "1.0.0";
  plugin.scope = "logs.errors";
  plugin.summary = "Finds bursts of errors against the log's own baseline.";
  plugin.trust = scripting::Trust::shipped;
  plugin.origin = scripting::Origin::shipped;
  plugin.settings = {{"window_minutes", "int", 5, "Width of the window in minutes."},
                     {"strict", "bool", false, "Every burst counts."}};
  catalog.plugins.push_back(plugin);
  plugin.name = "stranger";
  plugin.scope = "overall";
  plugin.trust = scripting::Trust::untrusted;
  plugin.origin = scripting::Origin::folder;
  plugin.settings.clear();
  catalog.plugins.push_back(plugin);
  catalog.plugins.insert(catalog.plugins.end(), more_plugins.begin(), more_plugins.end());
  auto users = scripting::read_catalog({}, {}, scripting::user_plugins_folder());
  catalog.plugins.insert(catalog.plugins.end(), users.plugins.begin(), users.plugins.end());
  catalog.problems = std::move(users.problems);
  if (const auto disabled = scripting::read_disabled()) {
    for (auto& one : catalog.plugins) one.enabled = !disabled->contains(one.name);
  }
  return catalog;
}

Result<scripting::Circle> FakeHost::circle(const Case&, const scripting::CircleRequest& request) {
  allowed_endpoints = request.allowed_endpoints;
  scripting::Circle circle{experts, refused};
  circle.probes = probes;
  return circle;
}

void FakeHost::run(std::function<void()> work) { threads_.emplace_back(std::move(work)); }

void FakeHost::execute(std::string source, std::function<void(scripting::ConsoleReply)> done) {
  {
    const std::lock_guard lock(mutex_);
    interrupted_ = false;
    answered_ = false;
  }
  run([this, source = std::move(source), done = std::move(done)] {
    using State = scripting::ConsoleReply::State;
    if (source.starts_with("print ")) sink_(scripting::Stream::out, source.substr(6) + "\n", "console");
    if (source.starts_with("say ")) {
      const auto space = source.find(' ', 4);
      sink_(scripting::Stream::out, source.substr(space + 1) + "\n", "expert " + source.substr(4, space - 4));
    }
    if (source.starts_with("ask ") || source.starts_with("secret ")) {
      sink_(scripting::Stream::out, source.substr(source.find(' ') + 1), "console");
      frontend_.asks_line(source.starts_with("ask ") ? scripting::Asks::line : scripting::Asks::secret);
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return interrupted_ || answered_; });
      if (interrupted_) {
        lock.unlock();
        frontend_.asks_line(scripting::Asks::nothing);
        return done({State::interrupted, 0});
      }
      sink_(scripting::Stream::out, (answer_ ? "answered " + *answer_ : std::string("EOFError")) + "\n", "console");
    }
    if (source == "fail") {
      sink_(scripting::Stream::err,
            "Traceback (most recent call last):\n  File \"/tmp/mine.py\", line 12, in assess\nValueError: no\n", "console");
    }
    if (source == "flood") {
      for (int line = 0; line < 50'000; ++line) sink_(scripting::Stream::out, "line " + std::to_string(line) + "\n", "console");
    }
    if (source == "wait") {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return interrupted_; });
      return done({State::interrupted, 0});
    }
    if (source == "exit()") return done({State::exit_requested, 0});
    done({source.ends_with(":") ? State::incomplete : State::complete, 0});
  });
}

void FakeHost::complete(std::string text, std::function<void(std::vector<std::string>)> done) {
  run([text = std::move(text), done = std::move(done)] {
    if (text.ends_with("rep")) return done({"report"});
    if (text.ends_with("report.")) return done({"report.confidence", "report.verdict"});
    done({});
  });
}

void FakeHost::call_tip(std::string text, std::function<void(std::string)> done) {
  run([text = std::move(text), done = std::move(done)] { done(text.ends_with("f(") ? "f(x, y=1)\nAdds." : ""); });
}

void FakeHost::answer(std::optional<std::string> line) {
  const std::lock_guard lock(mutex_);
  answered_ = true;
  answer_ = std::move(line);
  changed_.notify_all();
}

void FakeHost::publish(scripting::Shown shown) {
  const std::lock_guard lock(mutex_);
  if (shown.report && shown.evidence) ++published;
  shown_ = std::move(shown);
}

std::vector<scripting::RunningScript> FakeHost::running() const {
  const std::lock_guard lock(mutex_);
  return running_;
}

bool FakeHost::stop(std::uint64_t id, scripting::StopHow how) {
  const std::lock_guard lock(mutex_);
  stops_.emplace_back(id, how);
  return true;
}

Result<std::string> FakeHost::stack(std::uint64_t id) {
  if (id == 0) return fail(ErrorKind::not_found, "it has ended");
  return "  File \"/tmp/mine.py\", line 12, in assess\n";
}

std::vector<scripting::StartedHook> FakeHost::start_up(const std::vector<scripting::PluginInfo>& plugins, Job&) {
  std::vector<scripting::StartedHook> outcomes;
  for (const auto& plugin : plugins) {
    started.push_back(plugin.name);
    outcomes.push_back(startup_outcome);
    outcomes.back().plugin = plugin.name;
  }
  return outcomes;
}

void FakeHost::listen_for_debugger(std::uint16_t port, std::function<void(Result<std::string>)> done) {
  run([port, done = std::move(done)] {
    if (port == 1)
      return done(fail(ErrorKind::unsupported, "a debugger needs debugpy; install it with: apt install python3-debugpy"));
    done("127.0.0.1:" + std::to_string(port));
  });
}

void FakeHost::request(const std::string& what, const nlohmann::json& argument) { frontend_.requests(what, argument); }

void FakeHost::setRunning(std::vector<scripting::RunningScript> list) {
  const std::lock_guard lock(mutex_);
  running_ = std::move(list);
}

std::vector<std::pair<std::uint64_t, scripting::StopHow>> FakeHost::stops() const {
  const std::lock_guard lock(mutex_);
  return stops_;
}

scripting::Shown FakeHost::shown() const {
  const std::lock_guard lock(mutex_);
  return shown_;
}

void FakeHost::interrupt() {
  ++interrupts;
  const std::lock_guard lock(mutex_);
  interrupted_ = true;
  changed_.notify_all();
}

Report sampleReport() {
  Report report;
  report.id = "3f2a9c0d11aa4b0f9c2d7e5566778899";
  report.case_name = "checkout outage";
  report.question = "Did the deploy at 12:40 break the checkout?";
  report.started = 1'772'366'400'000'000;
  report.seconds = 1.84;
  report.receipt.question.verdicts = {"healthy", "degraded", "failing"};
  report.receipt.inputs = {{"logs/payments.log", 8'421'113, std::string(64, 'a')}};
  report.receipt.plugins = {{"error_bursts", "1.0.0", std::string(64, 'b')}};

  ExpertResponse bursts;
  bursts.expert_name = "error_bursts";
  bursts.scope = "logs.errors";
  bursts.verdict = "failing";
  bursts.confidence = 0.91;
  bursts.seconds = 0.21;
  bursts.content = "Errors rose from 2 to 640 a minute at 12:41 in payments.log, one minute after the change.";
  bursts.claims = {
      Claim{"The first error after the change names an exhausted connection pool",
            consensus::Stance::supports,
            0.9,
            {Citation{"log", "logs/payments.log", 120'431, "", true,
                      "2026-03-01T12:41:02Z ERROR pool exhausted: 32 of 32 connections in use, waited 5000 ms"}}},
      Claim{"The database was restarted",
            consensus::Stance::supports,
            0.4,
            {Citation{"log", "logs/postgres.log", 999'999'999, "", false, ""}}},
  };
  ExpertResponse rare;
  rare.expert_name = "rare_templates";
  rare.scope = "logs.errors";
  rare.verdict = "degraded";
  rare.confidence = 0.6;
  rare.seconds = 0.4;
  rare.content = "Three templates are new since 12:40 <script>alert(1)</script>.";
  rare.claims = {Claim{"A new template appeared",
                       consensus::Stance::supports,
                       0.5,
                       {Citation{"template", "", 0, "00ff00ff00ff00ff", true, "pool exhausted: <*>"}}}};
  ExpertResponse health;
  health.expert_name = "service_health";
  health.scope = "services";
  health.verdict = "failing";
  health.confidence = 0.99;
  health.seconds = 0.03;
  health.content = "payments does not accept connections.";
  health.claims = {Claim{"payments is closed but should be open",
                         consensus::Stance::supports,
                         1.0,
                         {Citation{"service", "payments", 0, "", true, "closed"}}}};
  ExpertResponse broken;
  broken.expert_name = "language_model";
  broken.status = Status::failed;
  broken.seconds = 2.5;
  broken.error =
      consensus::ResponseError{"TimeoutError", "the endpoint did not answer",
                               "Traceback (most recent call last):\n  File \"model.py\", line 12, in ask\nTimeoutError"};
  report.responses = {bursts, rare, health, broken};

  auto& consensus = report.consensus;
  consensus.verdict = "failing";
  consensus.reason = "services is failing, confirmed by a verified claim.";
  consensus.confidence_score = 0.93;
  consensus.confidence_interval = {0.81, 0.97};
  consensus.coverage = 0.75;
  consensus.effective_experts = 2.4;
  consensus.consensus_text = "payments does not accept connections. Errors rose from 2 to 640 a minute at 12:41.";
  consensus.scopes = {{"logs.errors",
                       "failing",
                       {{"healthy", 0.05}, {"degraded", 0.35}, {"failing", 0.60}},
                       {"error_bursts", "rare_templates"},
                       true,
                       "two voters, the larger share says failing"},
                      {"services",
                       "failing",
                       {{"healthy", 0.01}, {"degraded", 0.0}, {"failing", 0.99}},
                       {"service_health"},
                       true,
                       "one voter with a verified claim"}};
  consensus.matrix_experts = {"error_bursts", "rare_templates", "service_health"};
  consensus.agreement_matrix = {{1, 0.55, 0.9}, {0.55, 1, 0.5}, {0.9, 0.5, 1}};
  consensus.groups = {{"error_bursts", "service_health"}, {"rare_templates"}};
  consensus.key_insights = {{"theme", "Two experts point at payments.", {"error_bursts", "service_health"}},
                            {"unverified", "One claim of error_bursts cites a line that does not exist.", {"error_bursts"}}};
  consensus.dissenting_opinions = {{"logs.errors", "degraded", {"rare_templates"}, "Three templates are new since 12:40.", {}}};
  consensus.counterfactuals = {{{"service_health"}, "services", "degraded"}};
  report.excerpts = {
      {"logs/payments.log", 120'431, "2026-03-01T12:41:02Z ERROR pool exhausted: 32 of 32 connections in use, waited 5000 ms"}};
  report.problems = {{config::Severity::warning,
                      "memory-too-low",
                      "memory of payments is 64 MiB, less than 128 MiB",
                      "write memory_mb: 128 or more",
                      {"infrastructure.yaml", 14, 5}}};
  return report;
}

double contrast(const QColor& a, const QColor& b) {
  const auto linear = [](double part) { return part <= 0.03928 ? part / 12.92 : std::pow((part + 0.055) / 1.055, 2.4); };
  const auto luminance = [&](const QColor& colour) {
    return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF());
  };
  const auto [low, high] = std::minmax({luminance(a), luminance(b)});
  return (high + 0.05) / (low + 0.05);
}

std::filesystem::path useTemporaryHome() {
  static QTemporaryDir home;
  qputenv("XDG_CONFIG_HOME", QFile::encodeName(home.path()));
  qputenv("XDG_CACHE_HOME", QFile::encodeName(home.path()));
  qputenv("XDG_STATE_HOME", QFile::encodeName(home.path()));
  qputenv("XDG_DATA_HOME", QFile::encodeName(home.path()));
  QCoreApplication::setOrganizationName(QStringLiteral("Conclave"));
  QCoreApplication::setApplicationName(QStringLiteral("conclave-test"));
  QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, home.path());
  return home.path().toStdString();
}

void DesktopTest::initTestCase() { (void)useTemporaryHome(); }

void DesktopTest::init() {
  folder_ = std::make_unique<QTemporaryDir>();
  jobs_ = std::make_unique<Jobs>();
  scripts_ = std::make_unique<Scripts>(*jobs_);
  theme_ = std::make_unique<ThemeController>();
  session_ = std::make_unique<Session>(
      *jobs_, *scripts_,
      Session::Folders{fsPath(QStringLiteral(CONCLAVE_SOURCE_DIR "/resources")), fsPath(folder_->path()),
                       fsPath(path("history.db")), fsPath(path("audit.jsonl"))});
}

void DesktopTest::cleanup() {
  session_.reset();
  jobs_->cancelAll();
  QTRY_VERIFY(jobs_->isIdle());
  scripts_.reset();
  jobs_.reset();
}

QString DesktopTest::write(const char* name, const QByteArray& text) const {
  QFile file(path(name));
  if (!file.open(QIODevice::WriteOnly) || file.write(text) != text.size()) qFatal("cannot write %s", name);
  return file.fileName();
}

QStringList DesktopTest::audited() const {
  QFile file(path("audit.jsonl"));
  QStringList events;
  if (!file.open(QIODevice::ReadOnly)) return events;
  for (QByteArray line = file.readLine(); !line.isEmpty(); line = file.readLine()) {
    const auto json = nlohmann::json::parse(line.toStdString());
    events << qtText(json["event"].get<std::string>() + " " + json["subject"].get<std::string>());
  }
  return events;
}

FakeHost& DesktopTest::startPython(std::function<void(FakeHost&)> prepare) {
  scripts_->start([prepare = std::move(prepare)](scripting::OutputSink sink) -> Result<std::unique_ptr<scripting::ScriptHost>> {
    auto host = std::make_unique<FakeHost>(std::move(sink));
    if (prepare) prepare(*host);
    return host;
  });
  if (!QTest::qWaitFor([this] { return scripts_->state() == Scripts::State::ready; })) qFatal("the fake host did not start");
  return static_cast<FakeHost&>(*scripts_->host());
}

}  // namespace conclave::desktop
