// What went wrong, newest last: problems of the evidence, failures of the program.
#pragma once

#include <QAbstractTableModel>
#include <QDateTime>
#include <deque>
#include <optional>

#include "app/desktop/place.h"
#include "app/desktop/theme.h"
#include "engine/config/problem.h"

namespace conclave::desktop {

struct Message {
  config::Severity severity = config::Severity::error;
  QString text;
  QString detail;
  std::optional<Place> place = {};
  QDateTime time = QDateTime::currentDateTime();
};

// Keeps the newest 5,000. GUI thread.
class Messages : public QAbstractTableModel {
  Q_OBJECT
 public:
  explicit Messages(const ThemeController& theme, QObject* parent = nullptr);

  void add(Message message);
  void addProblems(const std::vector<config::Problem>& problems);
  void clear();
  [[nodiscard]] const Message& at(int row) const { return messages_.at(static_cast<std::size_t>(row)); }

  [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
  [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
  [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  const ThemeController& theme_;
  std::deque<Message> messages_;
};

}  // namespace conclave::desktop
