// Scripts that run: their rows, the ladder, the stall inspector, and what `app` may ask of the window.
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>

#include "app/desktop/main_window.h"
#include "app/desktop/widgets/linked_text.h"
#include "app/desktop/widgets/notice.h"
#include "app/desktop/widgets/running_panel.h"
#include "app/desktop/widgets/stack_dialog.h"
#include "tests/app/desktop/fakes.h"

using namespace conclave;
using namespace conclave::desktop;
using scripting::RunningScript;
using scripting::StopHow;
using State = RunningScript::State;

class RunningTest : public DesktopTest {
  Q_OBJECT

 private:
  static QPushButton* button(const QWidget& widget, const QString& text) {
    for (auto* found : widget.findChildren<QPushButton*>()) {
      if (found->text() == text) return found;
    }
    return nullptr;
  }

 private Q_SLOTS:
  void each_script_shows_where_it_runs_and_climbs_its_ladder() {
    FakeHost& host = startPython();
    RunningPanel panel(*scripts_, *theme_);
    panel.show();
    const auto rung = [&](RunningScript script, const char* text) {
      host.setRunning({script});
      QTRY_VERIFY_WITH_TIMEOUT(button(panel, QLatin1String(text)), 5000);
    };
    RunningScript script{7, "expert slow", true, State::running, 3};
    rung(script, "Stop");
    button(panel, QStringLiteral("Stop"))->click();
    script.state = State::asked;
    rung(script, "Kill");
    button(panel, QStringLiteral("Kill"))->click();
    QTRY_COMPARE(host.stops().size(), 2U);
    QCOMPARE(host.stops()[0], std::make_pair(std::uint64_t{7}, StopHow::ask));
    QCOMPARE(host.stops()[1], std::make_pair(std::uint64_t{7}, StopHow::kill));
    host.setRunning({});
    QTRY_VERIFY(!button(panel, QStringLiteral("Kill")));
  }

  void in_this_process_nothing_is_killed() {
    const auto next = [](State state, bool worker, const char* who = "expert x") { return nextRung({1, who, worker, state, 1}); };
    QCOMPARE(next(State::running, false), std::optional(StopHow::ask));
    QCOMPARE(next(State::asked, false), std::optional(StopHow::interrupt));
    QCOMPARE(next(State::interrupted, false), std::optional<StopHow>());
    QCOMPARE(next(State::given_up, false), std::optional<StopHow>());
    QCOMPARE(next(State::running, false, "console"), std::optional(StopHow::interrupt));
    QCOMPARE(next(State::waiting, true), std::optional(StopHow::ask));
    QCOMPARE(next(State::interrupted, true), std::optional(StopHow::kill));
  }

  void a_hidden_panel_asks_nobody() {
    startPython();
    RunningPanel panel(*scripts_, *theme_);
    QSignalSpy looked(scripts_.get(), &Scripts::running);
    QTest::qWait(700);
    QCOMPARE(looked.size(), 0);
    panel.show();
    QTRY_VERIFY(looked.size() >= 2);
    panel.hide();
    QTRY_VERIFY(jobs_->isIdle());
    looked.clear();
    QTest::qWait(700);
    QCOMPARE(looked.size(), 0);
  }

  void the_stack_is_looked_at_anew_until_it_ended() {
    startPython();
    StackDialog dialog(*scripts_, *theme_, {3, "expert slow", false, State::running, 9});
    dialog.show();
    auto* text = dialog.findChild<LinkedText*>();
    QTRY_VERIFY(text->toPlainText().contains(QLatin1String("mine.py\", line 12")));
    QTRY_VERIFY_WITH_TIMEOUT(dialog.findChildren<QLabel*>().last()->text().contains(QLatin1String("looks")), 5000);
    StackDialog ended(*scripts_, *theme_, {0, "expert gone", false, State::running, 9});
    ended.show();
    QTRY_VERIFY(ended.findChildren<QLabel*>().last()->text().contains(QLatin1String("has ended")));
  }

  void the_notice_of_a_stuck_script_leads_to_its_stack() {
    FakeHost& host = startPython();
    host.setRunning({{5, "expert turn", false, State::waiting, 0}, {6, "expert slow", false, State::running, 9}});
    MainWindow window(*session_, *theme_);
    window.show();
    Q_EMIT scripts_->stuck(QStringLiteral("expert slow, 9 s"));
    Notice* stuck = nullptr;
    for (auto* notice : window.findChildren<Notice*>()) {
      if (notice->isVisible()) stuck = notice;
    }
    QVERIFY(stuck);
    button(*stuck, QStringLiteral("Show its stack"))->click();
    QTRY_VERIFY(window.findChild<StackDialog*>());
    QCOMPARE(window.findChild<StackDialog*>()->windowTitle(), QStringLiteral("Stack of expert slow"));
    window.findChild<StackDialog*>()->close();
  }

  void app_moves_the_window_and_says_what_it_cannot() {
    FakeHost& host = startPython();
    MainWindow window(*session_, *theme_);
    host.request("show", "logs");
    QTRY_COMPARE(window.currentPage(), QStringLiteral("logs"));
    const auto last = [&] { return window.messages().at(window.messages().rowCount() - 1).text; };
    host.request("message", "half done");
    QTRY_COMPARE(window.messages().rowCount(), 1);
    QCOMPARE(window.messages().at(0).detail, QStringLiteral("half done"));
    int expected = 1;
    for (const auto& [what, argument] :
         std::vector<std::pair<std::string, nlohmann::json>>{{"show", "no such page"},
                                                             {"show", 7},
                                                             {"consult", nullptr},
                                                             {"go_to", nlohmann::json::array({"none.log", 3})},
                                                             {"go_to", "text"},
                                                             {"go_to", nlohmann::json::array({1, "x"})},
                                                             {"open", nlohmann::json(nlohmann::json::value_t::discarded)},
                                                             {"nonsense", nlohmann::json::object()}}) {
      host.request(what, argument);
      ++expected;
      QTRY_COMPARE(window.messages().rowCount(), expected);
      QVERIFY(last().startsWith(QLatin1String("app.") + QString::fromStdString(what)));
    }
  }

  void app_opens_what_a_script_names() {
    FakeHost& host = startPython();
    write("app.log", "2026-03-01T12:00:00Z INFO start\n");
    const QString file = write("case.yaml", "question: Is it well?\nlogs: [app.log]\n");
    MainWindow window(*session_, *theme_);
    QVERIFY(host.shown().subject == nullptr);
    host.request("open", file.toStdString());
    QTRY_VERIFY(session_->subject());
    QTRY_VERIFY(host.shown().subject);  // the name `case` of the console
    QCOMPARE(host.shown().subject->question_text, std::string("Is it well?"));
  }

  void a_script_that_asks_without_end_is_not_followed_without_end() {
    FakeHost& host = startPython();
    MainWindow window(*session_, *theme_);
    for (int index = 0; index < 100'000; ++index) host.request("message", "again");
    QTRY_VERIFY(window.messages().rowCount() > 0);
    QVERIFY(window.messages().rowCount() <= 100);
  }
};

QTEST_MAIN(RunningTest)
#include "running_test.moc"
