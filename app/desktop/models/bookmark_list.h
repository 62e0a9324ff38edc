// The bookmarks of one log, each with a note: kept per file and found again by what their lines say.
#pragma once

#include <QAbstractTableModel>
#include <QString>
#include <vector>

#include "app/desktop/jobs.h"
#include "app/desktop/models/log_text.h"

namespace conclave::desktop {

// A plain value. Of the line only its length and a digest are kept, never its text.
struct Bookmark {
  quint64 line = 0;
  quint64 bytes = 0;
  QString digest;
  QString note;
  bool isLost = false;  // no line of the file says that any more
  bool operator==(const Bookmark&) const = default;
};

// Owner: a pane of the logs page. GUI thread. Rows are in the order of the file, and remembered in the settings at every change.
class BookmarkList : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { line_column, note_column, text_column };
  static constexpr int column_count = text_column + 1;

  explicit BookmarkList(Jobs& jobs, QObject* parent = nullptr);

  void open(const QString& path);     // what is remembered of this file
  void setText(const LogText& text);  // its lines as far as they are known; when all are, bookmarks that moved are looked for
  void extendText(const LogText& text) { text_ = text; }  // the same log has more lines
  void toggle(quint64 line);
  void remove(int row);
  [[nodiscard]] const Bookmark& at(int row) const { return all_.at(static_cast<std::size_t>(row)); }
  [[nodiscard]] int rowOf(quint64 line) const;                   // -1: no bookmark
  [[nodiscard]] std::vector<quint64> lines() const;              // ascending, without lost ones
  [[nodiscard]] quint64 next(quint64 line, bool forward) const;  // goes on from the other end; 0: there is none

  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;
  [[nodiscard]] Qt::ItemFlags flags(const QModelIndex& index) const override;
  bool setData(const QModelIndex& index, const QVariant& value, int role = Qt::EditRole) override;

 Q_SIGNALS:
  void linesChanged();
  void edited();  // by the reader, and remembered

 private:
  void replace(std::vector<Bookmark> all);
  void remember();

  Jobs& jobs_;
  QString path_;
  LogText text_;
  std::vector<Bookmark> all_;
  Jobs::Id finding_ = 0;
};

// The same bookmarks at the lines that say what theirs said: where they were, else the nearest.
[[nodiscard]] Result<std::vector<Bookmark>> findAgain(std::vector<Bookmark> bookmarks, const LogText& text, Job& job);

}  // namespace conclave::desktop
