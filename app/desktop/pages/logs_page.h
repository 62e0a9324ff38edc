// The logs of the case: which one, when its lines were written, the lines themselves.
#pragma once

#include <map>

#include "app/desktop/models/log_document.h"
#include "app/desktop/models/log_list.h"
#include "app/desktop/pages/page.h"

class QComboBox;
class QLabel;
class QPushButton;

namespace conclave::desktop {

class FindBar;
class LineBar;
class LogView;
class Notice;
class TimeHistogram;

class LogsPage : public Page {
  Q_OBJECT
 public:
  LogsPage(Session& session, const ThemeController& theme, QWidget* parent = nullptr);

  void showCase(const CasePtr& subject) override;
  void showEvidence(const GatheredPtr& gathered) override;
  void showReport(const ReportPtr& report) override { report_ = report; }
  bool goTo(const Place& place) override;
  void find() override;
  void goToLine() override;
  void applyTheme(const Theme& theme) override;
  [[nodiscard]] LogDocument& document() { return document_; }
  [[nodiscard]] LogView& view() { return *view_; }

 protected:
  void showEvent(QShowEvent* event) override;

 private:
  void layOut();
  void connectDocument();
  void listFiles(const Case& subject);
  void choose(int row);
  void openChosen();
  void goToWanted();
  void compareWithCitation(quint64 line);
  void setLevel(logs::Level least);
  void setRange(const std::optional<TimeRange>& range);
  void refreshPosition();
  void refreshSearch();

  Session& session_;
  LogList logs_;
  LogDocument document_;
  CasePtr case_;
  ReportPtr report_;
  QString chosen_;                     // path; opened when the page is first seen
  std::map<QString, quint64> places_;  // line that was current in each log
  quint64 wanted_ = 0;                 // line to go to as soon as it is known
  bool wantedFlash_ = false;
  QString wantedSource_;      // as the citation that is followed names the log; empty: none is
  bool searchMoves_ = false;  // the next result of a search scrolls
  QString searchNote_;
  QComboBox* list_;
  QComboBox* level_;
  QPushButton* range_;
  QLabel* position_;
  Notice* notice_;
  Notice* moved_;  // the line is not what the report cites
  TimeHistogram* histogram_;
  QLabel* empty_;
  LogView* view_;
  FindBar* findBar_;
  LineBar* lineBar_;
};

}  // namespace conclave::desktop
