#include "app/desktop/widgets/searches.h"

#include <QAbstractItemView>
#include <QScrollArea>
#include <QTextBlock>
#include <QTextDocument>
#include <algorithm>

#include "app/desktop/widgets/card.h"

namespace conclave::desktop {

namespace {

constexpr int margin_around = 60;

QString shownText(const QModelIndex& row) {
  if (!row.isValid()) return {};
  QStringList cells;
  const int columns = row.model()->columnCount(row.parent());
  for (int column = 0; column < columns; ++column) cells << row.siblingAtColumn(column).data().toString();
  return cells.join(QLatin1Char('\t'));
}

void collect(const QAbstractItemModel& model, const QModelIndex& under, std::vector<QPersistentModelIndex>& rows) {
  for (int row = 0; row < model.rowCount(under); ++row) {
    const QModelIndex index = model.index(row, 0, under);
    rows.emplace_back(index);
    collect(model, index, rows);
  }
}

// As the label's own document has it, so that positions mean the same.
QString shownText(const QLabel& label) {
  const bool rich =
      label.textFormat() == Qt::RichText || (label.textFormat() == Qt::AutoText && Qt::mightBeRichText(label.text()));
  if (!rich) return label.text();
  QTextDocument document;
  document.setHtml(label.text());
  return document.toPlainText();
}

bool isShownOrFolded(const QWidget& widget, const QWidget& within) {
  for (const QWidget* each = &widget; each && each != &within; each = each->parentWidget()) {
    const bool folded = qobject_cast<const Fold*>(each->parentWidget()) != nullptr;
    if (each->isHidden() && !folded) return false;
  }
  return true;
}

}  // namespace

std::vector<Searchable::Match> RowSearch::matches(const LineMatcher& matcher) {
  rows_.clear();
  collect(*view_.model(), view_.rootIndex(), rows_);
  std::vector<Match> found;
  for (int piece = 0; piece < static_cast<int>(rows_.size()); ++piece) {
    if (!matcher.spans(shownText(rows_[static_cast<std::size_t>(piece)])).empty()) found.push_back({piece, 0, 0});
  }
  return found;
}

Searchable::Match RowSearch::here() const {
  const QModelIndex current = view_.currentIndex().siblingAtColumn(0);
  const auto found = std::ranges::find_if(rows_, [&](const auto& row) { return row == current; });
  return {found == rows_.end() ? 0 : static_cast<int>(found - rows_.begin()), 0, 0};
}

void RowSearch::show(const Match& match) {
  const QModelIndex row = rows_.at(static_cast<std::size_t>(match.piece));
  if (!row.isValid()) return;
  view_.setCurrentIndex(row);
  view_.scrollTo(row);
}

QWidget& RowSearch::widget() { return view_; }

std::vector<Searchable::Match> TextSearch::matches(const LineMatcher& matcher) {
  std::vector<Match> found;
  for (auto block = text_.document()->begin(); block.isValid(); block = block.next()) {
    for (const auto& [begin, length] : matcher.spans(block.text())) found.push_back({block.blockNumber(), begin, length});
  }
  return found;
}

Searchable::Match TextSearch::here() const {
  const QTextCursor cursor = text_.textCursor();
  const auto block = text_.document()->findBlock(cursor.selectionStart());
  return {block.blockNumber(), cursor.selectionStart() - block.position(), cursor.selectionEnd() - cursor.selectionStart()};
}

void TextSearch::show(const Match& match) {
  const auto block = text_.document()->findBlockByNumber(match.piece);
  QTextCursor cursor(block);
  cursor.setPosition(block.position() + match.begin);
  cursor.setPosition(block.position() + match.begin + match.length, QTextCursor::KeepAnchor);
  text_.setTextCursor(cursor);
  text_.ensureCursorVisible();
}

std::vector<Searchable::Match> LabelSearch::matches(const LineMatcher& matcher) {
  labels_.clear();
  std::vector<Match> found;
  QWidget* content = area_.widget();
  if (!content) return found;
  for (auto* label : content->findChildren<QLabel*>()) {
    if (!label->text().isEmpty() && isShownOrFolded(*label, *content)) labels_.emplace_back(label);
  }
  for (int piece = 0; piece < static_cast<int>(labels_.size()); ++piece) {
    for (const auto& [begin, length] : matcher.spans(shownText(*labels_[static_cast<std::size_t>(piece)])))
      found.push_back({piece, begin, length});
  }
  return found;
}

void LabelSearch::show(const Match& match) {
  if (static_cast<std::size_t>(at_.piece) < labels_.size()) {
    if (QLabel* before = labels_[static_cast<std::size_t>(at_.piece)]) before->setSelection(0, 0);
  }
  at_ = match;
  QLabel* label = labels_.at(static_cast<std::size_t>(match.piece));
  if (!label) return;
  for (QWidget* each = label; each != area_.widget(); each = each->parentWidget()) {
    if (auto* fold = qobject_cast<Fold*>(each)) fold->open();
  }
  label->setTextInteractionFlags(label->textInteractionFlags() | Qt::TextSelectableByMouse);
  label->setSelection(match.begin, match.length);
  // A label does not tell where in it a character is; the share of the text is near enough.
  const int length = std::max(1, static_cast<int>(shownText(*label).size()));
  const QPoint place = label->mapTo(area_.widget(), QPoint(0, label->height() * match.begin / length));
  area_.ensureVisible(place.x(), place.y(), 0, margin_around);
}

QWidget& LabelSearch::widget() { return area_; }

}  // namespace conclave::desktop
