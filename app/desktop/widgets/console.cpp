#include "app/desktop/widgets/console.h"

#include <QAction>
#include <QFontDatabase>
#include <QHBoxLayout>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollBar>
#include <QSettings>
#include <QVBoxLayout>

#include "app/desktop/widgets/console_input.h"

namespace conclave::desktop {

namespace {
const auto history_key = QStringLiteral("console/history");
constexpr int most_lines = 10'000;
const auto first_prompt = QStringLiteral(">>>");
const auto more_prompt = QStringLiteral("...");

// As an editor would: the last line's indentation, deeper after a colon.
QString indentAfter(const QString& source) {
  const QString last = source.section(QLatin1Char('\n'), -1);
  qsizetype width = 0;
  while (width < last.size() && last[width] == QLatin1Char(' ')) ++width;
  return QString(width + (last.trimmed().endsWith(QLatin1Char(':')) ? 4 : 0), QLatin1Char(' '));
}
}  // namespace

Console::Console(Scripts& scripts, const ThemeController& theme, QWidget* parent)
    : QWidget(parent),
      scripts_(scripts),
      theme_(theme),
      output_(new QPlainTextEdit),
      prompt_(new QLabel(first_prompt)),
      input_(new ConsoleInput),
      stop_(new QPushButton(tr("Stop"))) {
  const QFont mono = QFontDatabase::systemFont(QFontDatabase::FixedFont);
  output_->setReadOnly(true);
  output_->setFont(mono);
  output_->setMaximumBlockCount(most_lines);
  output_->setAccessibleName(tr("Python output"));
  output_->setPlaceholderText(
      tr("Python. The names case, evidence and report hold what the window shows. Tab completes, Up recalls, Shift+Enter starts "
         "a new line."));
  prompt_->setFont(mono);
  prompt_->setObjectName(QStringLiteral("muted"));
  stop_->setToolTip(tr("Interrupt what Python is doing (Ctrl+C in the input)"));
  auto* line = new QHBoxLayout;
  line->setContentsMargins(6, 0, 6, 4);
  line->addWidget(prompt_, 0, Qt::AlignTop);
  line->addWidget(input_, 1);
  line->addWidget(stop_, 0, Qt::AlignTop);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(4);
  column->addWidget(output_, 1);
  column->addLayout(line);

  input_->setHistory(QSettings().value(history_key).toStringList());
  connect(input_, &ConsoleInput::submitted, this, &Console::submit);
  connect(input_, &ConsoleInput::interruptWanted, &scripts_, &Scripts::interrupt);
  connect(stop_, &QPushButton::clicked, &scripts_, &Scripts::interrupt);
  connect(input_, &ConsoleInput::completionWanted, this, [this](const QString& text) {
    const quint64 request = ++completion_;
    scripts_.complete(text, this, [this, request](const QStringList& names) {
      if (request == completion_) input_->offer(names);
    });
  });
  connect(input_, &QPlainTextEdit::textChanged, this, [this] { ++completion_; });
  connect(&scripts_, &Scripts::output, this, &Console::appendOutput);
  connect(&scripts_, &Scripts::stateChanged, this, &Console::refresh);
  auto* clearAction = new QAction(tr("Clear the console"), this);
  clearAction->setShortcut(QKeySequence(tr("Ctrl+L")));
  clearAction->setShortcutContext(Qt::WidgetWithChildrenShortcut);
  connect(clearAction, &QAction::triggered, this, &Console::clear);
  addAction(clearAction);
  refresh();
}

void Console::focusInput() { input_->setFocus(); }

QString Console::transcript() const { return output_->toPlainText(); }

void Console::clear() {
  output_->clear();
  lastOrigin_.clear();
}

void Console::refresh() {
  const bool ready = scripts_.state() == Scripts::State::ready;
  input_->setReadOnly(!ready || running_);
  stop_->setEnabled(ready && running_);
  input_->setPlaceholderText(ready                                          ? QString()
                             : scripts_.state() == Scripts::State::starting ? tr("Python is starting ...")
                                                                            : tr("Python is not available"));
}

void Console::submit(const QString& source) {
  if (running_ || scripts_.state() != Scripts::State::ready) return;
  running_ = true;
  refresh();
  const QStringList lines = source.split(QLatin1Char('\n'));
  for (; echoed_ < lines.size(); ++echoed_) {
    if (echoed_ > 0 && echoed_ + 1 == lines.size() && lines[echoed_].isEmpty()) break;  // the blank line that ends a block
    append(QStringLiteral("%1 %2\n").arg(echoed_ == 0 ? first_prompt : more_prompt, lines[echoed_]), theme_.theme().accent);
  }
  scripts_.execute(source, this, [this, source](const scripting::ConsoleReply& reply) { ended(source, reply); });
}

void Console::ended(const QString& source, const scripting::ConsoleReply& reply) {
  running_ = false;
  if (reply.state == scripting::ConsoleReply::State::incomplete) {
    prompt_->setText(more_prompt);
    input_->setPlainText(source + QLatin1Char('\n') + indentAfter(source));
    input_->moveCursor(QTextCursor::End);
  } else {
    prompt_->setText(first_prompt);
    echoed_ = 0;
    input_->remember(source);
    input_->clear();
    QSettings().setValue(history_key, input_->history());
    if (reply.state == scripting::ConsoleReply::State::exit_requested) {
      append(tr("exit() does not close the window: use Ctrl+Q.\n"), theme_.theme().muted);
    }
  }
  refresh();
  input_->setFocus();
}

void Console::append(const QString& text, const QColor& colour) {
  QScrollBar* bar = output_->verticalScrollBar();
  const bool atEnd = bar->value() >= bar->maximum() - 2;
  QTextCursor cursor(output_->document());
  cursor.movePosition(QTextCursor::End);
  QTextCharFormat format;
  format.setForeground(colour);
  cursor.insertText(text, format);
  if (atEnd) bar->setValue(bar->maximum());
}

void Console::appendOutput(const std::vector<OutputPiece>& pieces) {
  for (const auto& piece : pieces) {
    if (piece.origin != lastOrigin_ && piece.origin != QLatin1String("console") && !piece.origin.isEmpty()) {
      append(QStringLiteral("[%1]\n").arg(piece.origin), theme_.theme().muted);
    }
    lastOrigin_ = piece.origin;
    append(piece.text, piece.stream == scripting::Stream::err ? theme_.theme().bad : theme_.theme().text);
  }
}

}  // namespace conclave::desktop
