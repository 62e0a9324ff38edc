// One log: which one, the lines that are shown of it, its map, its bookmarks. The logs page has one of these, or two.
#pragma once

#include <QWidget>
#include <map>
#include <optional>

#include "app/desktop/models/bookmark_list.h"
#include "app/desktop/models/level_map.h"
#include "app/desktop/models/log_document.h"
#include "app/desktop/models/log_list.h"
#include "app/desktop/models/log_marks.h"
#include "app/desktop/session.h"
#include "app/desktop/theme.h"

class QComboBox;
class QFrame;
class QLabel;
class QMenu;
class QPushButton;
class QToolButton;

namespace conclave::desktop {

class BookmarkPanel;
class FilterBar;
class HighlightList;
class LogView;
class Minimap;
class Notice;

// Owner: the logs page, which also owns the list of logs and the highlighters. GUI thread.
class LogPane : public QWidget {
  Q_OBJECT
 public:
  LogPane(Session& session, const ThemeController& theme, LogList& logs, HighlightList& highlights, QWidget* parent = nullptr);

  void forget();         // another case: no log, no filter, no places
  void choose(int row);  // of the list; opened when the pane is first seen. Negative: none
  void rechoose();       // the list is a new one: the same log, or the first
  [[nodiscard]] const QString& chosen() const { return chosen_; }  // path
  void goTo(const QString& source, quint64 line);                  // of the log that is chosen; as a claim names it
  void goToLine(quint64 line);
  void setReport(const ReportPtr& report) { report_ = report; }
  void setSearch(const MatcherPtr& search);
  void findFirst();  // on the screen or after it
  void findNext(bool forward);
  void saySearch();  // how far it is, through searchSaid()
  void setRange(const std::optional<TimeRange>& range);
  void reloadBookmarks();
  void setActive(bool isActive, bool isOneOfTwo);
  void applyTheme(const Theme& theme);

  [[nodiscard]] LogDocument& document() { return document_; }
  [[nodiscard]] BookmarkList& bookmarks() { return bookmarks_; }
  [[nodiscard]] const LevelMap& levels() const { return levels_; }
  [[nodiscard]] const LogMarks& marks() const { return marks_; }
  [[nodiscard]] LogView& view() { return *view_; }
  [[nodiscard]] QMenu& more() { return *more_; }  // the page adds what is about all panes

  void setFollowing(bool follows);  // and remembers it
  void toggleBookmark();
  void goToBookmark(bool forward);
  void highlight();  // what is selected, or the word at the start of the line

 Q_SIGNALS:
  void activated();
  void logChanged();
  void rangeChanged();
  void searchSaid(const QString& words, bool isBad);
  void findRequested(const QString& text);
  void highlighterAdded(int row);
  void bookmarksEdited();

 protected:
  void showEvent(QShowEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void layOut();
  void connectDocument();
  void connectView();
  void addKeys();
  void fillMenu(QMenu* menu, const QString& word);
  void setFilter(const LineFilter& filter);
  void addRule(const QString& text, bool isExpression, bool hides);
  void noteBookmark();
  void showMore();
  void openChosen();
  void goToWanted();
  void compareWithCitation(quint64 line);
  void refreshFilter();
  void refreshPosition();
  void refreshColumns();
  void refreshColumnsOfFew();  // of a log that had hardly any lines until now
  void fillColumnsMenu();

  const ThemeController& theme_;
  LogList& logs_;
  HighlightList& highlights_;
  LogDocument document_;
  LevelMap levels_;
  LogMarks marks_;
  BookmarkList bookmarks_;
  ReportPtr report_;
  QString chosen_;
  std::map<QString, quint64> places_;  // line that was current in each log
  quint64 wanted_ = 0;                 // line to go to as soon as it is known
  bool wantedFlash_ = false;
  QString wantedSource_;      // as the citation that is followed names the log; empty: none is
  bool searchMoves_ = false;  // the next result of a search scrolls
  QString searchNote_;
  QFrame* stripe_;  // above the active one of two
  QComboBox* list_;
  QComboBox* level_;
  QPushButton* range_;
  QLabel* position_;
  QToolButton* followButton_;
  QToolButton* columnsButton_;
  QMenu* columnsMenu_;
  QToolButton* filterButton_;
  QToolButton* bookmarkButton_;
  QToolButton* moreButton_;
  QMenu* more_;
  Notice* notice_;
  Notice* moved_;  // the line is not what the report cites
  FilterBar* filterBar_;
  LogView* view_;
  Minimap* minimap_;
  BookmarkPanel* bookmarkPanel_;
};

}  // namespace conclave::desktop
