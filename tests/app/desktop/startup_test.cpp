// The start of the window: hooks, the search for one that breaks it, and the debugger. tests/app/cli/test_window_start.py starts
// real windows.
#include "app/desktop/startup.h"

#include <QDir>
#include <QFile>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTest>

#include "app/desktop/main_window.h"
#include "app/desktop/text.h"
#include "app/desktop/widgets/debugger_dialog.h"
#include "app/desktop/widgets/notice.h"
#include "scripting/plugin_switches.h"
#include "tests/app/desktop/fakes.h"

using namespace conclave;
using namespace conclave::desktop;
using namespace std::chrono_literals;

class StartupTest : public DesktopTest {
  Q_OBJECT

 private:
  static std::vector<scripting::PluginInfo> hooks(int count) {
    std::vector<scripting::PluginInfo> all;
    for (int i = 0; i < count; ++i) {
      scripting::PluginInfo plugin;
      plugin.name = std::string("hook_") + static_cast<char>('a' + i);
      plugin.kind = "hook";
      plugin.sha256 = std::string(64, 'd');
      plugin.trust = scripting::Trust::named;
      plugin.origin = scripting::Origin::user;
      plugin.runs_at_start = true;
      all.push_back(plugin);
    }
    return all;
  }
  [[nodiscard]] std::filesystem::path file() const { return fsPath(path("starts.json")); }
  // A start of these in another process, which died of it.
  void die(int count) const {
    QFile boot(QStringLiteral("/proc/sys/kernel/random/boot_id"));
    QVERIFY(boot.open(QIODevice::ReadOnly));
    auto ran = nlohmann::json::array();
    for (const auto& hook : hooks(count)) ran.push_back({hook.name, hook.sha256});
    const nlohmann::json record{
        {"id", "dead"}, {"pid", 1}, {"began", "0"}, {"boot", boot.readAll().trimmed().toStdString()}, {"ran", ran}};
    const nlohmann::json none = nlohmann::json::array();
    const nlohmann::json starts{
        {"starts", 1}, {"search", {{"suspects", none}, {"cleared", none}}}, {"running", nlohmann::json::array({record})}};
    QFile::setPermissions(write("starts.json", QByteArray::fromStdString(starts.dump())), QFile::ReadOwner | QFile::WriteOwner);
  }
  // With a Startup and a window that follows it.
  struct Run {
    std::unique_ptr<Startup> startup;
    std::unique_ptr<MainWindow> window;
    std::unique_ptr<QSignalSpy> completed;
    FakeHost* host = nullptr;
  };
  Run run(int count, const scripting::StartedHook& outcome = {}, std::chrono::milliseconds settling = 0ms) {
    Run made;
    made.startup = std::make_unique<Startup>(*jobs_, *scripts_, file(), settling);
    made.window = std::make_unique<MainWindow>(*session_, *theme_);
    made.window->follow(*made.startup);
    made.window->show();
    made.completed = std::make_unique<QSignalSpy>(made.startup.get(), &Startup::completed);
    made.host = &startPython([&](FakeHost& host) {
      host.more_plugins = hooks(count);
      host.startup_outcome = outcome;
    });
    return made;
  }
  static QString notice(const MainWindow& window, const char* name) {
    for (const auto* found : window.findChildren<Notice*>()) {
      if (found->accessibleName().startsWith(QLatin1String(name))) return found->isHidden() ? QString() : found->text();
    }
    return QStringLiteral("there is no such notice");
  }

 private Q_SLOTS:
  void cleanup() {
    (void)QFile::remove(qtPath(scripting::switches_file()));
    DesktopTest::cleanup();
  }

  void hooks_run_and_what_they_say_is_among_the_messages() {
    scripting::StartedHook outcome;
    outcome.failure = "ValueError: no";
    outcome.messages = {"hello"};
    const auto made = run(2, outcome);
    QTRY_COMPARE(made.completed->count(), 1);
    QCOMPARE(made.host->started, (std::vector<std::string>{"hook_a", "hook_b"}));
    QCOMPARE(made.window->messages().rowCount(), 4);
    QCOMPARE(made.window->messages().at(0).detail, QStringLiteral("hello"));
    QCOMPARE(made.window->messages().at(1).text, QStringLiteral("on_startup of hook_a failed"));
    QCOMPARE(notice(*made.window, "Search"), QString());
    QCOMPARE(notice(*made.window, "Plugin that"), QString());
  }

  void after_a_start_that_died_half_of_them_are_off_and_a_notice_says_so() {
    die(8);
    const auto made = run(8);
    QTRY_COMPARE(made.completed->count(), 1);
    QCOMPARE(made.host->started.size(), 4U);
    const QString text = notice(*made.window, "Search");
    QVERIFY2(text.contains(QLatin1String("4 of 8 are off")), qPrintable(text));
    QVERIFY(text.contains(QLatin1String("hook_e")));
    QVERIFY(scripting::read_disabled()->empty());
  }

  void a_single_candidate_is_disabled_at_once_and_can_be_enabled_again() {
    die(1);
    const auto made = run(1);
    QTRY_COMPARE(made.completed->count(), 1);
    QVERIFY(made.host->started.empty());
    QVERIFY(scripting::read_disabled()->contains("hook_a"));
    QVERIFY(notice(*made.window, "Plugin that").contains(QLatin1String("hook_a broke the last start")));
    QTRY_VERIFY(audited().contains(QStringLiteral("plugin.disable hook_a")));
    for (auto* found : made.window->findChildren<QPushButton*>()) {
      if (found->text() == QLatin1String("Enable it again")) found->click();
    }
    QTRY_VERIFY(scripting::read_disabled()->empty());
    QTRY_COMPARE(notice(*made.window, "Plugin that"), QString());
  }

  void the_one_that_remains_when_the_others_did_well_is_disabled() {
    die(2);
    const auto made = run(2);
    QTRY_COMPARE(made.completed->count(), 1);
    QCOMPARE(made.host->started, std::vector<std::string>{"hook_a"});
    QVERIFY(scripting::read_disabled()->contains("hook_b"));
    QVERIFY(notice(*made.window, "Plugin that").contains(QLatin1String("hook_b")));
    QCOMPARE(notice(*made.window, "Search"), QString());
  }

  void a_window_that_is_closed_before_it_settled_is_held_against_nobody() {
    const auto made = run(2, {}, 1h);
    QTRY_COMPARE(made.host->started.size(), 2U);
    made.startup->leave();
    const auto next = scripting::Start::begin(file(), hooks(2));
    QVERIFY(next);
    QCOMPARE(next->plan().suspects, 0U);
    QVERIFY(!next->plan().culprit);
  }

  void a_file_that_cannot_be_kept_is_said_and_the_hooks_run() {
    QVERIFY(QDir().mkpath(path("starts.json.lock")));
    const auto made = run(2);
    QTRY_COMPARE(made.completed->count(), 1);
    QCOMPARE(made.host->started.size(), 2U);
    QCOMPARE(made.window->messages().rowCount(), 1);
    QCOMPARE(made.window->messages().at(0).text, QStringLiteral("The last start"));
  }

  void without_python_the_start_is_complete() {
    Startup startup(*jobs_, *scripts_, file());
    QSignalSpy completed(&startup, &Startup::completed);
    scripts_->start([](const scripting::OutputSink&) -> Result<std::unique_ptr<scripting::ScriptHost>> {
      return fail(ErrorKind::unsupported, "no Python here");
    });
    QTRY_COMPARE(completed.count(), 1);
    QVERIFY(!QFile::exists(path("starts.json")));
  }

  void a_debugger_may_attach_and_the_status_bar_says_where() {
    const auto made = run(0);
    made.window->attachDebugger();
    auto* dialog = made.window->findChild<DebuggerDialog*>();
    QVERIFY(dialog);
    auto* port = dialog->findChild<QSpinBox*>(QStringLiteral("debugger_port"));
    QCOMPARE(port->value(), 5678);
    auto* state = made.window->findChild<QLabel*>(QStringLiteral("debugger_state"));
    QVERIFY(state->isHidden());
    port->setValue(1);
    auto* message = dialog->findChild<QLabel*>(QStringLiteral("debugger_message"));
    const auto listen = [&] {
      for (auto* found : dialog->findChildren<QPushButton*>()) {
        if (found->text() == QLatin1String("&Listen")) found->click();
      }
    };
    listen();
    QTRY_VERIFY(message->text().contains(QLatin1String("apt install python3-debugpy")));
    QVERIFY(state->isHidden());
    port->setValue(6789);
    listen();
    QTRY_VERIFY(message->text().contains(QLatin1String("127.0.0.1:6789")));
    QVERIFY(dialog->findChild<QPlainTextEdit*>()->toPlainText().contains(QLatin1String("\"port\": 6789")));
    QVERIFY(!state->isHidden());
    QCOMPARE(state->text(), QStringLiteral("Debugger: 127.0.0.1:6789"));
    DebuggerDialog again(*scripts_);  // what listens cannot listen elsewhere
    again.show();
    QVERIFY(!again.findChild<QSpinBox*>(QStringLiteral("debugger_port"))->isVisible());
    QVERIFY(again.findChild<QLabel*>(QStringLiteral("debugger_message"))->text().contains(QLatin1String("127.0.0.1:6789")));
  }

  void the_port_is_remembered() {
    DebuggerDialog dialog(*scripts_);
    QCOMPARE(dialog.findChild<QSpinBox*>(QStringLiteral("debugger_port"))->value(), 6789);
    QVERIFY(dialog.findChild<QLabel*>(QStringLiteral("debugger_message"))->text().contains(QLatin1String("not running")));
  }
};

QTEST_MAIN(StartupTest)
#include "startup_test.moc"
