#include <QApplication>
#include <QLineEdit>
#include <QScrollArea>
#include <QSignalSpy>
#include <QTest>
#include <QToolButton>
#include <QTreeView>
#include <QVBoxLayout>

#include "app/desktop/models/line_matcher.h"
#include "app/desktop/pages/page.h"
#include "app/desktop/widgets/card.h"
#include "app/desktop/widgets/find_bar.h"
#include "app/desktop/widgets/searches.h"
#include "tests/app/desktop/fakes.h"

using namespace conclave;
using namespace conclave::desktop;

class FindTest : public DesktopTest {
  Q_OBJECT

 private:
  std::vector<PageEntry> pages_;

  // A consultation that really gathered two services, a configuration and a log, shown on every page.
  void showAll() {
    write("app.log",
          "2026-03-01T12:00:00Z INFO port opened\n2026-03-01T12:00:01Z ERROR port closed\n2026-03-01T12:00:02Z INFO idle\n");
    write("infra.yaml",
          "services:\n  - name: shop\n    ports: [80]\n  - name: bank\n    ports: [81]\nglobal_settings: {port: 1}\n");
    write("case.yaml",
          "version: 1\nquestion: Is a port closed?\nlogs: [app.log]\nconfig: infra.yaml\n"
          "services: [{name: port one, target: \"127.0.0.1:1\"}, {name: port two, target: \"127.0.0.1:2\"}, \"127.0.0.1:3\"]\n");
    QVERIFY(startPython([](FakeHost& host) { host.experts = {std::make_shared<FakeExpert>("one", "failing")}; }).experts.size() ==
            1);
    session_->open({path("case.yaml")});
    QTRY_VERIFY(session_->subject());
    QSignalSpy ended(session_.get(), &Session::consultEnded);
    session_->consult();
    QTRY_COMPARE(ended.count(), 1);
    pages_ = makePages(*session_, *theme_, nullptr);
    for (const auto& entry : pages_) {
      entry.page->showCase(session_->subject());
      entry.page->showEvidence(session_->gathered());
      entry.page->showReport(session_->report());
    }
  }

  Page& open(const QString& key) {
    const auto entry = std::ranges::find(pages_, key, &PageEntry::key);
    entry->page->resize(1000, 700);
    entry->page->show();
    entry->page->activateWindow();
    if (!QTest::qWaitForWindowActive(entry->page)) qFatal("the page is not active");
    if (!QTest::qWaitFor([this] { return jobs_->isIdle(); }, 20'000)) qFatal("the page does not come to rest");
    return *entry->page;
  }

 private Q_SLOTS:
  void cleanup() {
    for (const auto& entry : pages_) delete entry.page;
    pages_.clear();
    DesktopTest::cleanup();
  }

  void every_page_finds_in_the_same_way_data() {
    QTest::addColumn<QString>("key");
    QTest::addColumn<QString>("word");
    QTest::newRow("report") << "report"
                            << "verdict";
    QTest::newRow("logs") << "logs"
                          << "PORT";
    QTest::newRow("services") << "services"
                              << "port";
    QTest::newRow("configuration") << "config"
                                   << "port";
    QTest::newRow("experts") << "experts"
                             << "r";
  }

  void every_page_finds_in_the_same_way() {
    QFETCH(QString, key);
    QFETCH(QString, word);
    showAll();
    Page& page = open(key);
    auto* bar = page.findChild<FindBar*>();
    QVERIFY(bar && bar->isHidden());
    page.find();
    QVERIFY(bar->isVisible());
    auto* field = bar->findChild<QLineEdit*>();
    QCOMPARE(QApplication::focusWidget(), field);
    QTest::keyClicks(field, word);
    QTRY_VERIFY2(bar->status().startsWith(QLatin1String("1 of ")), qPrintable(bar->status()));
    const int count = bar->status().section(QLatin1Char(' '), 2, 2).toInt();
    QVERIFY2(count >= 2, qPrintable(bar->status()));
    QTest::keyClick(field, Qt::Key_F3);
    QTRY_VERIFY(bar->status().startsWith(QLatin1String("2 of ")));
    QTest::keyClick(field, Qt::Key_F3, Qt::ShiftModifier);
    QTRY_VERIFY(bar->status().startsWith(QLatin1String("1 of ")));
    QTest::keyClick(field, Qt::Key_Return, Qt::ShiftModifier);
    QTRY_VERIFY2(bar->status().startsWith(QStringLiteral("%1 of ").arg(count)), qPrintable(bar->status()));
    QVERIFY(bar->status().contains(QLatin1String("other end")));
    field->setText(QStringLiteral("no such thing"));
    QTRY_VERIFY(bar->status().contains(QLatin1String("not found")));

    field->clearFocus();
    QTest::keyClick(field, Qt::Key_Escape);
    QVERIFY(bar->isHidden());
    QWidget* back = QApplication::focusWidget();
    QVERIFY(back && page.isAncestorOf(back));
    QTest::keyClick(back, Qt::Key_F3);
    QVERIFY(bar->isVisible());
    back->setFocus();
    QTest::keyClick(back, Qt::Key_Escape);
    QVERIFY2(bar->isHidden(), "Escape closes the bar wherever the focus is on the page");
  }

  void a_wrong_expression_is_said_and_finds_nothing() {
    showAll();
    Page& page = open(QStringLiteral("services"));
    page.find();
    auto* bar = page.findChild<FindBar*>();
    bar->findChild<QToolButton*>(QStringLiteral("expression"))->setChecked(true);
    bar->findChild<QLineEdit*>()->setText(QStringLiteral("port ("));
    QTRY_VERIFY(bar->status().contains(QLatin1String("parenthesis")));
    bar->findChild<QLineEdit*>()->setText(QStringLiteral("port (one|two)"));
    QTRY_VERIFY(bar->status().contains(QLatin1String("1 of 2 matches")));
  }

  void the_key_of_the_line_that_was_found_is_selected_in_the_tree() {
    showAll();
    Page& page = open(QStringLiteral("config"));
    page.find();
    page.findChild<FindBar*>()->findChild<QLineEdit*>()->setText(QStringLiteral("bank"));
    auto* keys = page.findChild<QTreeView*>(QStringLiteral("keys"));
    QTRY_COMPARE(keys->currentIndex().siblingAtColumn(1).data().toString(), QStringLiteral("bank"));
  }

  void labels_are_searched_as_they_read_and_folded_ones_are_unfolded() {
    QScrollArea area;
    auto* content = new QWidget;
    auto* column = new QVBoxLayout(content);
    column->addWidget(richLabel(QStringLiteral("<p>a <b>bold</b> word &amp; more</p>")));
    column->addWidget(plainLabel(QStringLiteral("<b>bold</b>")));
    auto* hidden = plainLabel(QStringLiteral("bold, but not shown at all"));
    column->addWidget(hidden);
    hidden->hide();
    auto* fold = new Fold(QStringLiteral("Receipt"), plainLabel(QStringLiteral("folded, bold")), *theme_);
    column->addWidget(fold);
    area.setWidget(content);
    area.show();
    LabelSearch search(area);
    const auto matches = search.matches(**LineMatcher::make(QStringLiteral("bold"), false, true));
    QCOMPARE(matches.size(), 3U);
    QCOMPARE(matches[0].begin, 2);
    QCOMPARE(matches[1].begin, 3);
    search.show(matches[0]);
    QCOMPARE(content->findChild<QLabel*>()->selectedText(), QStringLiteral("bold"));
    search.show(matches[2]);
    QVERIFY(fold->isOpen());
    QCOMPARE(content->findChild<QLabel*>()->selectedText(), QString());
    QVERIFY(search.matches(**LineMatcher::make(QStringLiteral("amp"), false, true)).empty());
  }
};

QTEST_MAIN(FindTest)
#include "find_test.moc"
