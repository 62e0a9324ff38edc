// What keys, mouse and menus do in a pane; what it shows is in log_pane.cpp.
#include "app/desktop/widgets/log_pane.h"

#include <QMenu>
#include <QSettings>
#include <QShortcut>
#include <QToolButton>
#include <QToolTip>

#include "app/desktop/models/highlight_list.h"
#include "app/desktop/widgets/bookmark_panel.h"
#include "app/desktop/widgets/filter_bar.h"
#include "app/desktop/widgets/log_view.h"
#include "app/desktop/widgets/log_view_layout.h"
#include "app/desktop/widgets/minimap.h"

namespace conclave::desktop {

namespace {
constexpr auto follow_key = "logs/follow";
}  // namespace

void LogPane::connectView() {
  view_->installEventFilter(this);
  connect(&marks_, &LogMarks::changed, this, [this] { view_->setHighlights(marks_.marks()); });
  connect(&marks_, &LogMarks::failed, &highlights_, &HighlightList::tellProblem);
  marks_.setHighlights(highlights_.marks());
  setFollowing(QSettings().value(QLatin1String(follow_key)).toBool());
  connect(&highlights_, &HighlightList::marksChanged, this, [this] { marks_.setHighlights(highlights_.marks()); });
  connect(view_, &LogView::currentLineChanged, this, [this] {
    refreshPosition();
    saySearch();
  });
  connect(view_, &LogView::findRequested, this, &LogPane::findRequested);
  connect(view_, &LogView::refused, this, [this](const QString& why) { QToolTip::showText(QCursor::pos(), why, view_); });
  connect(view_, &LogView::scrolled, this, [this] { minimap_->setScreen(view_->topLine(), view_->bottomLine()); });
  connect(view_, &LogView::bookmarkClicked, &bookmarks_, &BookmarkList::toggle);
  connect(view_, &LogView::menuRequested, this, &LogPane::fillMenu);
  connect(minimap_, &Minimap::scrollRequested, view_, &LogView::scrollToMiddle);
  connect(minimap_, &Minimap::lineRequested, this, [this](quint64 line) {
    view_->setFocus();
    view_->scrollToMiddle(line);
    view_->goToLine(line, true);
  });
  connect(&bookmarks_, &BookmarkList::linesChanged, this, [this] {
    view_->setBookmarks(bookmarks_.lines());
    minimap_->setBookmarks(bookmarks_.lines());
  });
  connect(&bookmarks_, &BookmarkList::edited, this, &LogPane::bookmarksEdited);
  connect(bookmarkPanel_, &BookmarkPanel::lineRequested, this, &LogPane::goToLine);
  connect(bookmarkPanel_, &BookmarkPanel::closed, view_, qOverload<>(&QWidget::setFocus));
  connect(followButton_, &QToolButton::toggled, this, &LogPane::setFollowing);
  connect(columnsMenu_, &QMenu::aboutToShow, this, &LogPane::fillColumnsMenu);
  connect(view_, &LogView::columnsRequested, this, [this](const QPoint& position) { columnsMenu_->popup(position); });
  connect(filterButton_, &QToolButton::clicked, this, [this] { filterBar_->open(); });
  connect(bookmarkButton_, &QToolButton::clicked, this,
          [this] { bookmarkPanel_->isVisible() ? bookmarkPanel_->close() : bookmarkPanel_->open(); });
}

void LogPane::setFollowing(bool follows) {
  if (follows == document_.isFollowing()) return;
  QSettings().setValue(QLatin1String(follow_key), follows);
  document_.setFollowing(follows);
  followButton_->setChecked(follows);
  if (follows) view_->scrollToEnd();
}

bool LogPane::eventFilter(QObject* watched, QEvent* event) {
  if (watched == view_ && event->type() == QEvent::FocusIn) Q_EMIT activated();
  return QWidget::eventFilter(watched, event);
}

void LogPane::addKeys() {
  const auto key = [this](const QString& keys, auto act) {
    auto* shortcut = new QShortcut(QKeySequence(keys), this);
    shortcut->setContext(Qt::WidgetWithChildrenShortcut);
    connect(shortcut, &QShortcut::activated, this, act);
  };
  key(tr("Ctrl+T"), [this] { setFollowing(!document_.isFollowing()); });
  key(tr("Ctrl+Shift+F"), [this] { filterBar_->open(); });
  key(tr("Ctrl+Shift+X"), [this] { filterBar_->open(true); });
  key(tr("Ctrl+Z"), [this] { document_.undoFilter(); });
  key(tr("Ctrl+Shift+Z"), [this] { document_.redoFilter(); });
  key(tr("Ctrl+H"), [this] { highlight(); });
  key(tr("Ctrl+B"), [this] { bookmarkButton_->click(); });
  key(tr("Ctrl+F2"), [this] { toggleBookmark(); });
  key(tr("Ctrl+Shift+F2"), [this] { noteBookmark(); });
  key(tr("F2"), [this] { goToBookmark(true); });
  key(tr("Shift+F2"), [this] { goToBookmark(false); });
}

void LogPane::fillMenu(QMenu* menu, const QString& word) {
  const auto add = [&](const QString& text, const QString& keys, auto act) {
    auto* action = menu->addAction(text);
    if (!keys.isEmpty()) action->setShortcut(QKeySequence(keys));
    connect(action, &QAction::triggered, this, act);
  };
  const QString label = menuText(word);
  if (!word.isEmpty() && !word.contains(QLatin1Char('\n'))) {
    add(tr("&Highlight \"%1\"").arg(label), tr("Ctrl+H"), [this, word] { Q_EMIT highlighterAdded(highlights_.add(word)); });
    add(tr("Show &only lines with \"%1\"").arg(label), {}, [this, word] { addRule(word, false, false); });
    add(tr("H&ide lines with \"%1\"").arg(label), {}, [this, word] { addRule(word, false, true); });
  }
  const QString like = expressionLike(document_.text().line(view_->currentLine(), most_shown_bytes));
  if (!like.isEmpty()) {
    menu->addSeparator();
    add(tr("Show only lines &like this"), {}, [this, like] { addRule(like, true, false); });
    add(tr("Hide lines li&ke this"), {}, [this, like] { addRule(like, true, true); });
  }
  if (document_.canUndoFilter()) add(tr("&Undo filter"), tr("Ctrl+Z"), [this] { document_.undoFilter(); });
  menu->addSeparator();
  const bool isBookmarked = bookmarks_.rowOf(view_->currentLine()) >= 0;
  add(isBookmarked ? tr("Remove &bookmark") : tr("Set &bookmark"), tr("Ctrl+F2"), [this] { toggleBookmark(); });
  add(tr("Bookmark with no&te ..."), tr("Ctrl+Shift+F2"), [this] { noteBookmark(); });
}

void LogPane::addRule(const QString& text, bool isExpression, bool hides) {
  filterBar_->addRule({text, isExpression, true, hides});
}

void LogPane::highlight() {
  const QString word = view_->wordInQuestion();
  if (!word.isEmpty() && !word.contains(QLatin1Char('\n'))) Q_EMIT highlighterAdded(highlights_.add(word));
}

void LogPane::toggleBookmark() { bookmarks_.toggle(view_->currentLine() ? view_->currentLine() : view_->topLine()); }

void LogPane::noteBookmark() {
  const quint64 line = view_->currentLine() ? view_->currentLine() : view_->topLine();
  if (bookmarks_.rowOf(line) < 0) bookmarks_.toggle(line);
  if (const int row = bookmarks_.rowOf(line); row >= 0) bookmarkPanel_->editNote(row);
}

void LogPane::reloadBookmarks() {
  bookmarks_.open(document_.path());
  bookmarks_.setText(document_.text());
}

void LogPane::goToBookmark(bool forward) {
  const quint64 line = bookmarks_.next(view_->currentLine() ? view_->currentLine() : view_->topLine(), forward);
  if (line) goToLine(line);
}

}  // namespace conclave::desktop
