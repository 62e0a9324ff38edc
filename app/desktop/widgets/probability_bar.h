// Shares of a whole, such as how likely each verdict is: a stacked bar with its numbers in words (tooltip and accessible text).
#pragma once

#include <QWidget>
#include <utility>
#include <vector>

#include "app/desktop/theme.h"
#include "engine/consensus/response.h"

namespace conclave::desktop {

class ProbabilityBar : public QWidget {
  Q_OBJECT
 public:
  struct Part {
    QColor colour;
    double share = 0;  // of 1
  };
  ProbabilityBar(std::vector<Part> parts, const QString& words, const Theme& theme, QWidget* parent = nullptr);
  ProbabilityBar(const std::vector<std::pair<std::string, double>>& probabilities, const consensus::Question& question,
                 const Theme& theme, QWidget* parent = nullptr);
  [[nodiscard]] QSize sizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  std::vector<Part> parts_;
  QColor border_;
};

}  // namespace conclave::desktop
