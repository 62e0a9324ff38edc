#include <QAbstractItemModelTester>
#include <QComboBox>
#include <QFile>
#include <QLabel>
#include <QMenu>
#include <QMessageBox>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>
#include <QTreeView>
#include <algorithm>

#include "app/desktop/models/record_table.h"
#include "app/desktop/pages/experts_page.h"
#include "app/desktop/pages/report_page.h"
#include "app/desktop/text.h"
#include "app/desktop/widgets/judgement_bar.h"
#include "app/desktop/widgets/reliability_plot.h"
#include "app/desktop/widgets/track_records.h"
#include "app/desktop/widgets/weights_card.h"
#include "engine/case/judging.h"
#include "tests/app/desktop/fakes.h"

using namespace conclave;
using namespace conclave::desktop;

class JudgementsTest : public DesktopTest {
  Q_OBJECT

 private:
  std::filesystem::path historyFile() const { return fsPath(path("history.db")); }
  std::unique_ptr<store::Store> history() const { return store::Store::open(historyFile()).value(); }
  std::vector<store::JudgementRow> rows() const { return history()->judgements().value(); }
  Judgements& judgements() { return session_->judgements(); }

  static ReportPtr reported(const Report& report = sampleReport()) { return std::make_shared<const Report>(report); }
  std::unique_ptr<ReportPage> pageOf(const Report& report) {
    auto page = std::make_unique<ReportPage>(*session_, *theme_);
    page->resize(1000, 700);
    page->showReport(reported(report));
    return page;
  }
  static QPushButton* button(const QWidget& page, const char* answer) {
    for (auto* each : page.findChildren<QPushButton*>(QStringLiteral("choice"))) {
      if (each->property("answer").toString() == QLatin1String(answer)) return each;
    }
    return nullptr;
  }
  static QString state(const QWidget& page) { return page.findChild<QLabel*>(QStringLiteral("judgement_state"))->text(); }

  // `count` reports in the history, of which the first `right` were judged right, the others wrong.
  void judgeMany(int count, int right) const {
    const auto store = history();
    for (int number = 0; number < count; ++number) {
      Report report = sampleReport();
      report.id = "report-" + std::to_string(number);
      report.consensus.uncalibrated_score = 0.9;
      QVERIFY(judge(*store, report, {number < right ? "right" : "wrong", "logs.errors", {}}));
      QVERIFY(judge(*store, report, {number < right ? "right" : "wrong", {}, {}}));
    }
  }
  void readAll() {
    QSignalSpy changed(&judgements(), &Judgements::changed);
    judgements().read();
    QTRY_COMPARE(changed.count(), 1);
  }

 private Q_SLOTS:
  void one_click_is_kept_shown_and_taken_back() {
    const auto page = pageOf(sampleReport());
    auto* right = button(*page, "right");
    auto* undo = page->findChild<QPushButton*>(QStringLiteral("undo_judgement"));
    QVERIFY(right && undo->isHidden());
    QVERIFY(state(*page).startsWith(QLatin1String("Not judged")));
    right->click();
    QTRY_VERIFY(right->isChecked() && !undo->isHidden());
    QVERIFY(state(*page).contains(QLatin1String("right")));
    QCOMPARE(rows().size(), 1U);
    QCOMPARE(rows().front().report_id, sampleReport().id);
    QCOMPARE(rows().front().answer, std::string("right"));
    QTRY_VERIFY(audited().contains(QLatin1String("history.judge ") + qtText(sampleReport().id)));
    undo->click();
    QTRY_VERIFY(!right->isChecked() && undo->isHidden());
    QVERIFY(rows().empty());
    QTRY_VERIFY(audited().contains(QLatin1String("history.unjudge ") + qtText(sampleReport().id)));
  }

  void what_was_true_instead_is_one_click_too() {
    const auto page = pageOf(sampleReport());
    QVERIFY(!button(*page, "failing"));  // that is what right says
    button(*page, "degraded")->click();
    QTRY_VERIFY(button(*page, "degraded")->isChecked());
    QVERIFY(!button(*page, "right")->isChecked() && !button(*page, "wrong")->isChecked());
    QCOMPARE(lessons_of(*history())->front().truth, std::vector<std::string>{"degraded"});
  }

  void keys_judge_without_a_mouse() {
    const auto page = pageOf(sampleReport());
    page->show();
    page->activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(page.get()));
    QTest::keyClick(page.get(), Qt::Key_W, Qt::AltModifier);
    QTRY_VERIFY(button(*page, "wrong")->isChecked());
    QTest::keyClick(page.get(), Qt::Key_1, Qt::AltModifier);
    QTRY_VERIFY(button(*page, "healthy")->isChecked());
    QTest::keyClick(page.get(), Qt::Key_R, Qt::AltModifier);
    QTRY_VERIFY(button(*page, "right")->isChecked());
    QTest::keyClick(page.get(), Qt::Key_U, Qt::AltModifier);
    QTRY_VERIFY(rows().empty());
  }

  void a_judgement_of_another_time_stands() {
    QVERIFY(judge(*history(), sampleReport(), {"wrong", {}, "nobody looked at the disk"}));
    const auto page = pageOf(sampleReport());
    readAll();
    QVERIFY(button(*page, "wrong")->isChecked());
    QVERIFY(state(*page).contains(QLatin1String("nobody looked at the disk")));
    QVERIFY(history()->forget_judgements());
    readAll();
    QVERIFY(state(*page).contains(QLatin1String("counts no longer")));
  }

  void a_report_that_is_shown_is_judged_after_opening_it_from_a_file() {
    ReportPage page(*session_, *theme_);
    connect(session_.get(), &Session::reportReady, &page, [&] { page.showReport(session_->report()); });
    session_->open({write("report.json", QByteArray::fromStdString(to_json(sampleReport()).dump()))});
    QTRY_VERIFY(button(page, "wrong"));
    button(page, "wrong")->click();
    QTRY_VERIFY(button(page, "wrong")->isChecked());
    QCOMPARE(rows().front().report_id, sampleReport().id);
  }

  void without_a_verdict_only_what_was_true_is_asked() {
    Report report = sampleReport();
    report.consensus.verdict.reset();
    const auto page = pageOf(report);
    QVERIFY(!button(*page, "right") && !button(*page, "wrong"));
    button(*page, "failing")->click();
    QTRY_VERIFY(button(*page, "failing")->isChecked());
  }

  void of_two_verdicts_wrong_is_the_other_one() {
    Report report = sampleReport();
    report.receipt.question.verdicts = {"go", "stop"};
    report.consensus.verdict = "stop";
    report.consensus.scopes.clear();
    const auto page = pageOf(report);
    QCOMPARE(page->findChildren<QPushButton*>(QStringLiteral("choice")).size(), 2);
    QVERIFY(judge(*history(), report, {"go", {}, {}}));
    readAll();
    QVERIFY(button(*page, "wrong")->isChecked());
  }

  void a_verdict_that_is_called_right_is_meant_before_the_word() {
    Report report = sampleReport();
    report.receipt.question = {{"right", "wrong", "left"}, false};
    report.consensus.verdict = "wrong";
    report.consensus.scopes.clear();
    const auto page = pageOf(report);
    QCOMPARE(page->findChildren<QPushButton*>(QStringLiteral("choice")).size(), 3);
    page->findChildren<QPushButton*>(QStringLiteral("choice")).front()->click();  // Right
    QTRY_COMPARE(rows().size(), 1U);
    QCOMPARE(lessons_of(*history())->front().truth, std::vector<std::string>{"wrong"});
    QTRY_VERIFY(page->findChildren<QPushButton*>(QStringLiteral("choice")).front()->isChecked());
  }

  void quick_changes_of_mind_end_as_the_last_one() {
    const auto page = pageOf(sampleReport());
    for (const char* answer : {"right", "wrong", "healthy", "degraded", "right", "wrong"}) button(*page, answer)->click();
    judgements().takeBack(sampleReport().id, {});
    button(*page, "degraded")->click();
    QTRY_VERIFY(jobs_->isIdle());
    QCOMPARE(rows().size(), 1U);
    QCOMPARE(rows().front().answer, std::string("degraded"));
    QVERIFY(button(*page, "degraded")->isChecked());
  }

  void a_history_that_cannot_be_written_is_said_and_nothing_stands() {
    write("history.db", "this is no database, and must stay as it is");
    QSignalSpy failed(session_.get(), &Session::failed);
    const auto page = pageOf(sampleReport());
    button(*page, "right")->click();
    QTRY_VERIFY(!failed.isEmpty());
    QCOMPARE(failed[0][0].toString(), QStringLiteral("Your judgement could not be kept"));
    QVERIFY(failed[0][1].toString().contains(QLatin1String("history.db")));
    QVERIFY(!button(*page, "right")->isChecked());
    QTRY_VERIFY(jobs_->isIdle());
    QFile file(path("history.db"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    QCOMPARE(file.readAll(), QByteArray("this is no database, and must stay as it is"));
  }

  void a_history_that_cannot_be_read_is_said_where_it_is_missed() {
    write("history.db", "this is no database either");
    QSignalSpy failed(session_.get(), &Session::failed);
    const auto page = pageOf(sampleReport());
    TrackRecords records(judgements(), *theme_);
    records.show();
    readAll();
    QVERIFY(state(*page).contains(QLatin1String("cannot be read")));
    auto* trouble = records.findChild<QLabel*>(QStringLiteral("trouble"));
    QVERIFY(trouble->isVisible() && trouble->text().contains(QLatin1String("history.db")));
    QVERIFY(failed.isEmpty());
    QVERIFY(QFile::remove(path("history.db")));
    readAll();
    QVERIFY(!trouble->isVisible() && !state(*page).contains(QLatin1String("cannot be read")));
  }

  void without_a_history_nothing_can_be_judged() {
    Judgements none(*jobs_, {});
    const JudgementBar bar(none, reported(), *theme_);
    QVERIFY(!button(bar, "right")->isEnabled());
    QVERIFY(state(bar).contains(QLatin1String("history")));
  }

  void a_question_with_one_verdict_asks_nothing() {
    Report report = sampleReport();
    report.receipt.question.verdicts = {"failing"};
    const auto page = pageOf(report);
    QVERIFY(page->findChildren<QPushButton*>(QStringLiteral("choice")).isEmpty());
    QVERIFY(state(*page).contains(QLatin1String("nothing to judge")));
  }

  void a_scope_is_judged_in_its_menu() {
    const auto page = pageOf(sampleReport());
    const auto scopes = page->findChildren<ScopeJudgement*>();
    QCOMPARE(scopes.size(), 2);
    auto* logs = scopes.front();
    const auto choose = [logs](const QString& text) {
      Q_EMIT logs->menu()->aboutToShow();
      for (auto* action : logs->menu()->actions()) {
        if (action->text() == text) action->trigger();
      }
    };
    QCOMPARE(logs->text(), QStringLiteral("Judge"));
    choose(QStringLiteral("degraded"));
    QTRY_COMPARE(logs->text(), QStringLiteral("Judged: degraded"));
    QCOMPARE(rows().front().scope, std::string("logs.errors"));
    QVERIFY(!button(*page, "degraded")->isChecked());  // that is of the whole report
    choose(QStringLiteral("Undo"));
    QTRY_COMPARE(logs->text(), QStringLiteral("Judge"));
    QVERIFY(rows().empty());
  }

  void learning_is_reset_after_a_question_and_brought_back() {
    judgeMany(3, 2);
    TrackRecords records(judgements(), *theme_);
    records.show();
    readAll();
    auto* reset = records.findChild<QPushButton*>(QStringLiteral("reset_learning"));
    QVERIFY(reset->isVisible());
    const auto answer = [&](const QString& text) {
      reset->click();
      auto* box = records.findChild<QMessageBox*>();
      QVERIFY(box);
      for (auto* each : box->buttons()) {
        if (each->text().remove(QLatin1Char('&')) == text) each->click();
      }
      QTRY_VERIFY(!records.findChild<QMessageBox*>());
    };
    answer(QStringLiteral("Cancel"));
    QVERIFY(jobs_->isIdle());
    QCOMPARE(lessons_of(*history())->size(), 6U);
    answer(QStringLiteral("Reset"));
    QTRY_VERIFY(reset->isHidden() || !reset->isVisible());
    QVERIFY(lessons_of(*history())->empty());
    QCOMPARE(rows().size(), 6U);
    // One is judged anew in the meantime: it stays as it is.
    Report first = sampleReport();
    first.id = "report-0";
    judgements().judge(reported(first), {"healthy", {}, {}});
    QTRY_VERIFY(jobs_->isIdle());
    QCOMPARE(judgements().forgotten(), 5U);
    judgements().undoReset();
    QTRY_VERIFY(jobs_->isIdle() && judgements().forgotten() == 0);
    QCOMPARE(lessons_of(*history())->size(), 6U);
    const auto all = rows();
    const auto again =
        std::find_if(all.begin(), all.end(), [](const auto& row) { return row.report_id == "report-0" && row.scope.empty(); });
    QCOMPARE(again->answer, std::string("healthy"));
    QVERIFY(audited().contains(QLatin1String("history.reset-learning 6 judgements")));
  }

  void the_table_tells_each_ones_record() {
    judgeMany(20, 16);
    readAll();
    RecordTable table;
    const QAbstractItemModelTester tester(&table, QAbstractItemModelTester::FailureReportingMode::QtTest);
    table.show(judgements().judged(), 0);
    QCOMPARE(table.rowCount(), 4);
    int row = 0;
    while (table.expert(row) != "error_bursts") ++row;
    const auto text = [&](int column) { return table.index(row, column).data().toString(); };
    // Of a report that was wrong failing is known not to have been it in the scope either: 16 right, 4 wrong.
    QCOMPARE(text(RecordTable::judged_column), QStringLiteral("16 of 20"));
    QVERIFY(text(RecordTable::right_column).startsWith(QLatin1String("77 %")));  // 17 / 22
    QCOMPARE(text(RecordTable::confidence_column), QStringLiteral("91 %"));
    QCOMPARE(text(RecordTable::claims_column), QStringLiteral("20 of 40"));
    while (table.expert(row) != "language_model") ++row;
    QCOMPARE(text(RecordTable::silent_column), QStringLiteral("failed 20"));
    QCOMPARE(text(RecordTable::right_column), QStringLiteral("not known"));
    QVERIFY(table.index(row, RecordTable::right_column).data(RecordTable::sort_role).toDouble() < 0);
    table.show(nullptr, 0);
    QCOMPARE(table.rowCount(), 0);
    table.show(judgements().judged(), 99);
    QCOMPARE(table.rowCount(), 0);
  }

  void a_plot_says_whether_confidence_can_be_believed() {
    ReliabilityPlot plot(*theme_);
    plot.show(QStringLiteral("one"), {});
    QVERIFY(plot.verdictInWords().startsWith(QLatin1String("Nothing to compare")));
    std::vector<consensus::JudgedVerdict> verdicts(40, {0.95, false});
    for (int index = 0; index < 20; ++index) verdicts[static_cast<std::size_t>(index)].held = true;
    plot.show(QStringLiteral("one"), verdicts);
    QVERIFY(plot.verdictInWords().contains(QLatin1String("Says 95 % on average; 20 of 40 came true")));
    QVERIFY(plot.verdictInWords().contains(QLatin1String("more confident than it should be")));
    for (auto& verdict : verdicts) verdict = {0.3, true};
    plot.show(QStringLiteral("one"), verdicts);
    QVERIFY(plot.verdictInWords().contains(QLatin1String("less confident than it could be")));
    plot.show(QStringLiteral("one"), std::span(verdicts).first(2));
    plot.resize(300, 200);
    QVERIFY(!plot.grab().isNull());
  }

  void track_records_begin_with_the_way_to_them() {
    TrackRecords records(judgements(), *theme_);
    records.show();
    QSignalSpy wanted(&records, &TrackRecords::reportWanted);
    for (auto* each : records.findChildren<QPushButton*>(QStringLiteral("primary"))) {
      QVERIFY(each->isVisible());
      each->click();
    }
    QCOMPARE(wanted.count(), 1);
    QVERIFY(!records.findChild<QTreeView*>()->isVisible());
    judgeMany(2, 2);
    readAll();
    QVERIFY(records.findChild<QTreeView*>()->isVisible());
  }

  void the_chosen_expert_and_the_order_stay_when_more_is_judged() {
    judgeMany(4, 1);
    TrackRecords records(judgements(), *theme_);
    records.show();
    readAll();
    auto* view = records.findChild<QTreeView*>();
    const auto name = [view](int row) { return view->model()->index(row, 0).data().toString(); };
    QCOMPARE(view->model()->rowCount(), 4);
    view->sortByColumn(RecordTable::name_column, Qt::DescendingOrder);
    QCOMPARE(name(0), QStringLiteral("service_health"));
    view->setCurrentIndex(view->model()->index(1, 0));
    QCOMPARE(name(1), QStringLiteral("rare_templates"));
    judgeMany(6, 1);
    readAll();
    QCOMPARE(view->currentIndex().row(), 1);
    const auto plots = records.findChildren<ReliabilityPlot*>();
    QCOMPARE(plots.size(), 2);
    QVERIFY(plots[0]->findChild<QLabel*>()->text().startsWith(QLatin1String("rare_templates")));
    QVERIFY(plots[0]->verdictInWords().contains(QLatin1String("60 %")));  // what rare_templates says of itself
  }

  void questions_with_other_verdicts_are_shown_apart() {
    judgeMany(3, 3);
    Report other = sampleReport();
    other.id = "other";
    other.receipt.question.verdicts = {"go", "failing"};
    QVERIFY(judge(*history(), other, {"right", {}, {}}));
    TrackRecords records(judgements(), *theme_);
    records.preferQuestion(other.receipt.question);
    records.show();
    readAll();
    auto* questions = records.findChild<QComboBox*>();
    QCOMPARE(questions->count(), 2);
    QCOMPARE(questions->currentText(), QStringLiteral("go, failing"));
    questions->setCurrentIndex(0);
    QCOMPARE(questions->currentText(), QStringLiteral("healthy, degraded, failing"));
  }

  void weights_say_why_and_follow_what_is_judged() {
    Report report = sampleReport();
    report.consensus.weights = {{"error_bursts", 0.5}, {"rare_templates", 0.3}, {"service_health", 0.2}};
    report.responses[0].weight = 2.4;
    report.receipt.learned.weights = {{"error_bursts", 1.2}, {"rare_templates", 0.05}};
    report.receipt.learned.judged = 44;
    WeightsCard card(judgements(), reported(report), theme_->theme());
    const auto text = [&card] {
      QStringList all;
      for (const auto* label : card.findChildren<QLabel*>()) all << label->text();
      return all.join(QLatin1Char('\n'));
    };
    for (const char* part : {"weighed by 44 judged answers", "weight 2.4: 2 of the case times 1.2 learned", "50 %", "silenced",
                             "never judged", "failed"})
      QVERIFY2(text().contains(QLatin1String(part)), part);
    judgeMany(5, 4);
    readAll();
    QVERIFY(text().contains(QLatin1String("4 of 5 judged")));
  }

  void the_circle_shows_each_record_in_its_list() {
    ExpertsPage page(*session_, *theme_);
    write("app.log", "2026-03-01T12:00:00Z INFO started\n");
    session_->open({write("case.yaml", "version: 1\nquestion: Why?\nlogs: [app.log]\n")});
    QTRY_VERIFY(session_->subject());
    startPython();
    page.showCase(session_->subject());
    QTRY_VERIFY(page.experts().rowCount() > 0);
    const auto record = [&page] { return page.experts().index(0, ExpertList::record_column).data().toString(); };
    QCOMPARE(record(), QStringLiteral("not judged yet"));
    judgeMany(5, 4);
    readAll();
    QVERIFY2(record().contains(QLatin1String("4 of 5 judged")), qPrintable(record()));
  }
};

QTEST_MAIN(JudgementsTest)
#include "judgements_test.moc"
