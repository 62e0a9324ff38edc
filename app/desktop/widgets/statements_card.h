// What the circle says, in words of its experts: the central answer, then claims with who supports and who contradicts each.
#pragma once

#include "app/desktop/place.h"
#include "app/desktop/theme.h"
#include "app/desktop/widgets/card.h"
#include "engine/case/report.h"

class QGridLayout;

namespace conclave::desktop {

class StatementsCard : public Card {
  Q_OBJECT
 public:
  StatementsCard(const Report& report, const ThemeController& theme, QWidget* parent = nullptr);

 Q_SIGNALS:
  void placeRequested(const conclave::desktop::Place& place);

 private:
  void addClaim(QGridLayout& grid, const consensus::Statement& statement, const Report& report, const Theme& theme);
  QLabel* linked(const QString& html);
};

}  // namespace conclave::desktop
