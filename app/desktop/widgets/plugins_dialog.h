// The plugin manager: what there is, on or off, installed or removed; more of each beside it (plugin_detail.h).
#pragma once

#include <QDialog>

#include "app/desktop/models/expert_list.h"
#include "app/desktop/models/plugin_list.h"
#include "app/desktop/session.h"

class QLabel;
class QPushButton;
class QScrollArea;
class QTreeView;

namespace conclave::desktop {

// Plugins are read, installed and removed in jobs, and none of their code runs here. GUI thread.
class PluginsDialog : public QDialog {
  Q_OBJECT
 public:
  // `experts` keeps the settings of the open case; it is told what is edited here.
  PluginsDialog(Session& session, ExpertList& experts, const ThemeController& theme, QWidget* parent = nullptr);

  // Asks first, with what the plugin may do. A folder with a plugin.toml, or a .py file.
  void install(const QString& path);

 protected:
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;

 private:
  struct Offer {  // what could be installed, and the one of that name that is
    scripting::PluginInfo plugin;
    std::optional<scripting::PluginInfo> earlier;
  };

  QWidget* makeFoot();
  void connectAll();
  void reload();  // reads everything anew; code that changed is loaded anew when it runs next, since modules go by content
  void readCase();
  void fill();
  void showDetail();
  void openFile();
  void addFolder();
  void agree();
  void switchPlugin(const QString& name, bool on);
  void offer(const QString& path, const Offer& offer);
  void installNow(const QString& path, bool replace);
  void removeCurrent();
  void removeNow(const std::string& name);
  void say(const QString& text);  // stays until something else is said
  [[nodiscard]] const PluginRow* current() const;

  Session& session_;
  ExpertList& experts_;
  const ThemeController& theme_;
  scripting::CasePlugins ofCase_;
  PluginList list_;
  QTreeView* view_;
  QScrollArea* detail_;
  QLabel* count_;
  QLabel* message_;
  QPushButton* open_;
  QPushButton* remove_;
  QPushButton* agree_;
};

}  // namespace conclave::desktop
