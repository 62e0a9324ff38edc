#include "app/desktop/models/messages.h"

#include "app/desktop/text.h"

namespace conclave::desktop {

namespace {
constexpr std::size_t most_messages = 5000;
enum Column { time_column, severity_column, text_column, place_column, column_count };
}  // namespace

Messages::Messages(const ThemeController& theme, QObject* parent) : QAbstractTableModel(parent), theme_(theme) {}

void Messages::add(Message message) {
  if (messages_.size() >= most_messages) {
    beginRemoveRows({}, 0, 0);
    messages_.pop_front();
    endRemoveRows();
  }
  const int row = rowCount();
  beginInsertRows({}, row, row);
  messages_.push_back(std::move(message));
  endInsertRows();
}

void Messages::addProblems(const std::vector<config::Problem>& problems) {
  for (const auto& problem : problems) {
    Message message{problem.severity, qtText(problem.message), qtText(problem.fix)};
    if (!problem.location.file.empty()) {
      message.place =
          Place{Place::Kind::config, qtText(problem.location.file), static_cast<quint64>(std::max(0, problem.location.line))};
    }
    add(std::move(message));
  }
}

void Messages::clear() {
  beginResetModel();
  messages_.clear();
  endResetModel();
}

int Messages::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : static_cast<int>(messages_.size()); }

int Messages::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : column_count; }

QVariant Messages::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const Message& message = at(index.row());
  if (role == Qt::ForegroundRole && index.column() == severity_column) return theme_.theme().severity(message.severity);
  if (role == Qt::ToolTipRole) return message.detail.isEmpty() ? message.text : message.text + QLatin1Char('\n') + message.detail;
  if (role != Qt::DisplayRole) return {};
  switch (index.column()) {
    case time_column:
      return message.time.toString(QStringLiteral("HH:mm:ss"));
    case severity_column:
      return qtText(config::severity_name(message.severity));
    case text_column:
      return message.detail.isEmpty() ? message.text : QStringLiteral("%1: %2").arg(message.text, message.detail);
    case place_column:
      return message.place ? placeText(*message.place) : QString();
    default:
      return {};
  }
}

QVariant Messages::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
  switch (section) {
    case time_column:
      return tr("Time");
    case severity_column:
      return tr("Severity");
    case text_column:
      return tr("Message");
    case place_column:
      return tr("Place");
    default:
      return {};
  }
}

}  // namespace conclave::desktop
