// The plugin manager: what there is, what each may do, what went wrong with it, and its file in the user's editor.
#pragma once

#include <QDialog>

#include "app/desktop/models/plugin_list.h"
#include "app/desktop/session.h"

class QLabel;
class QPushButton;
class QScrollArea;
class QTreeView;

namespace conclave::desktop {

// Plugins are read in jobs, and none of their code runs here. GUI thread.
class PluginsDialog : public QDialog {
  Q_OBJECT
 public:
  PluginsDialog(Session& session, const ThemeController& theme, QWidget* parent = nullptr);

 Q_SIGNALS:
  void settingsRequested(const QString& expert);

 private:
  void connectAll();
  void reload();  // reads everything anew; code that changed is loaded anew when it runs next, since modules go by content
  void readCase();
  void fill();
  void showDetail();
  QWidget* failureOf(const PluginRow& row);
  void openFile();
  void addFolder();
  void agree();
  [[nodiscard]] const PluginRow* current() const;

  Session& session_;
  const ThemeController& theme_;
  CasePlugins ofCase_;
  PluginList list_;
  QTreeView* view_;
  QScrollArea* detail_;
  QLabel* message_;
  QPushButton* open_;
  QPushButton* settings_;
  QPushButton* agree_;
};

}  // namespace conclave::desktop
