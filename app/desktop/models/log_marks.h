// The highlighters as one log shows them: queries hold for lines of it, which are looked for once and not while it is painted.
#pragma once

#include <QObject>
#include <map>

#include "app/desktop/jobs.h"
#include "app/desktop/models/highlight_list.h"
#include "app/desktop/models/log_text.h"

namespace conclave::desktop {

// Owner: a pane of the logs page. GUI thread; lines are looked for by jobs, one query after the other.
class LogMarks : public QObject {
  Q_OBJECT
 public:
  explicit LogMarks(Jobs& jobs, QObject* parent = nullptr);
  void setHighlights(const HighlightMarks& highlights);                 // what is known of queries that are still there is kept
  void read(const LogText& text);                                       // instead of what was read before
  void extend(const LogText& text);                                     // the same log has more lines
  [[nodiscard]] const HighlightMarks& marks() const { return marks_; }  // those of queries with their lines, once these are known
  [[nodiscard]] bool isSearching() const { return job_ != 0; }

 Q_SIGNALS:
  void changed();
  void failed(const QString& query, const QString& why);  // it is too hard for this log

 private:
  struct Query {
    MatcherPtr matcher;
    LineSetPtr lines = nullptr;
    quint64 of = 0;  // lines that were looked at for `lines`
    bool isGivenUp = false;
  };
  void publish();
  void searchOn();
  void stop();

  Jobs& jobs_;
  LogText text_;
  HighlightMarks highlights_;
  HighlightMarks marks_;
  std::map<QString, Query> queries_;
  QString searched_;
  Jobs::Id job_ = 0;
};

}  // namespace conclave::desktop
