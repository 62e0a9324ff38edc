#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTest>
#include <QToolButton>

#include "app/desktop/pages/experts_page.h"
#include "app/desktop/pages/report_page.h"
#include "app/desktop/widgets/agreement_map.h"
#include "app/desktop/widgets/expert_card.h"
#include "app/desktop/widgets/settings_form.h"
#include "tests/app/desktop/fakes.h"

using namespace conclave;
using namespace conclave::desktop;

namespace {

QString allText(const QWidget& widget) {
  QStringList text;
  for (const auto* label : widget.findChildren<QLabel*>()) text << label->text();
  return text.join(QLatin1Char('\n'));
}

}  // namespace

class PagesTest : public QObject {
  Q_OBJECT

 private:
  std::unique_ptr<Jobs> jobs_;
  std::unique_ptr<Scripts> scripts_;
  std::unique_ptr<ThemeController> theme_;
  std::unique_ptr<Session> session_;

 private Q_SLOTS:
  void initTestCase() { (void)useTemporaryHome(); }
  void init() {
    jobs_ = std::make_unique<Jobs>();
    scripts_ = std::make_unique<Scripts>(*jobs_);
    theme_ = std::make_unique<ThemeController>();
    session_ = std::make_unique<Session>(*jobs_, *scripts_, Session::Folders{});
  }
  void cleanup() {
    session_.reset();
    QTRY_VERIFY(jobs_->isIdle());
    scripts_.reset();
    jobs_.reset();
  }

  void report_says_verdict_reason_and_how_sure() {
    ReportPage page(*session_, *theme_);
    page.showReport(std::make_shared<const Report>(sampleReport()));
    const QString text = allText(page);
    for (const char* part : {"failing", "confirmed by a verified claim", "93%", "confidence, uncalibrated", "81% to 97%", "75%",
                             "logs.errors", "The gate is not passed."}) {
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
    const AgreementMap map({"a", "b"}, {{1, 0.5}, {0.5}}, theme_->theme());
    QCOMPARE(map.cellAt({100, 30}), std::make_pair(-1, -1));
    const AgreementMap good({"a", "b"}, {{1, 0.5}, {0.5, 1}}, theme_->theme());
    QVERIFY(good.accessibleDescription().contains(QLatin1String("a and b: 0.50")));
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
    scripts_->start([](scripting::OutputSink sink) -> Result<std::unique_ptr<scripting::ScriptHost>> {
      return std::make_unique<FakeHost>(std::move(sink));
    });
    QTRY_VERIFY(scripts_->catalog());
    auto* box = page.findChild<QSpinBox*>(QStringLiteral("setting:window_minutes"));
    QVERIFY(box);
    QCOMPARE(box->value(), 5);
    box->setValue(9);
    QVERIFY(session_->experts());
    QCOMPARE(session_->experts()->front().settings.at("window_minutes").get<int>(), 9);
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
