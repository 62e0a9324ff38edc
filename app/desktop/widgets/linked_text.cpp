#include "app/desktop/widgets/linked_text.h"

#include <QAction>
#include <QContextMenuEvent>
#include <QFontDatabase>
#include <QMenu>
#include <QMouseEvent>
#include <QRegularExpression>
#include <QScrollBar>
#include <QTextBlock>
#include <memory>
#include <utility>

#include "app/desktop/file_links.h"

namespace conclave::desktop {

namespace {

constexpr int most_lines = 10'000;
constexpr qsizetype longest_line = 4000;  // layout of one endless line would stop the window

QString withoutEscapes(const QString& text) {
  static const QRegularExpression escape(
      QStringLiteral("\\x1b(?:\\[[0-9;?]*[ -/]*[@-~]|\\][^\\x07\\x1b]*(?:\\x07|\\x1b\\\\)|[@-Z\\\\-_])"));
  return text.contains(QLatin1Char('\x1b')) ? QString(text).remove(escape) : text;
}

// Line ends where a line, of which `begun` characters are there, would get too long.
QString folded(const QString& text, qsizetype begun) {
  if (begun + text.size() <= longest_line) return text;
  QString out;
  for (qsizetype at = 0; at < text.size();) {
    const qsizetype end = text.indexOf(QLatin1Char('\n'), at);
    const qsizetype stop = end < 0 ? text.size() : end + 1;
    while (stop - at + begun > longest_line + 1) {
      const qsizetype piece = std::max<qsizetype>(longest_line - begun, 0);
      out += text.mid(at, piece) + QLatin1Char('\n');
      at += piece;
      begun = 0;
    }
    out += text.mid(at, stop - at);
    at = stop;
    begun = 0;
  }
  return out;
}

}  // namespace

LinkedText::LinkedText(QWidget* parent) : QPlainTextEdit(parent) {
  setReadOnly(true);
  setUndoRedoEnabled(false);
  setMaximumBlockCount(most_lines);
  setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
  viewport()->setMouseTracking(true);
}

QString LinkedText::lastLine() const { return document()->lastBlock().text(); }

void LinkedText::startLine() {
  if (document()->lastBlock().length() <= 1) return;
  QTextCursor cursor(document());
  cursor.movePosition(QTextCursor::End);
  cursor.insertText(QStringLiteral("\n"));
}

void LinkedText::write(const QString& raw, const QColor& colour, const QColor& linkColour) {
  QScrollBar* bar = verticalScrollBar();
  const bool atEnd = bar->value() >= bar->maximum() - 2;
  const QString text = withoutEscapes(raw);
  QTextCursor cursor(document());
  cursor.beginEditBlock();
  cursor.movePosition(QTextCursor::End);
  for (qsizetype at = 0; at < text.size();) {
    const qsizetype found = text.indexOf(QLatin1Char('\r'), at);
    const qsizetype end = found < 0 ? text.size() : found;
    const QString piece = text.mid(at, end - at);
    if (rewound_ && !piece.isEmpty()) {
      rewound_ = false;
      if (!piece.startsWith(QLatin1Char('\n'))) {
        cursor.movePosition(QTextCursor::StartOfBlock, QTextCursor::KeepAnchor);
        cursor.removeSelectedText();
      }
    }
    put(cursor, folded(piece, cursor.positionInBlock()), colour, linkColour);
    if (found >= 0) rewound_ = true;
    at = end + 1;
  }
  cursor.endEditBlock();
  if (atEnd) bar->setValue(bar->maximum());
}

void LinkedText::put(QTextCursor& cursor, const QString& text, const QColor& colour, const QColor& linkColour) {
  QTextCharFormat plain;
  plain.setForeground(colour);
  qsizetype at = 0;
  for (const auto& link : fileLinks(text)) {
    cursor.insertText(text.mid(at, link.begin - at), plain);
    QTextCharFormat format;
    format.setForeground(linkColour);
    format.setFontUnderline(true);
    format.setAnchor(true);
    format.setAnchorHref(toHref(link));
    cursor.insertText(text.mid(link.begin, link.length), format);
    at = link.begin + link.length;
  }
  if (at < text.size()) cursor.insertText(text.mid(at), plain);
}

void LinkedText::mouseMoveEvent(QMouseEvent* event) {
  const bool onLink = !anchorAt(event->pos()).isEmpty();
  viewport()->setCursor(onLink ? Qt::PointingHandCursor : Qt::IBeamCursor);
  QPlainTextEdit::mouseMoveEvent(event);
}

void LinkedText::mousePressEvent(QMouseEvent* event) {
  pressed_ = event->button() == Qt::LeftButton ? anchorAt(event->pos()) : QString();
  QPlainTextEdit::mousePressEvent(event);
}

void LinkedText::mouseReleaseEvent(QMouseEvent* event) {
  QPlainTextEdit::mouseReleaseEvent(event);
  const QString href = std::exchange(pressed_, {});
  if (!href.isEmpty() && href == anchorAt(event->pos()) && !textCursor().hasSelection()) open(href);
}

// The way to a link without a mouse: cursor into it, menu key.
void LinkedText::contextMenuEvent(QContextMenuEvent* event) {
  const std::unique_ptr<QMenu> menu(createStandardContextMenu());
  const QString href =
      event->reason() == QContextMenuEvent::Keyboard ? textCursor().charFormat().anchorHref() : anchorAt(event->pos());
  if (const FileLink link = linkFromHref(href); !link.file.isEmpty()) {
    auto* action = new QAction(tr("Open %1, line %2").arg(link.file).arg(link.line), menu.get());
    connect(action, &QAction::triggered, this, [this, href] { open(href); });
    menu->insertAction(menu->actions().value(0), action);
  }
  menu->exec(event->globalPos());
}

void LinkedText::open(const QString& href) {
  const FileLink link = linkFromHref(href);
  if (link.file.isEmpty()) return;
  if (const QString why = openInEditor(link.file, link.line); !why.isEmpty()) Q_EMIT trouble(why);
}

}  // namespace conclave::desktop
