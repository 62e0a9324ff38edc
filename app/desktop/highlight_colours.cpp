#include "app/desktop/highlight_colours.h"

#include <QObject>
#include <array>

namespace conclave::desktop {

namespace {
// Hue in degrees; those that look alike for people with a red-green weakness are far apart in the order in which they are given
// out.
constexpr std::array<int, highlight_colours> hues = {52, 215, 130, 330, 25, 180, 275, 0};
}  // namespace

QColor highlightColour(const Theme& theme, int colour) {
  const int hue = hues.at(static_cast<std::size_t>(colour) % hues.size());
  return theme.tint(QColor::fromHsv(hue, theme.dark ? 200 : 235, theme.dark ? 235 : 240), theme.dark ? 0.36 : 0.34);
}

QString highlightName(int colour) {
  static const std::array<QString, highlight_colours> names = {QObject::tr("Yellow"), QObject::tr("Blue"),   QObject::tr("Green"),
                                                               QObject::tr("Pink"),   QObject::tr("Orange"), QObject::tr("Teal"),
                                                               QObject::tr("Violet"), QObject::tr("Red")};
  return names.at(static_cast<std::size_t>(colour) % names.size());
}

}  // namespace conclave::desktop
