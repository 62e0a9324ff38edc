#include "app/desktop/widgets/command_consent.h"

#include <QComboBox>
#include <QDialogButtonBox>
#include <QFontDatabase>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QVBoxLayout>

#include "app/desktop/text.h"
#include "app/desktop/widgets/card.h"
#include "engine/case/command_consent.h"
#include "engine/case/log_commands.h"

namespace conclave::desktop {

namespace {

constexpr qsizetype columns = 76;

// No part of a line may be out of sight.
QString folded(const QString& line) {
  QStringList parts;
  for (qsizetype start = 0; start < line.size();) {
    qsizetype end = std::min(start + columns, line.size());
    if (end < line.size() && line.at(end).isLowSurrogate()) --end;
    parts << line.sliced(start, end - start);
    start = end;
  }
  return parts.join(QLatin1Char('\n'));
}

}  // namespace

CommandConsent::CommandConsent(CasePtr subject, QWidget* parent) : QDialog(parent), case_(std::move(subject)) {
  setWindowTitle(tr("Commands of this case"));
  resize(720, 420);
  auto* rows = new QWidget;
  auto* list = new QVBoxLayout(rows);
  for (const LogCommand& command : case_->commands) list->addWidget(row(command));
  list->addStretch();
  auto* scroll = new QScrollArea;
  scroll->setWidget(rows);
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Cancel);
  auto* consult = buttons->addButton(tr("&Consult"), QDialogButtonBox::AcceptRole);
  consult->setObjectName(QStringLiteral("command_consult"));
  consult->setDefault(false);
  consult->setAutoDefault(false);
  buttons->button(QDialogButtonBox::Cancel)->setDefault(true);
  auto* column = new QVBoxLayout(this);
  column->addWidget(
      plainLabel(tr("Logs of this case are what these commands print. A command runs as you, in %1, and can do whatever "
                    "you can: read it before you agree. What is not run is missing from the evidence, and the report "
                    "says so.")
                     .arg(qtPath(command_folder(case_->base)))));
  column->addWidget(scroll, 1);
  column->addWidget(buttons);
  connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
}

QWidget* CommandConsent::row(const LogCommand& command) {
  const QString line = qtText(command.line);
  auto* card = new Card(command.name == command.line ? QString() : qtText(command.name));
  auto* shown = new QLabel(folded(line));
  shown->setObjectName(QStringLiteral("command_line"));
  shown->setTextFormat(Qt::PlainText);
  shown->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  shown->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
  card->column()->addWidget(shown);
  const auto objection = objection_to(command, *case_, {});
  const auto last = SnapshotStore().note_on(case_->base, command.line);
  const bool has_snapshot = last && *last;
  const bool forbidden = objection && objection->rule != "consent";
  if (forbidden) card->column()->addWidget(plainLabel(qtText(objection->message), QStringLiteral("muted")));
  if (forbidden && !has_snapshot) return card;
  auto* box = new QComboBox;
  using enum CommandDecision::How;
  const auto add = [&](const QString& text, CommandDecision::How how) { box->addItem(text, static_cast<int>(how)); };
  add(tr("Do not run it"), refuse);
  if (!forbidden) {
    add(tr("Run it this time"), once);
    add(tr("Run it this time and whenever a case in this folder wants it"), always);
  }
  if (has_snapshot) {
    add(tr("Take what it printed %1 (%2)").arg(timeText((*last)->time), bytesText((*last)->result.bytes)), snapshot);
  }
  box->setAccessibleName(tr("Run %1").arg(line));
  if (!objection) box->setCurrentIndex(box->findData(static_cast<int>(always)));
  card->column()->addWidget(box, 0, Qt::AlignLeft);
  choices_.push_back({command.line, box});
  return card;
}

std::vector<CommandDecision> CommandConsent::decisions() const {
  std::vector<CommandDecision> decisions;
  for (const Choice& choice : choices_)
    decisions.push_back({choice.line, static_cast<CommandDecision::How>(choice.box->currentData().toInt())});
  return decisions;
}

}  // namespace conclave::desktop
