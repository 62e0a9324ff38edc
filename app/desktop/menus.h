// The menus and the tool bar: every action, its key and icon, and when it can be used.
#pragma once

#include <QObject>
#include <map>
#include <vector>

#include "app/desktop/pages/page.h"
#include "app/desktop/session.h"
#include "app/desktop/theme.h"

class QAction;
class QKeySequence;
class QMenu;
class QToolBar;

namespace conclave::desktop {

class MainWindow;

// Owner: the window, whose pages and docks exist already. GUI thread.
class Menus : public QObject {
  Q_OBJECT
 public:
  Menus(MainWindow& window, Session& session, ThemeController& theme, const std::vector<PageEntry>& pages,
        const std::vector<QAction*>& docks);
  void refresh();  // what can be used now

 private:
  void makeFileMenu();
  void makeCircleMenu();
  void makeEditMenu();
  void makeViewMenu(const std::vector<PageEntry>& pages, const std::vector<QAction*>& docks);
  void makeHelpMenu();
  void makeToolBar();
  QAction* add(QMenu* menu, const QString& icon, const QString& text, const QKeySequence& keys, const QString& tip);
  void refreshIcons();
  void refreshRecent();

  MainWindow& window_;
  Session& session_;
  ThemeController& theme_;
  std::map<QAction*, QString> icons_;
  QMenu* recent_ = nullptr;
  QAction* new_ = nullptr;
  QAction* open_ = nullptr;
  QAction* saveAs_ = nullptr;
  QAction* export_ = nullptr;
  QAction* consult_ = nullptr;
  QAction* commands_ = nullptr;
  QAction* cancel_ = nullptr;
  QAction* console_ = nullptr;
};

}  // namespace conclave::desktop
