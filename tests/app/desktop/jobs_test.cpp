#include "app/desktop/jobs.h"

#include <QSignalSpy>
#include <QTest>
#include <QThread>
#include <thread>

#include "app/desktop/text.h"

using namespace conclave;
using namespace conclave::desktop;
using namespace std::chrono_literals;

class JobsTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void result_arrives_on_the_gui_thread_after_run_returned() {
    Jobs jobs;
    QThread* delivered = nullptr;
    std::atomic<bool> elsewhere = false;
    int answer = 0;
    jobs.run<int>(
        {QStringLiteral("count"), this},
        [&, gui = QThread::currentThread()](Job&) -> Result<int> {
          elsewhere = QThread::currentThread() != gui;
          return 42;
        },
        [&](Result<int> result) {
          delivered = QThread::currentThread();
          answer = *result;
        });
    QCOMPARE(answer, 0);
    QTRY_COMPARE(answer, 42);
    QVERIFY(elsewhere);
    QCOMPARE(delivered, QThread::currentThread());
    QVERIFY(jobs.isIdle());
  }

  void a_newer_job_of_the_same_kind_drops_the_result_of_the_older_one() {
    Jobs jobs;
    QStringList delivered;
    const Jobs::Spec spec{QStringLiteral("search"), this, QStringLiteral("search")};
    jobs.run<int>(
        spec,
        [](Job& job) -> Result<int> {
          while (!job.stopped()) std::this_thread::sleep_for(1ms);
          return 1;  // although it was stopped
        },
        [&](Result<int>) { delivered << QStringLiteral("old"); });
    jobs.run<int>(
        spec, [](Job&) -> Result<int> { return 2; }, [&](Result<int>) { delivered << QStringLiteral("new"); });
    QTRY_VERIFY(jobs.isIdle());
    QCOMPARE(delivered, QStringList(QStringLiteral("new")));
  }

  void a_cancelled_job_delivers_that_it_was_cancelled() {
    Jobs jobs;
    std::optional<ErrorKind> kind;
    const auto id = jobs.run<void>(
        {QStringLiteral("wait"), this},
        [](Job& job) -> Result<void> {
          while (!job.stopped()) std::this_thread::sleep_for(1ms);
          return fail_cancelled();
        },
        [&](Result<void> result) { kind = result.error().kind; });
    QCOMPARE(jobs.views().size(), 1U);
    jobs.cancel(id);
    QVERIFY(jobs.views().empty() || jobs.views().front().stopping);
    QTRY_VERIFY(kind.has_value());
    QCOMPARE(*kind, ErrorKind::cancelled);
  }

  void the_result_for_an_owner_that_is_gone_is_dropped_and_the_job_stopped() {
    Jobs jobs;
    bool delivered = false;
    auto owner = std::make_unique<QObject>();
    jobs.run<void>(
        {QStringLiteral("wait"), owner.get()},
        [](Job& job) -> Result<void> {
          while (!job.stopped()) std::this_thread::sleep_for(1ms);
          return {};
        },
        [&](Result<void>) { delivered = true; });
    owner.reset();
    QTRY_VERIFY(jobs.isIdle());
    QVERIFY(!delivered);
  }

  void an_exception_out_of_work_is_an_error_for_the_receiver() {
    Jobs jobs;
    QString message;
    jobs.run<int>(
        {QStringLiteral("throw"), this}, [](Job&) -> Result<int> { throw std::runtime_error("no such luck"); },
        [&](Result<int> result) { message = result ? QString() : qtText(result.error().text()); });
    QTRY_VERIFY(message.contains(QLatin1String("no such luck")));
  }

  void progress_is_signalled_at_most_twenty_times_a_second() {
    Jobs jobs;
    QSignalSpy progressed(&jobs, &Jobs::progressed);
    bool done = false;
    jobs.run<void>(
        {QStringLiteral("count"), this},
        [](Job& job) -> Result<void> {
          job.begin("counting", 1'000'000, "lines");
          for (int step = 0; step < 400; ++step) {
            job.advance(2500);
            std::this_thread::sleep_for(1ms);
          }
          return {};
        },
        [&](Result<void>) { done = true; });
    QElapsedTimer elapsed;
    elapsed.start();
    QTRY_VERIFY(done);
    QVERIFY(progressed.count() >= 1);
    QVERIFY(progressed.count() <= 1 + elapsed.elapsed() / 50);
  }

  void progress_reads_as_amount_rate_and_remaining_time() {
    Progress progress{"reading", "B", 10U << 20U, 40U << 20U};
    QCOMPARE(progressText(progress, 2), QStringLiteral("reading, 10.0 MiB of 40.0 MiB, 5.0 MiB/s, 6.00 s left"));
    QCOMPARE(progressText({"asking", "experts", 2, 6}, 0.1), QStringLiteral("asking, 2 of 6 experts"));
    QCOMPARE(progressText({"waiting", "", 0, 0}, 9), QStringLiteral("waiting"));
  }

  void destroying_jobs_stops_what_runs() {
    std::atomic<bool> stopped = false;
    {
      Jobs jobs;
      jobs.run<void>(
          {QStringLiteral("wait"), this},
          [&](Job& job) -> Result<void> {
            while (!job.stopped()) std::this_thread::sleep_for(1ms);
            stopped = true;
            return {};
          },
          [](Result<void>) { QFAIL("delivered to nobody"); });
      QTest::qWait(20);
    }
    QVERIFY(stopped);
  }
};

QTEST_GUILESS_MAIN(JobsTest)
#include "jobs_test.moc"
