// Measures and words that the parts of the log view and its pane share. Internal to them.
#pragma once

#include <QString>

namespace conclave::desktop {

inline constexpr int mark_margin = 14;  // left of the line numbers, for bookmarks
inline constexpr int side_margin = 8;
inline constexpr int level_stripe = 3;
inline constexpr int flash_steps = 12;

// Of a log, as part of the text of an action: short, and an ampersand is one.
[[nodiscard]] inline QString menuText(QString text) {
  constexpr int most = 40;
  text = text.simplified();
  if (text.size() > most) text = text.left(most) + QChar(0x2026);
  return text.replace(QLatin1Char('&'), QLatin1String("&&"));
}

}  // namespace conclave::desktop
