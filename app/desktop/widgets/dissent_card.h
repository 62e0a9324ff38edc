// Who sees it otherwise: the verdict of a scope and every other one, side by side, each in the words of its best expert.
#pragma once

#include "app/desktop/place.h"
#include "app/desktop/theme.h"
#include "app/desktop/widgets/card.h"
#include "engine/case/report.h"

namespace conclave::desktop {

class DissentCard : public Card {
  Q_OBJECT
 public:
  // Of a report that has dissenting opinions.
  DissentCard(const Report& report, const Theme& theme, QWidget* parent = nullptr);

 Q_SIGNALS:
  void placeRequested(const conclave::desktop::Place& place);

 private:
  QWidget* makeSide(const consensus::Dissent& side, bool carried, const Report& report, const Theme& theme);
};

}  // namespace conclave::desktop
