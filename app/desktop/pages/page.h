// What the main window knows of a page: plain setters for what there is to show, and a request to go somewhere.
#pragma once

#include <QString>
#include <QWidget>
#include <memory>
#include <vector>

#include "app/desktop/place.h"
#include "app/desktop/session.h"
#include "app/desktop/theme.h"

class QLayout;

namespace conclave::desktop {

// Owner: the main window. GUI thread; a page never computes or reads files itself but runs jobs (session.jobs()).
// Values are shared and immutable; a null pointer means that there is none (a new case was opened). A page is told everything
// whether or not it is visible, so a setter must be cheap, or wait for showEvent().
class Page : public QWidget {
  Q_OBJECT
 public:
  using QWidget::QWidget;

  virtual void showCase(const CasePtr&) {}
  virtual void showEvidence(const GatheredPtr&) {}
  virtual void showReport(const ReportPtr&) {}
  // Selects the place and scrolls to it; false if this page does not show such places. The window then brings it to the front.
  virtual bool goTo(const Place&) { return false; }
  virtual void find() {}      // Ctrl+F; nothing where nothing can be searched
  virtual void goToLine() {}  // Ctrl+G
  // The application's palette and style sheet are set already; for icons and painted colours.
  virtual void applyTheme(const Theme&) {}

 Q_SIGNALS:
  void placeRequested(const conclave::desktop::Place& place);

 protected:
  // The page's own layout: what it shows, and over its whole width at its foot a bar.
  void putTogether(QLayout* shown, QWidget* bar);
};

// A page as it stands in the sidebar.
struct PageEntry {
  QString key;    // for --page and settings
  QString title;  // in the sidebar
  QString icon;   // resources/icons/<icon>.svg
  QString help;   // tooltip
  Page* page;
};

// Every page of the window, in the order of the sidebar. A new page is one line in pages.cpp.
[[nodiscard]] std::vector<PageEntry> makePages(Session& session, const ThemeController& theme, QWidget* parent);

}  // namespace conclave::desktop
