#include "app/desktop/widgets/line_text.h"

#include "app/desktop/text.h"

namespace conclave::desktop {

namespace {

constexpr int tab_columns = 8;
constexpr char16_t control_pictures = 0x2400;
constexpr char16_t delete_picture = 0x2421;

bool misleads(char16_t c) {
  return (c >= 0x80 && c < 0xa0) || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
         c == 0xfeff;
}

}  // namespace

LineText lineText(std::string_view bytes) {
  LineText line;
  while (line.plainPrefix < bytes.size() && bytes[line.plainPrefix] >= ' ' && bytes[line.plainPrefix] < 0x7f) ++line.plainPrefix;
  line.text = qtText(bytes);
  if (line.plainPrefix == bytes.size()) return line;
  QString shown;
  shown.reserve(line.text.size());
  for (const QChar each : qAsConst(line.text)) {
    const char16_t c = each.unicode();
    if (c == '\t') {
      shown.append(QString(tab_columns - shown.size() % tab_columns, QLatin1Char(' ')));
    } else if (c < 0x20) {
      shown.append(QChar(static_cast<char16_t>(control_pictures + c)));
    } else if (c == 0x7f) {
      shown.append(QChar(delete_picture));
    } else {
      shown.append(misleads(c) ? QChar(QChar::ReplacementCharacter) : each);
    }
    line.isAscii = line.isAscii && shown.back().unicode() < 0x7f;
  }
  line.text = shown;
  return line;
}

}  // namespace conclave::desktop
