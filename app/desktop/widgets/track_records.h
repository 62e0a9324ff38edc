// What was learned from judged reports: a track record and a calibration plot per expert and of the circle.
#pragma once

#include <QSortFilterProxyModel>
#include <QWidget>

#include "app/desktop/models/record_table.h"
#include "app/desktop/theme.h"

class QComboBox;
class QLabel;
class QPushButton;
class QStackedWidget;
class QTreeView;

namespace conclave::desktop {

class ReliabilityPlot;

class TrackRecords : public QWidget {
  Q_OBJECT
 public:
  TrackRecords(Judgements& judgements, const ThemeController& theme, QWidget* parent = nullptr);
  void preferQuestion(const consensus::Question& question);  // that of the open case is shown first
  void applyTheme();

 Q_SIGNALS:
  void reportWanted();  // to judge it

 private:
  QWidget* makeEmpty();
  QWidget* makeRecords();
  void refresh();
  void showQuestion();
  void showExpert();
  void confirmReset();

  Judgements& judgements_;
  const ThemeController& theme_;
  RecordTable records_;
  QSortFilterProxyModel sorted_;
  consensus::VerdictList preferred_;
  QStackedWidget* stack_;
  QComboBox* questions_;
  QLabel* summary_;
  QLabel* trouble_;
  QTreeView* view_;
  ReliabilityPlot* ofExpert_;
  ReliabilityPlot* ofCircle_;
  QPushButton* reset_;
  std::vector<QPushButton*> undos_;  // where there are records, and where there are none any longer
};

}  // namespace conclave::desktop
