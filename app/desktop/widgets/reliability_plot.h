// How often what was said with a certain confidence came true: a reliability diagram.
#pragma once

#include <QWidget>
#include <span>
#include <vector>

#include "app/desktop/theme.h"
#include "engine/consensus/reliability/calibration.h"
#include "engine/consensus/reliability/diagram.h"

class QCPErrorBars;
class QCPGraph;
class QCPItemText;
class QCustomPlot;
class QLabel;

namespace conclave::desktop {

// A point per bin: mean confidence and share that held, with its count and the 95 % interval. On the diagonal confidence is what
// it says it is; a calibration is drawn as a curve. A sentence above says the same of all together, the accessible description of
// each bin.
class ReliabilityPlot : public QWidget {
  Q_OBJECT
 public:
  explicit ReliabilityPlot(const ThemeController& theme, QWidget* parent = nullptr);

  // `title` names who said it. Without verdicts there is a sentence instead of a plot.
  void show(const QString& title, std::span<const consensus::JudgedVerdict> verdicts,
            const consensus::Calibration& calibration = {});
  void applyTheme();
  [[nodiscard]] QString verdictInWords() const;  // what is said above the plot

 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  void draw();
  void describe(double mean);
  const ThemeController& theme_;
  std::vector<consensus::ReliabilityBin> bins_;
  consensus::Calibration calibration_;
  std::size_t count_ = 0;
  std::size_t held_ = 0;
  QLabel* title_;
  QLabel* words_;
  QCustomPlot* plot_;
  QCPGraph* diagonal_;
  QCPGraph* curve_;
  QCPGraph* points_;
  QCPErrorBars* errors_;
  std::vector<QCPItemText*> counts_;
};

}  // namespace conclave::desktop
