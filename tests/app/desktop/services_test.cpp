// The services page against real listeners on loopback.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <QAbstractItemModelTester>
#include <QApplication>
#include <QCheckBox>
#include <QClipboard>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTableView>
#include <QTest>
#include <cmath>

#include "app/desktop/pages/services_page.h"
#include "app/desktop/text.h"
#include "app/desktop/widgets/sparkline_delegate.h"
#include "engine/case/scan_history.h"
#include "tests/app/desktop/fakes.h"

using namespace conclave;
using namespace conclave::desktop;

namespace {

// A socket that listens on a free port of 127.0.0.1 until it is closed.
class Listener {
 public:
  Listener() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    if (::bind(fd_, raw, size) == 0 && ::listen(fd_, 16) == 0 && ::getsockname(fd_, raw, &size) == 0)
      port_ = ntohs(address.sin_port);
  }
  ~Listener() { close(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  [[nodiscard]] std::int64_t port() const { return port_; }  // 0: could not listen

 private:
  int fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
  std::int64_t port_ = 0;
};

struct Found {
  std::string name;
  std::int64_t port;
  std::string expect;
  std::string state;
  double latency_ms;
};

GatheredPtr gatheredOf(const std::vector<Found>& services) {
  std::vector<std::string> names, hosts, expects, states, addresses, details;
  std::vector<std::int64_t> ports;
  std::vector<double> latencies;
  for (const auto& service : services) {
    names.push_back(service.name);
    hosts.emplace_back("127.0.0.1");
    ports.push_back(service.port);
    expects.push_back(service.expect);
    states.push_back(service.state);
    latencies.push_back(service.latency_ms);
    addresses.emplace_back("127.0.0.1");
    details.emplace_back(service.state == "closed" ? "Connection refused" : "");
  }
  EvidenceBuilder builder;
  builder.add_texts("services.name", names);
  builder.add_texts("services.host", hosts);
  builder.add_integers("services.port", ports);
  builder.add_texts("services.expect", expects);
  builder.add_texts("services.state", states);
  builder.add_numbers("services.latency_ms", latencies);
  builder.add_texts("services.address", addresses);
  builder.add_texts("services.detail", details);
  auto gathered = std::make_shared<Gathered>();
  gathered->evidence = *std::move(builder).seal();
  return gathered;
}

const auto nan_ms = std::numeric_limits<double>::quiet_NaN();
const std::vector<Found> four = {{"api", 81, "open", "open", 12.5},
                                 {"web 10", 82, "open", "closed", 0.3},
                                 {"web 9", 83, "closed", "closed", nan_ms},
                                 {"db", 84, "open", "cancelled", nan_ms}};

}  // namespace

class ServicesTest : public DesktopTest {
  Q_OBJECT

 private:
  static QStringList column(const ServicesPage& page, int column) {
    QStringList cells;
    const auto* model = page.findChild<QTableView*>()->model();
    for (int row = 0; row < model->rowCount(); ++row) cells << model->index(row, column).data().toString();
    return cells;
  }
  static QString summary(const ServicesPage& page) {
    for (const auto* label : page.findChildren<QLabel*>()) {
      if (label->accessibleName() == QLatin1String("Summary")) return label->text();
    }
    return {};
  }

 private Q_SLOTS:
  void the_table_is_a_valid_model_through_every_change() {
    ServiceTable table(*theme_);
    const QAbstractItemModelTester tester(&table, QAbstractItemModelTester::FailureReportingMode::QtTest);
    ServiceOrder order(table);
    const QAbstractItemModelTester orderTester(&order, QAbstractItemModelTester::FailureReportingMode::QtTest);
    order.sort(ServiceTable::state_column);
    table.show(nullptr, gatheredOf(four), nullptr);
    table.beginAsking();
    scan::ScanResult result;
    result.target = table.at(1).target;
    result.state = scan::State::open;
    table.take(std::span(&result, 1));
    table.endAsking();
    QVERIFY(table.at(1).isAsExpected());
    QCOMPARE(table.at(0).state, std::optional(scan::State::open));
    order.setOnlyUnexpected(true);
    QCOMPARE(order.rowCount(), 1);  // db, whose state is not known
    table.show(nullptr, nullptr, nullptr);
    QCOMPARE(order.rowCount(), 0);
  }

  void what_is_not_as_expected_comes_first() {
    ServicesPage page(*session_, *theme_);
    page.showEvidence(gatheredOf(four));
    QCOMPARE(column(page, ServiceTable::name_column), QStringList({"web 10", "db", "web 9", "api"}));
    QCOMPARE(summary(page), QStringLiteral("2 of 4 as expected, 1 not known"));
  }

  void states_are_said_in_words_and_in_colour() {
    ServiceTable table(*theme_);
    table.show(nullptr, gatheredOf(four), nullptr);
    const auto state = table.index(1, ServiceTable::state_column);
    QCOMPARE(state.data().toString(), QStringLiteral("closed"));
    QCOMPARE(state.data(Qt::DecorationRole).value<QColor>(), theme_->theme().bad);
    QCOMPARE(table.index(2, ServiceTable::state_column).data(Qt::DecorationRole).value<QColor>(), theme_->theme().good);
    QCOMPARE(state.data(Qt::ToolTipRole).toString(), QStringLiteral("Expected open"));
  }

  void columns_sort_by_meaning() {
    ServicesPage page(*session_, *theme_);
    page.showEvidence(gatheredOf(four));
    auto* view = page.findChild<QTableView*>();
    view->sortByColumn(ServiceTable::name_column, Qt::AscendingOrder);
    QCOMPARE(column(page, ServiceTable::name_column), QStringList({"api", "db", "web 9", "web 10"}));
    view->sortByColumn(ServiceTable::latency_column, Qt::AscendingOrder);
    QCOMPARE(column(page, ServiceTable::name_column), QStringList({"web 10", "api", "web 9", "db"}));
  }

  void the_filter_takes_words_of_any_column() {
    ServicesPage page(*session_, *theme_);
    page.showEvidence(gatheredOf(four));
    page.findChild<QLineEdit*>()->setText(QStringLiteral("WEB refused 82"));
    QCOMPARE(column(page, ServiceTable::name_column), QStringList({"web 10"}));
    QVERIFY(summary(page).contains(QLatin1String("3 hidden by the filter")));
    page.findChild<QLineEdit*>()->setText(QStringLiteral("(["));
    QCOMPARE(column(page, 0).size(), 0);
    page.findChild<QLineEdit*>()->clear();
    page.findChild<QCheckBox*>()->setChecked(true);
    QCOMPARE(column(page, ServiceTable::name_column), QStringList({"web 10", "db"}));
  }

  void going_to_a_service_selects_it_even_if_the_filter_hid_it() {
    ServicesPage page(*session_, *theme_);
    page.showEvidence(gatheredOf(four));
    page.findChild<QLineEdit*>()->setText(QStringLiteral("web"));
    QVERIFY(page.goTo({Place::Kind::service, QStringLiteral("api")}));
    auto* view = page.findChild<QTableView*>();
    QCOMPARE(view->currentIndex().siblingAtColumn(0).data().toString(), QStringLiteral("api"));
    QVERIFY(page.goTo({Place::Kind::service, QStringLiteral("127.0.0.1:84")}));
    QCOMPARE(view->currentIndex().siblingAtColumn(0).data().toString(), QStringLiteral("db"));
    QVERIFY(!page.goTo({Place::Kind::service, QStringLiteral("nobody")}));
    QVERIFY(!page.goTo({Place::Kind::log, QStringLiteral("api")}));
  }

  void rows_are_copied_with_tabs_between_cells() {
    ServicesPage page(*session_, *theme_);
    page.show();
    page.showEvidence(gatheredOf(four));
    QVERIFY(page.goTo({Place::Kind::service, QStringLiteral("web 10")}));
    auto* view = page.findChild<QTableView*>();
    view->setFocus();
    QTest::keyClick(view, Qt::Key_C, Qt::ControlModifier);
    QTRY_COMPARE(QApplication::clipboard()->text(),
                 QStringLiteral("web 10\t127.0.0.1:82\topen\tclosed\t0.30 ms\t\t\t\t\t\t\t127.0.0.1\tConnection refused"));
  }

  void asking_again_meets_the_real_services_and_leaves_the_evidence() {
    const Listener listener;
    Listener gone;
    const std::int64_t closed_port = gone.port();
    QVERIFY(listener.port() > 0 && closed_port > 0);
    gone.close();
    ServicesPage page(*session_, *theme_);
    const auto gathered = gatheredOf({{"up", listener.port(), "open", "closed", nan_ms},
                                      {"down", closed_port, "open", "open", 1.0},
                                      {"away", closed_port, "closed", "open", 1.0}});
    page.showEvidence(gathered);
    QCOMPARE(summary(page), QStringLiteral("1 of 3 as expected"));
    page.rescan();
    QVERIFY(column(page, ServiceTable::state_column).contains(QStringLiteral("asking ...")));
    QTRY_VERIFY_WITH_TIMEOUT(jobs_->isIdle(), 20'000);
    QCOMPARE(summary(page), QStringLiteral("2 of 3 as expected"));
    QCOMPARE(audited(), QStringList("scan 3 targets"));
    QCOMPARE(column(page, ServiceTable::name_column).front(), QStringLiteral("down"));
    QCOMPARE(column(page, ServiceTable::state_column), QStringList({"closed", "closed", "open"}));
    QCOMPARE(QString::fromStdString(std::string(gathered->evidence->text("services.state", 0))), QStringLiteral("closed"));
  }

  void what_scans_found_before_is_shown_and_the_newest_is_kept() {
    const Listener listener;
    const auto history = store::Store::open(fsPath(path("history.db"))).value();
    scan::ScanResult result;
    result.target = {"other name", "127.0.0.1", static_cast<std::uint16_t>(listener.port()), {}};
    for (int i = 0; i < 6; ++i) {
      result.state = i % 2 == 0 ? scan::State::closed : scan::State::open;
      result.latency_ms = 100.0 + i;
      result.time = (i + 1) * us_per_second;
      QVERIFY(keep_scan(*history, "test", std::span(&result, 1), 0));
    }
    ServicesPage page(*session_, *theme_);
    page.showEvidence(gatheredOf({{"web", listener.port(), "open", "open", 1.0}, {"new", 1, "open", "closed", nan_ms}}));
    QTRY_VERIFY_WITH_TIMEOUT(jobs_->isIdle(), 20'000);
    auto* view = page.findChild<QTableView*>();
    const auto cell = [&](int column) { return view->model()->index(1, column); };
    QCOMPARE(cell(ServiceTable::name_column).data().toString(), QStringLiteral("web"));
    QCOMPARE(cell(ServiceTable::uptime_column).data().toString(), QStringLiteral("50.0 % of 6, flapping"));
    QCOMPARE(cell(ServiceTable::uptime_column).data(Qt::ForegroundRole).value<QColor>(), theme_->theme().fair);
    QVERIFY(cell(ServiceTable::since_column).data().toString().startsWith(QLatin1String("up since 1970-01-01 00:00:06")));
    QCOMPARE(cell(ServiceTable::trend_column).data().toString(), QStringLiteral("p95 105 ms"));
    const auto trend = cell(ServiceTable::trend_column).data(SparklineDelegate::values_role).value<QList<double>>();
    QCOMPARE(trend.size(), 6);
    QVERIFY(std::isnan(trend[0]) && trend[5] == 105);
    QVERIFY(!cell(ServiceTable::expected_column).data(Qt::DecorationRole).value<QIcon>().isNull());
    QCOMPARE(column(page, ServiceTable::since_column).front(), QString());
    page.resize(1200, 300);
    QVERIFY(!page.grab().isNull());  // draws the line, too
    page.rescan();
    QTRY_VERIFY_WITH_TIMEOUT(jobs_->isIdle(), 20'000);
    QCOMPARE(history->list_scans(9)->size(), 7U);
    QVERIFY(cell(ServiceTable::uptime_column).data().toString().startsWith(QLatin1String("57.1 % of 7")));
  }

  void a_history_that_is_damaged_is_said_and_hides_nothing() {
    (void)write("history.db", QByteArray(4096, 'x'));
    ServicesPage page(*session_, *theme_);
    QSignalSpy failed(session_.get(), &Session::failed);
    page.showEvidence(gatheredOf(four));
    QTRY_COMPARE_WITH_TIMEOUT(failed.size(), 1, 20'000);
    QCOMPARE(summary(page), QStringLiteral("2 of 4 as expected, 1 not known"));
  }

  void asking_again_asks_the_probe_that_the_case_names() {
    const Listener listener;
    Probe probe;
    probe.plugin.name = "ready";
    probe.start = [](int socket, const nlohmann::json& service, double, const JobPtr&,
                     const std::function<void(Result<nlohmann::json>)>& done) {
      ::close(socket);
      done(nlohmann::json{{"state", "closed"}, {"detail", "still starting: " + service.at("name").get<std::string>()}});
    };
    startPython([&](FakeHost& host) { host.probes = {{"ready", probe}}; });
    Case subject;
    subject.name = "probed";
    subject.services.push_back({"web", "127.0.0.1", static_cast<std::uint16_t>(listener.port())});
    subject.services.back().probe = "ready";
    session_->setCase(subject);
    ServicesPage page(*session_, *theme_);
    page.showCase(session_->subject());
    page.showEvidence(gatheredOf({{"web", listener.port(), "open", "open", 1.0}}));
    page.rescan();
    QTRY_VERIFY_WITH_TIMEOUT(jobs_->isIdle(), 20'000);
    QCOMPARE(column(page, ServiceTable::state_column), QStringList({"closed"}));
    QCOMPARE(column(page, ServiceTable::detail_column), QStringList({"still starting: web"}));
  }

  void asking_again_stays_within_the_policy() {
    const Listener listener;
    ServicesPage page(*session_, *theme_);
    page.showEvidence(gatheredOf({{"web", listener.port(), "open", "closed", nan_ms}}));
    const QByteArray file = write("bounds.toml", "scan.deny = ['127.0.0.0/8']\n").toUtf8();
    QFile::setPermissions(QString::fromUtf8(file), QFile::ReadOwner | QFile::WriteOwner);
    qputenv("CONCLAVE_POLICY", file);
    page.rescan();
    const bool ended = QTest::qWaitFor([&] { return jobs_->isIdle(); }, 20'000);
    qunsetenv("CONCLAVE_POLICY");
    QVERIFY(ended);
    const QString detail = column(page, ServiceTable::detail_column).front();
    QVERIFY2(detail.contains(QLatin1String("does not allow to scan")) || detail.contains(QLatin1String("bounds.toml")),
             qPrintable(detail));
    QVERIFY(column(page, ServiceTable::state_column) != QStringList({"open"}));
  }

  void asking_can_be_stopped_and_what_was_known_stays() {
    std::vector<Found> many;
    for (int port = 2; port < 1500; ++port) many.push_back({"s" + std::to_string(port), port, "closed", "closed", nan_ms});
    ServicesPage page(*session_, *theme_);
    page.showEvidence(gatheredOf(many));
    page.rescan();
    page.stop();
    QTRY_VERIFY_WITH_TIMEOUT(jobs_->isIdle(), 20'000);
    QVERIFY(!column(page, ServiceTable::state_column).contains(QStringLiteral("asking ...")));
    QVERIFY(!column(page, ServiceTable::state_column).contains(QStringLiteral("cancelled")));
    page.rescan();
    page.showEvidence(gatheredOf(four));  // what is still being asked is stale now
    QTRY_VERIFY_WITH_TIMEOUT(jobs_->isIdle(), 20'000);
    QCOMPARE(summary(page), QStringLiteral("2 of 4 as expected, 1 not known"));
  }

  void a_report_from_a_file_shows_its_services_and_nonsense_is_left_out() {
    Report report;
    report.services = nlohmann::json::parse(R"([
      {"name": "db", "target": "127.0.0.1:5432", "expect": "open", "state": "closed", "latency_ms": null, "detail": "refused"},
      {"name": "v6", "target": "[::1]:80", "expect": "open", "state": "open", "latency_ms": 1.5},
      {"name": 3, "target": ["x"]}, null, "text", {"target": "not a target"}])");
    ServicesPage page(*session_, *theme_);
    page.showReport(std::make_shared<const Report>(report));
    QCOMPARE(summary(page), QStringLiteral("1 of 2 as expected"));
    QCOMPARE(column(page, ServiceTable::target_column), QStringList({"127.0.0.1:5432", "[::1]:80"}));
    report.services = nlohmann::json("nonsense");
    page.showReport(std::make_shared<const Report>(report));
    QCOMPARE(column(page, 0).size(), 0);
  }

  void without_services_it_says_how_to_name_some() {
    ServicesPage page(*session_, *theme_);
    page.show();
    page.showCase(std::make_shared<const Case>());
    bool named = false;
    for (const auto* label : page.findChildren<QLabel*>())
      named = named || (label->isVisible() && label->text().contains(QLatin1String("services:\n")));
    QVERIFY(named);
    QVERIFY(!page.findChild<QTableView*>()->isVisible());
    Case subject;
    subject.services = *scan::parse_targets("127.0.0.1:80,81");
    page.showCase(std::make_shared<const Case>(subject));
    QCOMPARE(summary(page), QStringLiteral("2 services, not asked yet"));
    QVERIFY(page.findChild<QTableView*>()->isVisible());
  }
};

QTEST_MAIN(ServicesTest)
#include "services_test.moc"
