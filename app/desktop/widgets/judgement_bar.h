// Was the verdict right? One click says so: of the whole report in a bar below its verdict, of a scope in a menu.
#pragma once

#include <QFrame>
#include <QPushButton>
#include <QToolButton>
#include <functional>
#include <vector>

#include "app/desktop/session.h"
#include "app/desktop/theme.h"

class QLabel;
class QMenu;

namespace conclave::desktop {

// What can be said of one verdict.
struct JudgementAnswer {
  std::string answer;  // as the engine takes it
  QString text;
  QString tip;
  QString icon;
  QColor colour;
};

// Of the report's verdict, or with a scope of that scope's. Right and wrong, where there is a verdict, then the other labels, if
// there is more than one of them.
[[nodiscard]] std::vector<JudgementAnswer> answersTo(const Report& report, const std::string& scope, const Theme& theme);
// The one that says the same as `row`, among answersTo() of the same; null: none does.
[[nodiscard]] const JudgementAnswer* standing(const std::vector<JudgementAnswer>& answers, const Report& report,
                                              const store::JudgementRow& row);

// Follows the judgements of the session. Alt+R and Alt+W say right and wrong, Alt+1, Alt+2, ... which label was true.
class JudgementBar : public QFrame {
  Q_OBJECT
 public:
  JudgementBar(Judgements& judgements, ReportPtr report, const ThemeController& theme, QWidget* parent = nullptr);

 private:
  QPushButton* addButton(const QString& text, const QString& name);
  void refresh();
  Judgements& judgements_;
  ReportPtr report_;
  std::vector<JudgementAnswer> answers_;
  std::vector<QPushButton*> buttons_;  // one for each answer
  QPushButton* undo_;
  QLabel* state_;
};

class ScopeJudgement : public QToolButton {
  Q_OBJECT
 public:
  ScopeJudgement(Judgements& judgements, ReportPtr report, std::string scope, const ThemeController& theme,
                 QWidget* parent = nullptr);

 private:
  void refresh();
  void fill();
  Judgements& judgements_;
  ReportPtr report_;
  std::string scope_;
  std::vector<JudgementAnswer> answers_;
  const ThemeController& theme_;
  QMenu* menu_;
};

}  // namespace conclave::desktop
