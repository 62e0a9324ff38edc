#include <QAbstractItemModelTester>
#include <QSettings>
#include <QTest>

#include "app/desktop/models/evidence_tree.h"
#include "app/desktop/models/expert_list.h"
#include "app/desktop/models/messages.h"
#include "app/desktop/recent.h"
#include "tests/app/desktop/fakes.h"

using namespace conclave;
using namespace conclave::desktop;

namespace {

GatheredPtr gatheredSample() {
  EvidenceBuilder builder;
  builder.add_texts("logs.path", {"/var/log/app.log", "/var/log/lost.log"});
  builder.add_integers("logs.lines", {1'234'567, 0});
  builder.add_integers("logs.bytes", {99'000'000, 0});
  builder.add_integers("logs.level_5", {12, 0});
  builder.add_integers("logs.level_6", {1, 0});
  builder.add_bytes("logs.unreadable", {0, 1});
  builder.add_texts("services.name", {"payments"});
  builder.add_texts("services.host", {"127.0.0.1"});
  builder.add_integers("services.port", {8443});
  builder.add_texts("services.state", {"closed"});
  builder.add_texts("services.expect", {"open"});
  builder.add_texts("services.detail", {"Connection refused"});
  builder.add_texts("config.file", {"infrastructure.yaml"});
  builder.add_texts("templates.id", {"00ff00ff00ff00ff"});
  builder.add_integers("templates.log", {0});
  builder.add_integers("templates.first_line", {77});
  auto gathered = std::make_shared<Gathered>();
  gathered->evidence = *std::move(builder).seal();
  gathered->problems = {
      {config::Severity::warning, "memory-too-low", "memory is 64 MiB", "write 128", {"infrastructure.yaml", 14, 5}}};
  return gathered;
}

}  // namespace

class ModelsTest : public DesktopTest {
  Q_OBJECT

 private Q_SLOTS:
  void evidence_tree_shows_what_was_found_and_where() {
    const ThemeController theme;
    EvidenceTree tree(theme);
    const QAbstractItemModelTester tester(&tree, QAbstractItemModelTester::FailureReportingMode::QtTest);
    Case subject;
    subject.logs = {"logs/*.log"};
    tree.show(std::make_shared<const Case>(subject), nullptr);
    QCOMPARE(tree.index(0, 0, tree.index(0, 0)).data().toString(), QStringLiteral("logs/*.log"));

    tree.show(std::make_shared<const Case>(subject), gatheredSample());
    QCOMPARE(tree.rowCount(), 4);  // logs, services, configuration, problems
    const auto log = tree.index(0, 0, tree.index(0, 0));
    QCOMPARE(log.data().toString(), QStringLiteral("app.log"));
    QCOMPARE(log.siblingAtColumn(1).data().toString(), QStringLiteral("13 errors"));
    QCOMPARE(tree.placeAt(log.siblingAtColumn(1)), std::optional(Place{Place::Kind::log, QStringLiteral("/var/log/app.log")}));
    QCOMPARE(tree.index(1, 1, tree.index(0, 0)).data().toString(), QStringLiteral("unreadable"));
    QCOMPARE(tree.index(0, 1, tree.index(1, 0)).data().toString(), QStringLiteral("closed"));
    const auto problem = tree.placeAt(tree.index(0, 0, tree.index(3, 0)));
    QCOMPARE(problem, std::optional(Place{Place::Kind::config, QStringLiteral("infrastructure.yaml"), 14}));
    QVERIFY(!tree.placeAt(tree.index(0, 0)));
  }

  void messages_keep_the_newest_and_stay_a_valid_model() {
    const ThemeController theme;
    Messages messages(theme);
    for (int number = 0; number < 4999; ++number) messages.add({config::Severity::note, QString::number(number), {}});
    const QAbstractItemModelTester tester(&messages, QAbstractItemModelTester::FailureReportingMode::QtTest);
    for (int number = 4999; number < 5002; ++number) messages.add({config::Severity::note, QString::number(number), {}});
    QCOMPARE(messages.rowCount(), 5000);
    QCOMPARE(messages.at(0).text, QStringLiteral("2"));
    messages.addProblems(gatheredSample()->problems);
    QCOMPARE(messages.index(4999, 3).data().toString(), QStringLiteral("infrastructure.yaml:14"));
    messages.clear();
    QCOMPARE(messages.rowCount(), 0);
  }

  void expert_list_says_who_is_on_as_the_case_says() {
    const ThemeController theme;
    ExpertList experts(theme);
    const QAbstractItemModelTester tester(&experts, QAbstractItemModelTester::FailureReportingMode::QtTest);
    FakeHost host([](auto...) {});
    const auto catalog = std::make_shared<const scripting::PluginCatalog>(host.catalog({}));
    experts.show(catalog, nullptr);
    QCOMPARE(experts.choices().size(), 1U);  // shipped ones; what is not trusted is off

    Case subject;
    subject.experts = {{"./mine.py", nlohmann::json::object(), 2.0}};
    experts.show(catalog, std::make_shared<const Case>(subject));
    QCOMPARE(experts.rowCount(), 3);
    QCOMPARE(experts.choices(), subject.experts);
    QVERIFY(experts.setData(experts.index(0, 0), Qt::Checked, Qt::CheckStateRole));
    QCOMPARE(experts.choices().size(), 2U);
    QVERIFY(!experts.setData(experts.index(0, ExpertList::weight_column), QStringLiteral("-1"), Qt::EditRole));
    QVERIFY(experts.setData(experts.index(0, ExpertList::weight_column), 3.5, Qt::EditRole));
    QCOMPARE(experts.choices().front().weight, 3.5);
    experts.showResults(sampleReport().responses);
    QCOMPARE(experts.index(0, ExpertList::result_column).data().toString(), QStringLiteral("failing, confidence 0.91"));
    const auto colour = experts.index(0, ExpertList::result_column).data(Qt::ForegroundRole).value<QColor>();
    QCOMPARE(colour, theme.theme().bad);  // the colour of the verdict, not of having answered
  }

  void places_survive_the_way_through_a_link() {
    for (const auto& place :
         {Place{Place::Kind::log, QStringLiteral("/tmp/a b&c=%20#é'\"<x>.log"), 18'446'744'073'709'551'615ULL},
          Place{Place::Kind::logTemplate, {}, 0, QStringLiteral("00ff")}, Place{Place::Kind::service, QStringLiteral("db")},
          Place{Place::Kind::config, QStringLiteral("x.yaml"), 3}, Place{Place::Kind::expert, QStringLiteral("./mine.py")}}) {
      QCOMPARE(placeFromLink(toLink(place)), std::optional(place));
    }
    QVERIFY(!placeFromLink(QStringLiteral("https://example.com/")));
    QVERIFY(!placeFromLink(QStringLiteral("place:?kind=other")));
  }

  void a_template_leads_to_its_first_line() {
    const auto gathered = gatheredSample();
    const Place found = resolved({Place::Kind::logTemplate, {}, 0, QStringLiteral("00ff00ff00ff00ff")}, gathered->evidence.get());
    QCOMPARE(found, (Place{Place::Kind::log, QStringLiteral("/var/log/app.log"), 77}));
  }

  void every_colour_of_text_is_readable_on_every_background() {
    for (const auto& theme : {Theme::light(), Theme::darkTheme()}) {
      for (const auto& text : {theme.text, theme.muted, theme.accent, theme.good, theme.fair, theme.bad, theme.unknown}) {
        for (const auto& under : {theme.window, theme.base, theme.raised, theme.tint(text)}) {
          QVERIFY2(contrast(text, under) >= 4.5, qPrintable(text.name() + QStringLiteral(" on ") + under.name()));
        }
      }
      QVERIFY(contrast(theme.onAccent, theme.accent) >= 4.5);
      QVERIFY(contrast(theme.text, theme.selection) >= 4.5);
    }
  }

  void recent_cases_are_newest_first_each_once_and_at_most_ten() {
    forgetRecentCases();
    for (int number = 0; number < 12; ++number) addRecentCase(QStringLiteral("/cases/%1.yaml").arg(number));
    addRecentCase(QStringLiteral("/cases/../cases/7.yaml"));
    QCOMPARE(recentCases().size(), 10);
    QCOMPARE(recentCases().front(), QStringLiteral("/cases/7.yaml"));
    QCOMPARE(recentCases().count(QStringLiteral("/cases/7.yaml")), 1);
  }

  void the_chosen_theme_is_remembered() {
    ThemeController().setMode(ThemeController::Mode::dark);
    QVERIFY(ThemeController().theme().dark);
    ThemeController().setMode(ThemeController::Mode::light);
    ThemeController again;
    again.showOnly(ThemeController::Mode::dark);
    QVERIFY(again.theme().dark);
    QVERIFY(!ThemeController().theme().dark);
    QVERIFY(!again.icon(QStringLiteral("logs")).isNull());
  }
};

QTEST_MAIN(ModelsTest)
#include "models_test.moc"
