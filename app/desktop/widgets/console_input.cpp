#include "app/desktop/widgets/console_input.h"

#include <QAbstractItemView>
#include <QCompleter>
#include <QFontDatabase>
#include <QMimeData>
#include <QRegularExpression>
#include <QStringListModel>
#include <QTextBlock>
#include <QUrl>

namespace conclave::desktop {

namespace {
constexpr int most_history = 1000;
constexpr int most_visible_lines = 8;
constexpr int indent_width = 4;
}  // namespace

QString pythonString(const QString& text) {
  QString out;
  for (const char32_t point : text.toUcs4()) {
    if (point == U'\\' || point == U'\'') {
      out += QLatin1Char('\\');
      out += QChar(static_cast<ushort>(point));
    } else if (point == U'\n') {
      out += QStringLiteral("\\n");
    } else if (point < 0x20 || point == 0x7f || (point >= 0xd800 && point <= 0xdfff)) {
      out += QStringLiteral("\\u%1").arg(static_cast<uint>(point), 4, 16, QLatin1Char('0'));
    } else {
      out += QString::fromUcs4(&point, 1);
    }
  }
  return QLatin1Char('\'') + out + QLatin1Char('\'');
}

ConsoleInput::ConsoleInput(QWidget* parent)
    : QPlainTextEdit(parent), names_(new QStringListModel(this)), completer_(new QCompleter(names_, this)) {
  setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
  setTabChangesFocus(false);
  setLineWrapMode(QPlainTextEdit::WidgetWidth);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  setAccessibleName(tr("Python input"));
  completer_->setWidget(this);
  completer_->setCompletionMode(QCompleter::UnfilteredPopupCompletion);
  connect(completer_, qOverload<const QString&>(&QCompleter::activated), this, &ConsoleInput::insertName);
  connect(this, &QPlainTextEdit::textChanged, this, [this] { updateGeometry(); });
}

QSize ConsoleInput::sizeHint() const {
  const int lines = std::clamp(document()->blockCount(), 1, most_visible_lines);
  const int margins = 2 * (frameWidth() + static_cast<int>(document()->documentMargin())) + 4;
  return {200, lines * fontMetrics().lineSpacing() + margins};
}

void ConsoleInput::setHistory(QStringList history) {
  history_ = std::move(history);
  position_ = history_.size();
}

void ConsoleInput::remember(const QString& source) {
  if (!source.trimmed().isEmpty() && (history_.isEmpty() || history_.back() != source)) history_ << source;
  while (history_.size() > most_history) history_.removeFirst();
  position_ = history_.size();
  draft_.clear();
}

void ConsoleInput::walk(int step) {
  const qsizetype wanted = position_ + step;
  if (wanted < 0 || wanted > history_.size()) return;
  if (position_ == history_.size()) draft_ = toPlainText();
  position_ = wanted;
  setPlainText(wanted == history_.size() ? draft_ : history_[wanted]);
  moveCursor(QTextCursor::End);
}

QString ConsoleInput::textBeforeCursor() const { return toPlainText().left(textCursor().position()); }

QString ConsoleInput::nameBeforeCursor() const {
  static const QRegularExpression dotted(QStringLiteral("[\\w.]*$"), QRegularExpression::UseUnicodePropertiesOption);
  return dotted.match(textBeforeCursor()).captured();
}

void ConsoleInput::insertName(const QString& name) {
  const QString typed = nameBeforeCursor();
  QTextCursor cursor = textCursor();
  cursor.movePosition(QTextCursor::Left, QTextCursor::KeepAnchor, static_cast<int>(typed.size()));
  cursor.insertText(name);
  setTextCursor(cursor);
}

void ConsoleInput::offer(const QStringList& names) {
  const QString typed = nameBeforeCursor();
  QStringList fitting;
  for (const auto& name : names) {
    if (name.startsWith(typed)) fitting << name;
  }
  if (fitting.isEmpty()) return completer_->popup()->hide();
  if (fitting.size() == 1) return insertName(fitting.front());
  names_->setStringList(fitting);
  QRect box = cursorRect();
  box.setWidth(std::max(240, completer_->popup()->sizeHintForColumn(0) + 40));
  completer_->complete(box);
}

bool ConsoleInput::handleEditing(QKeyEvent* event) {
  const bool shift = event->modifiers() & Qt::ShiftModifier;
  switch (event->key()) {
    case Qt::Key_Return:
    case Qt::Key_Enter:
      if (shift) {
        insertPlainText(QStringLiteral("\n"));
      } else {
        Q_EMIT submitted(toPlainText());
      }
      return true;
    case Qt::Key_Tab: {
      const QString before = textBeforeCursor();
      if (before.isEmpty() || before.back().isSpace()) {
        insertPlainText(QString(indent_width, QLatin1Char(' ')));
      } else {
        Q_EMIT completionWanted(before);
      }
      return true;
    }
    case Qt::Key_Up:
      if (textCursor().blockNumber() > 0) return false;
      walk(-1);
      return true;
    case Qt::Key_Down:
      if (textCursor().blockNumber() + 1 < document()->blockCount()) return false;
      walk(1);
      return true;
    case Qt::Key_C:
      if (!(event->modifiers() & Qt::ControlModifier) || textCursor().hasSelection()) return false;
      Q_EMIT interruptWanted();
      return true;
    default:
      return false;
  }
}

void ConsoleInput::keyPressEvent(QKeyEvent* event) {
  if (completer_->popup()->isVisible()) {
    switch (event->key()) {
      case Qt::Key_Enter:
      case Qt::Key_Return:
      case Qt::Key_Escape:
      case Qt::Key_Tab:
      case Qt::Key_Backtab:
        return event->ignore();  // the popup's
      default:
        completer_->popup()->hide();
    }
  }
  if (handleEditing(event)) return event->accept();
  QPlainTextEdit::keyPressEvent(event);
}

bool ConsoleInput::canInsertFromMimeData(const QMimeData* source) const {
  return source->hasUrls() || QPlainTextEdit::canInsertFromMimeData(source);
}

void ConsoleInput::insertFromMimeData(const QMimeData* source) {
  QStringList paths;
  for (const auto& url : source->urls()) {
    if (url.isLocalFile()) paths << pythonString(url.toLocalFile());
  }
  if (paths.isEmpty()) return QPlainTextEdit::insertFromMimeData(source);
  insertPlainText(paths.join(QStringLiteral(", ")));
}

}  // namespace conclave::desktop
