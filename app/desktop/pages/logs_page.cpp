#include "app/desktop/pages/logs_page.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QToolTip>
#include <QVBoxLayout>
#include <algorithm>
#include <utility>

#include "app/desktop/text.h"
#include "app/desktop/widgets/find_bar.h"
#include "app/desktop/widgets/log_view.h"
#include "app/desktop/widgets/notice.h"
#include "app/desktop/widgets/time_histogram.h"
#include "engine/base/text.h"

namespace conclave::desktop {

namespace {

QString shortTime(TimeUs time) { return timeText(time).section(QLatin1Char(' '), 1, 1); }

QString rangeText(const TimeRange& range) {
  const QString day = timeText(range.first).section(QLatin1Char(' '), 0, 0);
  const QString lastDay = timeText(range.second).section(QLatin1Char(' '), 0, 0);
  return day == lastDay ? QStringLiteral("%1 to %2").arg(shortTime(range.first), shortTime(range.second))
                        : QStringLiteral("%1 %2 to %3 %4").arg(day, shortTime(range.first), lastDay, shortTime(range.second));
}

}  // namespace

LogsPage::LogsPage(Session& session, const ThemeController& theme, QWidget* parent)
    : Page(parent),
      session_(session),
      document_(session.jobs()),
      list_(new QComboBox),
      level_(new QComboBox),
      range_(new QPushButton),
      position_(new QLabel),
      notice_(new Notice(tr("Read again"))),
      moved_(new Notice),
      histogram_(new TimeHistogram),
      empty_(new QLabel),
      view_(new LogView),
      findBar_(new FindBar(*this, tr("Find in this log"), theme)),
      lineBar_(new LineBar) {
  layOut();
  connectDocument();
  connect(list_, &QComboBox::activated, this, &LogsPage::choose);
  connect(level_, &QComboBox::activated, this, [this] { setLevel(static_cast<logs::Level>(level_->currentData().toInt())); });
  connect(range_, &QPushButton::clicked, this, [this] { setRange({}); });
  connect(histogram_, &TimeHistogram::rangeChosen, this, [this](qint64 from, qint64 to) { setRange(TimeRange{from, to}); });
  connect(histogram_, &TimeHistogram::rangeCleared, this, [this] { setRange({}); });
  connect(histogram_, &TimeHistogram::lineRequested, this, [this](quint64 line) {
    wanted_ = line;
    wantedFlash_ = true;
    goToWanted();
  });
  connect(view_, &LogView::currentLineChanged, this, [this] {
    refreshPosition();
    refreshSearch();
  });
  connect(view_, &LogView::findRequested, findBar_, &FindBar::open);
  connect(view_, &LogView::refused, this, [this](const QString& why) { QToolTip::showText(QCursor::pos(), why, view_); });
  connect(notice_, &Notice::acted, this, [this] {
    wanted_ = view_->currentLine() ? view_->currentLine() : view_->topLine();
    document_.open(document_.path());
  });
  connect(findBar_, &FindBar::searchChanged, this, [this](const MatcherPtr& search) {
    searchMoves_ = search != nullptr;
    searchNote_.clear();
    document_.setSearch(search);
    view_->setSearch(search);
    if (search) document_.findFrom(std::max<quint64>(view_->topLine(), 1) - 1, true);
  });
  connect(findBar_, &FindBar::nextRequested, this, [this](bool forward) {
    if (!document_.search()) return find();
    searchMoves_ = true;
    document_.findFrom(view_->currentLine() ? view_->currentLine() : view_->topLine(), forward);
  });
  connect(findBar_, &FindBar::closed, view_, qOverload<>(&QWidget::setFocus));
  connect(lineBar_, &LineBar::closed, view_, qOverload<>(&QWidget::setFocus));
  connect(lineBar_, &LineBar::lineRequested, this, [this](quint64 line) {
    wanted_ = std::max<quint64>(1, line);
    wantedFlash_ = true;
    goToWanted();
  });
  view_->setTheme(theme.theme());
  histogram_->setTheme(theme.theme());
  LogsPage::showCase(nullptr);
}

void LogsPage::layOut() {
  list_->setModel(&logs_);
  list_->setAccessibleName(tr("Log"));
  list_->setToolTip(tr("Which log is shown"));
  list_->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  list_->setMinimumWidth(220);
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
  empty_->setObjectName(QStringLiteral("muted"));
  empty_->setAlignment(Qt::AlignCenter);
  empty_->setWordWrap(true);
  empty_->setTextFormat(Qt::PlainText);

  auto* head = new QHBoxLayout;
  head->setContentsMargins(12, 8, 12, 8);
  head->setSpacing(8);
  head->addWidget(list_);
  head->addWidget(level_);
  head->addWidget(range_);
  head->addStretch(1);
  head->addWidget(position_);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addLayout(head);
  column->addWidget(notice_);
  column->addWidget(moved_);
  column->addWidget(histogram_);
  column->addWidget(empty_, 1);
  column->addWidget(view_, 1);
  column->addWidget(lineBar_);
  column->addWidget(findBar_);
}

void LogsPage::connectDocument() {
  connect(&document_, &LogDocument::opened, this, [this] {
    view_->setText(document_.text());
    refreshPosition();
    goToWanted();
  });
  connect(&document_, &LogDocument::indexed, this, [this] {
    view_->extendText(document_.text());
    refreshPosition();
    goToWanted();
    if (searchMoves_) document_.findFrom(std::max<quint64>(view_->topLine(), 1) - 1, true);
  });
  connect(&document_, &LogDocument::filtered, this, [this] {
    view_->setShown(document_.shown());
    level_->setCurrentIndex(level_->findData(static_cast<int>(document_.filter().least)));
    if (!document_.filter().range) range_->hide();
    histogram_->setRange(document_.filter().range);
    refreshPosition();
    goToWanted();
  });
  connect(&document_, &LogDocument::matched, this, &LogsPage::refreshSearch);
  connect(&document_, &LogDocument::found, this, [this](quint64 line, bool wrapped) {
    if (line == 0 && !document_.text().isWhole()) return;  // asked again when the rest is indexed
    searchNote_ = line == 0 ? tr("not found") : wrapped ? tr("went on from the other end") : QString();
    if (line && searchMoves_) view_->goToLine(line);
    searchMoves_ = false;
    refreshSearch();
  });
  connect(&document_, &LogDocument::troubled, notice_, &Notice::say);
}

void LogsPage::showCase(const CasePtr& subject) {
  case_ = subject;
  chosen_.clear();
  places_.clear();
  wanted_ = 0;
  logs_.showFiles({});
  histogram_->show({}, {});
  document_.open({});
  document_.setFilter({});
  choose(-1);
  if (subject) listFiles(*subject);
}

void LogsPage::listFiles(const Case& subject) {
  session_.jobs().run<QStringList>(
      {tr("Looking for logs"), this, QStringLiteral("list"), true},
      [patterns = subject.logs, base = subject.base](Job& job) -> Result<QStringList> {
        QStringList paths;
        for (const auto& pattern : patterns) {
          if (job.stopped()) return fail_cancelled();
          const auto found = logs::find_files(pattern, base);
          if (!found) continue;  // said when the evidence is gathered
          for (const auto& file : found->files) paths << qtText(file.string());
        }
        paths.removeDuplicates();
        return paths;
      },
      [this, subject = case_](Result<QStringList> paths) {
        if (!paths || subject != case_ || logs_.rowCount() > 0) return;
        logs_.showFiles(*paths);
        choose(logs_.rowCount() > 0 ? 0 : -1);
      });
}

void LogsPage::showEvidence(const GatheredPtr& gathered) {
  if (!gathered) return;
  logs_.show(*gathered->evidence);
  choose(logs_.rowOf(chosen_).value_or(logs_.rowCount() > 0 ? 0 : -1));
}

void LogsPage::choose(int row) {
  const bool any = row >= 0;
  list_->setEnabled(any);
  level_->setEnabled(any);
  empty_->setText(case_ ? tr("This case names no logs.") : tr("No case is open."));
  empty_->setVisible(!any);
  view_->setVisible(any);
  histogram_->setVisible(any && !logs_.at(row).buckets.buckets.empty());
  if (!any) return refreshPosition();
  list_->setCurrentIndex(row);
  const auto& entry = logs_.at(row);
  histogram_->show(entry.buckets, case_ ? case_->change_time : std::nullopt);
  histogram_->setRange(document_.filter().range);
  if (chosen_ != entry.path) {
    moved_->say({});
    if (view_->currentLine() && !document_.path().isEmpty()) places_[document_.path()] = view_->currentLine();
    chosen_ = entry.path;
    const auto place = places_.find(chosen_);
    wanted_ = place == places_.end() ? 0 : place->second;
    wantedFlash_ = false;
  }
  if (isVisible()) openChosen();
}

void LogsPage::showEvent(QShowEvent* event) {
  Page::showEvent(event);
  openChosen();
}

void LogsPage::openChosen() {
  if (chosen_ != document_.path()) document_.open(chosen_);
}

bool LogsPage::goTo(const Place& place) {
  if (place.kind != Place::Kind::log) return false;
  const auto row = logs_.rowOf(place.source);
  if (!row) return false;
  choose(*row);
  moved_->say({});
  if (place.line == 0) return true;
  wanted_ = place.line;
  wantedFlash_ = true;
  wantedSource_ = place.source;
  openChosen();
  goToWanted();
  return true;
}

void LogsPage::goToWanted() {
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
void LogsPage::compareWithCitation(quint64 line) {
  const std::string source = std::exchange(wantedSource_, {}).toStdString();
  if (!report_ || source.empty()) return;
  const auto cited = std::ranges::find_if(
      report_->excerpts, [&](const Excerpt& excerpt) { return excerpt.line == line && excerpt.source == source; });
  if (cited == report_->excerpts.end()) return;
  const auto& text = document_.text();
  if (line <= text.lineCount() && valid_utf8(text.line(line, most_excerpt_bytes)) == cited->text) return;
  moved_->say(tr("Line %1 is not what the report cites; the log was changed or rotated. It was: %2")
                  .arg(countText(line), qtText(cited->text).simplified()));
}

void LogsPage::find() {
  const auto selected = view_->hasSelection() ? view_->selectedText() : std::nullopt;
  findBar_->open(selected && !selected->contains(QLatin1Char('\n')) ? *selected : QString());
}

void LogsPage::goToLine() { lineBar_->open(document_.text().lineCount()); }

void LogsPage::setLevel(logs::Level least) {
  LineFilter filter = document_.filter();
  filter.least = least;
  document_.setFilter(filter);
  refreshPosition();
}

void LogsPage::setRange(const std::optional<TimeRange>& range) {
  LineFilter filter = document_.filter();
  filter.range = range;
  range_->setVisible(range.has_value());
  if (range) range_->setText(tr("%1  (show all)").arg(rangeText(*range)));
  histogram_->setRange(range);
  document_.setFilter(filter);
  refreshPosition();
}

void LogsPage::refreshPosition() {
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

void LogsPage::refreshSearch() {
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
  findBar_->say(words, document_.matches() && document_.matches()->count() == 0);
}

void LogsPage::applyTheme(const Theme& theme) {
  view_->setTheme(theme);
  histogram_->setTheme(theme);
  findBar_->applyTheme();
}

}  // namespace conclave::desktop
