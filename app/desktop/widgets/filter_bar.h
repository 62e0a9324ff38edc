// The strip above the lines that says which of them are shown, and changes it: texts to show, texts to hide, lines around.
#pragma once

#include <QFrame>

#include "app/desktop/models/line_filter.h"
#include "app/desktop/theme.h"

class QComboBox;
class QLabel;
class QLineEdit;
class QSpinBox;
class QToolButton;

namespace conclave::desktop {

class FlowLayout;

// Owner: a pane of the logs page. GUI thread. Shown by open(), and as long as there are rules.
class FilterBar : public QFrame {
  Q_OBJECT
 public:
  explicit FilterBar(QWidget* parent = nullptr);

  void open(bool hides = false);  // to type a rule
  void show(const LineFilter& filter, bool canUndo, bool canRedo);
  void addRule(const LineRule& rule);  // one that is there already is switched on; one that shows replaces its opposite
  void applyTheme(const Theme& theme);
  [[nodiscard]] QString problem() const;  // with what is typed; empty: none

 Q_SIGNALS:
  void edited(const conclave::desktop::LineFilter& filter);
  void undoRequested();
  void redoRequested();
  void closed();

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  [[nodiscard]] LineRule typed() const;
  void enter();
  void close();
  void rebuild();
  QWidget* chip(std::size_t index);

  Theme theme_;
  LineFilter filter_;
  bool isOpen_ = false;
  QComboBox* kind_;
  QLineEdit* text_;
  QToolButton* expression_;
  QToolButton* caseMatters_;
  QToolButton* query_;
  QSpinBox* around_;
  QToolButton* undo_;
  QToolButton* redo_;
  QToolButton* all_;
  QLabel* problem_;
  QWidget* chips_;
  FlowLayout* flow_;
};

}  // namespace conclave::desktop
