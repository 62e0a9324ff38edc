#include "app/desktop/widgets/console.h"

#include <QAction>
#include <QFontDatabase>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

#include "app/desktop/widgets/console_input.h"
#include "app/desktop/widgets/linked_text.h"
#include "engine/base/folders.h"

namespace conclave::desktop {

namespace {
const auto first_prompt = QStringLiteral(">>>");
const auto more_prompt = QStringLiteral("...");
const auto own_origin = QStringLiteral("console");  // goes without saying after a command
constexpr int tip_delay_ms = 150;
constexpr qsizetype longest_prompt = 40;

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
      history_(user_state_folder() / "window_console_history.jsonl"),
      output_(new LinkedText),
      prompt_(new QLabel(first_prompt)),
      input_(new ConsoleInput),
      secret_(new QLineEdit),
      stop_(new QPushButton(tr("Stop"))),
      tip_(new QLabel(this)),
      lastOrigin_(own_origin) {
  layOut();
  connectInput();
  input_->setHistory(history_.load());
  connect(stop_, &QPushButton::clicked, &scripts_, &Scripts::interrupt);
  connect(output_, &LinkedText::trouble, this, [this](const QString& why) {
    output_->startLine();
    append(why + QLatin1Char('\n'), theme_.theme().fair);
  });
  connect(&scripts_, &Scripts::output, this, &Console::appendOutput);
  connect(&scripts_, &Scripts::stateChanged, this, &Console::refresh);
  connect(&scripts_, &Scripts::asked, this, &Console::asked);
  auto* clearAction = new QAction(tr("Clear the console"), this);
  clearAction->setShortcut(QKeySequence(tr("Ctrl+L")));
  clearAction->setShortcutContext(Qt::WidgetWithChildrenShortcut);
  connect(clearAction, &QAction::triggered, this, &Console::clear);
  addAction(clearAction);
  refresh();
}

void Console::layOut() {
  const QFont mono = QFontDatabase::systemFont(QFontDatabase::FixedFont);
  output_->setAccessibleName(tr("Python output"));
  output_->setPlaceholderText(tr(
      "Python. The names case, evidence, report and app hold what the window shows. Tab completes, Up recalls, Ctrl+R searches, "
      "Shift+Enter starts a new line."));
  prompt_->setFont(mono);
  prompt_->setTextFormat(Qt::PlainText);
  prompt_->setObjectName(QStringLiteral("muted"));
  secret_->setEchoMode(QLineEdit::Password);
  secret_->setObjectName(QStringLiteral("console_secret"));
  secret_->setAccessibleName(tr("What Python asks for, hidden"));
  secret_->hide();
  tip_->setFont(mono);
  tip_->setTextFormat(Qt::PlainText);
  tip_->setObjectName(QStringLiteral("tip"));
  tip_->setAccessibleName(tr("Call tip"));
  tip_->hide();
  stop_->setToolTip(tr("Interrupt what Python is doing (Ctrl+C in the input)"));
  auto* line = new QHBoxLayout;
  line->setContentsMargins(6, 0, 6, 4);
  line->addWidget(prompt_, 0, Qt::AlignTop);
  line->addWidget(input_, 1);
  line->addWidget(secret_, 1);
  line->addWidget(stop_, 0, Qt::AlignTop);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(4);
  column->addWidget(output_, 1);
  column->addLayout(line);
}

void Console::connectInput() {
  secret_->installEventFilter(this);
  connect(secret_, &QLineEdit::returnPressed, this, &Console::answerSecret);
  connect(input_, &ConsoleInput::submitted, this, &Console::submit);
  connect(input_, &ConsoleInput::interruptWanted, &scripts_, &Scripts::interrupt);
  connect(input_, &ConsoleInput::endOfInputWanted, this, &Console::endInput);
  connect(input_, &ConsoleInput::completionWanted, this, [this](const QString& text) {
    const quint64 request = ++completion_;
    scripts_.complete(text, this, [this, request](const QStringList& names) {
      if (request == completion_) input_->offer(names);
    });
  });
  connect(input_, &QPlainTextEdit::textChanged, this, [this] { ++completion_; });
  connect(input_, &ConsoleInput::searching, this, [this](const QString& pattern, bool found) {
    showPrompt((found ? tr("search '%1'") : tr("not found '%1'")).arg(pattern));
  });
  connect(input_, &ConsoleInput::searchEnded, this, [this] { showPrompt(); });
  connect(input_, &ConsoleInput::escaped, this, [this] { showTip({}); });
  tipTimer_.setSingleShot(true);
  tipTimer_.setInterval(tip_delay_ms);
  connect(&tipTimer_, &QTimer::timeout, this, &Console::wantTip);
  connect(input_, &QPlainTextEdit::cursorPositionChanged, &tipTimer_, qOverload<>(&QTimer::start));
}

void Console::focusInput() { input_->setFocus(); }

QString Console::transcript() const { return output_->toPlainText(); }

void Console::clear() {
  output_->clear();
  lastOrigin_ = own_origin;
}

void Console::refresh() {
  const bool ready = scripts_.state() == Scripts::State::ready;
  if (!ready) mode_ = Mode::idle;
  input_->setReadOnly(!ready || mode_ == Mode::running);
  input_->setVisible(mode_ != Mode::secret);
  secret_->setVisible(mode_ == Mode::secret);
  secret_->clear();
  stop_->setEnabled(ready && mode_ != Mode::idle);
  input_->setPlaceholderText(mode_ == Mode::asking ? tr("Python asks. Enter answers, Ctrl+D ends the input, Ctrl+C interrupts.")
                             : ready               ? QString()
                             : scripts_.state() == Scripts::State::starting ? tr("Python is starting ...")
                                                                            : tr("Python is not available"));
  if (mode_ != Mode::idle) showTip({});
  showPrompt();
}

void Console::showPrompt(const QString& text) {
  const QString question = output_->lastLine().trimmed();
  prompt_->setText(!text.isEmpty()                    ? text
                   : mode_ < Mode::asking             ? (more_ ? more_prompt : first_prompt)
                   : question.isEmpty()               ? QStringLiteral("?")
                   : question.size() > longest_prompt ? QStringLiteral("... ") + question.right(longest_prompt)
                                                      : question);
}

void Console::submit(const QString& source) {
  if (mode_ == Mode::asking) return answer(source);
  if (mode_ == Mode::running || scripts_.state() != Scripts::State::ready) return;
  mode_ = Mode::running;
  lastOrigin_ = own_origin;
  refresh();
  const QStringList lines = source.split(QLatin1Char('\n'));
  for (; echoed_ < lines.size(); ++echoed_) {
    if (echoed_ > 0 && echoed_ + 1 == lines.size() && lines[echoed_].isEmpty()) break;  // the blank line that ends a block
    output_->startLine();
    append(QStringLiteral("%1 %2\n").arg(echoed_ == 0 ? first_prompt : more_prompt, lines[echoed_]), theme_.theme().accent);
  }
  scripts_.execute(source, this, [this, source](const scripting::ConsoleReply& reply) { ended(source, reply); });
}

void Console::ended(const QString& source, const scripting::ConsoleReply& reply) {
  mode_ = Mode::idle;
  input_->setAnswers(false);
  more_ = reply.state == scripting::ConsoleReply::State::incomplete;
  if (more_) {
    input_->setPlainText(source + QLatin1Char('\n') + indentAfter(source));
    input_->moveCursor(QTextCursor::End);
  } else {
    echoed_ = 0;
    input_->remember(source);
    input_->clear();
    if (!history_.add(source)) append(tr("The history could not be written.\n"), theme_.theme().muted);
    if (reply.state == scripting::ConsoleReply::State::exit_requested) {
      append(tr("exit() does not close the window: use Ctrl+Q.\n"), theme_.theme().muted);
    }
  }
  refresh();
  input_->setFocus();
}

void Console::asked(scripting::Asks what) {
  if (mode_ == Mode::idle) return;
  mode_ = what == scripting::Asks::line ? Mode::asking : what == scripting::Asks::secret ? Mode::secret : Mode::running;
  input_->setAnswers(mode_ == Mode::asking);
  input_->clear();  // of the command that asks
  refresh();
  if (mode_ == Mode::asking) input_->setFocus();
  if (mode_ == Mode::secret) secret_->setFocus();
}

void Console::answer(const QString& text) {
  const qsizetype end = text.indexOf(QLatin1Char('\n'));  // of several lines the rest stays for the next question
  const QString line = text.left(end < 0 ? text.size() : end);
  append(line + QLatin1Char('\n'), theme_.theme().accent);
  mode_ = Mode::running;
  input_->setPlainText(text.mid(line.size() + 1));
  refresh();
  scripts_.answer(line);
}

// Neither shown nor remembered.
void Console::answerSecret() {
  const QString line = secret_->text();
  append(QStringLiteral("\n"), theme_.theme().accent);
  mode_ = Mode::running;
  refresh();
  input_->setFocus();
  scripts_.answer(line);
}

bool Console::eventFilter(QObject* watched, QEvent* event) {
  if (watched == secret_ && event->type() == QEvent::KeyPress) {
    const auto* key = static_cast<QKeyEvent*>(event);
    if (key->modifiers() == Qt::ControlModifier && key->key() == Qt::Key_C) return scripts_.interrupt(), true;
    if (key->modifiers() == Qt::ControlModifier && key->key() == Qt::Key_D) return endInput(), true;
  }
  return QWidget::eventFilter(watched, event);
}

void Console::endInput() {
  append(QStringLiteral("\n"), theme_.theme().accent);
  mode_ = Mode::running;
  refresh();
  scripts_.answer(std::nullopt);
}

void Console::wantTip() {
  const QString before = input_->textBeforeCursor();
  const quint64 request = ++tipRequest_;
  if (mode_ != Mode::idle || !before.contains(QLatin1Char('('))) return showTip({});
  scripts_.callTip(before, this, [this, request](const QString& tip) {
    if (request == tipRequest_) showTip(tip);
  });
}

void Console::showTip(const QString& tip) {
  tip_->setText(tip);
  tip_->setVisible(!tip.isEmpty());
  if (tip.isEmpty()) return;
  tip_->setWordWrap(false);
  const int most = width() - 12;
  tip_->setWordWrap(tip_->sizeHint().width() > most);
  const int wide = std::min(most, tip_->sizeHint().width());
  const int high = tip_->wordWrap() ? tip_->heightForWidth(wide) : tip_->sizeHint().height();
  tip_->setGeometry(6, std::max(0, input_->y() - high - 2), wide, high);
  tip_->raise();
}

void Console::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  showTip({});
}

void Console::append(const QString& text, const QColor& colour) { output_->write(text, colour, theme_.theme().accent); }

QColor Console::colourOf(const QString& origin) const {
  const Theme& theme = theme_.theme();
  if (origin.startsWith(QLatin1String("expert "))) return theme.good;
  if (origin.startsWith(QLatin1String("hook "))) return theme.fair;
  return origin == QLatin1String("conclave") ? theme.bad : theme.muted;
}

void Console::appendOutput(const std::vector<OutputPiece>& pieces) {
  const Theme& theme = theme_.theme();
  for (const auto& piece : pieces) {
    if (piece.remark) {
      output_->startLine();
      append(piece.text, theme.fair);
      continue;
    }
    const QString origin = piece.origin.isEmpty() ? own_origin : piece.origin;
    if (origin != lastOrigin_) {
      output_->startLine();
      append(QStringLiteral("[%1]\n").arg(origin), colourOf(origin));
      lastOrigin_ = origin;
    }
    append(piece.text, piece.stream == scripting::Stream::err ? theme.bad : theme.text);
  }
}

}  // namespace conclave::desktop
