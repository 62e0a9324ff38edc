// Services: which are as they should be, which are not and why, what answers there; asking them again, now or over and over.
#pragma once

#include "app/desktop/models/service_table.h"
#include "app/desktop/pages/page.h"

class QCheckBox;
class QLabel;
class QLineEdit;
class QSplitter;
class QStackedWidget;
class QTableView;

namespace conclave::desktop {

class FindBar;
class Finder;
class ScanBar;
class ServiceDetails;

class ServicesPage : public Page {
  Q_OBJECT
 public:
  ServicesPage(Session& session, const ThemeController& theme, QWidget* parent = nullptr);

  void showCase(const CasePtr& subject) override;
  void showEvidence(const GatheredPtr& gathered) override;
  void showReport(const ReportPtr& report) override;
  bool goTo(const Place& place) override;
  void find() override;
  void applyTheme(const Theme&) override;

  // Asks every service again, or stops that. Evidence and report stay as they are.
  void rescan();
  void stop();

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  struct Fresh;
  void reload();
  void showColumns();
  void chooseColumns(const QPoint& where);
  void fitColumns();
  void fitColumn(int column);
  void refresh();
  void showDetails();
  void lookBackAtOne();
  void closeDetails();
  [[nodiscard]] QString progress() const;
  void takeFresh();
  void lookBack(std::vector<scan::ScanResult> newest = {});
  void endRescan(const Result<std::vector<scan::ScanResult>>& results);
  void copySelected();

  Session& session_;
  const ThemeController& theme_;
  ServiceTable services_;
  ServiceOrder order_;
  CasePtr case_;
  GatheredPtr gathered_;
  ReportPtr report_;
  Jobs::Id scanning_ = 0;
  std::shared_ptr<Fresh> fresh_;  // results the scanning thread has, but the table not yet
  Jobs::Id lookingBack_ = 0;
  int shown_ = -1;       // row of services_ in the details; -1: none
  bool fitted_ = false;  // columns, to rows of which something is known
  QString scanned_;      // how the last rescan ended
  QLabel* mark_;
  QLabel* summary_;
  QLabel* source_;
  QLineEdit* filter_;
  QCheckBox* onlyUnexpected_;
  ScanBar* scanBar_;
  QStackedWidget* stack_;
  QSplitter* splitter_;
  QTableView* view_;
  ServiceDetails* details_;
  QLabel* nothing_;
  FindBar* findBar_;
  Finder* finder_;
};

}  // namespace conclave::desktop
