#include "app/desktop/main_window.h"

#include <QAction>
#include <QDockWidget>
#include <QDropEvent>
#include <QFile>
#include <QLabel>
#include <QMenuBar>
#include <QMimeData>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <QUrl>

#include "app/desktop/recent.h"
#include "app/desktop/text.h"
#include "app/desktop/widgets/notice.h"
#include "tests/app/desktop/fakes.h"

using namespace conclave;
using namespace conclave::desktop;

class WindowTest : public DesktopTest {
  Q_OBJECT

 private:
  std::unique_ptr<MainWindow> window_;

  void startPythonWith(int delay_ms, const std::string& busy = {}) {
    startPython([&](FakeHost& host) {
      host.experts = {std::make_shared<FakeExpert>("one", "failing", delay_ms)};
      host.busy = busy;
    });
  }

  void drop(const QStringList& paths) {
    QMimeData data;
    QList<QUrl> urls;
    for (const auto& path : paths) urls << QUrl::fromLocalFile(path);
    data.setUrls(urls);
    QDragEnterEvent enter({10, 10}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(window_.get(), &enter);
    QVERIFY(enter.isAccepted());
    QDropEvent event({10, 10}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(window_.get(), &event);
  }

  void makeWindow() {
    window_ = std::make_unique<MainWindow>(*session_, *theme_);
    window_->setAsksBeforeClosing(false);
    window_->show();
    window_->activateWindow();  // keys go nowhere else on an X server without a window manager
    QVERIFY(QTest::qWaitForWindowActive(window_.get()));
  }

 private Q_SLOTS:
  void init() {
    DesktopTest::init();
    forgetRecentCases();
    makeWindow();
  }

  void cleanup() {
    window_.reset();
    DesktopTest::cleanup();
  }

  void opens_on_the_welcome_page_before_python_is_there() {
    QCOMPARE(scripts_->state(), Scripts::State::unavailable);
    QCOMPARE(window_->currentPage(), QStringLiteral("welcome"));
  }

  void a_dropped_case_file_is_opened_and_remembered() {
    write("app.log", "2026-03-01T12:00:00Z ERROR x\n");
    const QString path = write("case.yaml", "version: 1\nname: night\nquestion: Why?\nlogs: [app.log]\n");
    drop({path});
    QTRY_VERIFY(session_->subject());
    QCOMPARE(window_->currentPage(), QStringLiteral("report"));
    QCOMPARE(recentCases(), QStringList(path));
    QVERIFY(window_->windowTitle().startsWith(QLatin1String("night")));
  }

  void dropped_logs_become_a_new_case() {
    drop({write("a.log", "2026-03-01T12:00:00Z INFO a\n"), write("b.log", "2026-03-01T12:00:00Z INFO b\n")});
    QTRY_VERIFY(session_->subject());
    QCOMPARE(session_->subject()->logs.size(), 2U);
    QVERIFY(recentCases().isEmpty());
  }

  void what_cannot_be_opened_is_said_among_the_messages() {
    drop({path("gone.yaml")});
    QTRY_COMPARE(window_->messages().rowCount(), 1);
    QVERIFY(!session_->subject());
  }

  void consulting_by_key_brings_the_report() {
    startPythonWith(0);
    write("app.log", "2026-03-01T12:00:00Z ERROR x\n");
    drop({write("case.yaml", "version: 1\nquestion: Why?\nlogs: [app.log]\n")});
    QTRY_VERIFY(session_->subject());
    QSignalSpy ended(session_.get(), &Session::consultEnded);
    QTest::keyClick(window_.get(), Qt::Key_F5);
    QVERIFY(session_->isConsulting());
    QTRY_COMPARE(ended.count(), 1);
    QVERIFY(session_->report());
    QVERIFY(window_->findChild<QLabel*>(QStringLiteral("verdict_word")));
  }

  void escape_cancels_and_the_window_closes_while_a_consultation_runs() {
    startPythonWith(60'000);
    write("app.log", "2026-03-01T12:00:00Z ERROR x\n");
    drop({write("case.yaml", "version: 1\nquestion: Why?\nlogs: [app.log]\n")});
    QTRY_VERIFY(session_->subject());
    QSignalSpy ended(session_.get(), &Session::consultEnded);
    session_->consult();
    QTest::keyClick(window_.get(), Qt::Key_Escape);
    QTRY_COMPARE(ended.count(), 1);
    session_->consult();
    QVERIFY(window_->close());
    QTRY_VERIFY(jobs_->isIdle());
  }

  void pages_are_switched_by_keys_and_every_key_is_in_a_tooltip() {
    startPythonWith(0);
    QTest::keyClick(window_.get(), Qt::Key_2, Qt::ControlModifier);
    QCOMPARE(window_->currentPage(), QStringLiteral("report"));
    QTest::keyClick(window_.get(), Qt::Key_1, Qt::ControlModifier);
    QCOMPARE(window_->currentPage(), QStringLiteral("welcome"));
    for (const auto* action : window_->menuBar()->findChildren<QAction*>()) {
      if (action->shortcut().isEmpty() || action->menu()) continue;
      QVERIFY2(action->toolTip().contains(action->shortcut().toString(QKeySequence::NativeText)), qPrintable(action->text()));
    }
  }

  void no_two_actions_share_a_key() {
    QStringList keys;
    for (const auto* action : window_->findChildren<QAction*>()) {
      if (action->shortcutContext() != Qt::WindowShortcut) continue;
      for (const auto& key : action->shortcuts()) keys << key.toString();
    }
    QStringList once = keys;
    once.removeDuplicates();
    keys.sort();
    once.sort();
    QCOMPARE(keys, once);
  }

  void switching_the_theme_repaints_everything() {
    theme_->setMode(ThemeController::Mode::light);
    const QImage light = window_->grab().toImage();
    theme_->setMode(ThemeController::Mode::dark);
    QTest::qWait(10);
    const QImage dark = window_->grab().toImage();
    QVERIFY(light.pixelColor(light.width() / 2, light.height() - 60).lightness() > 200);
    QVERIFY(dark.pixelColor(dark.width() / 2, dark.height() - 60).lightness() < 60);
  }

  void geometry_and_docks_are_remembered() {
    window_->resize(1111, 777);
    window_->findChild<QDockWidget*>(QStringLiteral("jobs"))->show();
    window_->close();
    makeWindow();
    QCOMPARE(window_->size(), QSize(1111, 777));
    QVERIFY(window_->findChild<QDockWidget*>(QStringLiteral("jobs"))->isVisible());
    window_->findChild<QDockWidget*>(QStringLiteral("jobs"))->hide();
    window_->close();
  }

  void the_console_key_shows_the_console() {
    window_->toggleConsole();
    QVERIFY(window_->findChild<QDockWidget*>(QStringLiteral("console"))->isVisible());
  }

  void a_script_that_hangs_is_named_in_a_banner() {
    startPythonWith(0, "expert slow_one, 7 s");
    QTRY_VERIFY_WITH_TIMEOUT(
        std::ranges::any_of(
            window_->findChildren<Notice*>(),
            [](const Notice* notice) { return notice->isVisible() && notice->text().contains(QLatin1String("slow_one")); }),
        15'000);
  }

  void python_that_cannot_start_is_said_and_the_rest_works() {
    scripts_->start([](scripting::OutputSink) -> Result<std::unique_ptr<scripting::ScriptHost>> {
      return fail(ErrorKind::unsupported, "libpython is missing");
    });
    QTRY_VERIFY(std::ranges::any_of(window_->findChildren<Notice*>(), [](const Notice* notice) {
      return notice->isVisible() && notice->text().contains(QLatin1String("libpython is missing"));
    }));
    drop({write("a.log", "2026-03-01T12:00:00Z INFO a\n")});
    QTRY_VERIFY(session_->subject());
  }
};

QTEST_MAIN(WindowTest)
#include "window_test.moc"
