#include "app/desktop/main_window.h"

#include <QApplication>
#include <QCloseEvent>
#include <QDockWidget>
#include <QFileDialog>
#include <QHeaderView>
#include <QLabel>
#include <QMessageBox>
#include <QMimeData>
#include <QPushButton>
#include <QSettings>
#include <QSplitter>
#include <QStackedWidget>
#include <QStatusBar>
#include <QToolBar>
#include <QToolButton>
#include <QTreeView>
#include <QVBoxLayout>
#include <algorithm>

#include "app/desktop/menus.h"
#include "app/desktop/opening.h"
#include "app/desktop/pages/experts_page.h"
#include "app/desktop/pages/welcome_page.h"
#include "app/desktop/recent.h"
#include "app/desktop/startup.h"
#include "app/desktop/text.h"
#include "app/desktop/widgets/command_consent.h"
#include "app/desktop/widgets/console.h"
#include "app/desktop/widgets/debugger_dialog.h"
#include "app/desktop/widgets/export_dialog.h"
#include "app/desktop/widgets/jobs_panel.h"
#include "app/desktop/widgets/messages_panel.h"
#include "app/desktop/widgets/notice.h"
#include "app/desktop/widgets/plugins_dialog.h"
#include "app/desktop/widgets/running_panel.h"
#include "app/desktop/widgets/sidebar.h"
#include "app/desktop/widgets/start_notices.h"
#include "engine/case/render.h"

namespace conclave::desktop {

namespace {
const auto geometry_key = QStringLiteral("window/geometry");
const auto layout_key = QStringLiteral("window/layout");
const auto page_property = "page_index";
constexpr int layout_version = 1;
constexpr QSize first_size(1280, 800);
}  // namespace

MainWindow::MainWindow(Session& session, ThemeController& theme, QWidget* parent)
    : QMainWindow(parent), session_(session), theme_(theme), evidence_(theme), messages_(theme) {
  setWindowIcon(QIcon(QStringLiteral(":/icons/conclave.svg")));
  setAcceptDrops(true);
  setDockOptions(AnimatedDocks | AllowTabbedDocks | AllowNestedDocks);
  setCorner(Qt::BottomLeftCorner, Qt::LeftDockWidgetArea);
  createPages();
  createDocks();
  menus_ = new Menus(*this, session_, theme_, pages_,
                     {evidenceDock_->toggleViewAction(), jobsDock_->toggleViewAction(), messagesDock_->toggleViewAction()});
  createStatusBar();
  connectSession();
  restore();
  refresh();
  showPage(QStringLiteral("welcome"));
}

void MainWindow::createPages() {
  sidebar_ = new Sidebar(theme_);
  auto* left = new QToolBar(tr("Pages"));
  left->setObjectName(QStringLiteral("sidebar"));
  left->setMovable(false);
  left->addWidget(sidebar_);
  left->layout()->setContentsMargins(0, 0, 0, 0);
  addToolBar(Qt::LeftToolBarArea, left);

  auto* centre = new QWidget;
  stack_ = new QStackedWidget;
  stuck_ = new Notice(tr("Interrupt"));
  noPython_ = new Notice;
  startNotices_ = new StartNotices(session_);
  auto* rows = new QVBoxLayout(centre);
  rows->setContentsMargins(0, 0, 0, 0);
  rows->setSpacing(0);
  rows->addWidget(stuck_);
  rows->addWidget(noPython_);
  rows->addWidget(startNotices_);
  rows->addWidget(stack_, 1);
  setCentralWidget(centre);

  pages_ = makePages(session_, theme_, stack_);
  int number = 0;
  for (const auto& entry : pages_) {
    stack_->addWidget(entry.page);
    sidebar_->add(entry.title, entry.icon, QStringLiteral("%1 (Ctrl+%2)").arg(entry.help).arg(++number));
    connect(entry.page, &Page::placeRequested, this, &MainWindow::goTo);
    connect(&theme_, &ThemeController::changed, entry.page, &Page::applyTheme);
    if (auto* welcome = qobject_cast<WelcomePage*>(entry.page)) {
      connect(welcome, &WelcomePage::openRequested, this, &MainWindow::openCase);
      connect(welcome, &WelcomePage::newRequested, this, &MainWindow::newCase);
    }
  }
  connect(sidebar_, &Sidebar::selected, this, &MainWindow::selectPage);
  connect(stuck_, &Notice::acted, &session_.scripts(), &Scripts::interrupt);
  connect(startNotices_, &StartNotices::failed, this, &MainWindow::fail);
  connect(startNotices_, &StartNotices::enabled, this, [this](const QString& plugin) {
    statusBar()->showMessage(tr("%1 runs again when Conclave starts").arg(plugin), 8000);
  });
  connect(stuck_->addButton(tr("Show its stack")), &QPushButton::clicked, this, &MainWindow::showStack);
}

QDockWidget* MainWindow::addDock(const QString& name, const QString& title, QWidget* widget, Qt::DockWidgetArea area) {
  auto* dock = new QDockWidget(title);
  dock->setObjectName(name);
  dock->setWidget(widget);
  addDockWidget(area, dock);
  dock->hide();
  return dock;
}

void MainWindow::createDocks() {
  tree_ = new QTreeView;
  tree_->setModel(&evidence_);
  tree_->setHeaderHidden(true);
  tree_->setUniformRowHeights(true);
  tree_->setAccessibleName(tr("Evidence"));
  tree_->setFrameShape(QFrame::NoFrame);
  tree_->header()->setStretchLastSection(false);
  tree_->header()->setSectionResizeMode(0, QHeaderView::Stretch);
  tree_->header()->setSectionResizeMode(1, QHeaderView::ResizeToContents);
  const auto go = [this](const QModelIndex& index) {
    if (const auto place = evidence_.placeAt(index)) goTo(*place);
  };
  connect(tree_, &QTreeView::clicked, this, go);
  connect(tree_, &QTreeView::activated, this, go);
  connect(&evidence_, &EvidenceTree::rebuilt, tree_, &QTreeView::expandAll);
  evidenceDock_ = addDock(QStringLiteral("evidence"), tr("Evidence"), tree_, Qt::LeftDockWidgetArea);

  console_ = new Console(session_.scripts(), theme_);
  consoleDock_ = addDock(QStringLiteral("console"), tr("Python console"), console_, Qt::BottomDockWidgetArea);
  auto* jobs = new QSplitter(Qt::Vertical);
  jobs->addWidget(new JobsPanel(session_.jobs()));
  jobs->addWidget(new RunningPanel(session_.scripts(), theme_));
  jobs->setChildrenCollapsible(false);
  jobsDock_ = addDock(QStringLiteral("jobs"), tr("Jobs"), jobs, Qt::BottomDockWidgetArea);
  auto* messages = new MessagesPanel(messages_);
  connect(messages, &MessagesPanel::placeRequested, this, &MainWindow::goTo);
  messagesDock_ = addDock(QStringLiteral("messages"), tr("Messages"), messages, Qt::BottomDockWidgetArea);
  tabifyDockWidget(consoleDock_, jobsDock_);
  tabifyDockWidget(jobsDock_, messagesDock_);
  resizeDocks({consoleDock_}, {220}, Qt::Vertical);
}

void MainWindow::createStatusBar() {
  circleState_ = new QLabel;
  circleState_->setTextFormat(Qt::PlainText);
  auto* summary = new JobsSummary(session_.jobs());
  connect(summary, &JobsSummary::clicked, this, [this] {
    jobsDock_->show();
    jobsDock_->raise();
  });
  debugger_ = new QLabel;
  debugger_->setObjectName(QStringLiteral("debugger_state"));
  debugger_->setTextFormat(Qt::PlainText);
  debugger_->setToolTip(tr("A debugger may attach here; Circle, Attach a debugger says how"));
  debugger_->hide();
  statusBar()->addPermanentWidget(debugger_);
  statusBar()->addPermanentWidget(summary);
  statusBar()->addPermanentWidget(circleState_);
}

void MainWindow::connectSession() {
  connect(&session_, &Session::caseOpened, this, [this] {
    if (!session_.subject()->file.empty()) addRecentCase(qtPath(session_.subject()->file));
    for (const auto& entry : pages_) {
      entry.page->showCase(session_.subject());
      entry.page->showEvidence(nullptr);
      entry.page->showReport(nullptr);
    }
    showEvidence();
    evidenceDock_->show();
    showPage(QStringLiteral("report"));
    refresh();
  });
  connect(&session_, &Session::caseProblems, &messages_, &Messages::addProblems);
  connect(&session_, &Session::gatheredReady, this, [this] {
    for (const auto& entry : pages_) entry.page->showEvidence(session_.gathered());
    showEvidence();
    messages_.addProblems(session_.gathered()->problems);
  });
  connect(&session_, &Session::reportReady, this, [this] {
    for (const auto& entry : pages_) entry.page->showReport(session_.report());
    refresh();
  });
  connect(&session_, &Session::commandsWanted, this, &MainWindow::showCommands);
  connect(&session_, &Session::consultStarted, this, &MainWindow::refresh);
  connect(&session_, &Session::answered, this, &MainWindow::refresh);
  connect(&session_, &Session::consultEnded, this, &MainWindow::refresh);
  connect(&session_, &Session::failed, this, &MainWindow::fail);
  connect(&session_.scripts(), &Scripts::stateChanged, this, &MainWindow::refresh);
  connect(&session_.scripts(), &Scripts::requested, this, &MainWindow::obey);
  connect(&session_.scripts(), &Scripts::stuck, this, [this](const QString& what) {
    stuck_->say(
        what.isEmpty()
            ? QString()
            : tr("Python is still busy: %1. The window works on; interrupt it if it should not take this long.").arg(what));
  });
}

void MainWindow::showEvidence() { evidence_.show(session_.subject(), session_.gathered()); }

void MainWindow::showStack() {
  jobsDock_->show();
  jobsDock_->raise();
  auto* running = findChild<RunningPanel*>();
  running->showStackOfBusy();
}

// Arguments come from a script.
void MainWindow::obey(const QString& what, const nlohmann::json& argument) {
  const QString text = argument.is_string() ? qtText(argument.get<std::string>()) : QString();
  if (what == QLatin1String("open") && !text.isEmpty()) return session_.open({text});
  if (what == QLatin1String("consult") && session_.subject()) return session_.consult();
  if (what == QLatin1String("message")) return messages_.add({config::Severity::note, tr("Console"), text});
  if (what == QLatin1String("show")) {
    const bool known = std::any_of(pages_.begin(), pages_.end(), [&](const PageEntry& entry) { return entry.key == text; });
    if (known) return showPage(text);
  }
  if (what == QLatin1String("go_to") && argument.is_array() && argument.size() == 2 && argument[0].is_string() &&
      argument[1].is_number_unsigned()) {
    const QString source = qtText(argument[0].get<std::string>());
    const auto line = argument[1].get<quint64>();
    for (const auto kind : {Place::Kind::log, Place::Kind::config}) {
      for (std::size_t index = 0; index < pages_.size(); ++index) {
        if (pages_[index].page->goTo({kind, source, line, {}})) return selectPage(static_cast<int>(index));
      }
    }
  }
  const QString shown = qtText(argument.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)).left(200);
  fail(tr("app.%1(%2) cannot be done").arg(what, shown),
       what == QLatin1String("consult") ? tr("No case is open.") : tr("There is no such page or place in what is open."));
}

void MainWindow::refresh() {
  const bool open = session_.subject() != nullptr;
  const auto state = session_.scripts().state();
  menus_->refresh();
  setWindowTitle(open ? tr("%1 - Conclave").arg(session_.caseTitle()) : tr("Conclave"));
  const QString trouble = session_.scripts().trouble();
  noPython_->say(trouble.isEmpty()
                     ? QString()
                     : tr("Python could not start, so that no expert can be asked. Evidence can still be gathered and read.\n%1")
                           .arg(trouble));
  if (session_.isConsulting()) {
    circleState_->setText(tr("%1 answered").arg(counted(session_.answers().size(), "expert", "experts")));
  } else {
    circleState_->setText(state == Scripts::State::starting ? tr("Python is starting")
                          : state == Scripts::State::ready  ? tr("Python is ready")
                                                            : tr("No Python"));
  }
}

void MainWindow::selectPage(int index) {
  stack_->setCurrentIndex(index);
  sidebar_->select(index);
}

void MainWindow::toggleConsole() {
  if (consoleDock_->isVisible() && console_->isAncestorOf(QApplication::focusWidget())) return consoleDock_->hide();
  consoleDock_->show();
  consoleDock_->raise();
  console_->focusInput();
}

void MainWindow::showPlugins() {
  auto* experts = findChild<ExpertsPage*>();
  auto* dialog = new PluginsDialog(session_, experts->experts(), theme_, this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  connect(dialog, &QDialog::finished, experts, &ExpertsPage::showDetail);  // settings were edited here, perhaps
  dialog->open();
}

void MainWindow::showCommands() {
  if (!session_.subject() || findChild<CommandConsent*>()) return;
  auto* dialog = new CommandConsent(session_.subject(), this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  connect(dialog, &QDialog::accepted, this, [this, dialog] {
    if (dialog->subject() == session_.subject()) session_.consultWith(dialog->decisions());
  });
  dialog->open();
}

void MainWindow::follow(Startup& startup) {
  startNotices_->follow(startup);
  connect(&startup, &Startup::said, this, [this](config::Severity severity, const QString& what, const QString& detail) {
    messages_.add({severity, what, detail});
    if (severity != config::Severity::note) statusBar()->showMessage(what, 8000);
  });
}

void MainWindow::attachDebugger() {
  auto* dialog = new DebuggerDialog(session_.scripts(), this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  connect(dialog, &DebuggerDialog::listening, this, [this](const QString& address) {
    debugger_->setText(tr("Debugger: %1").arg(address));
    debugger_->show();
  });
  dialog->open();
}

void MainWindow::showPage(const QString& key) {
  for (std::size_t index = 0; index < pages_.size(); ++index) {
    if (pages_[index].key == key) return selectPage(static_cast<int>(index));
  }
}

Page& MainWindow::page() const { return *pages_.at(static_cast<std::size_t>(stack_->currentIndex())).page; }

QString MainWindow::currentPage() const { return pages_.at(static_cast<std::size_t>(stack_->currentIndex())).key; }

void MainWindow::goTo(const Place& place) {
  const Place target = resolved(place, session_.gathered() ? session_.gathered()->evidence.get() : nullptr);
  for (std::size_t index = 0; index < pages_.size(); ++index) {
    if (pages_[index].page->goTo(target)) return selectPage(static_cast<int>(index));
  }
  statusBar()->showMessage(tr("%1 is not in the evidence that is loaded").arg(placeText(target)), 5000);
}

void MainWindow::fail(const QString& what, const QString& why) {
  messages_.add({config::Severity::error, what, why});
  messagesDock_->show();
  messagesDock_->raise();
  statusBar()->showMessage(what, 8000);
}

void MainWindow::openCase() {
  const QString file = QFileDialog::getOpenFileName(this, tr("Open a case or a report"), {},
                                                    tr("Cases and reports (*.yaml *.yml *.json);;All files (*)"));
  if (!file.isEmpty()) session_.open({file});
}

void MainWindow::newCase() {
  const QStringList files =
      QFileDialog::getOpenFileNames(this, tr("Choose logs and configuration; folders can be dropped on the window"));
  if (!files.isEmpty()) session_.open(files);
}

void MainWindow::saveCaseAs() {
  const QString file = QFileDialog::getSaveFileName(this, tr("Save the case"), QStringLiteral("case.yaml"), tr("Cases (*.yaml)"));
  if (!file.isEmpty()) session_.saveDraft(file);
}

void MainWindow::exportReport() {
  const auto report = session_.report();
  if (!report) return;
  ExportDialog dialog(this);
  if (dialog.exec() != QDialog::Accepted) return;
  const QString file =
      QFileDialog::getSaveFileName(this, tr("Export the report"), QStringLiteral("report.%1").arg(dialog.suffix()));
  if (file.isEmpty()) return;
  session_.jobs().run<void>(
      {tr("Writing the report"), this, QStringLiteral("export")},
      [report, path = fsPath(file), format = dialog.format(), redacted = dialog.redacted()](Job&) {
        if (format == ExportDialog::Format::html) return writeFile(path, render_html(*report, redacted));
        if (format == ExportDialog::Format::markdown) return writeFile(path, render_markdown(*report, redacted));
        return writeFile(path, to_json(*report).dump(2));
      },
      [this, file](Result<void> written) {
        if (!written) return fail(tr("Cannot export the report"), qtText(written.error().text()));
        statusBar()->showMessage(tr("Written: %1").arg(file), 8000);
      });
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
  if (event->mimeData()->hasUrls()) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
  QStringList paths;
  for (const auto& url : event->mimeData()->urls()) {
    if (url.isLocalFile()) paths << url.toLocalFile();
  }
  if (paths.isEmpty()) return fail(tr("Nothing to open"), tr("Only local files and folders can be dropped."));
  event->acceptProposedAction();
  session_.open(paths);
}

void MainWindow::closeEvent(QCloseEvent* event) {
  if (asks_ && session_.isConsulting()) {
    const auto answer = QMessageBox::question(this, tr("Quit Conclave"), tr("The circle is still being asked. Stop and quit?"));
    if (answer != QMessageBox::Yes) return event->ignore();
  }
  remember();
  session_.jobs().cancelAll();
  event->accept();
}

void MainWindow::remember() {
  QSettings settings;
  settings.setValue(geometry_key, saveGeometry());
  settings.setValue(layout_key, saveState(layout_version));
}

void MainWindow::restore() {
  const QSettings settings;
  if (!restoreGeometry(settings.value(geometry_key).toByteArray())) resize(first_size);
  restoreState(settings.value(layout_key).toByteArray(), layout_version);
  evidenceDock_->setVisible(session_.subject() != nullptr);
}

}  // namespace conclave::desktop
