// The log that is open: its text as it becomes known, which lines are shown, which match. Runs the jobs that find these out.
#pragma once

#include <QObject>
#include <memory>
#include <mutex>

#include "app/desktop/jobs.h"
#include "app/desktop/models/line_filter.h"
#include "app/desktop/models/line_matcher.h"
#include "app/desktop/models/log_follower.h"
#include "app/desktop/models/log_text.h"

namespace conclave::desktop {

// Owner: the logs page. GUI thread. What a stopped or outdated job finds is dropped.
class LogDocument : public QObject {
  Q_OBJECT
 public:
  explicit LogDocument(Jobs& jobs, QObject* parent = nullptr);

  void open(const QString& path);  // also: reads it again. Filter and search stay. Empty: nothing is open
  [[nodiscard]] const QString& path() const { return path_; }
  [[nodiscard]] const LogText& text() const { return text_; }
  [[nodiscard]] bool isOpening() const { return opening_ != 0; }

  void setFollowing(bool follows);  // shows what is written to it from now on
  [[nodiscard]] bool isFollowing() const { return isFollowing_; }

  void setFilter(const LineFilter& filter);
  void undoFilter();
  void redoFilter();
  [[nodiscard]] bool canUndoFilter() const { return !before_.empty(); }
  [[nodiscard]] bool canRedoFilter() const { return !after_.empty(); }
  void forgetFilters();  // none, and nothing to undo
  [[nodiscard]] const LineFilter& filter() const { return filter_; }
  [[nodiscard]] const LineSetPtr& shown() const { return shown_; }  // null: all lines
  [[nodiscard]] bool isFiltering() const { return filtering_ != 0; }

  void setSearch(const MatcherPtr& search);  // null: none
  [[nodiscard]] const MatcherPtr& search() const { return search_; }
  [[nodiscard]] bool isSearching() const { return searching_ != 0; }
  [[nodiscard]] LineSetPtr matches() const { return matches_; }  // of the lines shown; null: not known yet
  void findFrom(quint64 line, bool forward);                     // ends in found()

 Q_SIGNALS:
  void opened();   // the start of the text is there, or (text().bytes is null) it cannot be read
  void indexed();  // all of it
  void grew();     // it is followed, and has more lines
  void filtered();
  void filteredSoFar(const conclave::desktop::LineSetPtr& lines);  // while it goes on; the first ones at once
  void matched();
  void found(quint64 line, bool wrapped);  // 0: there is none
  void troubled(const QString& why);       // empty: all is well again

 private:
  void stop(Jobs::Id& job);
  void stopAll();
  void runIndex();
  void changeFilter(const LineFilter& filter);
  void runFilter();
  void filterOn();
  void runSearch();
  void searchOn();
  void takeMore(const LogText& text);
  void follow();
  void check();

  // What a job that filters has found so far; any thread.
  struct Latest {
    std::mutex mutex;
    LineSetPtr lines;
  };

  Jobs& jobs_;
  QString path_;
  LogText text_;
  LineFilter filter_;
  std::vector<LineFilter> before_, after_;  // what undo and redo bring back, latest last
  LineSetPtr shown_;
  quint64 shownOf_ = 0;  // lines that were looked at for shown_
  MatcherPtr search_;
  LineSetPtr allMatches_;  // also of lines that are not shown
  quint64 matchesOf_ = 0;
  LineSetPtr matches_;
  LogFollower follower_;
  bool isFollowing_ = false;
  std::shared_ptr<Latest> latest_;
  QTimer lookForLatest_;
  QTimer checks_;
  QString trouble_;
  Jobs::Id opening_ = 0, indexing_ = 0, filtering_ = 0, searching_ = 0, finding_ = 0, checking_ = 0;
};

}  // namespace conclave::desktop
