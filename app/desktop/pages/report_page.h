// The report: verdict and why, whether it was right, who says what, where they agree, and what it was made from. Before there is
// one: what will be asked.
#pragma once

#include "app/desktop/pages/page.h"

class QScrollArea;
class QVBoxLayout;

namespace conclave::desktop {

class Card;
class FindBar;
class Finder;

class ReportPage : public Page {
  Q_OBJECT
 public:
  ReportPage(Session& session, const ThemeController& theme, QWidget* parent = nullptr);

  void showCase(const CasePtr& subject) override;
  void showReport(const ReportPtr& report) override;
  bool goTo(const Place& place) override;  // experts
  void find() override;
  void applyTheme(const Theme& theme) override;

 private:
  void rebuild();
  void buildNothing();
  void buildWaiting();
  void buildReport();
  void addOrigin();
  void addWhatWouldChange();
  void addScopes();
  void addExperts();
  void addAgreement();
  void addInsights();
  void addProblems();
  void addReceipt();
  Card* addCard(const QString& heading);
  template <class Linked>
  void addLinked(Linked* card);  // links of which lead to places

  Session& session_;
  const ThemeController& theme_;
  CasePtr case_;
  ReportPtr report_;
  QScrollArea* scroll_;
  FindBar* findBar_;
  Finder* finder_;
  QVBoxLayout* column_ = nullptr;  // of the content, renewed by rebuild()
};

}  // namespace conclave::desktop
