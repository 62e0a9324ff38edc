#include "app/desktop/widgets/log_pane.h"

#include <QComboBox>
#include <QFrame>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QToolButton>
#include <QToolTip>
#include <QVBoxLayout>
#include <algorithm>
#include <utility>

#include "app/desktop/models/highlight_list.h"
#include "app/desktop/text.h"
#include "app/desktop/widgets/bookmark_panel.h"
#include "app/desktop/widgets/filter_bar.h"
#include "app/desktop/widgets/log_view.h"
#include "app/desktop/widgets/minimap.h"
#include "app/desktop/widgets/notice.h"

namespace conclave::desktop {

namespace {

constexpr int least_width = 90;  // of what can be made narrow

QString shortTime(TimeUs time) { return timeText(time).section(QLatin1Char(' '), 1, 1); }

QString rangeText(const TimeRange& range) {
  const QString day = timeText(range.first).section(QLatin1Char(' '), 0, 0);
  const QString lastDay = timeText(range.second).section(QLatin1Char(' '), 0, 0);
  return day == lastDay ? QStringLiteral("%1 to %2").arg(shortTime(range.first), shortTime(range.second))
                        : QStringLiteral("%1 %2 to %3 %4").arg(day, shortTime(range.first), lastDay, shortTime(range.second));
}

}  // namespace

LogPane::LogPane(Session& session, const ThemeController& theme, LogList& logs, HighlightList& highlights, QWidget* parent)
    : QWidget(parent),
      theme_(theme),
      logs_(logs),
      highlights_(highlights),
      document_(session.jobs()),
      levels_(session.jobs()),
      marks_(session.jobs()),
      bookmarks_(session.jobs()),
      stripe_(new QFrame),
      list_(new QComboBox),
      level_(new QComboBox),
      range_(new QPushButton),
      position_(new QLabel),
      followButton_(new QToolButton),
      columnsButton_(new QToolButton),
      columnsMenu_(new QMenu(this)),
      filterButton_(new QToolButton),
      bookmarkButton_(new QToolButton),
      moreButton_(new QToolButton),
      more_(new QMenu(this)),
      notice_(new Notice(tr("Read again"))),
      moved_(new Notice),
      filterBar_(new FilterBar),
      view_(new LogView),
      minimap_(new Minimap(levels_)),
      bookmarkPanel_(new BookmarkPanel(bookmarks_)) {
  layOut();
  connectDocument();
  connectView();
  addKeys();
  applyTheme(theme.theme());
  choose(-1);
}

void LogPane::layOut() {
  stripe_->setFixedHeight(2);
  stripe_->hide();
  list_->setModel(&logs_);
  list_->setAccessibleName(tr("Log"));
  list_->setToolTip(tr("Which log is shown"));
  list_->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  level_->addItem(tr("All lines"), static_cast<int>(logs::Level::unknown));
  level_->addItem(tr("Warnings and above"), static_cast<int>(logs::Level::warning));
  level_->addItem(tr("Errors only"), static_cast<int>(logs::Level::error));
  level_->setAccessibleName(tr("Level"));
  level_->setToolTip(tr("Lines of an entry stay together: a stack trace is shown with its error"));
  range_->setObjectName(QStringLiteral("range"));
  range_->setToolTip(tr("Show all times again"));
  range_->hide();
  position_->setObjectName(QStringLiteral("muted"));
  position_->setTextFormat(Qt::PlainText);
  position_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  position_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  const auto setUp = [](QToolButton* button, const QString& name, const QString& tip) {
    button->setAccessibleName(name);
    button->setToolTip(tip);
    button->setAutoRaise(true);
    button->setFocusPolicy(Qt::TabFocus);
    button->setIconSize({18, 18});
  };
  setUp(followButton_, tr("Follow"), tr("Show lines as they are written; stay at the end unless you scroll up (Ctrl+T)"));
  followButton_->setCheckable(true);
  setUp(columnsButton_, tr("Columns"), tr("Fields of this log as columns: which ones, or lines as they are"));
  columnsButton_->setObjectName(QStringLiteral("columns"));
  columnsButton_->setText(tr("Columns"));
  columnsButton_->setPopupMode(QToolButton::InstantPopup);
  columnsButton_->setMenu(columnsMenu_);
  columnsButton_->hide();
  setUp(filterButton_, tr("Filter lines"), tr("Show or hide lines by what they say (Ctrl+Shift+F)"));
  setUp(bookmarkButton_, tr("Bookmarks"), tr("The bookmarks of this log (Ctrl+B)"));
  setUp(moreButton_, tr("More"), tr("Highlighters, split view, copying"));
  moreButton_->setPopupMode(QToolButton::InstantPopup);
  moreButton_->setMenu(more_);
  moreButton_->setStyleSheet(QStringLiteral("QToolButton::menu-indicator { image: none; }"));

  for (QWidget* each : std::initializer_list<QWidget*>{list_, level_, range_}) each->setMinimumWidth(least_width);

  auto* head = new QHBoxLayout;
  head->setContentsMargins(12, 6, 12, 6);
  head->setSpacing(8);
  for (QWidget* each : std::initializer_list<QWidget*>{list_, level_, range_}) head->addWidget(each);
  head->addWidget(position_, 1);
  for (auto* button : {columnsButton_, followButton_, filterButton_, bookmarkButton_, moreButton_}) head->addWidget(button);
  auto* lines = new QHBoxLayout;
  lines->setSpacing(0);
  lines->addWidget(view_, 1);
  lines->addWidget(minimap_);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addWidget(stripe_);
  column->addLayout(head);
  column->addWidget(filterBar_);
  column->addWidget(notice_);
  column->addWidget(moved_);
  column->addLayout(lines, 1);
  column->addWidget(bookmarkPanel_);
}

void LogPane::connectDocument() {
  connect(&document_, &LogDocument::opened, this, [this] {
    view_->setText(document_.text());
    refreshColumns();
    levels_.read({});
    marks_.read({});
    minimap_->setMatches(nullptr);
    reloadBookmarks();
    refreshPosition();
    goToWanted();
  });
  connect(&document_, &LogDocument::indexed, this, [this] {
    view_->extendText(document_.text());
    levels_.read(document_.text());
    marks_.read(document_.text());
    bookmarks_.setText(document_.text());
    refreshPosition();
    goToWanted();
    if (searchMoves_) findFirst();
    if (document_.isFollowing() && !wanted_ && !view_->currentLine()) view_->scrollToEnd();
  });
  connect(&document_, &LogDocument::grew, this, &LogPane::showMore);
  connect(&document_, &LogDocument::filtered, this, [this] {
    const bool staysAtEnd = document_.isFollowing() && view_->isAtEnd();
    view_->setShowsGaps(document_.filter().around > 0);
    view_->setShown(document_.shown());
    if (staysAtEnd) view_->scrollToEnd();
    refreshFilter();
    refreshPosition();
    goToWanted();
  });
  connect(&document_, &LogDocument::filteredSoFar, this, [this](const LineSetPtr& lines) {
    view_->setShown(lines);
    refreshPosition();
  });
  connect(&document_, &LogDocument::matched, this, [this] {
    minimap_->setMatches(document_.search() ? document_.matches() : nullptr);
    saySearch();
  });
  connect(&document_, &LogDocument::found, this, [this](quint64 line, bool wrapped) {
    if (line == 0 && !document_.text().isWhole()) return;  // asked again when the rest is indexed
    searchNote_ = line == 0 ? tr("not found") : wrapped ? tr("went on from the other end") : QString();
    if (line && searchMoves_) view_->goToLine(line);
    searchMoves_ = false;
    saySearch();
  });
  connect(&document_, &LogDocument::troubled, notice_, &Notice::say);
  connect(notice_, &Notice::acted, this, [this] {
    wanted_ = view_->currentLine() ? view_->currentLine() : view_->topLine();
    document_.open(document_.path());
  });
  connect(list_, &QComboBox::activated, this, &LogPane::choose);
  connect(level_, &QComboBox::activated, this, [this] {
    LineFilter filter = document_.filter();
    filter.least = static_cast<logs::Level>(level_->currentData().toInt());
    setFilter(filter);
  });
  connect(range_, &QPushButton::clicked, this, [this] { setRange({}); });
  connect(filterBar_, &FilterBar::edited, this, &LogPane::setFilter);
  connect(filterBar_, &FilterBar::undoRequested, &document_, &LogDocument::undoFilter);
  connect(filterBar_, &FilterBar::redoRequested, &document_, &LogDocument::redoFilter);
  connect(filterBar_, &FilterBar::closed, view_, qOverload<>(&QWidget::setFocus));
}

void LogPane::showMore() {
  const bool staysAtEnd = view_->isAtEnd();
  view_->extendText(document_.text());
  if (columnsButton_->isHidden()) refreshColumnsOfFew();
  if (staysAtEnd) view_->scrollToEnd();
  levels_.extend(document_.text());
  marks_.extend(document_.text());
  bookmarks_.extendText(document_.text());
  refreshPosition();
}

void LogPane::forget() {
  chosen_.clear();
  places_.clear();
  wanted_ = 0;
  document_.open({});
  document_.forgetFilters();
  choose(-1);
}

void LogPane::choose(int row) {
  const bool any = row >= 0;
  list_->setEnabled(any);
  level_->setEnabled(any);
  if (!any) return refreshPosition();
  list_->setCurrentIndex(row);
  const auto& entry = logs_.at(row);
  if (chosen_ != entry.path) {
    moved_->say({});
    if (view_->currentLine() && !document_.path().isEmpty()) places_[document_.path()] = view_->currentLine();
    chosen_ = entry.path;
    const auto place = places_.find(chosen_);
    wanted_ = place == places_.end() ? 0 : place->second;
    wantedFlash_ = false;
  }
  if (isVisible()) openChosen();
  Q_EMIT logChanged();
}

void LogPane::rechoose() { choose(logs_.rowOf(chosen_).value_or(logs_.rowCount() > 0 ? 0 : -1)); }

void LogPane::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  openChosen();
}

void LogPane::openChosen() {
  if (chosen_ != document_.path()) document_.open(chosen_);
}

void LogPane::goTo(const QString& source, quint64 line) {
  moved_->say({});
  if (line == 0) return;
  wantedSource_ = source;
  openChosen();
  goToLine(line);
}

void LogPane::goToLine(quint64 line) {
  wanted_ = std::max<quint64>(1, line);
  wantedFlash_ = true;
  goToWanted();
}

void LogPane::goToWanted() {
  const LogText& text = document_.text();
  if (wanted_ == 0 || !text.bytes || document_.path() != chosen_) return;
  if (wanted_ > text.lineCount() && !text.isWhole()) return;        // when it is indexed
  if (!document_.filter().isEmpty() && !document_.shown()) return;  // when it is filtered
  if (document_.shown() && !document_.shown()->contains(std::min(wanted_, text.lineCount()))) {
    return document_.setFilter({});  // comes back here
  }
  view_->goToLine(std::min(wanted_, text.lineCount()), wantedFlash_);
  compareWithCitation(std::exchange(wanted_, 0));
}

// Logs are rotated and written again, so that a report of yesterday may cite a line that is another one today.
void LogPane::compareWithCitation(quint64 line) {
  const std::string source = std::exchange(wantedSource_, {}).toStdString();
  if (!report_ || source.empty()) return;
  const auto cited = std::ranges::find_if(
      report_->excerpts, [&](const Excerpt& excerpt) { return excerpt.line == line && excerpt.source == source; });
  if (cited == report_->excerpts.end()) return;
  const auto& text = document_.text();
  if (line <= text.lineCount() && text.bytes->text(text.line(line, most_excerpt_bytes)) == cited->text) return;
  moved_->say(tr("Line %1 is not what the report cites; the log was changed or rotated. It was: %2")
                  .arg(countText(line), qtText(cited->text).simplified()));
}

void LogPane::setFilter(const LineFilter& filter) {
  document_.setFilter(filter);
  refreshFilter();
  refreshPosition();
}

void LogPane::setRange(const std::optional<TimeRange>& range) {
  LineFilter filter = document_.filter();
  filter.range = range;
  setFilter(filter);
}

void LogPane::refreshFilter() {
  const LineFilter& filter = document_.filter();
  level_->setCurrentIndex(level_->findData(static_cast<int>(filter.least)));
  range_->setVisible(filter.range.has_value());
  if (filter.range) range_->setText(tr("%1  (show all)").arg(rangeText(*filter.range)));
  filterBar_->show(filter, document_.canUndoFilter(), document_.canRedoFilter());
  Q_EMIT rangeChanged();
}

void LogPane::refreshPosition() {
  const LogText& text = document_.text();
  if (document_.isOpening()) return position_->setText(tr("opening ..."));
  if (!text.bytes) return position_->clear();
  QString words = text.isWhole() ? counted(text.lineCount(), "line", "lines") : tr("indexing ...");
  if (document_.isFiltering()) {
    words = tr("filtering ...");
  } else if (document_.shown()) {
    words = tr("%1 of %2").arg(countText(document_.shown()->count()), words);
  }
  if (view_->currentLine()) words = tr("line %1  ·  %2").arg(countText(view_->currentLine()), words);
  position_->setText(QStringLiteral("%1  ·  %2").arg(words, bytesText(text.bytes->view().size())));
}

void LogPane::setSearch(const MatcherPtr& search) {
  searchMoves_ = false;
  searchNote_.clear();
  document_.setSearch(search);
  view_->setSearch(search);
}

void LogPane::findFirst() {
  searchMoves_ = true;
  document_.findFrom(std::max<quint64>(view_->topLine(), 1) - 1, true);
}

void LogPane::findNext(bool forward) {
  searchMoves_ = true;
  document_.findFrom(view_->currentLine() ? view_->currentLine() : view_->topLine(), forward);
}

void LogPane::saySearch() {
  if (!document_.search()) return;
  QString words;
  if (const auto matches = document_.matches()) {
    const quint64 line = view_->currentLine();
    words = matches->contains(line) ? tr("%1 of %2")
                                          .arg(countText(matches->countBefore(line) + 1),
                                               counted(matches->count(), "matching line", "matching lines"))
                                    : counted(matches->count(), "matching line", "matching lines");
  } else {
    words = document_.isSearching() || !document_.text().isWhole() ? tr("counting ...") : tr("counting was stopped");
  }
  if (!searchNote_.isEmpty()) words += QStringLiteral("  ·  ") + searchNote_;
  Q_EMIT searchSaid(words, document_.matches() && document_.matches()->count() == 0);
}

void LogPane::setActive(bool isActive, bool isOneOfTwo) {
  stripe_->setVisible(isOneOfTwo);
  stripe_->setStyleSheet(
      QStringLiteral("background: %1;").arg((isActive ? theme_.theme().accent : theme_.theme().border).name()));
}

void LogPane::applyTheme(const Theme& theme) {
  view_->setTheme(theme);
  minimap_->setTheme(theme);
  filterBar_->applyTheme(theme);
  followButton_->setIcon(theme_.icon(QStringLiteral("follow")));
  filterButton_->setIcon(theme_.icon(QStringLiteral("filter")));
  bookmarkButton_->setIcon(theme_.icon(QStringLiteral("bookmark")));
  moreButton_->setIcon(theme_.icon(QStringLiteral("more")));
}

}  // namespace conclave::desktop
