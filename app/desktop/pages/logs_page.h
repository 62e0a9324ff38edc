// The logs of the case: when their lines were written, the lines themselves, of one log or of two.
#pragma once

#include <memory>
#include <vector>

#include "app/desktop/models/highlight_list.h"
#include "app/desktop/models/log_list.h"
#include "app/desktop/pages/page.h"
#include "app/desktop/widgets/log_pane.h"

class QLabel;
class QSplitter;

namespace conclave::desktop {

class FindBar;
class HighlightersDialog;
class LineBar;
class LogHitsPanel;
class TimeHistogram;

class LogsPage : public Page {
  Q_OBJECT
 public:
  LogsPage(Session& session, const ThemeController& theme, QWidget* parent = nullptr);

  void showCase(const CasePtr& subject) override;
  void showEvidence(const GatheredPtr& gathered) override;
  void showReport(const ReportPtr& report) override;
  bool goTo(const Place& place) override;
  void find() override;
  void goToLine() override;
  void applyTheme(const Theme& theme) override;

  enum class Split { none, beside, below };
  void split(Split how);  // and remembers it
  [[nodiscard]] const std::vector<LogPane*>& panes() const { return panes_; }
  [[nodiscard]] LogPane& pane() { return *panes_.at(active_); }  // the one that was used last
  [[nodiscard]] LogDocument& document() { return pane().document(); }
  [[nodiscard]] LogView& view() { return pane().view(); }
  [[nodiscard]] HighlightList& highlights() { return highlights_; }

 private:
  void layOut();
  void connectBars();
  void addKeys();
  LogPane* addPane();
  void removePane();
  void activate(const LogPane* pane);
  void listFiles(const Case& subject);
  void showLogs();
  void showTimes();
  void openHighlighters(int row);
  void searchAll();

  Session& session_;
  const ThemeController& theme_;
  LogList logs_;
  HighlightList highlights_;
  CasePtr case_;
  ReportPtr report_;
  MatcherPtr search_;
  LogHitsPanel* hits_;
  TimeHistogram* histogram_;
  QLabel* empty_;
  QSplitter* splitter_;
  std::vector<LogPane*> panes_;  // one or two
  std::size_t active_ = 0;
  FindBar* findBar_;
  LineBar* lineBar_;
  HighlightersDialog* highlighters_ = nullptr;  // made when it is first asked for
};

}  // namespace conclave::desktop
