// How many errors and warnings each stretch of a log has, from its first line to its last: what a picture of the whole file
// shows.
#pragma once

#include <QObject>
#include <vector>

#include "app/desktop/jobs.h"
#include "app/desktop/models/log_text.h"

namespace conclave::desktop {

// A stretch of lines. A plain value.
struct LevelCell {
  quint32 errors = 0;  // lines that are an error or fatal
  quint32 warnings = 0;
  quint64 firstError = 0;  // line; 0: none
  quint64 firstWarning = 0;
  bool operator==(const LevelCell&) const = default;
};

// Owner: a pane of the logs page. GUI thread; lines are read by jobs of a few megabytes each, in the order of the file.
class LevelMap : public QObject {
  Q_OBJECT
 public:
  static constexpr quint64 most_cells = 8192;

  explicit LevelMap(Jobs& jobs, QObject* parent = nullptr);
  void read(const LogText& text);    // instead of what was read before. Without lines: nothing
  void extend(const LogText& text);  // the same log has more lines
  [[nodiscard]] quint64 lineCount() const { return text_.lineCount(); }
  [[nodiscard]] quint64 linesPerCell() const { return perCell_; }
  [[nodiscard]] const std::vector<LevelCell>& cells() const { return cells_; }  // those that are known: a start of the file
  [[nodiscard]] bool isWhole() const { return cells_.size() * perCell_ >= lineCount(); }

 Q_SIGNALS:
  void grew();

 private:
  void readOn();
  void stop();

  Jobs& jobs_;
  LogText text_;
  quint64 perCell_ = 1;
  std::vector<LevelCell> cells_;
  Jobs::Id job_ = 0;
};

// The cells [first, last) of `perCell` lines each.
[[nodiscard]] Result<std::vector<LevelCell>> levelCells(const LogText& text, quint64 perCell, quint64 first, quint64 last,
                                                        Job& job);

}  // namespace conclave::desktop
