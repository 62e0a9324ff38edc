#include "app/desktop/pages/services_page.h"

#include <QAction>
#include <QApplication>
#include <QCheckBox>
#include <QClipboard>
#include <QDateTime>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QSettings>
#include <QSplitter>
#include <QStackedWidget>
#include <QTableView>
#include <algorithm>
#include <mutex>

#include "app/desktop/text.h"
#include "app/desktop/widgets/card.h"
#include "app/desktop/widgets/dot_delegate.h"
#include "app/desktop/widgets/find_bar.h"
#include "app/desktop/widgets/scan_bar.h"
#include "app/desktop/widgets/scan_timeline.h"
#include "app/desktop/widgets/searches.h"
#include "app/desktop/widgets/service_details.h"
#include "app/desktop/widgets/sparkline_delegate.h"

namespace conclave::desktop {

// Written by the scanning thread, emptied by the GUI thread at the pace of Jobs::progressed.
struct ServicesPage::Fresh {
  std::mutex mutex;
  std::vector<scan::ScanResult> results;
};

namespace {

constexpr int mark_size = 12;
constexpr std::size_t scans_in_a_row = 40;
constexpr std::size_t scans_in_the_timeline = 500;
const auto hidden_key = QStringLiteral("services/hidden_columns");
const auto splitter_key = QStringLiteral("services/splitter");
const auto example = QStringLiteral(
    "services:\n  - db.example.net:5432\n  - {name: payments, target: \"10.0.0.7:8443\"}\n"
    "  - {name: old admin page, target: \"10.0.0.7:8000\", expect: closed}");

QWidget* emptyPage(QLabel* nothing) {
  auto* page = new QWidget;
  auto* column = new QVBoxLayout(page);
  column->setContentsMargins(0, 24, 0, 0);
  auto* code = plainLabel(example);
  QFont fixed(QStringLiteral("monospace"));
  fixed.setStyleHint(QFont::Monospace);
  code->setFont(fixed);
  column->addWidget(nothing);
  column->addWidget(
      plainLabel(ServicesPage::tr("Name them in the case file, and say what each should be; open if nothing is said:"),
                 QStringLiteral("muted")));
  column->addWidget(code);
  column->addStretch();
  return page;
}

}  // namespace

ServicesPage::ServicesPage(Session& session, const ThemeController& theme, QWidget* parent)
    : Page(parent),
      session_(session),
      theme_(theme),
      services_(theme),
      order_(services_),
      mark_(new QLabel),
      summary_(plainLabel({}, QStringLiteral("heading"))),
      source_(plainLabel({}, QStringLiteral("muted"))),
      filter_(new QLineEdit),
      onlyUnexpected_(new QCheckBox(tr("Only what is &not as expected"))),
      scanBar_(new ScanBar),
      stack_(new QStackedWidget),
      splitter_(new QSplitter(Qt::Vertical)),
      view_(new QTableView),
      details_(new ServiceDetails(theme)),
      nothing_(plainLabel({}, QStringLiteral("heading"))),
      findBar_(new FindBar(*this, tr("Find a service"), theme)),
      finder_(new Finder(*findBar_, std::make_unique<RowSearch>(*view_))) {
  finder_->setParent(this);
  summary_->setAccessibleName(tr("Summary"));
  summary_->setWordWrap(false);
  filter_->setPlaceholderText(tr("Filter by name, target, state or cause"));
  filter_->setAccessibleName(tr("Filter"));
  filter_->setClearButtonEnabled(true);
  filter_->setMinimumWidth(280);

  view_->setModel(&order_);
  view_->setItemDelegateForColumn(ServiceTable::state_column, new DotDelegate(view_));
  view_->setItemDelegateForColumn(ServiceTable::trend_column, new SparklineDelegate(theme, view_));
  view_->setSortingEnabled(true);
  view_->sortByColumn(ServiceTable::state_column, Qt::AscendingOrder);
  view_->setSelectionBehavior(QAbstractItemView::SelectRows);
  view_->setAlternatingRowColors(true);
  view_->setShowGrid(false);
  view_->setWordWrap(false);
  view_->setTabKeyNavigation(false);
  view_->setAccessibleName(tr("Services"));
  view_->verticalHeader()->hide();
  view_->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
  view_->verticalHeader()->setDefaultSectionSize(view_->fontMetrics().height() + 12);
  view_->horizontalHeader()->setStretchLastSection(true);
  view_->horizontalHeader()->setHighlightSections(false);
  view_->horizontalHeader()->setStyleSheet(QStringLiteral("QHeaderView::section { padding: 4px 3px; }"));  // above its cells
  view_->horizontalHeader()->setContextMenuPolicy(Qt::CustomContextMenu);
  splitter_->addWidget(view_);
  splitter_->addWidget(details_);
  splitter_->setCollapsible(0, false);
  splitter_->setStretchFactor(0, 3);
  splitter_->setStretchFactor(1, 2);
  splitter_->restoreState(QSettings().value(splitter_key).toByteArray());
  details_->hide();
  stack_->addWidget(splitter_);
  stack_->addWidget(emptyPage(nothing_));

  auto* head = new QHBoxLayout;
  head->setSpacing(8);
  head->addWidget(mark_);
  head->addWidget(summary_);
  head->addStretch();
  head->addWidget(scanBar_);
  auto* tools = new QHBoxLayout;
  tools->setSpacing(12);
  tools->addWidget(filter_);
  tools->addWidget(onlyUnexpected_);
  tools->addStretch();
  auto* column = new QVBoxLayout;
  column->setContentsMargins(16, 12, 16, 12);
  column->setSpacing(6);
  column->addLayout(head);
  column->addWidget(source_);
  column->addLayout(tools);
  column->addWidget(stack_, 1);
  putTogether(column, findBar_);

  auto* copy = new QAction(tr("&Copy"), view_);
  copy->setShortcut(QKeySequence::Copy);
  copy->setShortcutContext(Qt::WidgetShortcut);
  view_->addAction(copy);
  view_->installEventFilter(this);
  view_->setContextMenuPolicy(Qt::ActionsContextMenu);
  connect(copy, &QAction::triggered, this, &ServicesPage::copySelected);
  connect(filter_, &QLineEdit::textChanged, this, [this](const QString& words) {
    order_.setWords(words);
    refresh();
  });
  connect(onlyUnexpected_, &QCheckBox::toggled, this, [this](bool only) {
    order_.setOnlyUnexpected(only);
    refresh();
  });
  connect(scanBar_, &ScanBar::wanted, this, &ServicesPage::rescan);
  connect(scanBar_, &ScanBar::stopped, this, &ServicesPage::stop);
  connect(scanBar_, &ScanBar::ticked, this, &ServicesPage::refresh);
  connect(splitter_, &QSplitter::splitterMoved, this, [this] { QSettings().setValue(splitter_key, splitter_->saveState()); });
  connect(view_->horizontalHeader(), &QWidget::customContextMenuRequested, this, &ServicesPage::chooseColumns);
  connect(view_->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex& current) {
    shown_ = current.isValid() ? order_.mapToSource(current).row() : -1;
    details_->timeline().show({}, scan::State::open);
    showDetails();
    lookBackAtOne();
  });
  connect(&services_, &ServiceTable::dataChanged, this, [this](const QModelIndex& first, const QModelIndex& last) {
    if (first.row() <= shown_ && shown_ <= last.row()) showDetails();
  });
  connect(&session_.jobs(), &Jobs::progressed, this, &ServicesPage::takeFresh);
  reload();
}

void ServicesPage::showCase(const CasePtr& subject) {
  case_ = subject;
  gathered_.reset();
  report_.reset();
  filter_->clear();
  onlyUnexpected_->setChecked(false);
  reload();
}

void ServicesPage::showEvidence(const GatheredPtr& gathered) {
  gathered_ = gathered;
  reload();
}

void ServicesPage::showReport(const ReportPtr& report) {
  report_ = report;
  gathered_ ? lookBack() : reload();  // the history has one scan more
}

void ServicesPage::applyTheme(const Theme&) {
  refresh();
  showDetails();
  findBar_->applyTheme();
}

void ServicesPage::find() {
  if (services_.rowCount() > 0) finder_->open();
}

bool ServicesPage::goTo(const Place& place) {
  if (place.kind != Place::Kind::service) return false;
  const int row = services_.find(place.source);
  if (row < 0) return false;
  const QModelIndex wanted = services_.index(row, ServiceTable::name_column);
  if (!order_.mapFromSource(wanted).isValid()) {
    filter_->clear();
    onlyUnexpected_->setChecked(false);
  }
  const QModelIndex shown = order_.mapFromSource(wanted);
  view_->setCurrentIndex(shown);
  view_->selectRow(shown.row());
  view_->scrollTo(shown, QAbstractItemView::PositionAtCenter);
  return true;
}

// The view itself would copy one cell. Escape closes the details once it has closed the find bar.
bool ServicesPage::eventFilter(QObject* watched, QEvent* event) {
  if (watched != view_ || event->type() != QEvent::KeyPress) return Page::eventFilter(watched, event);
  const auto* key = static_cast<QKeyEvent*>(event);
  if (key->matches(QKeySequence::Copy)) {
    copySelected();
    return true;
  }
  if (key->key() == Qt::Key_Escape && details_->isVisible() && findBar_->isHidden()) {
    closeDetails();
    return true;
  }
  return Page::eventFilter(watched, event);
}

void ServicesPage::reload() {
  if (scanning_) session_.jobs().drop(scanning_);
  scanning_ = 0;
  fresh_.reset();
  scanned_.clear();
  scanBar_->forget();
  order_.setDynamicSortFilter(true);
  services_.show(case_, gathered_, report_);
  closeDetails();
  showColumns();
  fitColumns();
  refresh();
  lookBack();
}

// Those that say something, unless the user hid them.
void ServicesPage::showColumns() {
  const QStringList hidden = QSettings().value(hidden_key).toStringList();
  for (int column = ServiceTable::name_column + 1; column < ServiceTable::column_count; ++column) {
    const QString title = services_.headerData(column, Qt::Horizontal, Qt::DisplayRole).toString();
    const bool show = !hidden.contains(title) && services_.isUsed(column);
    if (show != view_->isColumnHidden(column)) continue;
    view_->setColumnHidden(column, !show);
    if (show) fitColumn(column);
  }
}

void ServicesPage::chooseColumns(const QPoint& where) {
  QStringList hidden = QSettings().value(hidden_key).toStringList();
  QMenu menu(this);
  for (int column = ServiceTable::name_column + 1; column < ServiceTable::column_count; ++column) {
    const QString title = services_.headerData(column, Qt::Horizontal, Qt::DisplayRole).toString();
    auto* action = menu.addAction(services_.isUsed(column) ? title : tr("%1 (empty)").arg(title));
    action->setCheckable(true);
    action->setChecked(!hidden.contains(title));
    action->setData(title);
  }
  const auto* chosen = menu.exec(view_->horizontalHeader()->mapToGlobal(where));
  if (chosen == nullptr) return;
  hidden.removeAll(chosen->data().toString());
  if (!chosen->isChecked()) hidden << chosen->data().toString();
  QSettings().setValue(hidden_key, hidden);
  showColumns();
}

// Once when there are rows, and once when the first of them are known; the widths after that are the user's.
void ServicesPage::fitColumns() {
  fitted_ = services_.summary().known > 0;
  for (int column = 0; column < ServiceTable::detail_column; ++column) fitColumn(column);
}

void ServicesPage::fitColumn(int column) {
  if (column == ServiceTable::detail_column || view_->isColumnHidden(column)) return;  // it takes what is left
  view_->resizeColumnToContents(column);
  view_->setColumnWidth(column, std::clamp(view_->columnWidth(column) + 16, 70, 320));
}

void ServicesPage::lookBack(std::vector<scan::ScanResult> newest) {
  if (lookingBack_) session_.jobs().drop(lookingBack_);
  lookingBack_ = 0;
  if (services_.rowCount() == 0) return;
  lookingBack_ = session_.jobs().run<std::vector<Session::ServicePast>>(
      {tr("Looking up services in the history"), this, QStringLiteral("history of services"), true},
      [look = session_.lookBackAtServices(), services = services_.targets(), newest = std::move(newest)](Job& job) {
        return look(services, newest, scans_in_a_row, job);
      },
      [this](Result<std::vector<Session::ServicePast>> past) {
        lookingBack_ = 0;
        if (!past) return Q_EMIT session_.failed(tr("The history could not be used"), qtText(past.error().text()));
        services_.setPast(std::move(*past));
        showColumns();
        refresh();
        lookBackAtOne();
      });
}

void ServicesPage::showDetails() {
  const bool any = shown_ >= 0 && shown_ < services_.rowCount();
  details_->setVisible(any);
  if (any) details_->show(services_.at(shown_));
}

// More of one service than the rows keep of each.
void ServicesPage::lookBackAtOne() {
  if (shown_ < 0 || shown_ >= services_.rowCount()) return;
  const ServiceTable::Row& row = services_.at(shown_);
  const bool more = row.history && row.history->scans > row.past.size();
  if (!more || details_->timeline().current() < 0) details_->timeline().show(row.past, row.expected());
  if (!more) return;
  session_.jobs().run<std::vector<Session::ServicePast>>(
      {tr("Looking up a service in the history"), this, QStringLiteral("history of one service"), true},
      [look = session_.lookBackAtServices(), target = row.target](Job& job) {
        return look({target}, {}, scans_in_the_timeline, job);
      },
      [this, name = row.target.name](Result<std::vector<Session::ServicePast>> past) {
        const bool still = past && shown_ >= 0 && shown_ < services_.rowCount() && services_.at(shown_).target.name == name;
        if (still) details_->timeline().show(std::move(past->front().newest), services_.at(shown_).expected());
      });
}

void ServicesPage::closeDetails() {
  view_->setCurrentIndex({});
  shown_ = -1;
  showDetails();
}

QString ServicesPage::progress() const {
  const auto views = session_.jobs().views();
  const auto view = std::ranges::find(views, scanning_, &Jobs::View::id);
  if (view == views.end()) return {};
  return progressText(view->progress, static_cast<double>(QDateTime::currentMSecsSinceEpoch() - view->startedMs) / 1000);
}

void ServicesPage::refresh() {
  const auto summary = services_.summary();
  const Theme& theme = theme_.theme();
  const bool none = summary.rows == 0;
  const int hidden = summary.rows - order_.rowCount();
  nothing_->setText(case_ ? tr("This case names no services.") : tr("No case is open."));
  stack_->setCurrentIndex(none ? 1 : 0);
  for (QWidget* widget :
       {static_cast<QWidget*>(mark_), static_cast<QWidget*>(summary_), static_cast<QWidget*>(source_),
        static_cast<QWidget*>(filter_), static_cast<QWidget*>(onlyUnexpected_), static_cast<QWidget*>(scanBar_)})
    widget->setVisible(!none);
  const QColor colour = summary.known == 0 ? theme.unknown : summary.asExpected == summary.known ? theme.good : theme.bad;
  mark_->setPixmap(dot(colour, mark_size, devicePixelRatioF()));
  QString words = summary.known == 0
                      ? tr("%1, not asked yet").arg(counted(static_cast<quint64>(summary.rows), "service", "services"))
                      : tr("%1 of %2 as expected").arg(summary.asExpected).arg(summary.rows);
  if (summary.known > 0 && summary.known < summary.rows) words += tr(", %1 not known").arg(summary.rows - summary.known);
  if (hidden > 0) words += tr("; %1 hidden by the filter").arg(hidden);
  summary_->setText(words);
  QString source = scanned_;
  if (scanning_) {
    const QString done = progress();
    source = done.isEmpty() ? tr("Asking again; evidence and report stay as they are.") : tr("Asking again: %1").arg(done);
  } else if (source.isEmpty()) {
    source = gathered_ ? tr("As found when the evidence was gathered.")
             : report_ ? tr("As found when the report was made, %1.").arg(timeText(report_->started))
                       : tr("Consult to gather evidence, or ask the services alone.");
  }
  if (const QString next = scanBar_->next(); !next.isEmpty())
    source += QLatin1Char(' ') + tr("Asked again by itself, %1.").arg(next);
  source_->setText(source);
  scanBar_->setKnown(summary.known > 0);
}

void ServicesPage::rescan() {
  if (scanning_ || services_.rowCount() == 0) return;
  fresh_ = std::make_shared<Fresh>();
  // Rows stay where they are while they change, so that nothing jumps under the mouse.
  order_.setDynamicSortFilter(false);
  services_.beginAsking();
  const auto targets = services_.targets();
  session_.audit({audit_of_scan(targets, "again, case " + (case_ ? case_->name : std::string()))});
  scanning_ = session_.jobs().run<std::vector<scan::ScanResult>>(
      {tr("Asking %1").arg(counted(targets.size(), "service", "services")), this, QStringLiteral("rescan")},
      [targets, probe = scanBar_->probe(), fresh = fresh_,
       ask = session_.askServices()](Job& job) -> Result<std::vector<scan::ScanResult>> {
        return ask(
            targets, probe,
            [&](const scan::ScanResult& result) {
              const std::lock_guard lock(fresh->mutex);
              fresh->results.push_back(result);
            },
            job);
      },
      [this](const Result<std::vector<scan::ScanResult>>& results) { endRescan(results); });
  scanBar_->began();
}

void ServicesPage::stop() {
  if (scanning_) session_.jobs().cancel(scanning_);
}

void ServicesPage::takeFresh() {
  if (!fresh_) return;
  std::vector<scan::ScanResult> results;
  {
    const std::lock_guard lock(fresh_->mutex);
    results.swap(fresh_->results);
  }
  if (!results.empty()) services_.take(results);
  refresh();
}

void ServicesPage::endRescan(const Result<std::vector<scan::ScanResult>>& results) {
  scanning_ = 0;
  fresh_.reset();
  std::size_t unasked = services_.targets().size();
  if (!results) Q_EMIT session_.failed(tr("The services could not be asked"), qtText(results.error().text()));
  if (results) {
    services_.take(*results);
    unasked = static_cast<std::size_t>(
        std::count_if(results->begin(), results->end(), [](const auto& row) { return row.state == scan::State::cancelled; }));
    lookBack(*results);
  }
  services_.endAsking();
  order_.setDynamicSortFilter(true);
  order_.invalidate();
  const QString when = QDateTime::currentDateTimeUtc().toString(QStringLiteral("HH:mm:ss 'UTC'"));
  scanned_ = unasked
                 ? tr("Asking was stopped at %1; %2 left as before.").arg(when, counted(unasked, "service is", "services are"))
                 : tr("Asked again at %1. Evidence and report are as they were; consult to judge anew.").arg(when);
  unasked == 0 ? scanBar_->ended() : scanBar_->forget();  // stopped or failed: not by itself again
  showColumns();
  if (!fitted_) fitColumns();
  refresh();
}

void ServicesPage::copySelected() {
  QModelIndexList rows = view_->selectionModel()->selectedRows();
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.row() < b.row(); });
  QStringList lines;
  for (const auto& row : rows) {
    QStringList cells;
    for (int column = 0; column < ServiceTable::column_count; ++column)
      cells << row.siblingAtColumn(column).data().toString().simplified();
    lines << cells.join(QLatin1Char('\t'));
  }
  if (!lines.isEmpty()) QApplication::clipboard()->setText(lines.join(QLatin1Char('\n')));
}

}  // namespace conclave::desktop
