// The logs page as it is used: map, highlighters, lines shown and hidden, bookmarks, copying, two logs at once.
#include <QClipboard>
#include <QFile>
#include <QLineEdit>
#include <QMenu>
#include <QSettings>
#include <QSpinBox>
#include <QSplitter>
#include <QTableView>
#include <QTest>
#include <QToolButton>
#include <QTreeView>

#include "app/desktop/pages/logs_page.h"
#include "app/desktop/text.h"
#include "app/desktop/widgets/bookmark_panel.h"
#include "app/desktop/widgets/filter_bar.h"
#include "app/desktop/widgets/find_bar.h"
#include "app/desktop/widgets/highlighters_dialog.h"
#include "app/desktop/widgets/log_hits_panel.h"
#include "app/desktop/widgets/log_view.h"
#include "app/desktop/widgets/minimap.h"
#include "tests/app/desktop/fakes.h"
#include "tests/engine/logs/journals.h"
#include "tests/engine/temporary_folder.h"

using namespace conclave;
using namespace conclave::desktop;

namespace {

constexpr quint64 some_lines = 20'000;

// Every 5000th line is an error, every 1000th a warning, every 100th is about the database.
QByteArray someLog() {
  QByteArray text;
  for (quint64 line = 1; line <= some_lines; ++line) {
    text += "2026-03-01T12:00:00Z ";
    text += line % 5000 == 0 ? "ERROR" : line % 1000 == 0 ? "WARN" : "INFO";
    text += line % 100 == 0 ? " database answered request " : " served request ";
    text += QByteArray::number(line) + "\n";
  }
  return text;
}

}  // namespace

class LogPanesTest : public DesktopTest {
  Q_OBJECT

 private:
  std::unique_ptr<LogsPage> page_;

  void showLogs(const QStringList& files) {
    page_ = std::make_unique<LogsPage>(*session_, *theme_);
    page_->resize(1000, 700);
    page_->show();
    page_->activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(page_.get()));
    auto subject = std::make_shared<Case>();
    for (const auto& file : files) subject->logs.push_back(file.toStdString());
    page_->showCase(subject);
    QTRY_COMPARE(page_->document().path(), files.front());
    QTRY_VERIFY(page_->document().text().isWhole() && page_->pane().levels().isWhole());
  }
  QString showSome() {
    const QString file = write("some.log", someLog());
    showLogs({file});
    return file;
  }
  LogView& view() { return page_->view(); }
  LogDocument& document() { return page_->document(); }
  template <class T>
  T& child() {
    return *page_->pane().findChild<T*>();
  }
  // What the context menu offers on what is selected.
  QStringList offered(const QString& word, const QString& chosen = {}) {
    QMenu menu;
    Q_EMIT view().menuRequested(&menu, word);
    QStringList texts;
    for (auto* action : menu.actions()) {
      const QString text = action->text().remove(QLatin1Char('&'));
      texts << text;
      if (!chosen.isEmpty() && text == chosen) {
        action->trigger();
        return texts;
      }
    }
    return texts;
  }
  static void append(const QString& file, const QByteArray& text) {
    QFile out(file);
    QVERIFY(out.open(QIODevice::Append));
    QCOMPARE(out.write(text), text.size());
  }
  void waitForFilter() { QTRY_VERIFY(!document().isFiltering()); }

 private Q_SLOTS:
  void cleanup() {
    page_.reset();
    QSettings().remove(QStringLiteral("logs"));
    DesktopTest::cleanup();
  }

  void the_map_leads_to_the_error_that_is_clicked() {
    showSome();
    auto& map = child<Minimap>();
    const int y = static_cast<int>(map.yOf(10'000));
    const auto stretch = map.stretchAt(y);
    QVERIFY(stretch.first <= 10'000 && stretch.last >= 10'000);
    QCOMPARE(stretch.errors, 1);
    QCOMPARE(stretch.target, 10'000);
    QTest::mouseClick(&map, Qt::LeftButton, {}, {map.width() / 2, y + 2});
    QCOMPARE(view().currentLine(), 10'000);
    QVERIFY(view().topLine() < 10'000 && view().bottomLine() > 10'000);
  }

  void a_drag_on_the_map_scrolls_and_leaves_the_current_line() {
    showSome();
    view().goToLine(3);
    auto& map = child<Minimap>();
    QTest::mousePress(&map, Qt::LeftButton, {}, {10, 20});
    QTest::mouseMove(&map, {10, map.height() / 2});
    const quint64 middle = some_lines / 2;
    QVERIFY(view().topLine() < middle + 100 && view().bottomLine() + 100 > middle);
    QTest::mouseMove(&map, {10, map.height() + 50});
    QVERIFY(view().isAtEnd());
    QTest::mouseRelease(&map, Qt::LeftButton, {}, {10, map.height() + 50});
    QCOMPARE(view().currentLine(), 3);
  }

  void the_map_knows_matches_and_bookmarks_and_is_painted_in_both_themes() {
    showSome();
    document().setSearch(*LineMatcher::make(QStringLiteral("request 7777"), false, false));
    QTRY_VERIFY(document().matches());
    view().goToLine(1234);
    page_->pane().toggleBookmark();
    auto& map = child<Minimap>();
    QCOMPARE(map.stretchAt(static_cast<int>(map.yOf(7777))).target, 7777);
    QCOMPARE(map.stretchAt(static_cast<int>(map.yOf(7777))).matches, 1);
    QVERIFY(map.stretchAt(static_cast<int>(map.yOf(1234))).isBookmarked);
    const QImage light = map.grab().toImage();
    page_->applyTheme(Theme::darkTheme());
    const QImage dark = map.grab().toImage();
    QVERIFY(light != dark);
    QVERIFY(dark.pixelColor(25, map.height() / 3).lightness() < 128);
    const Minimap::Stretch end = map.stretchAt(map.height() - 1);
    QCOMPARE(end.last, some_lines);
  }

  void the_map_of_an_empty_log_does_no_harm() {
    showLogs({write("empty.log", "")});
    auto& map = child<Minimap>();
    QCOMPARE(map.lineAt(10), 0);
    QTest::mouseClick(&map, Qt::LeftButton);
    QVERIFY(!map.grab().isNull());
  }

  void what_is_selected_is_highlighted_in_its_colour() {
    showLogs({write("words.log", "alpha beta gamma\nbeta\nnothing\n")});
    const QImage plain = view().viewport()->grab().toImage();
    QVERIFY(offered(QStringLiteral("beta")).contains(QStringLiteral("Highlight \"beta\"")));
    offered(QStringLiteral("beta"), QStringLiteral("Highlight \"beta\""));
    QCOMPARE(page_->highlights().all().at(0).text, QStringLiteral("beta"));
    const QImage marked = view().viewport()->grab().toImage();
    QVERIFY(plain != marked);
    page_->highlights().setData(page_->highlights().index(0, HighlightList::line_column), Qt::Checked, Qt::CheckStateRole);
    const QImage lines = view().viewport()->grab().toImage();
    QVERIFY(lines != marked);
    page_->highlights().remove(0);
    QCOMPARE(view().viewport()->grab().toImage(), plain);
  }

  void lines_that_a_query_holds_for_are_highlighted() {
    showLogs({write("words.log", "INFO alpha\nERROR beta\nINFO gamma beta\n")});
    const auto shot = [&] { return view().viewport()->grab().toImage(); };
    const QImage plain = shot();
    const auto changedRows = [&] {
      const QImage now = shot();
      std::vector<int> rows;
      for (int row = 0; row < 3; ++row) {
        const QRect band(0, row * view().rowHeight(), plain.width(), view().rowHeight());
        if (plain.copy(band) != now.copy(band)) rows.push_back(row);
      }
      return rows;
    };
    auto& list = page_->highlights();
    list.add({});
    list.setData(list.index(0, HighlightList::text_column), QStringLiteral("level:error"));
    QTRY_VERIFY(!page_->pane().marks().isSearching());
    QCOMPARE(changedRows(), std::vector<int>{1});
    list.setData(list.index(0, HighlightList::text_column), QStringLiteral("beta NOT level:error"));
    list.setData(list.index(0, HighlightList::query_column), Qt::Checked, Qt::CheckStateRole);
    QTRY_VERIFY(!page_->pane().marks().isSearching());
    QCOMPARE(changedRows(), std::vector<int>{2});
    list.setData(list.index(0, HighlightList::line_column), Qt::Checked, Qt::CheckStateRole);
    QCOMPARE(changedRows(), std::vector<int>{2});
    list.remove(0);
    QCOMPARE(shot(), plain);
  }

  void highlighters_are_added_edited_and_removed_with_keys() {
    showSome();
    view().setFocus();
    QTest::keyClick(&view(), Qt::Key_H, Qt::ControlModifier | Qt::ShiftModifier);
    auto* dialog = page_->findChild<HighlightersDialog*>();
    QVERIFY(dialog && dialog->isVisible());
    auto* table = dialog->findChild<QTableView*>();
    auto* editor = table->findChild<QLineEdit*>();  // the first one is written at once
    QVERIFY(editor);
    QTest::keyClicks(editor, QStringLiteral("database"));
    QTest::keyClick(editor, Qt::Key_Return);
    QTRY_COMPARE(page_->highlights().all().at(0).text, QStringLiteral("database"));
    page_->highlights().add(QStringLiteral("second"));
    QVERIFY(QTest::qWaitForWindowActive(dialog));
    table->setFocus();
    table->setCurrentIndex(page_->highlights().index(1, 0));
    QTest::keyClick(table, Qt::Key_Up, Qt::AltModifier);
    QCOMPARE(page_->highlights().all().at(0).text, QStringLiteral("second"));
    QTest::keyClick(table, Qt::Key_Delete);
    QCOMPARE(page_->highlights().rowCount(), 1);
    QVERIFY(!dialog->grab().isNull());
  }

  void the_menu_shows_only_lines_with_a_word_and_hides_others_until_undone() {
    showSome();
    offered(QStringLiteral("database"), QStringLiteral("Show only lines with \"database\""));
    waitForFilter();
    QCOMPARE(view().rowCount(), some_lines / 100);
    QVERIFY(child<FilterBar>().isVisible());
    offered(QStringLiteral("WARN"), QStringLiteral("Hide lines with \"WARN\""));
    waitForFilter();
    QCOMPARE(view().rowCount(), some_lines / 100 - some_lines / 1000 + some_lines / 5000);
    view().setFocus();
    QTest::keyClick(&view(), Qt::Key_Z, Qt::ControlModifier);
    waitForFilter();
    QCOMPARE(view().rowCount(), some_lines / 100);
    QTest::keyClick(&view(), Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
    waitForFilter();
    QCOMPARE(document().filter().rules.size(), 2);
    for (auto* button : child<FilterBar>().findChildren<QToolButton*>()) {
      if (button->text() == QLatin1String("Show all")) button->click();
    }
    QCOMPARE(view().rowCount(), some_lines);
    QVERIFY(child<FilterBar>().isHidden());
    QTest::keyClick(&view(), Qt::Key_Z, Qt::ControlModifier);
    waitForFilter();
    QCOMPARE(document().filter().rules.size(), 2);
  }

  void lines_like_this_one_are_shown_or_hidden() {
    showSome();
    view().goToLine(100);
    offered({}, QStringLiteral("Show only lines like this"));
    waitForFilter();
    QCOMPARE(view().rowCount(), some_lines / 100);
    QCOMPARE(view().lineAt(1), 200);
    offered({}, QStringLiteral("Hide lines like this"));  // the same rule, the other way
    waitForFilter();
    QCOMPARE(view().rowCount(), some_lines - some_lines / 100);
  }

  void the_bar_sees_by_itself_what_is_a_query() {
    showSome();
    view().setFocus();
    QTest::keyClick(&view(), Qt::Key_F, Qt::ControlModifier | Qt::ShiftModifier);
    auto& bar = child<FilterBar>();
    auto* text = bar.findChild<QLineEdit*>(QStringLiteral("text"));
    QToolButton* query = nullptr;
    for (auto* button : bar.findChildren<QToolButton*>()) {
      if (button->accessibleName() == QLatin1String("Query")) query = button;
    }
    QTest::keyClicks(text, QStringLiteral("level:eror"));
    QVERIFY(query->isChecked());
    QTest::keyClick(text, Qt::Key_Return);
    QVERIFY2(bar.problem().contains(QLatin1String("did you mean 'error'")), qPrintable(bar.problem()));
    QVERIFY(document().filter().isEmpty());
    text->setText(QStringLiteral("level>=warning NOT database"));
    QTest::keyClick(text, Qt::Key_Return);
    waitForFilter();
    QCOMPARE(view().rowCount(), 0);  // all of them are about the database
    bar.findChild<QToolButton*>(QStringLiteral("all"))->click();
    text->setText(QStringLiteral("level>=warning"));
    QTest::keyClick(text, Qt::Key_Return);
    waitForFilter();
    QCOMPARE(view().rowCount(), some_lines / 1000);
    QCOMPARE(view().lineAt(0), 1000);
    bar.findChild<QToolButton*>(QStringLiteral("all"))->click();
    text->setText(QStringLiteral("database answered"));
    QVERIFY(!query->isChecked());  // a text as it is
    QTest::mouseClick(query, Qt::LeftButton);
    text->setText(QStringLiteral("answered database"));
    QVERIFY(query->isChecked());  // as it was chosen
    QTest::keyClick(text, Qt::Key_Return);
    waitForFilter();
    QCOMPARE(view().rowCount(), some_lines / 100);
  }

  void the_bar_takes_texts_expressions_and_lines_around() {
    showSome();
    view().setFocus();
    QTest::keyClick(&view(), Qt::Key_F, Qt::ControlModifier | Qt::ShiftModifier);
    auto& bar = child<FilterBar>();
    QVERIFY(bar.isVisible());
    auto* text = bar.findChild<QLineEdit*>(QStringLiteral("text"));
    for (auto* button : bar.findChildren<QToolButton*>()) {
      if (button->text() == QLatin1String(".*")) button->setChecked(true);
    }
    QTest::keyClicks(text, QStringLiteral("(a"));
    QTest::keyClick(text, Qt::Key_Return);
    QVERIFY2(bar.problem().contains(QLatin1String("parenthes")), qPrintable(bar.problem()));
    QVERIFY(document().filter().isEmpty());
    text->setText(QStringLiteral("request (50|51)$"));
    QTest::keyClick(text, Qt::Key_Return);
    waitForFilter();
    QCOMPARE(view().rowCount(), 2);
    bar.findChild<QSpinBox*>()->setValue(3);
    waitForFilter();
    QCOMPARE(view().rowCount(), 8);
    QCOMPARE(view().lineAt(0), 47);
    QVERIFY(!view().grab().isNull());
    QTest::keyClick(text, Qt::Key_Escape);
    QVERIFY(bar.isVisible());  // there is a rule
    for (auto* button : bar.findChildren<QToolButton*>()) {
      if (button->text() == QStringLiteral("×")) button->click();
    }
    waitForFilter();
    QCOMPARE(view().rowCount(), some_lines);
    QVERIFY(bar.isHidden());
  }

  void a_rule_is_switched_off_for_now_by_its_chip() {
    showSome();
    child<FilterBar>().addRule({QStringLiteral("database")});
    waitForFilter();
    const auto click = [this] {
      QCoreApplication::processEvents();  // what was put into a layout is shown
      for (auto* button : child<FilterBar>().findChildren<QToolButton*>()) {
        if (button->isVisible() && button->text() == QLatin1String("show  database")) return button->click();
      }
      QFAIL("no chip");
    };
    click();
    QCOMPARE(view().rowCount(), some_lines);
    QVERIFY(child<FilterBar>().isVisible());
    click();
    waitForFilter();
    QCOMPARE(view().rowCount(), some_lines / 100);
  }

  void bookmarks_are_set_visited_noted_and_kept_with_keys() {
    const QString file = showSome();
    view().setFocus();
    for (const quint64 line : {500, 100, 15'000}) {
      view().goToLine(line);
      QTest::keyClick(&view(), Qt::Key_F2, Qt::ControlModifier);
    }
    view().goToLine(1);
    QTest::keyClick(&view(), Qt::Key_F2);
    QCOMPARE(view().currentLine(), 100);
    QTest::keyClick(&view(), Qt::Key_F2);
    QTest::keyClick(&view(), Qt::Key_F2);
    QCOMPARE(view().currentLine(), 15'000);
    QTest::keyClick(&view(), Qt::Key_F2);
    QCOMPARE(view().currentLine(), 100);
    QTest::keyClick(&view(), Qt::Key_F2, Qt::ShiftModifier);
    QCOMPARE(view().currentLine(), 15'000);
    QTest::keyClick(&view(), Qt::Key_F2, Qt::ControlModifier);
    QCOMPARE(page_->pane().bookmarks().rowCount(), 2);
    view().goToLine(700);
    QTest::keyClick(&view(), Qt::Key_F2, Qt::ControlModifier | Qt::ShiftModifier);
    auto& panel = child<BookmarkPanel>();
    QVERIFY(panel.isVisible());
    auto* table = panel.findChild<QTableView*>();
    auto* editor = table->findChild<QLineEdit*>();
    QVERIFY(editor);
    QTest::keyClicks(editor, QStringLiteral("look here"));
    QTest::keyClick(editor, Qt::Key_Return);
    QTRY_COMPARE(page_->pane().bookmarks().at(2).note, QStringLiteral("look here"));
    table->setCurrentIndex(page_->pane().bookmarks().index(0, 0));
    QTest::keyClick(table, Qt::Key_Return);
    QCOMPARE(view().currentLine(), 100);
    QTest::keyClick(table, Qt::Key_Delete);
    QCOMPARE(page_->pane().bookmarks().rowCount(), 2);
    QTest::keyClick(table, Qt::Key_Escape);
    QVERIFY(panel.isHidden());
    page_.reset();
    showLogs({file});
    QCOMPARE(page_->pane().bookmarks().lines(), (std::vector<quint64>{500, 700}));
  }

  void a_click_in_the_margin_sets_a_bookmark_and_takes_it_back() {
    showSome();
    const QPoint place(5, view().fontMetrics().height() * 4);
    QTest::mouseClick(view().viewport(), Qt::LeftButton, {}, place);
    QCOMPARE(page_->pane().bookmarks().rowCount(), 1);
    const quint64 line = page_->pane().bookmarks().at(0).line;
    QVERIFY(line >= 3 && line <= 5);
    QTest::mouseClick(view().viewport(), Qt::LeftButton, {}, place);
    QCOMPARE(page_->pane().bookmarks().rowCount(), 0);
  }

  void lines_are_copied_with_their_numbers() {
    showSome();
    view().setFocus();
    view().goToLine(99);
    QTest::keyClick(&view(), Qt::Key_Down, Qt::ShiftModifier);
    QTest::keyClick(&view(), Qt::Key_C, Qt::ControlModifier | Qt::ShiftModifier);
    const QStringList lines = QApplication::clipboard()->text().split(QLatin1Char('\n'));
    QCOMPARE(lines.size(), 2);
    QVERIFY(lines[0].startsWith(QLatin1String(" 99: 2026-03-01")));
    QVERIFY(lines[1].startsWith(QLatin1String("100: 2026-03-01")));
  }

  void a_structured_log_is_shown_in_columns_that_the_reader_chooses() {
    QByteArray text;
    for (int i = 0; i < 100; ++i) {
      text += "{'time':'2026-03-01T12:00:05Z','level':'error','status':503,'rare" + QByteArray::number(i % 4) +
              "':'z','msg':'request failed'}\n";
    }
    text.replace('\'', '"');
    const QString file = write("some.jsonl", text + "  at a.B.c(B.java:12)\n");
    showLogs({file});
    const auto shown = [&](quint64 line) { return view().shownText(line); };
    QCOMPARE(shown(1), QStringLiteral("2026-03-01T12:00:05Z  error  503     request failed"));
    QCOMPARE(shown(101), QStringLiteral("  at a.B.c(B.java:12)"));
    auto* columns = page_->pane().findChild<QToolButton*>(QStringLiteral("columns"));
    QVERIFY(columns->isVisible());
    const auto choose = [&](const QString& name) {
      Q_EMIT columns->menu()->aboutToShow();
      for (auto* action : columns->menu()->actions()) {
        if (action->text().remove(QLatin1Char('&')) == name) return action->trigger();
      }
      QFAIL(qPrintable(name));
    };
    choose(QStringLiteral("rare1"));
    QCOMPARE(shown(2), QStringLiteral("2026-03-01T12:00:05Z  error  503     z      request failed"));
    choose(QStringLiteral("time"));
    QCOMPARE(shown(1), QStringLiteral("error  503            request failed"));
    page_->document().open(file);  // is remembered
    QTRY_VERIFY(page_->document().text().isWhole());
    QCOMPARE(shown(1), QStringLiteral("error  503            request failed"));
    choose(QStringLiteral("Show columns"));
    QVERIFY(shown(1).startsWith(QLatin1String("{\"time\"")));
    choose(QStringLiteral("Show columns"));
    choose(QStringLiteral("The usual ones"));
    QCOMPARE(shown(1), QStringLiteral("2026-03-01T12:00:05Z  error  503     request failed"));
    QVERIFY(!page_->grab().isNull());
  }

  void a_log_that_begins_to_be_written_gets_its_columns() {
    const QString file = write("fresh.log", "");
    showLogs({file});
    page_->pane().setFollowing(true);
    append(file, "level=info status=200 msg=served\nlevel=error status=500 msg=failed\n");
    QTRY_COMPARE(view().rowCount(), 2);
    QCOMPARE(view().shownText(2), QStringLiteral("error  500     failed"));
    page_->pane().setFollowing(false);
  }

  void what_is_found_in_all_logs_leads_to_its_line() {
    const QString first = write("first.log", "fine\nlevel=error status=500\n");
    const QString second = write("second.log", "fine\nfine\nlevel=error status=503\n");
    showLogs({first, second});
    view().setFocus();
    QTest::keyClick(&view(), Qt::Key_A, Qt::ControlModifier | Qt::ShiftModifier);
    auto& bar = *page_->findChild<FindBar*>();
    QVERIFY(bar.isVisible());
    auto* text = bar.findChild<QLineEdit*>();
    QTest::keyClicks(text, QStringLiteral("field:status>=503"));
    QTest::keyClick(text, Qt::Key_Return);
    QTest::keyClick(&view(), Qt::Key_A, Qt::ControlModifier | Qt::ShiftModifier);
    auto& panel = *page_->findChild<LogHitsPanel*>();
    QVERIFY(panel.isVisible());
    QTRY_VERIFY(!panel.hits().isSearching());
    QCOMPARE(panel.status(), QStringLiteral("\"field:status>=503\": 1 line in 2 logs"));
    auto* tree = panel.findChild<QTreeView*>();
    QTRY_VERIFY(tree->currentIndex().isValid());
    QTest::keyClick(tree, Qt::Key_Return);
    QTRY_COMPARE(page_->document().path(), second);
    QTRY_COMPARE(view().currentLine(), quint64{3});
    QTest::keyClick(tree, Qt::Key_Escape);
    QVERIFY(panel.isHidden());
  }

  void two_logs_side_by_side_have_filters_and_places_of_their_own() {
    const QString first = write("some.log", someLog());
    const QString second = write("other.log", "one\ntwo\nthree\n");
    showLogs({first, second});
    view().setFocus();
    QTest::keyClick(&view(), Qt::Key_Backslash, Qt::ControlModifier);
    QCOMPARE(page_->panes().size(), 2);
    QCOMPARE(page_->findChild<QSplitter*>()->orientation(), Qt::Horizontal);
    auto& other = *page_->panes()[1];
    QTRY_COMPARE(other.document().path(), first);
    other.choose(1);
    QTRY_COMPARE(other.document().path(), second);
    QTRY_COMPARE(other.view().rowCount(), 3);
    QCOMPARE(page_->panes()[0]->document().path(), first);
    document().setFilter({logs::Level::error});
    waitForFilter();
    QCOMPARE(view().rowCount(), some_lines / 5000);
    QCOMPARE(other.view().rowCount(), 3);
    // A claim about the other log goes where that is shown.
    QVERIFY(page_->goTo({Place::Kind::log, second, 2, {}}));
    QCOMPARE(&page_->pane(), &other);
    QTRY_COMPARE(other.view().currentLine(), 2);
    page_->split(LogsPage::Split::none);
    QCOMPARE(page_->panes().size(), 1);
    QCOMPARE(page_->document().path(), first);
  }

  void a_split_is_remembered_with_its_second_log() {
    const QString first = write("some.log", someLog());
    const QString second = write("other.log", "one\ntwo\nthree\n");
    showLogs({first, second});
    page_->split(LogsPage::Split::below);
    page_->panes()[1]->choose(1);
    page_.reset();
    showLogs({first, second});
    QCOMPARE(page_->panes().size(), 2);
    QCOMPARE(page_->findChild<QSplitter*>()->orientation(), Qt::Vertical);
    QTRY_COMPARE(page_->panes()[1]->document().path(), second);
  }

  void bookmarks_of_a_log_that_is_shown_twice_are_the_same() {
    showSome();
    page_->split(LogsPage::Split::beside);
    auto& other = *page_->panes()[1];
    QTRY_VERIFY(other.document().text().isWhole());
    page_->panes()[0]->view().goToLine(42);
    page_->panes()[0]->toggleBookmark();
    QCOMPARE(other.bookmarks().lines(), (std::vector<quint64>{42}));
    other.view().goToLine(43);
    other.toggleBookmark();
    QCOMPARE(page_->panes()[0]->bookmarks().lines(), (std::vector<quint64>{42, 43}));
  }

  void finding_goes_on_in_the_pane_that_was_used_last() {
    showSome();
    page_->split(LogsPage::Split::beside);
    auto& other = *page_->panes()[1];
    QTRY_VERIFY(other.document().text().isWhole());
    page_->find();
    auto* text = page_->findChild<FindBar*>()->findChild<QLineEdit*>();
    text->setText(QStringLiteral("request 19999"));
    QTest::keyClick(text, Qt::Key_Return);
    QTRY_COMPARE(page_->panes()[0]->view().currentLine(), 19'999);
    QTRY_VERIFY(other.document().matches());
    QVERIFY(other.view().currentLine() != 19'999);
    Q_EMIT other.activated();
    QTest::keyClick(text, Qt::Key_Return);
    QTRY_COMPARE(other.view().currentLine(), 19'999);
  }

  void followed_lines_appear_at_the_end_unless_the_reader_scrolled_up() {
    const QString file = showSome();
    view().setFocus();
    QTest::keyClick(&view(), Qt::Key_T, Qt::ControlModifier);
    QVERIFY(view().isAtEnd());
    append(file, "2026-03-01T12:00:00Z ERROR database is go");
    QTRY_COMPARE(view().rowCount(), some_lines + 1);
    append(file, "ne\nand more\n");
    QTRY_COMPARE(view().rowCount(), some_lines + 2);
    QVERIFY(view().isAtEnd());
    QVERIFY(document().text().line(some_lines + 1, 1000).ends_with("database is gone"));
    QTRY_VERIFY(page_->pane().levels().isWhole());
    QCOMPARE(child<Minimap>().stretchAt(child<Minimap>().height() - 1).last, some_lines + 2);
    QTest::keyClick(&view(), Qt::Key_Home);
    append(file, "and more\n");
    QTRY_COMPARE(view().rowCount(), some_lines + 3);
    QCOMPARE(view().topLine(), 1);
    page_->pane().setFollowing(false);
    append(file, "not seen\n");
    QTest::qWait(600);
    QCOMPARE(view().rowCount(), some_lines + 3);
  }

  void filter_and_search_go_on_in_lines_that_are_followed() {
    const QString file = showSome();
    page_->pane().setFollowing(true);
    child<FilterBar>().addRule({QStringLiteral("database")});
    document().setSearch(*LineMatcher::make(QStringLiteral("request"), false, false));
    QTRY_COMPARE(view().rowCount(), some_lines / 100);
    QTRY_VERIFY(document().matches());
    QCOMPARE(document().matches()->count(), some_lines / 100);
    append(file, "nothing\nthe database has a request\nthe datab");
    QTRY_COMPARE(view().rowCount(), some_lines / 100 + 1);
    QTRY_COMPARE(document().matches()->count(), some_lines / 100 + 1);
    append(file, "ase is back\n");
    QTRY_COMPARE(view().rowCount(), some_lines / 100 + 2);
    QCOMPARE(view().lineAt(view().rowCount() - 1), some_lines + 3);
    QVERIFY(view().isAtEnd());
  }

  void a_log_that_is_rotated_or_truncated_is_followed_on() {
    const QString file = showSome();
    page_->pane().setFollowing(true);
    QVERIFY(QFile::rename(file, file + QStringLiteral(".1")));
    QTest::qWait(400);
    QCOMPARE(view().rowCount(), some_lines);  // what is gone can still be read
    (void)write("some.log", "first of the new one\n");
    QTRY_COMPARE(view().rowCount(), 1);
    append(file, "second\n");
    QTRY_COMPARE(view().rowCount(), 2);
    (void)write("some.log", "");
    QTRY_COMPARE(view().rowCount(), 0);
    append(file, "after truncation\n");
    QTRY_COMPARE(view().rowCount(), 1);
    // As long as before, and another text.
    (void)write("some.log", "after truncatioN\nand more\n");
    QTRY_COMPARE(view().rowCount(), 2);
    QCOMPARE(document().text().line(1, 100), std::string_view("after truncatioN"));
  }

  void the_journal_is_followed() {
    if (!logs::can_write_journals()) QSKIP("needs Debian's systemd-journal-remote");
    const TemporaryFolder folder;
    logs::JournalWriter writer(folder.path() / "system.journal");
    const auto write = [&](int number) {
      writer.write(logs::journal_entry(logs::journal_start + number, "message " + std::to_string(number)));
    };
    write(1);
    const QString name = QStringLiteral("journal:directory=") + qtText(folder.path().string());
    Job job;
    QTRY_VERIFY(openLog(name.toStdString(), job).has_value());
    showLogs({name});
    QCOMPARE(page_->pane().chosen(), name);
    QTRY_COMPARE(view().rowCount(), 1);
    page_->pane().setFollowing(true);
    child<FilterBar>().addRule({QStringLiteral("message")});
    write(2);
    QTRY_COMPARE(view().rowCount(), 2);
    QVERIFY(document().text().line(2, 1000).find("\"message 2\"") != std::string_view::npos);
    write(3);
    QTRY_COMPARE(view().rowCount(), 3);
    QVERIFY(view().isAtEnd());
    page_->pane().setFollowing(false);
  }

  void another_case_leaves_nothing_behind() {
    showSome();
    child<FilterBar>().addRule({QStringLiteral("database")});
    view().goToLine(100);
    page_->pane().toggleBookmark();
    page_->showCase(nullptr);
    QCOMPARE(page_->pane().bookmarks().rowCount(), 0);
    QCOMPARE(page_->pane().levels().lineCount(), 0);
    QVERIFY(document().filter().isEmpty() && !document().canUndoFilter());
    QTRY_VERIFY(jobs_->isIdle());
  }
};

QTEST_MAIN(LogPanesTest)
#include "log_panes_test.moc"
