// Configuration: the tree the evidence has, the text of the file, and the problems of both in place.
#pragma once

#include "app/desktop/models/config_text.h"
#include "app/desktop/models/config_tree.h"
#include "app/desktop/models/problem_list.h"
#include "app/desktop/pages/page.h"

class QCheckBox;
class QComboBox;
class QLabel;
class QSplitter;
class QStackedWidget;
class QTreeView;

namespace conclave::desktop {

class FindBar;
class Finder;
class MarkedText;
class Notice;

class ConfigPage : public Page {
  Q_OBJECT
 public:
  ConfigPage(Session& session, const ThemeController& theme, QWidget* parent = nullptr);
  ~ConfigPage() override;

  void showCase(const CasePtr& subject) override;
  void showEvidence(const GatheredPtr& gathered) override;
  void showReport(const ReportPtr& report) override;
  bool goTo(const Place& place) override;
  void find() override;
  void goToLine() override;
  void applyTheme(const Theme&) override;

 private:
  void reload();
  void showFile(const QString& file);
  void read();
  void showText(const Result<ConfigText>& text);
  void showSecrets(bool shown);
  void refreshSummary();
  [[nodiscard]] const std::vector<config::Problem>& problems() const;

  Session& session_;
  const ThemeController& theme_;
  ConfigTree tree_;
  ProblemList problems_;
  CasePtr case_;
  GatheredPtr gathered_;
  ReportPtr report_;
  QString file_;  // that is shown; empty: none
  ConfigText content_;
  int wantedLine_ = 0;  // to go to when the text has been read
  QComboBox* files_;
  QLabel* mark_;
  QLabel* summary_;
  QCheckBox* secrets_;
  Notice* notice_;
  QStackedWidget* stack_;
  QLabel* nothing_;
  QTreeView* keys_;
  MarkedText* text_;
  QTreeView* list_;
  QSplitter* across_;
  QSplitter* down_;
  FindBar* findBar_;
  Finder* finder_;
};

}  // namespace conclave::desktop
