#include "app/desktop/widgets/running_panel.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <algorithm>
#include <set>

#include "app/desktop/text.h"
#include "app/desktop/widgets/stack_dialog.h"

namespace conclave::desktop {

namespace {

using scripting::RunningScript;
using scripting::StopHow;
using State = RunningScript::State;

constexpr int look_interval_ms = 500;

QString stateText(const RunningScript& script) {
  const QString time = secondsText(script.seconds);
  switch (script.state) {
    case State::waiting:
      return RunningPanel::tr("waits for its turn");
    case State::running:
      return RunningPanel::tr("runs, %1").arg(time);
    case State::awaiting:
      return RunningPanel::tr("awaits something, %1").arg(time);
    case State::asked:
      return RunningPanel::tr("was asked to stop, %1").arg(time);
    case State::interrupted:
      return RunningPanel::tr("was interrupted, %1").arg(time);
    case State::given_up:
      return RunningPanel::tr("ignores interruption, %1; its answer is dropped").arg(time);
  }
  return {};
}

QString rungText(std::optional<StopHow> rung) {
  if (!rung) return RunningPanel::tr("Given up");
  return *rung == StopHow::ask         ? RunningPanel::tr("Stop")
         : *rung == StopHow::interrupt ? RunningPanel::tr("Interrupt")
                                       : RunningPanel::tr("Kill");
}

QString rungHelp(std::optional<StopHow> rung) {
  if (!rung)
    return RunningPanel::tr(
        "It runs in this process, where nothing can be killed: what it answers is dropped, and it ends with Conclave.");
  return *rung == StopHow::ask         ? RunningPanel::tr("Asks it to stop (job.cancelled()); a moment later it is interrupted")
         : *rung == StopHow::interrupt ? RunningPanel::tr("Raises an exception in it, also out of sleep and locks")
                                       : RunningPanel::tr("Ends its process");
}

}  // namespace

std::optional<StopHow> nextRung(const RunningScript& script) {
  switch (script.state) {
    case State::waiting:
    case State::running:
    case State::awaiting:
      return script.who == "console" ? StopHow::interrupt : StopHow::ask;
    case State::asked:
      return script.in_worker ? StopHow::kill : StopHow::interrupt;  // a worker interrupts itself in a moment
    case State::interrupted:
    case State::given_up:
      return script.in_worker ? std::optional(StopHow::kill) : std::nullopt;
  }
  return std::nullopt;
}

RunningPanel::RunningPanel(Scripts& scripts, const ThemeController& theme, QWidget* parent)
    : QWidget(parent), scripts_(scripts), theme_(theme), rows_(*this, tr("No script runs."), tr("Scripts that run")) {
  timer_.setInterval(look_interval_ms);
  connect(&timer_, &QTimer::timeout, &scripts_, &Scripts::lookAtRunning);
  connect(&scripts_, &Scripts::running, this, &RunningPanel::showScripts);
}

void RunningPanel::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  timer_.start();
  scripts_.lookAtRunning();
}

void RunningPanel::hideEvent(QHideEvent* event) {
  QWidget::hideEvent(event);
  timer_.stop();
}

RunningPanel::Row RunningPanel::fillRow(QHBoxLayout* line, const RunningScript& script) {
  Row row{nullptr, new QLabel, new QPushButton(tr("Stack")), new QPushButton, script};
  const QString who = qtText(script.who);
  row.text->setTextFormat(Qt::PlainText);
  row.stack->setToolTip(tr("What it is doing now, line by line"));
  row.stack->setAccessibleName(tr("Stack of %1").arg(who));
  line->addWidget(row.text, 1);
  line->addWidget(row.stack);
  line->addWidget(row.stop);
  connect(row.stack, &QPushButton::clicked, this, [this, id = script.id] { openStack(rows_.at(id).script); });
  connect(row.stop, &QPushButton::clicked, this, [this, id = script.id] { climb(id); });
  return row;
}

void RunningPanel::showScripts(const std::vector<RunningScript>& scripts) {
  std::set<std::uint64_t> seen;
  for (const auto& script : scripts) {
    seen.insert(script.id);
    Row* known = rows_.find(script.id);
    Row& row = known ? *known : rows_.add(script.id, [&](QHBoxLayout* line) { return fillRow(line, script); });
    row.script = script;
    const QString place = script.in_worker ? tr("in a process of its own") : tr("in Conclave");
    row.text->setText(QStringLiteral("%1  ·  %2  ·  %3").arg(qtText(script.who), place, stateText(script)));
    const auto rung = nextRung(script);
    row.stop->setText(rungText(rung));
    row.stop->setToolTip(rungHelp(rung));
    row.stop->setAccessibleName(QStringLiteral("%1 %2").arg(rungText(rung), qtText(script.who)));
    row.stop->setEnabled(rung.has_value());
  }
  rows_.keep(seen);
  if (!std::exchange(stackWanted_, false)) return;
  const auto busy = std::find_if(scripts.begin(), scripts.end(),
                                 [](const RunningScript& script) { return !script.in_worker && script.state != State::waiting; });
  if (busy != scripts.end()) openStack(*busy);
}

void RunningPanel::climb(std::uint64_t id) {
  const Row* row = rows_.find(id);
  if (!row) return;
  if (const auto rung = nextRung(row->script)) scripts_.stop(id, *rung);
}

void RunningPanel::showStackOfBusy() {
  stackWanted_ = true;
  scripts_.lookAtRunning();
}

void RunningPanel::openStack(const RunningScript& script) {
  auto* dialog = new StackDialog(scripts_, theme_, script, window());
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->open();
}

}  // namespace conclave::desktop
