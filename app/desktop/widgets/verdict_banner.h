// The verdict at the top of a report: word, icon and colour, why, and how sure.
#pragma once

#include <QFrame>

#include "app/desktop/theme.h"
#include "engine/case/report.h"

namespace conclave::desktop {

class VerdictBanner : public QFrame {
  Q_OBJECT
 public:
  VerdictBanner(const Report& report, const ThemeController& theme, QWidget* parent = nullptr);
};

}  // namespace conclave::desktop
