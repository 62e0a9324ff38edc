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

void ConsoleInput::setAnswers(bool answers) {
  answers_ = answers;
  endSearch();
}

void ConsoleInput::beginSearch() {
  searching_ = true;
  pattern_.clear();
  found_ = history_.size();
  draft_ = toPlainText();
  Q_EMIT searching(pattern_, true);
}

// Shows the newest entry that holds the pattern, no newer than `newest`.
void ConsoleInput::search(qsizetype newest) {
  for (qsizetype at = std::min(newest, history_.size() - 1); at >= 0 && !pattern_.isEmpty(); --at) {
    const qsizetype place = history_[at].indexOf(pattern_, 0, Qt::CaseInsensitive);
    if (place < 0) continue;
    found_ = at;
    setPlainText(history_[at]);
    QTextCursor cursor = textCursor();
    cursor.setPosition(static_cast<int>(place));
    cursor.setPosition(static_cast<int>(place + pattern_.size()), QTextCursor::KeepAnchor);
    setTextCursor(cursor);
    return Q_EMIT searching(pattern_, true);
  }
  Q_EMIT searching(pattern_, pattern_.isEmpty());
}

void ConsoleInput::endSearch() {
  if (!searching_) return;
  searching_ = false;
  position_ = history_.size();
  moveCursor(QTextCursor::End);
  Q_EMIT searchEnded();
}

// True if the key was the search's. Others end it, with what was found to be edited.
bool ConsoleInput::handleSearch(QKeyEvent* event) {
  const bool control = event->modifiers() & Qt::ControlModifier;
  if (control && event->key() == Qt::Key_R) return search(found_ - 1), true;
  if (event->key() == Qt::Key_Control || event->key() == Qt::Key_Shift) return true;
  if (event->key() == Qt::Key_Backspace) {
    pattern_.chop(1);
    return search(history_.size()), true;
  }
  if (event->key() == Qt::Key_Escape || (control && (event->key() == Qt::Key_G || event->key() == Qt::Key_C))) {
    setPlainText(draft_);
    return endSearch(), true;
  }
  const QString typed = event->text();
  if (!control && !typed.isEmpty() && typed.front().isPrint()) {
    pattern_ += typed;
    return search(found_), true;
  }
  endSearch();
  return false;
}

bool ConsoleInput::handleEditing(QKeyEvent* event) {
  const bool shift = event->modifiers() & Qt::ShiftModifier;
  if (event->modifiers() & Qt::ControlModifier) {
    if (event->key() == Qt::Key_R && !isReadOnly() && !answers_) return beginSearch(), true;
    if (event->key() == Qt::Key_D && answers_ && toPlainText().isEmpty()) {
      Q_EMIT endOfInputWanted();
      return true;
    }
  }
  switch (event->key()) {
    case Qt::Key_Return:
    case Qt::Key_Enter:
      if (shift) {
        insertPlainText(QStringLiteral("\n"));
      } else {
        Q_EMIT submitted(toPlainText());
      }
      return true;
    case Qt::Key_Escape:
      Q_EMIT escaped();
      return false;
    case Qt::Key_Tab: {
      if (answers_) return false;
      const QString before = textBeforeCursor();
      if (before.isEmpty() || before.back().isSpace()) {
        insertPlainText(QString(indent_width, QLatin1Char(' ')));
      } else {
        Q_EMIT completionWanted(before);
      }
      return true;
    }
    case Qt::Key_Up:
      if (answers_ || isReadOnly() || textCursor().blockNumber() > 0) return false;
      walk(-1);
      return true;
    case Qt::Key_Down:
      if (answers_ || isReadOnly() || textCursor().blockNumber() + 1 < document()->blockCount()) return false;
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

bool ConsoleInput::event(QEvent* event) {
  if (event->type() == QEvent::ShortcutOverride) {
    const auto* key = static_cast<QKeyEvent*>(event);
    const bool control = key->modifiers() & Qt::ControlModifier;
    const bool ofSearch = searching_ && (key->key() == Qt::Key_Escape || (control && key->key() == Qt::Key_G));
    if (ofSearch || (control && (key->key() == Qt::Key_R || (answers_ && key->key() == Qt::Key_D)))) {
      event->accept();
      return true;
    }
  }
  return QPlainTextEdit::event(event);
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
  if (searching_ && handleSearch(event)) return event->accept();
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
