#include "app/desktop/pages/logs_page.h"

#include <QLabel>
#include <QMenu>
#include <QSettings>
#include <QShortcut>
#include <QSplitter>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>

#include "app/desktop/text.h"
#include "app/desktop/widgets/find_bar.h"
#include "app/desktop/widgets/highlighters_dialog.h"
#include "app/desktop/widgets/log_hits_panel.h"
#include "app/desktop/widgets/log_view.h"
#include "app/desktop/widgets/time_histogram.h"

namespace conclave::desktop {

namespace {

constexpr auto split_key = "logs/split";
constexpr auto sizes_key = "logs/split_sizes";
constexpr auto second_key = "logs/second";  // path

}  // namespace

LogsPage::LogsPage(Session& session, const ThemeController& theme, QWidget* parent)
    : Page(parent),
      session_(session),
      theme_(theme),
      hits_(new LogHitsPanel(session.jobs())),
      histogram_(new TimeHistogram),
      empty_(new QLabel),
      splitter_(new QSplitter),
      findBar_(new FindBar(*this, tr("Find in this log"), theme)),
      lineBar_(new LineBar) {
  layOut();
  connectBars();
  addPane();
  addKeys();
  histogram_->setTheme(theme.theme());
  const int how = QSettings().value(QLatin1String(split_key)).toInt();
  if (how == static_cast<int>(Split::beside) || how == static_cast<int>(Split::below)) split(static_cast<Split>(how));
  LogsPage::showCase(nullptr);
}

void LogsPage::layOut() {
  empty_->setObjectName(QStringLiteral("muted"));
  empty_->setAlignment(Qt::AlignCenter);
  empty_->setWordWrap(true);
  empty_->setTextFormat(Qt::PlainText);
  splitter_->setChildrenCollapsible(false);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addWidget(histogram_);
  column->addWidget(empty_, 1);
  column->addWidget(splitter_, 1);
  column->addWidget(hits_);
  column->addWidget(lineBar_);
  column->addWidget(findBar_);
  auto* all = new QToolButton;
  all->setText(tr("All logs"));
  all->setToolTip(tr("Find it in all logs of the case (Ctrl+Shift+A)"));
  all->setAccessibleName(tr("Find in all logs"));
  all->setAutoRaise(true);
  connect(all, &QToolButton::clicked, this, &LogsPage::searchAll);
  findBar_->takeQueries();
  findBar_->addButton(all);
  connect(splitter_, &QSplitter::splitterMoved, this,
          [this] { QSettings().setValue(QLatin1String(sizes_key), splitter_->saveState()); });
}

void LogsPage::connectBars() {
  connect(histogram_, &TimeHistogram::rangeChosen, this, [this](qint64 from, qint64 to) {
    pane().setRange(TimeRange{from, to});
  });
  connect(histogram_, &TimeHistogram::rangeCleared, this, [this] { pane().setRange({}); });
  connect(histogram_, &TimeHistogram::lineRequested, this, [this](quint64 line) { pane().goToLine(line); });
  connect(findBar_, &FindBar::searchChanged, this, [this](const MatcherPtr& search) {
    search_ = search;
    for (auto* each : panes_) each->setSearch(search);
    if (search) pane().findFirst();
  });
  connect(findBar_, &FindBar::nextRequested, this, [this](bool forward) {
    if (!search_) return find();
    pane().findNext(forward);
  });
  connect(findBar_, &FindBar::closed, this, [this] { view().setFocus(); });
  connect(hits_, &LogHitsPanel::closed, this, [this] { view().setFocus(); });
  connect(hits_, &LogHitsPanel::lineRequested, this, [this](const QString& path, quint64 line) {
    const auto row = logs_.rowOf(path);
    if (!row) return;
    pane().choose(*row);
    pane().goTo({}, line);
  });
  connect(lineBar_, &LineBar::closed, this, [this] { view().setFocus(); });
  connect(lineBar_, &LineBar::lineRequested, this, [this](quint64 line) { pane().goToLine(line); });
}

void LogsPage::addKeys() {
  const auto key = [this](const QString& keys, auto act) {
    auto* shortcut = new QShortcut(QKeySequence(keys), this);
    shortcut->setContext(Qt::WidgetWithChildrenShortcut);
    connect(shortcut, &QShortcut::activated, this, act);
  };
  key(tr("Ctrl+Shift+H"), [this] { openHighlighters(-1); });
  key(tr("Ctrl+Shift+A"), [this] { searchAll(); });
  key(tr("Ctrl+\\"), [this] { split(panes_.size() > 1 ? Split::none : Split::beside); });
  key(tr("Ctrl+Shift+\\"), [this] { split(panes_.size() > 1 ? Split::none : Split::below); });
  key(tr("F6"), [this] { panes_.at((active_ + 1) % panes_.size())->view().setFocus(); });
}

LogPane* LogsPage::addPane() {
  auto* pane = new LogPane(session_, theme_, logs_, highlights_);
  panes_.push_back(pane);
  splitter_->addWidget(pane);
  pane->setReport(report_);
  pane->setSearch(search_);
  const auto add = [&](const QString& text, const QString& keys, auto act) {
    auto* action = pane->more().addAction(keys.isEmpty() ? text : QStringLiteral("%1\t%2").arg(text, keys));
    connect(action, &QAction::triggered, this, act);
  };
  add(tr("&Highlighters ..."), tr("Ctrl+Shift+H"), [this] { openHighlighters(-1); });
  pane->more().addSeparator();
  add(tr("Split &side by side"), tr("Ctrl+\\"), [this] { split(Split::beside); });
  add(tr("Split a&bove each other"), tr("Ctrl+Shift+\\"), [this] { split(Split::below); });
  add(tr("&One log only"), {}, [this] { split(Split::none); });
  pane->more().addSeparator();
  add(tr("Copy with line &numbers"), tr("Ctrl+Shift+C"), [pane] { pane->view().copy(LogView::CopyAs::numbered); });
  connect(pane, &LogPane::activated, this, [this, pane] { activate(pane); });
  connect(pane, &LogPane::logChanged, this, [this, pane] {
    showTimes();
    if (panes_.size() > 1 && pane == panes_[1]) QSettings().setValue(QLatin1String(second_key), pane->chosen());
  });
  connect(pane, &LogPane::rangeChanged, this, [this] { histogram_->setRange(document().filter().range); });
  connect(pane, &LogPane::searchSaid, this, [this, pane](const QString& words, bool isBad) {
    if (pane == panes_.at(active_)) findBar_->say(words, isBad);
  });
  connect(pane, &LogPane::findRequested, findBar_, &FindBar::open);
  connect(pane, &LogPane::bookmarksEdited, this, [this, pane] {
    for (auto* other : panes_) {
      if (other != pane && other->document().path() == pane->document().path()) other->reloadBookmarks();
    }
  });
  return pane;
}

void LogsPage::removePane() {
  const auto at = panes_.begin() + 1;
  active_ = 0;
  (*at)->hide();
  (*at)->deleteLater();
  panes_.erase(at);
}

void LogsPage::split(Split how) {
  QSettings().setValue(QLatin1String(split_key), static_cast<int>(how));
  splitter_->setOrientation(how == Split::below ? Qt::Vertical : Qt::Horizontal);
  if (how == Split::none && panes_.size() > 1) removePane();
  if (how != Split::none && panes_.size() == 1) {
    auto* second = addPane();
    const auto row = logs_.rowOf(QSettings().value(QLatin1String(second_key)).toString());
    second->choose(row.value_or(logs_.rowOf(panes_.front()->chosen()).value_or(-1)));
    if (how == Split::beside) splitter_->setSizes({1000, 1000});
    splitter_->restoreState(QSettings().value(QLatin1String(sizes_key)).toByteArray());
    splitter_->setOrientation(how == Split::below ? Qt::Vertical : Qt::Horizontal);
    if (search_) second->setSearch(search_);
  }
  activate(panes_.front());
}

void LogsPage::activate(const LogPane* pane) {
  const auto found = std::ranges::find(panes_, pane);
  if (found == panes_.end()) return;
  active_ = static_cast<std::size_t>(found - panes_.begin());
  for (auto* each : panes_) each->setActive(each == pane, panes_.size() > 1);
  showTimes();
  this->pane().saySearch();
}

void LogsPage::showCase(const CasePtr& subject) {
  case_ = subject;
  logs_.showFiles({});
  if (hits_->isVisible()) hits_->close();
  for (auto* each : panes_) each->forget();
  showLogs();
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
        showLogs();
      });
}

void LogsPage::showEvidence(const GatheredPtr& gathered) {
  if (!gathered) return;
  logs_.show(*gathered->evidence);
  showLogs();
}

void LogsPage::showReport(const ReportPtr& report) {
  report_ = report;
  for (auto* each : panes_) each->setReport(report);
}

void LogsPage::showLogs() {
  const bool any = logs_.rowCount() > 0;
  empty_->setText(!case_                    ? tr("No case is open.")
                  : case_->commands.empty() ? tr("This case names no logs.")
                                            : tr("Logs of this case come from commands, which run when you consult."));
  empty_->setVisible(!any);
  splitter_->setVisible(any);
  const auto second = logs_.rowOf(QSettings().value(QLatin1String(second_key)).toString());
  if (any && panes_.size() > 1 && panes_[1]->chosen().isEmpty() && second) panes_[1]->choose(*second);
  for (auto* each : panes_) each->rechoose();
  showTimes();
}

void LogsPage::showTimes() {
  const auto row = logs_.rowOf(pane().chosen());
  histogram_->setVisible(row && !logs_.at(*row).buckets.buckets.empty());
  if (!row) return histogram_->show({}, {});
  histogram_->show(logs_.at(*row).buckets, case_ ? case_->change_time : std::nullopt);
  histogram_->setRange(document().filter().range);
}

bool LogsPage::goTo(const Place& place) {
  if (place.kind != Place::Kind::log) return false;
  const auto row = logs_.rowOf(place.source);
  if (!row) return false;
  const QString& path = logs_.at(*row).path;
  const auto shown = std::ranges::find_if(panes_, [&](const LogPane* each) { return each->chosen() == path; });
  if (shown != panes_.end() && pane().chosen() != path) activate(*shown);
  pane().choose(*row);
  pane().goTo(place.source, place.line);
  return true;
}

void LogsPage::find() {
  const auto selected = view().hasSelection() ? view().selectedText() : std::nullopt;
  findBar_->open(selected && !selected->contains(QLatin1Char('\n')) ? *selected : QString());
}

void LogsPage::searchAll() {
  if (!search_) {  // to type it first
    find();
    if (!search_) return;
  }
  std::vector<LogHits::Log> logs;
  for (int row = 0; row < logs_.rowCount(); ++row) logs.push_back({logs_.at(row).path, logs_.at(row).name});
  hits_->search(search_, findBar_->text(), logs);
}

void LogsPage::goToLine() { lineBar_->open(document().text().lineCount()); }

void LogsPage::openHighlighters(int row) {
  if (!highlighters_) highlighters_ = new HighlightersDialog(highlights_, theme_, this);
  highlighters_->open(row);
}

void LogsPage::applyTheme(const Theme& theme) {
  for (auto* each : panes_) each->applyTheme(theme);
  histogram_->setTheme(theme);
  hits_->applyTheme(theme);
  findBar_->applyTheme();
  if (highlighters_) highlighters_->applyTheme();
  activate(panes_.at(active_));
}

}  // namespace conclave::desktop
