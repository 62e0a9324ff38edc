// Running jobs: a bar with what is done, at which rate, how long still, and a button to stop each.
#pragma once

#include <QWidget>

#include "app/desktop/jobs.h"
#include "app/desktop/theme.h"
#include "app/desktop/widgets/live_rows.h"

class QLabel;
class QProgressBar;
class QPushButton;

namespace conclave::desktop {

class JobsPanel : public QWidget {
  Q_OBJECT
 public:
  JobsPanel(Jobs& jobs, QWidget* parent = nullptr);

 private:
  struct Row {
    QWidget* widget;
    QLabel* text;
    QProgressBar* bar;
    QPushButton* stop;
  };
  void refresh();
  Row fillRow(QHBoxLayout* line, const Jobs::View& view);

  Jobs& jobs_;
  LiveRows<Jobs::Id, Row> rows_;
};

// The first running job and how many more there are, for the status bar.
class JobsSummary : public QWidget {
  Q_OBJECT
 public:
  JobsSummary(Jobs& jobs, QWidget* parent = nullptr);

 Q_SIGNALS:
  void clicked();

 protected:
  void mouseReleaseEvent(QMouseEvent* event) override;

 private:
  void refresh();
  Jobs& jobs_;
  QLabel* text_;
  QProgressBar* bar_;
};

}  // namespace conclave::desktop
