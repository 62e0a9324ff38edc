// Whose say counted how much, and why: shares of the vote, weights, and the track record behind them as it is now.
#pragma once

#include <utility>
#include <vector>

#include "app/desktop/place.h"
#include "app/desktop/session.h"
#include "app/desktop/theme.h"
#include "app/desktop/widgets/card.h"

namespace conclave::desktop {

// Follows the judgements of the session.
class WeightsCard : public Card {
  Q_OBJECT
 public:
  WeightsCard(Judgements& judgements, ReportPtr report, const Theme& theme, QWidget* parent = nullptr);

 Q_SIGNALS:
  void placeRequested(const conclave::desktop::Place& place);

 private:
  void refresh();
  [[nodiscard]] QString why(const consensus::ExpertResponse& response) const;
  Judgements& judgements_;
  ReportPtr report_;
  std::vector<std::pair<const consensus::ExpertResponse*, QLabel*>> reasons_;  // of report_
};

}  // namespace conclave::desktop
