// Lines of JSON or logfmt as columns: time, level, some fields, and the message.
#pragma once

#include <QString>
#include <QStringList>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/desktop/models/log_text.h"
#include "engine/logs/fields.h"
#include "engine/logs/level.h"

namespace conclave::desktop {

// Of one log. Immutable; any thread.
class LogColumns {
 public:
  struct Column {
    QString name;
    logs::FieldRole role = logs::FieldRole::other;
    int begin = 0;  // characters
    int width = 0;  // characters; of the last one as it comes
  };
  // A line, set in columns. What has no field of a column's name has blanks there.
  struct Row {
    QString text;
    int timeBegin = 0;
    int timeEnd = 0;
    logs::Level level = logs::Level::unknown;
  };

  // By some lines at the start of the log. `chosen`: names, or none for the usual ones: time, level, those that most lines have,
  // and the message. Null if most lines are not made of fields.
  [[nodiscard]] static std::shared_ptr<const LogColumns> ofLog(const LogText& text, const QStringList& chosen = {});

  [[nodiscard]] const std::vector<Column>& columns() const { return columns_; }
  [[nodiscard]] const QStringList& names() const { return names_; }  // that the log has, the most frequent first
  // Nothing for a line without fields, such as those of a stack trace.
  [[nodiscard]] std::optional<Row> row(std::string_view line) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::string> fields_;  // per column: its name in the log
  QStringList names_;
};

using LogColumnsPtr = std::shared_ptr<const LogColumns>;

// What a reader chose for a log, remembered by its path; empty: the usual ones.
[[nodiscard]] QStringList chosenColumns(const QString& path);
void chooseColumns(const QString& path, const QStringList& names);

}  // namespace conclave::desktop
