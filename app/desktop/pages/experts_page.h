// The circle: who is asked, with which settings and weight, what each said last, and why one failed; and what was learned of each
// from judged reports.
#pragma once

#include "app/desktop/models/expert_list.h"
#include "app/desktop/pages/page.h"

class QLabel;
class QScrollArea;
class QSplitter;
class QTabWidget;
class QTreeView;

namespace conclave::desktop {

class FindBar;
class Finder;
class TrackRecords;

class ExpertsPage : public Page {
  Q_OBJECT
 public:
  ExpertsPage(Session& session, const ThemeController& theme, QWidget* parent = nullptr);

  void showCase(const CasePtr& subject) override;
  void showReport(const ReportPtr& report) override;
  void find() override;
  void applyTheme(const Theme& theme) override;
  [[nodiscard]] ExpertList& experts() { return experts_; }
  void showDetail();  // of what is selected, as it is now

 protected:
  void showEvent(QShowEvent* event) override;

 private:
  void reload();
  void refreshHint();
  void addFolder();

  Session& session_;
  const ThemeController& theme_;
  ExpertList experts_;
  CasePtr case_;
  ReportPtr report_;
  QLabel* hint_;
  QTreeView* view_;
  QScrollArea* detail_;
  QSplitter* splitter_;
  TrackRecords* records_;
  QTabWidget* tabs_;
  FindBar* findBar_;
  Finder* finder_;
};

}  // namespace conclave::desktop
