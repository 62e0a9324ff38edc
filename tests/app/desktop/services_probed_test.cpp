// The services page where more is known than states: what answers, certificates, needs that are not met, scans before, and
// asking again by a probe, once and over and over.
#include <QAbstractItemModelTester>
#include <QApplication>
#include <QComboBox>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QTableView>
#include <QTest>
#include <cmath>

#include "app/desktop/models/service_words.h"
#include "app/desktop/pages/services_page.h"
#include "app/desktop/text.h"
#include "app/desktop/widgets/scan_bar.h"
#include "app/desktop/widgets/scan_timeline.h"
#include "app/desktop/widgets/service_details.h"
#include "engine/case/scan_history.h"
#include "engine/scan/probe/needs.h"
#include "tests/app/desktop/fakes.h"
#include "tests/engine/scan/servers.h"

using namespace conclave;
using namespace conclave::desktop;

namespace {

constexpr int patience_ms = 20'000;

nlohmann::json https(const char* name, int port, int days_left, int status) {
  return {{"name", name},
          {"target", "127.0.0.1:" + std::to_string(port)},
          {"expect", "open"},
          {"state", "open"},
          {"latency_ms", 1.5},
          {"address", "127.0.0.1"},
          {"service", {{"name", "https"}, {"product", "nginx"}, {"version", "1.22"}}},
          {"tls",
           {{"version", "TLSv1.3"},
            {"verified", false},
            {"verify_error", "self-signed certificate"},
            {"days_left", days_left},
            {"names", {"db.example", "127.0.0.1"}},
            {"chain",
             {{{"subject", "CN=db.example"},
               {"issuer", "CN=Our CA"},
               {"not_before", "2026-01-01T00:00:00Z"},
               {"not_after", "2026-03-01T00:00:00Z"}}}}}},
          {"http",
           {{"status", status},
            {"path", "/health"},
            {"redirect", "https://elsewhere.example/"},
            {"connect_ms", 1},
            {"tls_ms", 4},
            {"first_byte_ms", 9},
            {"total_ms", 12.0}}},
          {"unmet", ""}};
}

template <class... Service>
ReportPtr reportOf(const Service&... services) {
  auto report = std::make_shared<Report>();
  report->services = nlohmann::json::array_t{services...};
  return report;
}

QString cell(const ServicesPage& page, int row, int column) {
  return page.findChild<QTableView*>()->model()->index(row, column).data().toString();
}

QComboBox& box(QWidget& page, const char* name) {
  for (auto* each : page.findChildren<QComboBox*>())
    if (each->accessibleName() == QLatin1String(name)) return *each;
  throw std::runtime_error("no such box");
}

QPushButton& button(QWidget& page) { return *page.findChild<ScanBar*>()->findChild<QPushButton*>(); }

void choose(QComboBox& box, const QVariant& data) {
  box.setCurrentIndex(box.findData(data));
  Q_EMIT box.activated(box.currentIndex());
}

Case caseOf(std::vector<scan::Target> services) {
  Case subject;
  subject.name = "probed";
  subject.services = std::move(services);
  return subject;
}

}  // namespace

class ServicesProbedTest : public DesktopTest {
  Q_OBJECT

 private Q_SLOTS:
  void what_answers_stands_in_columns_of_its_own() {
    ServicesPage page(*session_, *theme_);
    page.showReport(reportOf(https("web", 443, 60, 200)));
    QCOMPARE(cell(page, 0, ServiceTable::answers_column), QStringLiteral("https nginx 1.22"));
    QCOMPARE(cell(page, 0, ServiceTable::tls_column), QStringLiteral("60 days, not trusted"));
    QCOMPARE(cell(page, 0, ServiceTable::http_column), QStringLiteral("200 in 12 ms"));
    const auto* view = page.findChild<QTableView*>();
    QVERIFY(!view->isColumnHidden(ServiceTable::tls_column));
    const QString tip = view->model()->index(0, ServiceTable::http_column).data(Qt::ToolTipRole).toString();
    QVERIFY2(tip.contains(QLatin1String("first byte 9.00 ms")) && tip.contains(QLatin1String("elsewhere.example")),
             qPrintable(tip));
  }

  void columns_that_have_nothing_to_say_or_that_the_user_hid_are_hidden() {
    ServicesPage page(*session_, *theme_);
    auto plain = https("tcp", 25, 1, 200);
    plain.erase("tls");
    plain.erase("http");
    plain.erase("service");
    page.showReport(reportOf(plain));
    const auto* view = page.findChild<QTableView*>();
    QVERIFY(view->isColumnHidden(ServiceTable::tls_column) && view->isColumnHidden(ServiceTable::answers_column));
    QVERIFY(view->isColumnHidden(ServiceTable::address_column));  // it is the target's
    QVERIFY(!view->isColumnHidden(ServiceTable::latency_column));
    QSettings().setValue(QStringLiteral("services/hidden_columns"), QStringList({"HTTP"}));
    page.showReport(reportOf(https("web", 443, 60, 200)));
    QVERIFY(view->isColumnHidden(ServiceTable::http_column) && !view->isColumnHidden(ServiceTable::tls_column));
    QSettings().remove(QStringLiteral("services/hidden_columns"));
  }

  void certificates_and_answers_are_coloured_by_how_bad_they_are() {
    ServiceTable table(*theme_);
    table.show(nullptr, nullptr, reportOf(https("fine", 1, 60, 200), https("near", 2, 5, 404), https("past", 3, -2, 503)));
    const auto colour = [&](int row, int column) { return table.index(row, column).data(Qt::ForegroundRole).value<QColor>(); };
    const Theme& theme = theme_->theme();
    QCOMPARE(colour(0, ServiceTable::tls_column), theme.muted);
    QCOMPARE(colour(1, ServiceTable::tls_column), theme.fair);
    QCOMPARE(colour(2, ServiceTable::tls_column), theme.bad);
    QCOMPARE(table.text(table.at(2), ServiceTable::tls_column), QStringLiteral("expired 2 days ago"));
    QCOMPARE(colour(0, ServiceTable::http_column), theme.muted);
    QCOMPARE(colour(1, ServiceTable::http_column), theme.fair);
    QCOMPARE(colour(2, ServiceTable::http_column), theme.bad);
  }

  void what_is_open_but_not_as_it_should_be_is_not_as_expected() {
    auto service = https("web", 443, 60, 500);
    service["unmet"] = "status 500, not 200";
    ServicesPage page(*session_, *theme_);
    page.showReport(reportOf(https("fine", 444, 60, 200), service));
    QCOMPARE(cell(page, 0, ServiceTable::name_column), QStringLiteral("web"));  // first
    QCOMPARE(cell(page, 0, ServiceTable::expected_column), QStringLiteral("open, but status 500, not 200"));
    const auto* model = page.findChild<QTableView*>()->model();
    QCOMPARE(model->index(0, ServiceTable::state_column).data(Qt::DecorationRole).value<QColor>(), theme_->theme().fair);
    bool said = false;
    for (const auto* label : page.findChildren<QLabel*>()) said = said || label->text() == QLatin1String("1 of 2 as expected");
    QVERIFY(said);
  }

  void the_bound_of_the_95th_percentile_counts() {
    ServiceTable::Row row;
    row.target.p95_ms = 10;
    row.state = scan::State::open;
    QVERIFY(!row.isAsExpected());
    QCOMPARE(row.flaws(), QStringList({"p95 not known"}));
    row.latency_ms = 4;
    QVERIFY(row.isAsExpected());
    row.history.emplace().p95_ms = 12.5;
    QVERIFY(!row.isAsExpected());
    QCOMPARE(row.flaws(), QStringList({"p95 12.50 ms, above 10.00 ms"}));
  }

  void numbers_sort_as_numbers_and_what_has_none_comes_last() {
    ServicesPage page(*session_, *theme_);
    auto plain = https("tcp", 25, 1, 200);
    plain.erase("tls");
    plain.erase("http");
    page.showReport(reportOf(https("a", 1, 100, 503), plain, https("b", 2, 9, 200)));
    auto* view = page.findChild<QTableView*>();
    const auto names = [&] {
      QStringList out;
      for (int row = 0; row < view->model()->rowCount(); ++row) out << cell(page, row, ServiceTable::name_column);
      return out;
    };
    view->sortByColumn(ServiceTable::tls_column, Qt::AscendingOrder);
    QCOMPARE(names(), QStringList({"b", "a", "tcp"}));
    view->sortByColumn(ServiceTable::http_column, Qt::AscendingOrder);
    QCOMPARE(names(), QStringList({"b", "a", "tcp"}));
    view->sortByColumn(ServiceTable::target_column, Qt::AscendingOrder);
    QCOMPARE(names(), QStringList({"a", "b", "tcp"}));
  }

  void a_report_of_anybody_is_shown_as_far_as_it_makes_sense() {
    auto odd = https("odd", 443, 60, 200);
    odd["tls"] = {{"days_left", 1e300}, {"names", {1, nullptr, "x"}}, {"chain", {3, {{"subject", 7}}}}};
    odd["http"] = {{"status", "200"}, {"total_ms", nullptr}};
    odd["service"] = {{"name", "<img src='file:///etc/hosts'>"}};
    odd["unmet"] = 3;
    ServicesPage page(*session_, *theme_);
    page.showReport(reportOf(odd));
    QCOMPARE(cell(page, 0, ServiceTable::tls_column), QStringLiteral("no certificate, not trusted"));
    const QString tip =
        page.findChild<QTableView*>()->model()->index(0, ServiceTable::answers_column).data(Qt::ToolTipRole).toString();
    QVERIFY2(tip.contains(QLatin1String("&lt;img")), qPrintable(tip));
    page.show();
    QVERIFY(page.goTo({Place::Kind::service, QStringLiteral("odd")}));
    QVERIFY(page.findChild<ServiceDetails*>()->text().contains(QLatin1String("<img src=")));
  }

  void the_details_of_a_service_say_all_there_is() {
    ServicesPage page(*session_, *theme_);
    page.show();
    page.showReport(reportOf(https("web", 443, 5, 200), https("other", 444, 60, 200)));
    auto* details = page.findChild<ServiceDetails*>();
    QVERIFY(details->isHidden());
    QVERIFY(page.goTo({Place::Kind::service, QStringLiteral("web")}));
    QVERIFY(details->isVisible());
    for (const char* words : {"CN=db.example, 2026-01-01 to 2026-03-01, by CN=Our CA", "db.example, 127.0.0.1",
                              "https://elsewhere.example/", "TLS 4.00 ms", "5 days, not trusted", "self-signed certificate"})
      QVERIFY2(details->text().contains(QLatin1String(words)), words);
    QTest::keyClick(page.findChild<QTableView*>(), Qt::Key_Escape);
    QVERIFY(details->isHidden());
    QVERIFY(page.goTo({Place::Kind::service, QStringLiteral("other")}));
    QVERIFY(details->text().startsWith(QLatin1String("other")));
    page.showReport(reportOf());
    QVERIFY(details->isHidden());
  }

  void the_timeline_is_read_with_the_keyboard() {
    ScanTimeline line;
    line.show({}, scan::State::open);
    QCOMPARE(line.words(), QStringLiteral("No scan of this service is remembered yet."));
    QTest::keyClick(&line, Qt::Key_Left);
    QCOMPARE(line.current(), -1);
    std::vector<scan::Observation> scans;
    for (int i = 0; i < 6; ++i)
      scans.push_back({(i + 1) * us_per_second, i < 2 ? scan::State::closed : scan::State::open,
                       i < 2 ? std::nullopt : std::optional(1.0 + i)});
    line.show(scans, scan::State::open);
    QCOMPARE(line.words(), QStringLiteral("1970-01-01 00:00:06 UTC: open in 6.00 ms, as 3 scans before (6 of 6)"));
    QTest::keyClick(&line, Qt::Key_Left);
    QCOMPARE(line.current(), 4);
    QTest::keyClick(&line, Qt::Key_Left, Qt::ControlModifier);
    QCOMPARE(line.words(), QStringLiteral("1970-01-01 00:00:02 UTC: closed, as 1 scan before (2 of 6)"));
    QTest::keyClick(&line, Qt::Key_Right, Qt::ControlModifier);
    QCOMPARE(line.current(), 2);
    scans.push_back({9 * us_per_second, scan::State::open, 1.0});
    line.show(scans, scan::State::open);
    QCOMPARE(line.current(), 2);  // stays with what is looked at
    QTest::keyClick(&line, Qt::Key_End);
    QCOMPARE(line.current(), 6);
    QCOMPARE(line.accessibleDescription(), line.words());
    scans.push_back({10 * us_per_second, scan::State::closed, {}});
    line.show(scans, scan::State::open);
    QCOMPARE(line.current(), 7);  // follows
    line.resize(400, 150);
    QTest::mouseClick(&line, Qt::LeftButton, {}, {5, 100});
    QCOMPARE(line.current(), 0);
    QVERIFY(!line.grab().isNull());
  }

  void the_timeline_shows_more_scans_than_the_row() {
    const auto history = store::Store::open(fsPath(path("history.db"))).value();
    scan::ScanResult result;
    result.target = {"web", "127.0.0.1", 443, {}};
    result.state = scan::State::open;
    for (int i = 0; i < 60; ++i) {
      result.time = (i + 1) * us_per_second;
      result.latency_ms = 1.0 + i;
      QVERIFY(keep_scan(*history, "test", std::span(&result, 1), 0));
    }
    ServicesPage page(*session_, *theme_);
    page.show();
    page.showReport(reportOf(https("web", 443, 60, 200)));
    QVERIFY(page.goTo({Place::Kind::service, QStringLiteral("web")}));
    const auto& line = *page.findChild<ScanTimeline*>();
    QTRY_VERIFY_WITH_TIMEOUT(line.words().endsWith(QLatin1String("(60 of 60)")), patience_ms);
    QVERIFY(line.words().startsWith(QLatin1String("1970-01-01 00:01:00 UTC: open in 60 ms")));
  }

  void a_chosen_probe_says_what_answers_and_is_remembered() {
    scan::OwnCertificate certificate(5);
    const auto context = certificate.context();
    const scan::Server server([&](scan::Peer& peer) {
      scan::with_tls(context, peer, [](scan::Peer& tls) {
        if (!tls.read().empty())
          tls.write("HTTP/1.1 503 Busy\r\nServer: Teapot/2.0\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
      });
    });
    session_->setCase(caseOf({{"web", "127.0.0.1", server.port(), {}}}));
    {
      ServicesPage page(*session_, *theme_);
      page.showCase(session_->subject());
      QVERIFY(page.findChild<ScanBar*>()->probe().empty());
      choose(box(page, "Probe"), QStringLiteral("auto"));
      button(page).click();
      QTRY_VERIFY_WITH_TIMEOUT(jobs_->isIdle(), patience_ms);
      QCOMPARE(cell(page, 0, ServiceTable::state_column), QStringLiteral("open"));
      QVERIFY2(cell(page, 0, ServiceTable::answers_column).contains(QLatin1String("Teapot")),
               qPrintable(cell(page, 0, ServiceTable::answers_column)));
      QCOMPARE(cell(page, 0, ServiceTable::tls_column), QStringLiteral("5 days, not trusted"));
      QVERIFY(cell(page, 0, ServiceTable::http_column).startsWith(QLatin1String("503 in")));
    }
    ServicesPage again(*session_, *theme_);
    QCOMPARE(again.findChild<ScanBar*>()->probe(), std::string("auto"));
    QSettings().remove(QStringLiteral("services/probe"));
  }

  void needs_of_the_case_are_judged_whatever_probe_is_chosen() {
    const scan::Server server([](scan::Peer& peer) {
      if (!peer.read().empty()) peer.write("HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    });
    scan::Target web{"web", "127.0.0.1", server.port(), {}};
    web.needs = std::make_shared<const scan::Needs>(*scan::needs_from_json({{"http", {{"status", 200}}}}));
    session_->setCase(caseOf({web}));
    ServicesPage page(*session_, *theme_);
    page.showCase(session_->subject());
    page.rescan();
    QTRY_VERIFY_WITH_TIMEOUT(jobs_->isIdle(), patience_ms);
    QCOMPARE(cell(page, 0, ServiceTable::expected_column), QStringLiteral("open, but status 404, not 200"));
  }

  void services_are_asked_over_and_over_until_that_is_stopped() {
    const scan::LoopbackSocket listener;
    session_->setCase(caseOf({{"web", "127.0.0.1", listener.port(), {}}}));
    ServicesPage page(*session_, *theme_);
    page.showCase(session_->subject());
    auto& every = box(page, "How often");
    QVERIFY(every.findData(30'000) > 0);
    every.addItem(QStringLiteral("often"), 1);
    every.setCurrentIndex(every.count() - 1);  // chosen before: nothing begins by itself
    QCOMPARE(page.findChild<ScanBar*>()->next(), QString());
    button(page).click();
    QCOMPARE(button(page).text(), QStringLiteral("&Stop asking"));
    QTRY_VERIFY_WITH_TIMEOUT(audited().size() >= 3, patience_ms);
    every.addItem(QStringLiteral("seldom"), 3'600'000);
    choose(every, 3'600'000);
    QTRY_VERIFY_WITH_TIMEOUT(page.findChild<ScanBar*>()->next().startsWith(QLatin1String("next in ")), patience_ms);
    bool said = false;
    for (const auto* label : page.findChildren<QLabel*>()) said = said || label->text().contains(QLatin1String("next in "));
    QVERIFY(said);
    button(page).click();
    QCOMPARE(page.findChild<ScanBar*>()->next(), QString());
    QCOMPARE(button(page).text(), QStringLiteral("&Ask again"));
    QSettings().remove(QStringLiteral("services/every_ms"));
  }

  void another_case_ends_the_repetition() {
    const scan::LoopbackSocket listener;
    session_->setCase(caseOf({{"web", "127.0.0.1", listener.port(), {}}}));
    ServicesPage page(*session_, *theme_);
    page.showCase(session_->subject());
    choose(box(page, "How often"), 30'000);
    button(page).click();
    QTRY_VERIFY_WITH_TIMEOUT(!page.findChild<ScanBar*>()->next().isEmpty(), patience_ms);
    page.showCase(session_->subject());
    QCOMPARE(page.findChild<ScanBar*>()->next(), QString());
    QSettings().remove(QStringLiteral("services/every_ms"));
  }

  void many_rows_are_sorted_and_filtered_as_a_valid_model() {
    auto subject = std::make_shared<Case>();
    for (int i = 0; i < 3000; ++i)
      subject->services.push_back(
          {"s" + std::to_string(i), "10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256), 80});
    ServiceTable table(*theme_);
    ServiceOrder order(table);
    const QAbstractItemModelTester tester(&order, QAbstractItemModelTester::FailureReportingMode::QtTest);
    table.show(subject, nullptr, nullptr);
    order.sort(ServiceTable::name_column, Qt::DescendingOrder);
    QCOMPARE(order.index(0, 0).data().toString(), QStringLiteral("s2999"));
    QCOMPARE(order.index(2999, 0).data().toString(), QStringLiteral("s0"));
    order.setWords(QStringLiteral("s29 10.0.11."));
    QCOMPARE(order.rowCount(), 100);
    // Other texts, other order: what was remembered of the old ones is forgotten.
    subject = std::make_shared<Case>();
    subject->services = {{"b", "h", 1, {}}, {"a", "h", 2, {}}, {"c", "h", 3, {}}};
    order.setWords({});
    table.show(subject, nullptr, nullptr);
    QCOMPARE(order.index(0, 0).data().toString(), QStringLiteral("c"));
  }
};

QTEST_MAIN(ServicesProbedTest)
#include "services_probed_test.moc"
