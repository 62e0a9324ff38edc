#include "app/desktop/models/log_columns.h"

#include <QCryptographicHash>
#include <QSettings>
#include <algorithm>
#include <map>

#include "app/desktop/text.h"

namespace conclave::desktop {

namespace {

constexpr quint64 sample_lines = 300;
constexpr std::size_t sample_line_bytes = 10'000;
constexpr std::size_t sample_bytes = std::size_t{1} << 20U;
constexpr int widest = 40;  // characters of a column but the last
constexpr int gap = 2;
constexpr std::size_t usual_fields = 3;  // besides time, level and message
constexpr std::size_t most_names = 60;

struct Known {
  std::string name;
  logs::FieldRole role = logs::FieldRole::other;
  quint64 lines = 0;
  int width = 0;
};

QString cell(std::string_view bytes) {
  QString text = qtText(bytes);
  for (QChar& each : text) {  // nothing may move the cursor or turn the direction of text
    const auto kind = each.category();
    const bool moves = kind == QChar::Other_Control || kind == QChar::Other_Format || kind == QChar::Separator_Line ||
                       kind == QChar::Separator_Paragraph;
    if (moves) each = QLatin1Char(' ');
  }
  return text;
}

// Fields of some lines, the most frequent first, and those of equally many in the order of the lines.
std::vector<Known> sample(const LogText& text) {
  std::vector<Known> known;
  std::map<std::string, std::size_t, std::less<>> places;
  logs::FieldReader reader;
  std::string buffer;
  for (quint64 line = 1; line <= std::min(text.lineCount(), sample_lines); ++line) {
    reader.start(text.line(line, sample_line_bytes));
    for (logs::Field field; reader.next(field);) {
      auto place = places.find(field.name);
      if (place == places.end()) {
        if (known.size() == 10 * most_names) continue;
        place = places.emplace(std::string(field.name), known.size()).first;
        known.push_back({std::string(field.name), logs::usual_role(field.name)});
      }
      Known& each = known[place->second];
      ++each.lines;
      each.width = std::max(each.width, static_cast<int>(qtText(logs::text_of(field, buffer)).size()));
    }
  }
  std::ranges::stable_sort(known, [](const Known& a, const Known& b) { return a.lines > b.lines; });
  if (known.size() > most_names) known.resize(most_names);
  return known;
}

// Time, level, what most lines have, and the message.
QStringList usualOnes(const std::vector<Known>& known, quint64 lines) {
  using logs::FieldRole;
  QStringList names;
  const auto add = [&](FieldRole role) {
    const auto found = std::ranges::find_if(known, [&](const Known& each) { return each.role == role; });
    if (found != known.end()) names << qtText(found->name);
  };
  add(FieldRole::time);
  add(FieldRole::level);
  std::size_t others = 0;
  for (const Known& each : known) {
    if (each.role != FieldRole::other || each.lines * 2 < lines || each.width > widest || others == usual_fields) continue;
    names << qtText(each.name);
    ++others;
  }
  add(FieldRole::message);
  return names;
}

QString keyOf(const QString& path) {
  const auto digest = QCryptographicHash::hash(path.toUtf8(), QCryptographicHash::Sha1).toHex();
  return QStringLiteral("logs/columns/%1").arg(QString::fromLatin1(digest));
}

}  // namespace

LogColumnsPtr LogColumns::ofLog(const LogText& text, const QStringList& chosen) {
  if (logs::structure_of_log(text.view().substr(0, sample_bytes)) == logs::Structure::text) return nullptr;
  const std::vector<Known> known = sample(text);
  const auto made = std::make_shared<LogColumns>();
  for (const Known& each : known) made->names_ << qtText(each.name);
  const QStringList names = chosen.isEmpty() ? usualOnes(known, std::min(text.lineCount(), sample_lines)) : chosen;
  int begin = 0;
  for (const QString& name : names) {
    const auto found = std::ranges::find_if(known, [&](const Known& each) { return qtText(each.name) == name; });
    const std::string field = found == known.end() ? name.toStdString() : found->name;
    const int width = std::min(widest, std::max(static_cast<int>(name.size()), found == known.end() ? 0 : found->width));
    made->columns_.push_back({name, logs::usual_role(field), begin, width});
    made->fields_.push_back(field);
    begin += width + gap;
  }
  return made;
}

std::optional<LogColumns::Row> LogColumns::row(std::string_view line) const {
  std::vector<QString> cells(columns_.size());
  logs::FieldReader reader;
  std::string buffer;
  Row row;
  bool any = false;
  reader.start(line);
  for (logs::Field field; reader.next(field); any = true) {
    if (row.level == logs::Level::unknown && logs::usual_role(field.name) == logs::FieldRole::level) {
      row.level = logs::level_of("level=" + std::string(logs::text_of(field, buffer)));
    }
    const auto found = std::ranges::find(fields_, field.name);
    if (found == fields_.end()) continue;
    QString& text = cells[static_cast<std::size_t>(found - fields_.begin())];
    if (!text.isEmpty()) text += QLatin1Char(',');  // of a list
    text += cell(logs::text_of(field, buffer));
  }
  if (!any) return std::nullopt;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = columns_[i];
    row.text += QString(column.begin - static_cast<int>(row.text.size()), QLatin1Char(' '));
    if (i + 1 < columns_.size() && cells[i].size() > column.width) cells[i] = cells[i].left(column.width - 1) + QChar(0x2026);
    row.text += cells[i];
    if (column.role == logs::FieldRole::time && row.timeEnd == 0) {
      row.timeBegin = column.begin;
      row.timeEnd = static_cast<int>(row.text.size());
    }
  }
  return row;
}

QStringList chosenColumns(const QString& path) { return QSettings().value(keyOf(path)).toStringList(); }

void chooseColumns(const QString& path, const QStringList& names) {
  QSettings settings;
  names.isEmpty() ? settings.remove(keyOf(path)) : settings.setValue(keyOf(path), names);
}

}  // namespace conclave::desktop
