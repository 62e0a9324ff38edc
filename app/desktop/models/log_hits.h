// What a search finds in all logs of a case: the logs with their first lines found.
#pragma once

#include <QAbstractItemModel>
#include <QTimer>
#include <memory>
#include <optional>
#include <vector>

#include "app/desktop/jobs.h"
#include "app/desktop/models/line_matcher.h"

namespace conclave::desktop {

// Owner: the panel of results. GUI thread; searching is one job, whose results are taken over a few times a second. A row per log
// that has lines or cannot be read, in the order of the logs; under it the lines.
class LogHits : public QAbstractItemModel {
  Q_OBJECT
 public:
  static constexpr std::size_t most_lines = 1000;  // shown of a log; all are counted
  struct Log {
    QString path;
    QString name;
  };
  struct Place {
    QString path;
    quint64 line = 0;  // 0: the log itself
  };

  explicit LogHits(Jobs& jobs, QObject* parent = nullptr);

  void search(const MatcherPtr& matcher, const std::vector<Log>& logs);  // the one before is stopped
  void stop();                                                           // what was found stays
  void clear();
  [[nodiscard]] bool isSearching() const { return searching_ != 0; }
  [[nodiscard]] quint64 found() const;
  [[nodiscard]] int logsSearched() const;
  [[nodiscard]] std::optional<Place> placeOf(const QModelIndex& index) const;

  [[nodiscard]] QModelIndex index(int row, int column, const QModelIndex& parent = {}) const override;
  [[nodiscard]] QModelIndex parent(const QModelIndex& child) const override;
  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;

 Q_SIGNALS:
  void changed();  // more was found, or the search has ended

 private:
  struct Line {
    quint64 number = 0;
    QString text;
    logs::Level level = logs::Level::unknown;
  };
  struct Found {
    std::size_t log = 0;  // of the logs that are searched
    std::vector<Line> lines;
    quint64 count = 0;
    QString problem;
  };
  struct News;  // of the job, for the GUI thread

  static Result<void> searchLog(const QString& path, const LineMatcher& matcher, std::size_t log, News& news, Job& job);
  void take();

  Jobs& jobs_;
  std::vector<Log> logs_;
  std::vector<Found> found_;
  std::shared_ptr<News> news_;
  int searched_ = 0;
  QTimer timer_;
  Jobs::Id searching_ = 0;
};

}  // namespace conclave::desktop
