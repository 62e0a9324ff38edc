#include "app/desktop/models/evidence_tree.h"

#include <QFileInfo>
#include <set>

#include "app/desktop/text.h"

namespace conclave::desktop {

namespace {

constexpr int place_role = Qt::UserRole + 1;

std::int64_t at(std::span<const std::int64_t> column, std::size_t row) { return row < column.size() ? column[row] : 0; }

std::optional<Place> placeOfProblem(const config::Problem& problem, const Evidence* evidence) {
  if (problem.location.file.empty()) return {};
  const auto line = static_cast<quint64>(std::max(0, problem.location.line));
  if (evidence) {
    for (std::size_t row = 0; row < evidence->rows("logs.path"); ++row) {
      const auto path = evidence->text("logs.path", row);
      const bool printed = !evidence->text("logs.command", row).empty();
      if (problem.location.file == (printed ? evidence->text("logs.name", row) : path))
        return Place{Place::Kind::log, qtText(path), line};
    }
  }
  return Place{Place::Kind::config, qtText(problem.location.file), line};
}

}  // namespace

EvidenceTree::EvidenceTree(const ThemeController& theme, QObject* parent) : QStandardItemModel(parent), theme_(theme) {
  setColumnCount(2);
  connect(&theme, &ThemeController::changed, this, &EvidenceTree::rebuild);
}

void EvidenceTree::show(const CasePtr& subject, const GatheredPtr& gathered) {
  case_ = subject;
  gathered_ = gathered;
  rebuild();
}

std::optional<Place> EvidenceTree::placeAt(const QModelIndex& index) const {
  const QVariant place = index.siblingAtColumn(0).data(place_role);
  return place.canConvert<Place>() ? std::optional(place.value<Place>()) : std::nullopt;
}

QStandardItem* EvidenceTree::section(const QString& title, const QString& icon, std::size_t count) {
  auto* head = new QStandardItem(theme_.icon(icon), title);
  auto* number = new QStandardItem(count ? countText(count) : QString());
  QFont font = head->font();
  font.setBold(true);
  head->setFont(font);
  for (auto* item : {head, number}) item->setEditable(false);
  number->setForeground(theme_.theme().muted);
  number->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
  appendRow({head, number});
  return head;
}

void EvidenceTree::add(QStandardItem* section, const QString& name, const QString& detail, const QString& tip,
                       const QColor& colour, const std::optional<Place>& place) {
  auto* item = new QStandardItem(name);
  auto* right = new QStandardItem(detail);
  for (auto* each : {item, right}) {
    each->setEditable(false);
    each->setToolTip(tip);
  }
  right->setForeground(colour);
  right->setTextAlignment(Qt::AlignRight | Qt::AlignVCenter);
  if (place) item->setData(QVariant::fromValue(*place), place_role);
  section->appendRow({item, right});
}

void EvidenceTree::addLogs(const Evidence& evidence) {
  const std::size_t rows = evidence.rows("logs.path");
  QStandardItem* head = section(tr("Logs"), QStringLiteral("logs"), rows);
  const auto lines = evidence.integers("logs.lines");
  const auto bytes = evidence.integers("logs.bytes");
  const auto errors = evidence.integers("logs.level_5");
  const auto fatals = evidence.integers("logs.level_6");
  const auto unreadable = evidence.bytes("logs.unreadable");
  for (std::size_t row = 0; row < rows; ++row) {
    const QString path = qtText(evidence.text("logs.path", row));
    const bool lost = row < unreadable.size() && unreadable[row];
    const auto bad = static_cast<quint64>(at(errors, row)) + static_cast<quint64>(at(fatals, row));
    const QString detail = lost  ? tr("unreadable")
                           : bad ? counted(bad, "error", "errors")
                                 : counted(static_cast<quint64>(at(lines, row)), "line", "lines");
    const QString command = qtText(evidence.text("logs.command", row));
    const QString name = command.isEmpty() ? QFileInfo(path).fileName() : qtText(evidence.text("logs.name", row));
    const QString tip =
        tr("%1\n%2 lines, %3, %4 lines of level error or fatal")
            .arg(command.isEmpty() ? path : command, countText(at(lines, row)), bytesText(at(bytes, row)), countText(bad));
    add(head, name, detail, tip, lost || bad ? theme_.theme().bad : theme_.theme().muted, Place{Place::Kind::log, path});
  }
}

void EvidenceTree::addServices(const Evidence& evidence) {
  const std::size_t rows = evidence.rows("services.name");
  QStandardItem* head = section(tr("Services"), QStringLiteral("services"), rows);
  const auto ports = evidence.integers("services.port");
  for (std::size_t row = 0; row < rows; ++row) {
    const QString name = qtText(evidence.text("services.name", row));
    const auto state_name = evidence.text("services.state", row);
    const auto state = scan::state_from_name(state_name);
    const auto expect = scan::state_from_name(evidence.text("services.expect", row));
    const QString tip = QStringLiteral("%1:%2\n%3")
                            .arg(qtText(evidence.text("services.host", row)))
                            .arg(at(ports, row))
                            .arg(qtText(evidence.text("services.detail", row)));
    add(head, name, qtText(state_name), tip,
        state ? theme_.theme().state(*state, expect.value_or(scan::State::open)) : theme_.theme().muted,
        Place{Place::Kind::service, name});
  }
}

void EvidenceTree::addConfig(const Evidence& evidence) {
  std::set<std::string_view> files;
  for (std::size_t row = 0; row < evidence.rows("config.file"); ++row) files.insert(evidence.text("config.file", row));
  QStandardItem* head = section(tr("Configuration"), QStringLiteral("config"), files.size());
  for (const auto file : files) {
    const QString path = qtText(file);
    std::size_t wrong = 0;
    for (const auto& problem : gathered_->problems) wrong += problem.location.file == file ? 1 : 0;
    add(head, QFileInfo(path).fileName(), wrong ? counted(wrong, "problem", "problems") : tr("fine"), path,
        wrong ? theme_.theme().fair : theme_.theme().good, Place{Place::Kind::config, path});
  }
}

void EvidenceTree::addProblems(const std::vector<config::Problem>& problems) {
  if (problems.empty()) return;
  QStandardItem* head = section(tr("Problems"), QStringLiteral("problem"), problems.size());
  for (const auto& problem : problems) {
    add(head, qtText(problem.message), qtText(config::severity_name(problem.severity)), qtText(config::to_text(problem)),
        theme_.theme().severity(problem.severity), placeOfProblem(problem, gathered_->evidence.get()));
  }
}

void EvidenceTree::addNamed(const Case& subject) {
  QStandardItem* logs = section(tr("Logs"), QStringLiteral("logs"), subject.logs.size() + subject.commands.size());
  for (const auto& pattern : subject.logs) add(logs, qtText(pattern), {}, qtText(pattern), theme_.theme().muted, {});
  for (const auto& command : subject.commands)
    add(logs, qtText(command.name), tr("not run yet"), qtText(command.line), theme_.theme().muted, {});
  QStandardItem* services = section(tr("Services"), QStringLiteral("services"), subject.services.size());
  for (const auto& target : subject.services) {
    add(services, qtText(target.name), tr("not asked yet"), QStringLiteral("%1:%2").arg(qtText(target.host)).arg(target.port),
        theme_.theme().muted, {});
  }
  QStandardItem* config = section(tr("Configuration"), QStringLiteral("config"), subject.config.empty() ? 0 : 1);
  if (!subject.config.empty()) add(config, qtText(subject.config), {}, qtText(subject.config), theme_.theme().muted, {});
}

void EvidenceTree::rebuild() {
  removeRows(0, rowCount());
  if (gathered_ && gathered_->evidence) {
    addLogs(*gathered_->evidence);
    addServices(*gathered_->evidence);
    addConfig(*gathered_->evidence);
    addProblems(gathered_->problems);
  } else if (case_) {
    addNamed(*case_);
  }
  Q_EMIT rebuilt();
}

}  // namespace conclave::desktop
