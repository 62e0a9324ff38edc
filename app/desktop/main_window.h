// The window: menus, pages, docks. It wires and never computes.
#pragma once

#include <QMainWindow>
#include <vector>

#include "app/desktop/models/evidence_tree.h"
#include "app/desktop/models/messages.h"
#include "app/desktop/pages/page.h"
#include "app/desktop/session.h"
#include "app/desktop/theme.h"

class QDockWidget;
class QLabel;
class QStackedWidget;
class QTreeView;

namespace conclave::desktop {

class Console;
class Menus;
class Notice;
class Sidebar;
class StartNotices;
class Startup;

// Owner: main(). GUI thread.
class MainWindow : public QMainWindow {
  Q_OBJECT
 public:
  MainWindow(Session& session, ThemeController& theme, QWidget* parent = nullptr);

  void goTo(const Place& place);
  void showPage(const QString& key);
  [[nodiscard]] QString currentPage() const;
  [[nodiscard]] Page& page() const;  // the current one
  [[nodiscard]] Console& console() { return *console_; }
  [[nodiscard]] Messages& messages() { return messages_; }
  // Shows what it says of plugins and the last start.
  void follow(Startup& startup);
  // Closing asks when a consultation runs, unless nobody is there to answer.
  void setAsksBeforeClosing(bool asks) { asks_ = asks; }

 public Q_SLOTS:
  void openCase();
  void newCase();
  void saveCaseAs();
  void exportReport();
  void toggleConsole();
  void showPlugins();
  void showCommands();  // asks what may run, and consults then
  void attachDebugger();

 protected:
  void closeEvent(QCloseEvent* event) override;
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;

 private:
  void createPages();
  void createDocks();
  void createStatusBar();
  void connectSession();
  QDockWidget* addDock(const QString& name, const QString& title, QWidget* widget, Qt::DockWidgetArea area);
  void selectPage(int index);
  void refresh();  // what is enabled, titles, state of the circle
  void showEvidence();
  void showStack();
  void obey(const QString& what, const nlohmann::json& argument);  // a member of `app` in a script
  void fail(const QString& what, const QString& why);
  void remember();
  void restore();

  Session& session_;
  ThemeController& theme_;
  EvidenceTree evidence_;
  Messages messages_;
  std::vector<PageEntry> pages_;
  Sidebar* sidebar_ = nullptr;
  QStackedWidget* stack_ = nullptr;
  Notice* stuck_ = nullptr;
  Notice* noPython_ = nullptr;
  StartNotices* startNotices_ = nullptr;
  QTreeView* tree_ = nullptr;
  QDockWidget* evidenceDock_ = nullptr;
  Console* console_ = nullptr;
  QDockWidget* consoleDock_ = nullptr;
  QDockWidget* jobsDock_ = nullptr;
  QDockWidget* messagesDock_ = nullptr;
  Menus* menus_ = nullptr;
  QLabel* circleState_ = nullptr;
  QLabel* debugger_ = nullptr;
  bool asks_ = true;
};

}  // namespace conclave::desktop
