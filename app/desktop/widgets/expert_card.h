// What one expert said: verdict, confidence, weight, text, claims with links to their evidence, or why it failed.
#pragma once

#include "app/desktop/place.h"
#include "app/desktop/theme.h"
#include "app/desktop/widgets/card.h"
#include "engine/consensus/response.h"

class QPushButton;

namespace conclave::desktop {

class ExpertCard : public Card {
  Q_OBJECT
 public:
  ExpertCard(const consensus::ExpertResponse& response, const consensus::Question& question, const ThemeController& theme,
             QWidget* parent = nullptr);
  void showAllClaims();

 Q_SIGNALS:
  void placeRequested(const conclave::desktop::Place& place);

 private:
  void addHead(const consensus::ExpertResponse& response, const consensus::Question& question);
  void addClaims(const std::vector<consensus::Claim>& claims);
  void addError(const consensus::ResponseError& error);
  const ThemeController& theme_;
  QPushButton* more_ = nullptr;  // null: all claims are shown
};

// One claim as rich text; every citation that leads somewhere is a link.
[[nodiscard]] QString citationHtml(const consensus::Citation& citation, const Theme& theme);
// Links to the cards of experts in the report, with commas between.
[[nodiscard]] QString expertLinks(const std::vector<std::string>& names, const Theme& theme);
[[nodiscard]] QString claimHtml(const consensus::Claim& claim, const Theme& theme);

}  // namespace conclave::desktop
