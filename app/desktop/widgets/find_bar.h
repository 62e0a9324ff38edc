// The strips at the foot of a page: what to find on it, and which line to go to.
#pragma once

#include <QFrame>
#include <QTimer>

#include "app/desktop/models/line_matcher.h"
#include "app/desktop/theme.h"

class QHBoxLayout;
class QLabel;
class QLineEdit;
class QToolButton;

namespace conclave::desktop {

// Works wherever the focus is on its page: F3 and Shift+F3 go on, Escape closes.
class FindBar : public QFrame {
  Q_OBJECT
 public:
  // `what` is searched: "Find in this log". The page puts the bar at its foot.
  FindBar(QWidget& page, const QString& what, const ThemeController& theme);
  void takeQueries();                   // besides texts
  void addButton(QToolButton* button);  // of the page, behind the others

  void open(const QString& text = {});  // empty: what was looked for last
  void close();
  void say(const QString& text, bool isBad = false);
  void applyTheme();
  [[nodiscard]] QString status() const;
  [[nodiscard]] QString text() const;  // what is looked for

 Q_SIGNALS:
  void searchChanged(const conclave::desktop::MatcherPtr& search);  // null: nothing to look for
  void nextRequested(bool forward);
  void closed();

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void announce();

  const ThemeController& theme_;
  QLineEdit* text_;
  QToolButton* expression_;
  QToolButton* caseMatters_;
  QToolButton* query_ = nullptr;  // of those that take queries
  QToolButton* previous_;
  QToolButton* next_;
  QToolButton* close_;
  QLabel* status_;
  QHBoxLayout* strip_;
  bool isBad_ = false;
  QTimer pause_;  // between the last key and the search
};

class LineBar : public QFrame {
  Q_OBJECT
 public:
  explicit LineBar(QWidget* parent = nullptr);
  void open(quint64 lines);  // how many the log has

 Q_SIGNALS:
  void lineRequested(quint64 line);
  void closed();

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  QLineEdit* number_;
  QLabel* hint_;
};

}  // namespace conclave::desktop
