// Where a user starts: four ways in, the cases opened last, and an area to drop evidence on.
#pragma once

#include "app/desktop/pages/page.h"

class QLabel;
class QVBoxLayout;
class QPushButton;

namespace conclave::desktop {

class WelcomePage : public Page {
  Q_OBJECT
 public:
  WelcomePage(Session& session, const ThemeController& theme, QWidget* parent = nullptr);
  void applyTheme(const Theme& theme) override;

 Q_SIGNALS:
  void openRequested();  // the window shows its file dialogs
  void newRequested();

 protected:
  void showEvent(QShowEvent* event) override;

 private:
  QPushButton* addStart(const QString& icon, const QString& title, const QString& text);
  void refreshRecent();

  Session& session_;
  const ThemeController& theme_;
  QLabel* mark_;
  QLabel* drop_;
  QLabel* recentTitle_;
  QVBoxLayout* starts_;
  QVBoxLayout* recent_;
};

}  // namespace conclave::desktop
