#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTest>
#include <QToolButton>
#include <QTreeView>

#include "app/desktop/endpoints.h"
#include "app/desktop/pages/experts_page.h"
#include "app/desktop/pages/report_page.h"
#include "app/desktop/text.h"
#include "app/desktop/widgets/agreement_map.h"
#include "app/desktop/widgets/dissent_card.h"
#include "app/desktop/widgets/expert_card.h"
#include "app/desktop/widgets/notice.h"
#include "app/desktop/widgets/settings_form.h"
#include "app/desktop/widgets/statements_card.h"
#include "tests/app/desktop/fakes.h"

using namespace conclave;
using namespace conclave::desktop;

namespace {

QString allText(const QWidget& widget) {
  QStringList text;
  for (const auto* label : widget.findChildren<QLabel*>()) text << label->text();
  return text.join(QLatin1Char('\n'));
}

scripting::PluginInfo languageModel(scripting::Trust trust = scripting::Trust::shipped) {
  scripting::PluginInfo plugin;
  plugin.name = "language_model";
  plugin.trust = trust;
  plugin.settings = {{"provider", "str", "", "openai or anthropic."}, {"base_url", "str", "", "Address of the interface."}};
  return plugin;
}

}  // namespace

class PagesTest : public DesktopTest {
  Q_OBJECT

 private Q_SLOTS:
  void report_says_verdict_reason_and_how_sure() {
    ReportPage page(*session_, *theme_);
    page.showReport(std::make_shared<const Report>(sampleReport()));
    const QString text = allText(page);
    for (const char* part : {"failing", "confirmed by a verified claim", "93 %", "confidence, uncalibrated", "81 % to 97 %",
                             "75 %", "logs.errors", "The gate is not passed."}) {
      QVERIFY2(text.contains(QLatin1String(part)), part);
    }
  }

  void no_consensus_is_said_in_words() {
    Report report = sampleReport();
    report.consensus.verdict.reset();
    report.consensus.reason = "too few experts answered";
    ReportPage page(*session_, *theme_);
    page.showReport(std::make_shared<const Report>(report));
    QCOMPARE(page.findChild<QLabel*>(QStringLiteral("verdict_word"))->text(), QStringLiteral("no consensus"));
    QVERIFY(allText(page).contains(QLatin1String("too few experts answered")));
  }

  void a_report_of_another_time_says_so_first() {
    ReportPage page(*session_, *theme_);
    connect(session_.get(), &Session::reportReady, &page, [&] { page.showReport(session_->report()); });
    write("app.log", "2026-03-01T12:00:00Z INFO started\n");
    write("case.yaml", "version: 1\nquestion: Why?\nlogs: [app.log]\n");
    Report report = sampleReport();
    report.case_file = path("case.yaml").toStdString();
    connect(session_.get(), &Session::caseOpened, &page, [&] { page.showCase(session_->subject()); });
    session_->open({write("report.json", QByteArray::fromStdString(to_json(report).dump()))});
    QTRY_VERIFY(session_->report());
    const auto* notice = page.findChild<Notice*>();
    QVERIFY(notice && notice->text().contains(QLatin1String("Not of now")));
    QVERIFY(notice->text().contains(timeText(sampleReport().started)));
    auto* again = notice->findChild<QPushButton*>(QStringLiteral("act"));
    QVERIFY(again);
    startPython([](FakeHost& host) { host.experts = {std::make_shared<FakeExpert>("one", "failing")}; });
    again->click();
    QTRY_VERIFY(session_->reportOrigin() == ReportOrigin::now);
    QVERIFY(!page.findChild<Notice*>());
    QVERIFY(!allText(page).contains(QLatin1String("Not of now")));
  }

  void a_long_notice_is_one_line_until_it_is_unfolded() {
    Notice notice;
    notice.show();
    notice.say(QStringLiteral("Python could not start: KeyError: 'x'\n\nAt:\n") +
               QStringLiteral("  file.py(1): f\n").repeated(200));
    auto* unfold = notice.findChild<QPushButton*>(QStringLiteral("unfold"));
    auto* details = notice.findChild<QPlainTextEdit*>();
    QVERIFY(unfold->isVisible() && !details->isVisible());
    QVERIFY(notice.findChild<QLabel*>()->text().endsWith(QLatin1String("KeyError: 'x'")));
    unfold->click();
    QVERIFY(details->isVisible() && details->isReadOnly());
    QVERIFY(details->height() < 400);
    QCOMPARE(details->toPlainText(), notice.text());
    notice.say(QStringLiteral("All in one line"));
    QVERIFY(!unfold->isVisible() && !details->isVisible());
    notice.say({});
    QVERIFY(!notice.isVisible());
  }

  void every_claim_links_to_its_evidence_and_a_click_goes_there() {
    ReportPage page(*session_, *theme_);
    page.showReport(std::make_shared<const Report>(sampleReport()));
    QSignalSpy wanted(&page, &Page::placeRequested);
    for (auto* label : page.findChildren<QLabel*>(QStringLiteral("claims"))) {
      const QString html = label->text();
      const auto begin = html.indexOf(QLatin1String("place:?"));
      QVERIFY(begin > 0);
      const QString link =
          html.mid(begin, html.indexOf(QLatin1Char('"'), begin) - begin).replace(QLatin1String("&amp;"), QLatin1String("&"));
      Q_EMIT label->linkActivated(link);
    }
    QCOMPARE(wanted.count(), 3);
    QCOMPARE(wanted[0][0].value<Place>(), (Place{Place::Kind::log, QStringLiteral("logs/payments.log"), 120'431}));
    QCOMPARE(wanted[1][0].value<Place>(), (Place{Place::Kind::service, QStringLiteral("payments")}));
  }

  void what_is_not_verified_is_marked() {
    const auto report = sampleReport();
    const auto& claims = report.responses[0].claims;
    QVERIFY(!claimHtml(claims[0], theme_->theme()).contains(QLatin1String("not verified")));
    QVERIFY(claimHtml(claims[1], theme_->theme()).contains(QLatin1String("not verified")));
    QVERIFY(claimHtml({"A rumour", consensus::Stance::supports, 0.5, {}}, theme_->theme())
                .contains(QLatin1String("no evidence cited")));
  }

  void text_of_experts_is_never_taken_for_markup() {
    const consensus::Claim claim{"<img src=x> & <b>bold</b>",
                                 consensus::Stance::supports,
                                 0.5,
                                 {{"log", "<i>.log", 1, "", true, "<a href='http://evil'>"}}};
    const QString html = claimHtml(claim, theme_->theme());
    QVERIFY(!html.contains(QLatin1String("<img")));
    QVERIFY(!html.contains(QLatin1String("<b>")));
    QVERIFY(!html.contains(QLatin1String("<a href='http")));
    ReportPage page(*session_, *theme_);
    page.showReport(std::make_shared<const Report>(sampleReport()));
    for (const auto* label : page.findChildren<QLabel*>()) {
      if (label->text().contains(QLatin1String("<script>"))) QCOMPARE(label->textFormat(), Qt::PlainText);
    }
  }

  void a_failed_expert_shows_its_traceback_when_unfolded() {
    ReportPage page(*session_, *theme_);
    page.resize(900, 700);
    page.show();
    page.showReport(std::make_shared<const Report>(sampleReport()));
    auto* trace = page.findChild<QLabel*>(QStringLiteral("traceback"));
    QVERIFY(trace->text().contains(QLatin1String("model.py")));
    QVERIFY(trace->isHidden());
    for (auto* fold : page.findChildren<Fold*>()) {
      if (fold->isAncestorOf(trace)) fold->findChild<QToolButton*>()->click();
    }
    QVERIFY(!trace->isHidden());
  }

  void an_expert_with_many_claims_shows_the_rest_on_demand() {
    consensus::ExpertResponse response = sampleReport().responses[0];
    response.claims.resize(500, response.claims[0]);
    ExpertCard card(response, {}, *theme_);
    auto* claims = card.findChild<QLabel*>(QStringLiteral("claims"));
    const auto few = claims->text().count(QLatin1String("place:?"));
    QCOMPARE(few, 8);
    card.findChild<QPushButton*>(QStringLiteral("flat"))->click();
    QCOMPARE(claims->text().count(QLatin1String("place:?")), 500);
  }

  void agreement_that_is_no_square_shows_nothing() {
    const AgreementMap map({"a", "b"}, {{1, 0.5}, {0.5}}, {}, theme_->theme());
    QCOMPARE(map.cellAt({100, 30}), std::make_pair(-1, -1));
    const AgreementMap good({"a", "b"}, {{1, 0.5}, {0.5, 1}}, {}, theme_->theme());
    QVERIFY(good.accessibleDescription().contains(QLatin1String("a and b: 0.50")));
  }

  void agreement_puts_groups_side_by_side_and_is_walked_by_keys() {
    const std::vector<std::vector<double>> values = {
        {1, 0.1, 0.9, 0.2}, {0.1, 1, 0.3, 0.8}, {0.9, 0.3, 1, 0.4}, {0.2, 0.8, 0.4, 1}};
    AgreementMap map({"a", "b", "a", "c"}, values, {{"c", "gone", "b"}, {"a", "a"}}, theme_->theme());
    QCOMPARE(map.names(), QStringList({"c", "b", "a", "a"}));
    map.show();
    QVERIFY(map.currentText().isEmpty());
    QSignalSpy changed(&map, &AgreementMap::currentChanged);
    map.setFocus(Qt::TabFocusReason);
    QTRY_COMPARE(map.currentText(), QStringLiteral("c and b: 0.80, in one group"));
    QTest::keyClick(&map, Qt::Key_Right);
    QCOMPARE(map.currentText(), QStringLiteral("c and a: 0.20"));
    QTest::keyClick(&map, Qt::Key_Up);  // stays inside
    QCOMPARE(map.currentText(), QStringLiteral("c and a: 0.20"));
    QTest::keyClick(&map, Qt::Key_Right);
    QCOMPARE(map.currentText(), QStringLiteral("c and a: 0.40"));
    QVERIFY(map.accessibleName().contains(QLatin1String("c and a: 0.40")));
    QVERIFY(changed.count() >= 3);
    AgreementMap none({}, {}, {}, theme_->theme());
    none.show();
    QTest::keyClick(&none, Qt::Key_Right);
    QVERIFY(none.currentText().isEmpty());
  }

  void agreement_of_many_stays_on_the_page() {
    QStringList names;
    for (int index = 0; index < 60; ++index) names << QStringLiteral("expert_%1").arg(index);
    const AgreementMap map(names, std::vector<std::vector<double>>(60, std::vector<double>(60, 0.5)), {}, theme_->theme());
    QVERIFY(map.sizeHint().width() < 1000);
  }

  void what_is_said_in_short_leads_to_experts_and_evidence() {
    Report report = sampleReport();
    report.consensus.statements = {
        {"payments does not accept connections.", "service_health", "services", false, {"service_health"}, {}, 1, true},
        {"The first error after the change names an exhausted connection pool",
         "error_bursts",
         "logs.errors",
         true,
         {"error_bursts"},
         {"rare_templates"},
         2,
         true}};
    for (int index = 0; index < 20; ++index)
      report.consensus.statements.push_back(
          {"Claim " + std::to_string(index), "rare_templates", "logs.errors", true, {"rare_templates"}, {}, 2, false});
    ReportPage page(*session_, *theme_);
    page.showReport(std::make_shared<const Report>(report));
    const QString text = allText(page);
    for (const char* part : {"1 of 2 support, 1 contradicts", "in the words of", "verified"})
      QVERIFY2(text.contains(QLatin1String(part)), part);
    auto* card = page.findChild<StatementsCard*>();
    QVERIFY(card->findChild<Fold*>());
    QSignalSpy wanted(&page, &Page::placeRequested);
    for (auto* label : card->findChildren<QLabel*>()) {
      if (!label->text().contains(QLatin1String("exhausted"))) continue;
      QVERIFY(label->text().contains(toLink({Place::Kind::expert, QStringLiteral("rare_templates")}).toHtmlEscaped()));
      const QString evidence = toLink({Place::Kind::log, QStringLiteral("logs/payments.log"), 120'431});
      QVERIFY(label->text().contains(evidence.toHtmlEscaped()));
      Q_EMIT label->linkActivated(evidence);
    }
    QCOMPARE(wanted.count(), 1);
  }

  void dissent_stands_beside_what_it_dissents_from() {
    Report report = sampleReport();
    report.consensus.dissenting_opinions[0].best_expert = "rare_templates";
    report.consensus.dissenting_opinions[0].unique_claims = {"A new template appeared"};
    ReportPage page(*session_, *theme_);
    page.resize(1100, 900);
    page.showReport(std::make_shared<const Report>(report));
    page.show();
    const auto sides = page.findChild<DissentCard*>()->findChildren<QFrame*>(QStringLiteral("side"));
    QCOMPARE(sides.size(), 2);
    QVERIFY(allText(*sides[0]).contains(QLatin1String("Errors rose from 2 to 640")));
    QVERIFY(allText(*sides[1]).contains(QLatin1String("Three templates are new")));
    QVERIFY(allText(*sides[1]).contains(QLatin1String("A new template appeared")));
    QTRY_COMPARE(sides[0]->y(), sides[1]->y());
    QVERIFY(sides[0]->geometry().right() < sides[1]->x());
  }

  void what_would_change_the_verdict_links_to_who_could() {
    ReportPage page(*session_, *theme_);
    page.showReport(std::make_shared<const Report>(sampleReport()));
    const QString text = allText(page);
    QVERIFY(text.contains(QLatin1String("What would change this")));
    QVERIFY(text.contains(toLink({Place::Kind::expert, QStringLiteral("service_health")}).toHtmlEscaped()));
    QVERIFY(page.goTo({Place::Kind::expert, QStringLiteral("service_health")}));
  }

  void an_empty_report_and_a_change_of_theme_do_no_harm() {
    ReportPage page(*session_, *theme_);
    page.showReport(std::make_shared<const Report>());
    page.applyTheme(Theme::darkTheme());
    page.showReport(nullptr);
    QVERIFY(allText(page).contains(QLatin1String("No case is open")));
  }

  void settings_become_fields_and_edits_reach_the_session() {
    ExpertsPage page(*session_, *theme_);
    startPython();
    QTRY_VERIFY(scripts_->catalog());
    auto* box = page.findChild<QSpinBox*>(QStringLiteral("setting:window_minutes"));
    QVERIFY(box);
    QCOMPARE(box->value(), 5);
    box->setValue(9);
    QVERIFY(session_->experts());
    QCOMPARE(session_->experts()->front().settings.at("window_minutes").get<int>(), 9);
  }

 private:
  // The experts page with language_model as its last row, chosen.
  std::unique_ptr<ExpertsPage> pageOfLanguageModel(const scripting::PluginInfo& plugin) {
    auto page = std::make_unique<ExpertsPage>(*session_, *theme_);
    startPython([&plugin](FakeHost& host) { host.more_plugins = {plugin}; });
    if (!QTest::qWaitFor([&] { return page->experts().rowCount() == 3; })) return nullptr;
    page->findChild<QTreeView*>(QStringLiteral("circle"))->setCurrentIndex(page->experts().index(2, 0));
    return page;
  }

 private Q_SLOTS:
  void consent_is_given_and_withdrawn_on_the_card_of_the_language_model() {
    const auto page = pageOfLanguageModel(languageModel());
    QVERIFY(page);
    auto* state = page->findChild<QLabel*>(QStringLiteral("consent_state"));
    auto* agree = page->findChild<QPushButton*>(QStringLiteral("consent_agree"));
    auto* withdraw = page->findChild<QPushButton*>(QStringLiteral("consent_withdraw"));
    QVERIFY(state && agree && withdraw);
    QVERIFY(agree->isHidden() && withdraw->isHidden());
    QVERIFY(state->text().startsWith(QLatin1String("Nothing is sent: no provider")));

    QTest::keyClicks(page->findChild<QLineEdit*>(QStringLiteral("setting:provider")), QStringLiteral("openai"));
    QCOMPARE(agree->text(), QStringLiteral("Agree to send redacted evidence to https://api.openai.com:443"));
    QVERIFY(!agree->isHidden() && withdraw->isHidden());
    QVERIFY(state->text().contains(QLatin1String("until you agree")) &&
            state->text().contains(QLatin1String("single log lines")));
    QCOMPARE(agreedEndpoints(), QStringList());  // looking is not agreeing
    agree->click();
    QCOMPARE(agreedEndpoints(), QStringList({"https://api.openai.com:443"}));
    QVERIFY(agree->isHidden() && !withdraw->isHidden());

    // Another address is another question, and what was agreed to before can be withdrawn beside it.
    QTest::keyClicks(page->findChild<QLineEdit*>(QStringLiteral("setting:base_url")), QStringLiteral("http://10.0.0.1:8080/v1"));
    QCOMPARE(agree->text(), QStringLiteral("Agree to send redacted evidence to http://10.0.0.1:8080"));
    QVERIFY(!agree->isHidden() && withdraw->isHidden());
    QVERIFY(state->text().contains(QLatin1String("not encrypted")));
    auto* others = page->findChild<QLabel*>(QStringLiteral("consent_others"));
    QVERIFY(!others->isHidden() && others->text().contains(QLatin1String("https://api.openai.com:443")));
    const auto begin = others->text().indexOf(QLatin1String("href=\"")) + 6;
    Q_EMIT others->linkActivated(others->text().mid(begin, others->text().indexOf(QLatin1Char('"'), begin) - begin));
    QVERIFY(others->isHidden());
    QCOMPARE(agreedEndpoints(), QStringList());

    agree->click();
    QCOMPARE(agreedEndpoints(), QStringList({"http://10.0.0.1:8080"}));
    withdraw->click();
    QCOMPARE(agreedEndpoints(), QStringList());
    QTRY_VERIFY(jobs_->isIdle());
    QVERIFY(audited().contains(QLatin1String("endpoint.allow http://10.0.0.1:8080")));
    QVERIFY(audited().contains(QLatin1String("endpoint.withdraw http://10.0.0.1:8080")));
    QVERIFY(!agree->isHidden() && withdraw->isHidden());
  }

  void an_endpoint_that_the_policy_forbids_is_not_offered_for_consent() {
    const QByteArray file = write("bounds.toml", "[endpoints]\nallow = ['https://models.example.com']\n").toUtf8();
    QFile::setPermissions(QString::fromUtf8(file), QFile::ReadOwner | QFile::WriteOwner);
    qputenv("CONCLAVE_POLICY", file);
    const auto page = pageOfLanguageModel(languageModel());
    if (page) QTest::keyClicks(page->findChild<QLineEdit*>(QStringLiteral("setting:provider")), QStringLiteral("openai"));
    qunsetenv("CONCLAVE_POLICY");
    QVERIFY(page);
    const QString state = page->findChild<QLabel*>(QStringLiteral("consent_state"))->text();
    QVERIFY2(state.startsWith(QLatin1String("Nothing is sent to https://api.openai.com:443: ")), qPrintable(state));
    QVERIFY2(state.contains(QLatin1String("bounds.toml")), qPrintable(state));
    QVERIFY(page->findChild<QPushButton*>(QStringLiteral("consent_agree"))->isHidden());
  }

  void a_stranger_of_the_same_name_is_not_offered_consent() {
    const auto page = pageOfLanguageModel(languageModel(scripting::Trust::named));
    QVERIFY(page);
    QVERIFY(page->findChild<QLineEdit*>(QStringLiteral("setting:provider")));
    QVERIFY(!page->findChild<QPushButton*>(QStringLiteral("consent_agree")));
  }

  void consent_is_for_scheme_host_and_port_as_the_expert_reads_them_data() {
    QTest::addColumn<QString>("provider");
    QTest::addColumn<QString>("base");
    QTest::addColumn<QString>("endpoint");
    QTest::addColumn<QString>("trouble");
    QTest::newRow("home") << "anthropic"
                          << ""
                          << "https://api.anthropic.com:443"
                          << "";
    QTest::newRow("path and case") << "openai"
                                   << " HTTPS://API.Example.com/v1/ "
                                   << "https://api.example.com:443"
                                   << "";
    QTest::newRow("port") << "openai"
                          << "http://localhost:11434/v1"
                          << "http://localhost:11434"
                          << "";
    QTest::newRow("IPv6") << "openai"
                          << "http://[::1]:8080/v1"
                          << "http://[::1]:8080"
                          << "";
    QTest::newRow("no provider") << ""
                                 << "http://localhost:11434/v1"
                                 << ""
                                 << "";
    QTest::newRow("odd provider") << "acme"
                                  << ""
                                  << ""
                                  << "openai or anthropic";
    QTest::newRow("no address") << "openai"
                                << "api.openai.com"
                                << ""
                                << "must be http";
    QTest::newRow("other scheme") << "openai"
                                  << "ftp://x"
                                  << ""
                                  << "must be http";
    QTest::newRow("no host") << "openai"
                             << "http://"
                             << ""
                             << "must be http";
    QTest::newRow("port too high") << "openai"
                                   << "http://host:99999"
                                   << ""
                                   << "must be http";
    QTest::newRow("password") << "openai"
                              << "https://user:pw@host/v1"
                              << ""
                              << "password";
    QTest::newRow("user like a host") << "openai"
                                      << "https://api.openai.com@evil.example/v1"
                                      << ""
                                      << "user name";
    QTest::newRow("other letters") << "openai" << QString::fromUtf8("https://api.opеnai.com/v1") << ""
                                   << "xn--";
    QTest::newRow("another spelling") << "openai"
                                      << "http://127.1/v1"
                                      << ""
                                      << "127.0.0.1";
  }
  void consent_is_for_scheme_host_and_port_as_the_expert_reads_them() {
    QFETCH(QString, provider);
    QFETCH(QString, base);
    QFETCH(QString, endpoint);
    QFETCH(QString, trouble);
    const auto wanted = endpointWanted({{"provider", provider.toStdString()}, {"base_url", base.toStdString()}});
    QCOMPARE(wanted.endpoint, endpoint);
    QVERIFY2(trouble.isEmpty() ? wanted.trouble.isEmpty() : wanted.trouble.contains(trouble), qPrintable(wanted.trouble));
    QVERIFY(!wanted.openToReaders);
  }

  void settings_that_are_no_text_want_nothing() {
    for (const auto& settings :
         {nlohmann::json(), nlohmann::json::array(), nlohmann::json{{"provider", 3}}, nlohmann::json{{"provider", nullptr}}}) {
      QVERIFY(endpointWanted(settings).endpoint.isEmpty());
    }
  }

  void the_homes_of_providers_are_those_of_the_expert() {
    QFile file(QStringLiteral(CONCLAVE_SOURCE_DIR "/plugins/experts/language_model/language_model.py"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray source = file.readAll();
    QVERIFY(source.contains("HOME = {\"openai\": \"https://api.openai.com/v1\", \"anthropic\": \"https://api.anthropic.com\"}"));
    QCOMPARE(endpointWanted({{"provider", "openai"}}).endpoint, QStringLiteral("https://api.openai.com:443"));
    QCOMPARE(endpointWanted({{"provider", "anthropic"}}).endpoint, QStringLiteral("https://api.anthropic.com:443"));
  }

  void a_setting_of_the_wrong_type_shows_a_default_instead_of_failing() {
    const SettingsForm form({{"minutes", "int", 5, ""}, {"on", "bool", true, ""}, {"name", "str", "x", ""}},
                            nlohmann::json{{"minutes", "many"}, {"on", 3}, {"name", nullptr}, {"other", 1}});
    QCOMPARE(form.findChild<QSpinBox*>()->value(), 0);
    QCOMPARE(form.values().at("other").get<int>(), 1);
  }
};

QTEST_MAIN(PagesTest)
#include "pages_test.moc"
