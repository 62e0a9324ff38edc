// The logs of a case, to choose one of.
#pragma once

#include <QAbstractListModel>
#include <optional>
#include <vector>

#include "app/desktop/models/time_buckets.h"
#include "engine/case/evidence.h"

namespace conclave::desktop {

// GUI thread. One row per log: name and counts; tooltip with the whole path.
class LogList : public QAbstractListModel {
  Q_OBJECT
 public:
  struct Entry {
    QString path;
    QString name;                          // short, different for each log
    QString command = {};                  // what a claim calls it, if a command printed it; the path is that of its snapshot
    std::optional<quint64> lines, errors;  // errors: lines of level error or fatal
    bool unreadable = false;
    TimeBuckets buckets;
  };
  using QAbstractListModel::QAbstractListModel;

  void show(const Evidence& evidence);
  void showFiles(const QStringList& paths);  // nothing is known of them yet
  [[nodiscard]] const Entry& at(int row) const { return entries_.at(static_cast<std::size_t>(row)); }
  // By path, by what a command is called, or by the end of a path that only one log has: claims may name a log as the case file
  // does.
  [[nodiscard]] std::optional<int> rowOf(const QString& path) const;

  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;

 private:
  void nameEntries();
  std::vector<Entry> entries_;
};

}  // namespace conclave::desktop
