// What was found in all logs, under the lines of the one that is shown.
#pragma once

#include <QFrame>

#include "app/desktop/models/log_hits.h"
#include "app/desktop/theme.h"

class QLabel;
class QToolButton;
class QTreeView;

namespace conclave::desktop {

// Owner: the logs page. GUI thread. Enter or a double click goes to the line, Escape closes and stops the search.
class LogHitsPanel : public QFrame {
  Q_OBJECT
 public:
  explicit LogHitsPanel(Jobs& jobs, QWidget* parent = nullptr);

  void search(const MatcherPtr& matcher, const QString& what, const std::vector<LogHits::Log>& logs);
  void close();
  void applyTheme(const Theme& theme);
  [[nodiscard]] LogHits& hits() { return hits_; }
  [[nodiscard]] QString status() const;

 Q_SIGNALS:
  void lineRequested(const QString& path, quint64 line);
  void closed();

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void go();
  void refresh();

  LogHits hits_;
  std::size_t logs_ = 0;
  QString what_;
  QTreeView* tree_;
  QLabel* status_;
  QToolButton* stop_;
};

}  // namespace conclave::desktop
