#include "app/desktop/session.h"

#include <QDir>
#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "app/desktop/endpoints.h"
#include "app/desktop/opening.h"
#include "app/desktop/text.h"
#include "engine/store/store.h"
#include "tests/app/desktop/fakes.h"

using namespace conclave;
using namespace conclave::desktop;

class SessionTest : public DesktopTest {
  Q_OBJECT

 private:
  // With experts, Python is there; without, it could not start.
  void begin(const std::vector<ExpertPtr>& experts) {
    if (!experts.empty()) {
      startPython([&](FakeHost& host) { host.experts = experts; });
      return;
    }
    scripts_->start([](const scripting::OutputSink&) -> Result<std::unique_ptr<scripting::ScriptHost>> {
      return fail(ErrorKind::unsupported, "no Python here");
    });
    QTRY_VERIFY(scripts_->state() != Scripts::State::starting);
  }

  void consultToTheEnd() {
    QSignalSpy ended(session_.get(), &Session::consultEnded);
    session_->consult();
    QTRY_COMPARE(ended.count(), 1);
    QVERIFY(ended[0][0].toBool());
  }

  void openCase() {
    write("app.log", "2026-03-01T12:00:00Z INFO started\n2026-03-01T12:00:05Z ERROR pool exhausted\n");
    write("case.yaml", "version: 1\nname: outage\nquestion: Is it broken?\nlogs: [app.log]\n");
    QSignalSpy opened(session_.get(), &Session::caseOpened);
    session_->open({path("case.yaml")});
    QTRY_COMPARE(opened.count(), 1);
  }

  // Counts what hooks are told, and notes it.
  Hooks countingHooks(std::atomic<int>& calls, int delay_ms = 0) {
    Hooks hooks;
    hooks.plugins = {{"greets", "1.0", "abc"}};
    hooks.on_case_opened = [&calls, delay_ms](const Case& subject, std::vector<ReceiptHook>& receipt, Job& job) {
      for (int waited = 0; waited < delay_ms && !job.stopped(); waited += 10)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      if (job.stopped()) return Result<std::vector<config::Problem>>(fail_cancelled());
      ++calls;
      receipt.push_back({"on_case_opened", "greets", "added 1 note", 0});
      receipt.push_back({"on_case_opened", "breaks", "failed: oops", 0});
      return Result<std::vector<config::Problem>>({{config::Severity::note, "hook-note", "greets: " + subject.name, {}, {}}});
    };
    return hooks;
  }

 private Q_SLOTS:
  void consulting_shows_evidence_then_answers_then_the_report() {
    begin({std::make_shared<FakeExpert>("one", "failing"), std::make_shared<FakeExpert>("two", "failing", 30)});
    openCase();
    QStringList order;
    connect(session_.get(), &Session::gatheredReady, this, [&] { order << QStringLiteral("gathered"); });
    connect(session_.get(), &Session::answered, this, [&] { order << QStringLiteral("answered"); });
    connect(session_.get(), &Session::reportReady, this, [&] { order << QStringLiteral("report"); });
    QSignalSpy ended(session_.get(), &Session::consultEnded);
    session_->consult();
    QVERIFY(session_->isConsulting());
    QTRY_COMPARE(ended.count(), 1);
    QCOMPARE(order, QStringList({"gathered", "answered", "answered", "report"}));
    QVERIFY(!session_->isConsulting());
    QCOMPARE(session_->report()->responses.size(), 2U);
    QCOMPARE(session_->gathered()->evidence->integers("logs.lines")[0], 2);
    QCOMPARE(static_cast<FakeHost&>(*scripts_->host()).published.load(), 1);

    const auto store = store::Store::open(fsPath(path("history.db")));
    QVERIFY(store.has_value());
    QCOMPARE((*store)->list_reports(10)->size(), 1U);
  }

  void an_expert_is_given_the_report_before() {
    const auto expert = std::make_shared<FakeExpert>("one", "failing");
    begin({expert});
    openCase();
    consultToTheEnd();
    QCOMPARE(expert->seen->rows("previous.json"), 0U);
    const auto first = session_->report()->id;
    consultToTheEnd();
    QCOMPARE(expert->seen->rows("previous.json"), 1U);
    QCOMPARE(nlohmann::json::parse(expert->seen->text("previous.json", 0))["id"].get<std::string>(), first);
  }

  void hooks_hear_once_of_a_case_that_is_opened_and_every_report_has_their_notes() {
    std::atomic<int> calls{0};
    startPython([&](FakeHost& host) {
      host.experts = {std::make_shared<FakeExpert>("one", "failing")};
      host.case_hooks = countingHooks(calls);
    });
    QStringList said;
    connect(session_.get(), &Session::caseProblems, this, [&](const std::vector<config::Problem>& problems) {
      for (const auto& problem : problems) said << qtText(problem.message);
    });
    openCase();
    QTRY_COMPARE(said, QStringList({"greets: outage", "hook on_case_opened of breaks failed: oops"}));
    QVERIFY(audited().contains(QStringLiteral("plugin.run greets 1.0")));
    for (int i = 0; i < 2; ++i) {
      consultToTheEnd();
      const auto& problems = session_->report()->problems;
      QCOMPARE(std::count_if(problems.begin(), problems.end(), [](const auto& one) { return one.rule == "hook-note"; }), 1);
      QCOMPARE(session_->report()->receipt.hooks.size(), 2U);
    }
    QCOMPARE(calls.load(), 1);
    openCase();
    QTRY_COMPARE(calls.load(), 2);
  }

  void a_consultation_waits_for_hooks_that_still_hear_of_the_case() {
    std::atomic<int> calls{0};
    startPython([&](FakeHost& host) {
      host.experts = {std::make_shared<FakeExpert>("one", "failing")};
      host.case_hooks = countingHooks(calls, 200);
    });
    openCase();
    consultToTheEnd();
    QCOMPARE(calls.load(), 1);
    QCOMPARE(session_->report()->receipt.hooks.size(), 2U);
  }

  void hooks_hear_of_a_case_that_was_opened_before_python_was_ready() {
    std::atomic<int> calls{0};
    openCase();
    QTRY_VERIFY(jobs_->isIdle());
    startPython([&](FakeHost& host) { host.case_hooks = countingHooks(calls); });
    QTRY_COMPARE(calls.load(), 1);
  }

  void the_next_case_stops_hooks_that_hang_on_the_one_before() {
    std::atomic<int> calls{0};
    startPython([&](FakeHost& host) { host.case_hooks = countingHooks(calls, 3'600'000); });
    openCase();
    session_->setCase(Case{});
    QTRY_VERIFY(jobs_->isIdle());
    QCOMPARE(calls.load(), 0);
  }

  void a_case_that_is_opened_again_shows_its_last_report_until_the_next() {
    begin({std::make_shared<FakeExpert>("one", "failing")});
    openCase();
    QVERIFY(!session_->report());
    consultToTheEnd();
    QCOMPARE(session_->reportOrigin(), ReportOrigin::now);
    const auto first = session_->report()->id;
    openCase();
    QTRY_VERIFY(session_->report());
    QCOMPARE(session_->report()->id, first);
    QCOMPARE(session_->reportOrigin(), ReportOrigin::history);
    QVERIFY(!session_->gathered());
    consultToTheEnd();
    QVERIFY(session_->report()->id != first);
    QCOMPARE(session_->reportOrigin(), ReportOrigin::now);
  }

  void two_drafts_are_never_taken_for_the_same_case() {
    const auto expert = std::make_shared<FakeExpert>("one", "failing");
    begin({expert});
    for (const char* name : {"a.log", "b.log"}) {
      write(name, "2026-03-01T12:00:00Z INFO started\n");
      QSignalSpy opened(session_.get(), &Session::caseOpened);
      session_->open({path(name)});
      QTRY_COMPARE(opened.count(), 1);
      QTRY_VERIFY(jobs_->isIdle());
      QVERIFY(!session_->report());
      consultToTheEnd();
      QCOMPARE(expert->seen->rows("previous.json"), 0U);
    }
  }

  void a_damaged_history_is_said_and_costs_no_report() {
    write("history.db", QByteArray(5000, 'x'));
    begin({std::make_shared<FakeExpert>("one", "failing")});
    QSignalSpy failed(session_.get(), &Session::failed);
    openCase();
    QTRY_COMPARE(failed.count(), 1);
    QVERIFY(failed[0][1].toString().contains(QLatin1String("history.db")));
    consultToTheEnd();
    QCOMPARE(failed.count(), 2);
    QVERIFY(session_->report());
  }

  void what_runs_and_what_is_refused_is_audited() {
    consensus::ExpertResponse stranger;
    stranger.expert_name = "stranger";
    stranger.status = consensus::Status::refused;
    startPython([&](FakeHost& host) {
      host.experts = {std::make_shared<FakeExpert>("one", "failing")};
      host.refused = {stranger};
    });
    openCase();
    consultToTheEnd();
    QCOMPARE(audited(), QStringList({"plugin.run one 1.0.0", "plugin.refused stranger"}));
    session_->audit({audit_of_endpoint("https://a:443", false, "in the window")});
    QTRY_COMPARE(audited().value(2), QStringLiteral("endpoint.withdraw https://a:443"));
  }

  void an_audit_log_that_cannot_be_written_is_said_once() {
    QVERIFY(QDir().mkdir(path("audit.jsonl")));
    begin({std::make_shared<FakeExpert>("one", "failing")});
    QSignalSpy failed(session_.get(), &Session::failed);
    openCase();
    consultToTheEnd();
    consultToTheEnd();
    QCOMPARE(failed.count(), 1);
    QVERIFY(failed[0][0].toString().contains(QLatin1String("audit log")));
  }

  void only_endpoints_the_user_agreed_to_reach_the_experts() {
    begin({std::make_shared<FakeExpert>("one", "failing")});
    openCase();
    QSignalSpy ended(session_.get(), &Session::consultEnded);
    const auto told = [this, &ended] {
      const auto before = ended.count();
      session_->consult();
      const bool done = QTest::qWaitFor([&] { return ended.count() > before; });
      return done ? static_cast<FakeHost&>(*scripts_->host()).allowed_endpoints : std::vector<std::string>{"never ended"};
    };
    QCOMPARE(told(), std::vector<std::string>{});
    agreeToEndpoint(QStringLiteral("https://api.openai.com:443"));
    agreeToEndpoint(QStringLiteral("http://127.0.0.1:11434"));
    QCOMPARE(told(), (std::vector<std::string>{"https://api.openai.com:443", "http://127.0.0.1:11434"}));
    withdrawEndpoint(QStringLiteral("https://api.openai.com:443"));
    QCOMPARE(told(), std::vector<std::string>{"http://127.0.0.1:11434"});
    withdrawEndpoint(QStringLiteral("http://127.0.0.1:11434"));
    QCOMPARE(told(), std::vector<std::string>{});
  }

  void without_python_evidence_is_still_gathered() {
    begin({});
    QCOMPARE(scripts_->trouble(), QStringLiteral("no Python here"));
    openCase();
    QSignalSpy gathered(session_.get(), &Session::gatheredReady);
    QSignalSpy ended(session_.get(), &Session::consultEnded);
    session_->consult();
    QTRY_COMPARE(ended.count(), 1);
    QCOMPARE(gathered.count(), 1);
    if (session_->report()) QVERIFY(!session_->report()->consensus.verdict);
  }

  void a_new_case_drops_what_the_old_consultation_still_says() {
    begin({std::make_shared<FakeExpert>("slow", "failing", 10'000)});
    openCase();
    QSignalSpy gathered(session_.get(), &Session::gatheredReady);
    QSignalSpy report(session_.get(), &Session::reportReady);
    session_->consult();
    QTRY_COMPARE(gathered.count(), 1);
    Case other;
    other.name = "other";
    session_->setCase(other);
    QVERIFY(!session_->isConsulting());
    QTRY_VERIFY(jobs_->isIdle());
    QCOMPARE(report.count(), 0);
    QVERIFY(!session_->gathered());
    QCOMPARE(session_->caseTitle(), QStringLiteral("other"));
  }

  void cancelling_ends_the_consultation_soon() {
    begin({std::make_shared<FakeExpert>("slow", "failing", 10'000)});
    openCase();
    QSignalSpy gathered(session_.get(), &Session::gatheredReady);
    QSignalSpy ended(session_.get(), &Session::consultEnded);
    session_->consult();
    QTRY_COMPARE(gathered.count(), 1);
    session_->cancel();
    QTRY_COMPARE(ended.count(), 1);
    if (session_->report()) QVERIFY(!session_->report()->consensus.verdict);
  }

  void a_broken_case_file_is_said_with_its_place() {
    write("case.yaml", "version: 1\nquestion: Why?\nlgos: [a.log]\n");
    QSignalSpy failed(session_.get(), &Session::failed);
    session_->open({path("case.yaml")});
    QTRY_COMPARE(failed.count(), 1);
    QVERIFY2(failed[0][1].toString().contains(QLatin1String("case.yaml:3:1")), qPrintable(failed[0][1].toString()));
    QVERIFY(!session_->subject());
  }

  void files_that_do_not_exist_are_said_to_be_missing() {
    QSignalSpy failed(session_.get(), &Session::failed);
    session_->open({path("nothing.yaml")});
    QTRY_COMPARE(failed.count(), 1);
    QVERIFY(failed[0][1].toString().contains(QLatin1String("No such file")));
  }

  void evidence_becomes_a_draft_that_can_be_saved() {
    write("app.log", "2026-03-01T12:00:00Z INFO started\n");
    QSignalSpy opened(session_.get(), &Session::caseOpened);
    session_->open({path("app.log")});
    QTRY_COMPARE(opened.count(), 1);
    QCOMPARE(session_->subject()->logs.size(), 1U);
    QVERIFY(session_->subject()->file.empty());
    QVERIFY(!session_->draftedFrom().empty());
    session_->saveDraft(path("saved.yaml"));
    QTRY_COMPARE(opened.count(), 2);
    QCOMPARE(session_->subject()->file, fsPath(path("saved.yaml")));
    QVERIFY(session_->draftedFrom().empty());
  }

  void a_finished_report_opens_without_its_case() {
    const auto text = to_json(sampleReport()).dump();
    write("report.json", QByteArray::fromStdString(text));
    QSignalSpy ready(session_.get(), &Session::reportReady);
    session_->open({path("report.json")});
    QTRY_COMPARE(ready.count(), 1);
    QCOMPARE(session_->report()->responses.size(), 4U);
    QCOMPARE(session_->caseTitle(), QStringLiteral("checkout outage"));
  }

  void the_example_is_made_once_and_a_failing_generator_is_said() {
    const auto generator = fsPath(QStringLiteral(CONCLAVE_SOURCE_DIR "/resources/example/make_example.py"));
    Job job;
    const auto made = makeExample(generator, fsPath(path("example")), job);
    QVERIFY2(made.has_value(), made ? "" : made.error().text().c_str());
    const auto written = std::filesystem::last_write_time(*made);
    QCOMPARE(*makeExample(generator, fsPath(path("example")), job), *made);
    QCOMPARE(std::filesystem::last_write_time(*made), written);
    write("broken.py", "raise SystemExit('no space left')\n");
    const auto broken = makeExample(fsPath(path("broken.py")), fsPath(path("other")), job);
    QVERIFY(!broken);
    QVERIFY(broken.error().message.find("no space left") != std::string::npos);
    Job stopped;
    stopped.request_stop();
    QCOMPARE(makeExample(generator, fsPath(path("third")), stopped).error().kind, ErrorKind::cancelled);
  }

  void the_choice_of_experts_reaches_the_circle_until_the_next_case() {
    session_->setExperts(std::vector<ExpertChoice>{{"one", {}, 2.0}});
    QVERIFY(session_->experts());
    session_->setCase(Case{});
    QVERIFY(!session_->experts());
  }
};

QTEST_MAIN(SessionTest)
#include "session_test.moc"
