#include "app/desktop/menus.h"

#include <QActionGroup>
#include <QMenuBar>
#include <QMessageBox>
#include <QToolBar>

#include "app/desktop/main_window.h"
#include "app/desktop/recent.h"

namespace conclave::desktop {

Menus::Menus(MainWindow& window, Session& session, ThemeController& theme, const std::vector<PageEntry>& pages,
             const std::vector<QAction*>& docks)
    : QObject(&window), window_(window), session_(session), theme_(theme) {
  makeFileMenu();
  makeEditMenu();
  makeViewMenu(pages, docks);
  makeCircleMenu();
  makeHelpMenu();
  makeToolBar();
  connect(&theme_, &ThemeController::changed, this, &Menus::refreshIcons);
  refreshIcons();
}

QAction* Menus::add(QMenu* menu, const QString& icon, const QString& text, const QKeySequence& keys, const QString& tip) {
  auto* action = menu->addAction(text);
  action->setShortcut(keys);
  action->setToolTip(keys.isEmpty() ? tip : QStringLiteral("%1 (%2)").arg(tip, keys.toString(QKeySequence::NativeText)));
  action->setStatusTip(tip);
  if (!icon.isEmpty()) icons_[action] = icon;
  return action;
}

void Menus::makeFileMenu() {
  auto* menu = window_.menuBar()->addMenu(tr("&File"));
  new_ = add(menu, "new", tr("&New case ..."), QKeySequence::New, tr("Draft a case from log files and folders"));
  open_ = add(menu, "open", tr("&Open ..."), QKeySequence::Open, tr("Open a case file or a finished report"));
  recent_ = menu->addMenu(tr("Open &recent"));
  saveAs_ = add(menu, {}, tr("&Save the case as ..."), QKeySequence::SaveAs, tr("Write the drafted case to a file"));
  export_ = add(menu, "export", tr("&Export the report ..."), QKeySequence(tr("Ctrl+E")),
                tr("Write the report as HTML, Markdown or JSON"));
  menu->addSeparator();
  auto* machine = add(menu, "machine", tr("Check &this machine"), {}, tr("Logs and listening services of this machine"));
  auto* example = add(menu, "example", tr("Open the e&xample incident"), {}, tr("Make the example incident and consult"));
  menu->addSeparator();
  auto* quit = add(menu, {}, tr("&Quit"), QKeySequence(tr("Ctrl+Q")), tr("Leave Conclave"));
  connect(new_, &QAction::triggered, &window_, &MainWindow::newCase);
  connect(open_, &QAction::triggered, &window_, &MainWindow::openCase);
  connect(saveAs_, &QAction::triggered, &window_, &MainWindow::saveCaseAs);
  connect(export_, &QAction::triggered, &window_, &MainWindow::exportReport);
  connect(machine, &QAction::triggered, &session_, &Session::checkThisMachine);
  connect(example, &QAction::triggered, &session_, &Session::openExample);
  connect(quit, &QAction::triggered, &window_, &QWidget::close);
  connect(recent_, &QMenu::aboutToShow, this, &Menus::refreshRecent);
}

void Menus::makeCircleMenu() {
  auto* menu = window_.menuBar()->addMenu(tr("&Circle"));
  consult_ = add(menu, "consult", tr("&Consult"), QKeySequence(Qt::Key_F5), tr("Gather evidence and ask the experts"));
  commands_ = add(menu, {}, tr("Consult, deciding on c&ommands ..."), {},
                  tr("Which commands logs of this case may come from, or what they printed before"));
  cancel_ = add(menu, "cancel", tr("C&ancel"), QKeySequence(Qt::Key_Escape), tr("Stop the consultation"));
  menu->addSeparator();
  auto* plugins = add(menu, "experts", tr("&Plugins ..."), QKeySequence(tr("Ctrl+Shift+P")),
                      tr("What there is, what each may do, and what went wrong with it"));
  connect(plugins, &QAction::triggered, &window_, &MainWindow::showPlugins);
  auto* debugger = add(menu, {}, tr("Attach a &debugger ..."), {}, tr("Let an editor debug the Python inside the window"));
  connect(debugger, &QAction::triggered, &window_, &MainWindow::attachDebugger);
  connect(consult_, &QAction::triggered, &session_, &Session::consult);
  connect(commands_, &QAction::triggered, &window_, &MainWindow::showCommands);
  connect(cancel_, &QAction::triggered, &session_, &Session::cancel);
}

void Menus::makeEditMenu() {
  auto* menu = window_.menuBar()->addMenu(tr("&Edit"));
  auto* find = add(menu, "find", tr("&Find ..."), QKeySequence::Find, tr("Find in this page"));
  auto* line = add(menu, {}, tr("&Go to line ..."), QKeySequence(tr("Ctrl+G")), tr("Go to a line of this page"));
  connect(find, &QAction::triggered, this, [this] { window_.page().find(); });
  connect(line, &QAction::triggered, this, [this] { window_.page().goToLine(); });
}

void Menus::makeViewMenu(const std::vector<PageEntry>& pages, const std::vector<QAction*>& docks) {
  auto* menu = window_.menuBar()->addMenu(tr("&View"));
  int number = 0;
  for (const auto& entry : pages) {
    auto* action = add(menu, entry.icon, entry.title, QKeySequence(QStringLiteral("Ctrl+%1").arg(++number)), entry.help);
    connect(action, &QAction::triggered, this, [this, key = entry.key] { window_.showPage(key); });
  }
  menu->addSeparator();
  console_ = add(menu, "console", tr("Python &console"), QKeySequence(tr("Ctrl+`")), tr("Show the Python console, or hide it"));
  connect(console_, &QAction::triggered, &window_, &MainWindow::toggleConsole);
  for (auto* dock : docks) menu->addAction(dock);
  menu->addSeparator();
  auto* modes = new QActionGroup(this);
  const std::initializer_list<std::pair<ThemeController::Mode, QString>> choices = {
      {ThemeController::Mode::light, tr("&Light")},
      {ThemeController::Mode::dark, tr("&Dark")},
      {ThemeController::Mode::environment, tr("&Follow the environment")}};
  for (const auto& [mode, text] : choices) {
    auto* action = menu->addAction(text);
    action->setCheckable(true);
    action->setChecked(theme_.mode() == mode);
    modes->addAction(action);
    connect(action, &QAction::triggered, this, [this, mode = mode] { theme_.setMode(mode); });
  }
}

void Menus::makeHelpMenu() {
  auto* menu = window_.menuBar()->addMenu(tr("&Help"));
  connect(menu->addAction(tr("&About Conclave")), &QAction::triggered, this, [this] {
    QMessageBox::about(&window_, tr("About Conclave"),
                       tr("Conclave %1\n\nA workbench that judges logs, services and configuration with a circle of experts.\n"
                          "GPL-3.0-or-later.")
                           .arg(QStringLiteral(CONCLAVE_VERSION)));
  });
}

void Menus::makeToolBar() {
  auto* bar = window_.addToolBar(tr("Tools"));
  bar->setObjectName(QStringLiteral("tools"));
  bar->setMovable(false);
  bar->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
  bar->setIconSize({18, 18});
  bar->addActions({consult_, cancel_});
  bar->addSeparator();
  bar->addActions({new_, open_, export_});
  auto* space = new QWidget;
  space->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
  bar->addWidget(space);
  bar->addAction(console_);
  bar->widgetForAction(consult_)->setObjectName(QStringLiteral("primary"));
}

void Menus::refresh() {
  consult_->setEnabled(session_.subject() && !session_.isConsulting() && session_.scripts().state() != Scripts::State::starting);
  commands_->setEnabled(consult_->isEnabled() && !session_.subject()->commands.empty());
  cancel_->setEnabled(session_.isConsulting());
  export_->setEnabled(session_.report() != nullptr);
  saveAs_->setEnabled(!session_.draftedFrom().empty());
}

void Menus::refreshIcons() {
  for (const auto& [action, name] : icons_) {
    action->setIcon(action == consult_ ? theme_.icon(name, theme_.theme().onAccent) : theme_.icon(name));
  }
}

void Menus::refreshRecent() {
  recent_->clear();
  for (const auto& path : recentCases()) {
    connect(recent_->addAction(path), &QAction::triggered, this, [this, path] { session_.open({path}); });
  }
  if (recent_->isEmpty()) return recent_->addAction(tr("No cases yet"))->setEnabled(false);
  recent_->addSeparator();
  connect(recent_->addAction(tr("&Clear this list")), &QAction::triggered, this, [] { forgetRecentCases(); });
}

}  // namespace conclave::desktop
