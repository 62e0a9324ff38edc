// The button beside a field for texts that makes it one for queries.
#pragma once

#include <QToolButton>

class QLineEdit;

namespace conclave::desktop {

// GUI thread. Switches itself as one types what is clearly a query or is none, until it is clicked; an empty field starts anew.
class QueryToggle : public QToolButton {
  Q_OBJECT
 public:
  // While it is on, `others` (case, regular expression) mean nothing and cannot be used; while one is on, nothing is guessed.
  QueryToggle(QLineEdit& text, const QList<QToolButton*>& others, QWidget* parent = nullptr);

 private:
  void guess();

  QLineEdit& text_;
  QList<QToolButton*> others_;
  bool isChosen_ = false;
};

}  // namespace conclave::desktop
