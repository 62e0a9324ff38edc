// Commands among the logs of a case: nothing runs unless the user says so in the dialog, or did before.
#include <QAction>
#include <QComboBox>
#include <QDir>
#include <QFile>
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTest>

#include "app/desktop/main_window.h"
#include "app/desktop/models/log_list.h"
#include "app/desktop/text.h"
#include "app/desktop/widgets/command_consent.h"
#include "engine/case/command_consent.h"
#include "tests/app/desktop/fakes.h"

using namespace conclave;
using namespace conclave::desktop;

using How = CommandDecision::How;

class CommandsTest : public DesktopTest {
  Q_OBJECT

 private:
  std::unique_ptr<MainWindow> window_;
  QByteArray state_;

  void openCase(const QByteArray& logs) {
    write("api.txt", "2026-03-01T12:00:00Z INFO started\n2026-03-01T12:00:05Z ERROR pool exhausted\n");
    write("case.yaml", "version: 1\nquestion: Is it broken?\nlogs:\n" + logs);
    QSignalSpy opened(session_.get(), &Session::caseOpened);
    session_->open({path("case.yaml")});
    QTRY_COMPARE(opened.count(), 1);
  }

  [[nodiscard]] CommandConsent* dialog() const { return window_->findChild<CommandConsent*>(); }

  void choose(QComboBox* box, How how) { box->setCurrentIndex(box->findData(static_cast<int>(how))); }

  // Presses F5, decides on the only command, and waits for the report.
  void consultDeciding(How how) {
    QSignalSpy ended(session_.get(), &Session::consultEnded);
    session_->consult();
    QTRY_VERIFY(dialog());
    QVERIFY(!session_->isConsulting());
    choose(dialog()->findChild<QComboBox*>(), how);
    dialog()->findChild<QPushButton*>(QStringLiteral("command_consult"))->click();
    QTRY_COMPARE(ended.count(), 1);
    QVERIFY(ended[0][0].toBool());
    QTRY_VERIFY(!dialog());
  }

  void consultWithoutBeingAsked() {
    QSignalSpy ended(session_.get(), &Session::consultEnded);
    session_->consult();
    QVERIFY(!dialog());
    QTRY_COMPARE(ended.count(), 1);
  }

  [[nodiscard]] int runs() const {
    QFile file(path("runs"));
    return file.open(QIODevice::ReadOnly) ? static_cast<int>(file.readAll().count('\n')) : 0;
  }

  [[nodiscard]] bool hasProblem(const char* rule) const {
    const auto& problems = session_->report()->problems;
    return std::any_of(problems.begin(), problems.end(), [&](const auto& problem) { return problem.rule == rule; });
  }

  static constexpr auto line = "cat api.txt; echo ran >> runs";

 private Q_SLOTS:
  void init() {
    DesktopTest::init();
    state_ = qgetenv("XDG_STATE_HOME");
    qputenv("XDG_STATE_HOME", path("state").toLocal8Bit());
    startPython([](FakeHost& host) { host.experts = {std::make_shared<FakeExpert>("one", "failing")}; });
    window_ = std::make_unique<MainWindow>(*session_, *theme_);
    window_->setAsksBeforeClosing(false);
    window_->show();
  }

  void cleanup() {
    window_.reset();
    DesktopTest::cleanup();
    state_.isNull() ? qunsetenv("XDG_STATE_HOME") : qputenv("XDG_STATE_HOME", state_);
  }

  void nothing_runs_when_a_case_is_opened_or_the_dialog_is_left() {
    openCase("- command: cat api.txt; echo ran >> runs\n");
    QTRY_VERIFY(jobs_->isIdle());
    QSignalSpy started(session_.get(), &Session::consultStarted);
    session_->consult();
    QTRY_VERIFY(dialog());
    session_->consult();
    QCOMPARE(window_->findChildren<CommandConsent*>().size(), 1);
    dialog()->reject();
    QTRY_VERIFY(!dialog());
    QCOMPARE(started.count(), 0);
    QCOMPARE(runs(), 0);
  }

  void the_dialog_shows_every_line_whole_and_proposes_to_run_nothing() {
    const QByteArray hidden = "cat api.txt #" + QByteArray(3000, ' ') + "x; echo ran >> runs";
    openCase("- command: \"" + hidden + "\"\n- {command: dmesg -T, name: the kernel}\n");
    CommandConsent consent(session_->subject());
    consent.show();
    const auto lines = consent.findChildren<QLabel*>(QStringLiteral("command_line"));
    QCOMPARE(lines.size(), 2);
    QCOMPARE(lines[0]->text().remove(QLatin1Char('\n')), QString::fromUtf8(hidden));
    for (const QString& row : lines[0]->text().split(QLatin1Char('\n'))) QVERIFY(row.size() <= 80);
    QVERIFY(lines[0]->sizeHint().height() > 30 * lines[0]->fontMetrics().lineSpacing());
    QCOMPARE(lines[0]->textFormat(), Qt::PlainText);
    const auto decisions = consent.decisions();
    QCOMPARE(decisions.size(), 2U);
    for (const auto& decision : decisions) QVERIFY(decision.how == How::refuse);
    QCOMPARE(decisions[1].line, std::string("dmesg -T"));
  }

  void what_is_refused_is_missing_and_the_report_says_so() {
    openCase("- command: cat api.txt; echo ran >> runs\n- api.txt\n");
    consultDeciding(How::refuse);
    QCOMPARE(runs(), 0);
    QVERIFY(hasProblem("consent"));
    QVERIFY(!session_->report()->consensus.verdict);
  }

  void consent_for_one_time_is_for_one_time() {
    openCase("- command: cat api.txt; echo ran >> runs\n");
    consultDeciding(How::once);
    QCOMPARE(runs(), 1);
    QVERIFY(!hasProblem("consent"));
    QCOMPARE(session_->gathered()->evidence->integers("logs.lines")[0], 2);
    QTRY_VERIFY(audited().contains(QStringLiteral("command.allow %1").arg(QLatin1String(line))));
    QVERIFY(audited().contains(QStringLiteral("command.run %1").arg(QLatin1String(line))));
    consultDeciding(How::refuse);
    QCOMPARE(runs(), 1);
  }

  void consent_for_good_is_remembered_and_taken_back() {
    openCase("- command: cat api.txt; echo ran >> runs\n");
    consultDeciding(How::always);
    QCOMPARE(runs(), 1);
    QCOMPARE(agreed_commands(session_->subject()->base)->size(), 1U);
    consultWithoutBeingAsked();
    QCOMPARE(runs(), 2);

    window_->showCommands();
    QTRY_VERIFY(dialog());
    auto* box = dialog()->findChild<QComboBox*>();
    QCOMPARE(box->currentData().toInt(), static_cast<int>(How::always));
    choose(box, How::refuse);
    QSignalSpy ended(session_.get(), &Session::consultEnded);
    dialog()->accept();
    QTRY_COMPARE(ended.count(), 1);
    QCOMPARE(runs(), 2);
    QCOMPARE(agreed_commands(session_->subject()->base)->size(), 0U);
    QTRY_VERIFY(audited().contains(QStringLiteral("command.withdraw %1").arg(QLatin1String(line))));
  }

  void what_was_printed_before_can_be_judged_again() {
    openCase("- command: cat api.txt; echo ran >> runs\n");
    consultDeciding(How::once);
    const auto first = session_->report()->receipt.inputs.back().sha256;
    write("api.txt", "other\n");
    consultDeciding(How::snapshot);
    QCOMPARE(runs(), 1);
    QCOMPARE(session_->report()->receipt.inputs.back().sha256, first);
    QVERIFY(hasProblem("snapshot"));
  }

  void what_a_policy_forbids_is_not_offered() {
    const QString policy = write("policy.toml", "[commands]\nallow = []\n");
    QVERIFY(QFile::setPermissions(policy, QFile::ReadOwner | QFile::WriteOwner));
    qputenv("CONCLAVE_POLICY", policy.toLocal8Bit());
    openCase("- command: cat api.txt; echo ran >> runs\n- api.txt\n");
    CommandConsent consent(session_->subject());
    QVERIFY(consent.decisions().empty());
    consultWithoutBeingAsked();
    qunsetenv("CONCLAVE_POLICY");
    QVERIFY(hasProblem("policy"));
    QCOMPARE(runs(), 0);
  }

  void it_is_a_log_by_its_name_wherever_logs_are_named() {
    openCase("- {command: cat api.txt, name: the api}\n");
    consultDeciding(How::once);
    LogList list;
    list.show(*session_->gathered()->evidence);
    QCOMPARE(list.at(0).name, QStringLiteral("the api"));
    QCOMPARE(list.rowOf(QStringLiteral("the api")), std::optional(0));
    QCOMPARE(list.rowOf(list.at(0).path), std::optional(0));
    EvidenceTree tree(*theme_);
    tree.show(session_->subject(), nullptr);
    QCOMPARE(tree.index(0, 0, tree.index(0, 0)).data().toString(), QStringLiteral("the api"));
    tree.show(session_->subject(), session_->gathered());
    QCOMPARE(tree.index(0, 0, tree.index(0, 0)).data().toString(), QStringLiteral("the api"));
    QCOMPARE(placeText({Place::Kind::log, QStringLiteral("kubectl logs deploy/api"), 12, {}}),
             QStringLiteral("kubectl logs deploy/api:12"));
    window_->goTo({Place::Kind::log, QStringLiteral("the api"), 2, {}});
    QCOMPARE(window_->currentPage(), QStringLiteral("logs"));
  }

  void the_menu_offers_the_dialog_only_where_there_are_commands() {
    const auto entry = [&] {
      for (auto* action : window_->findChildren<QAction*>()) {
        if (action->text().contains(QStringLiteral("deciding on"))) return action;
      }
      return static_cast<QAction*>(nullptr);
    };
    QVERIFY(entry() && !entry()->isEnabled());
    openCase("- api.txt\n");
    QTRY_VERIFY(jobs_->isIdle());
    QVERIFY(!entry()->isEnabled());
    openCase("- command: cat api.txt\n");
    QTRY_VERIFY(jobs_->isIdle());
    QVERIFY(entry()->isEnabled());
  }
};

QTEST_MAIN(CommandsTest)
#include "commands_test.moc"
