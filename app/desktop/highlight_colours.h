// The colours of highlighters, in both themes.
#pragma once

#include <QColor>
#include <QString>

#include "app/desktop/theme.h"

namespace conclave::desktop {

inline constexpr int highlight_colours = 8;

// A background on which the theme's text has a contrast of at least 4.5 : 1 (tested). By number and not by value, so that what
// was chosen in one theme can be read in the other.
[[nodiscard]] QColor highlightColour(const Theme& theme, int colour);
[[nodiscard]] QString highlightName(int colour);

}  // namespace conclave::desktop
