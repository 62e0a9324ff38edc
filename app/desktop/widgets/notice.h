// A strip above the pages that says something the user should know and can act on.
#pragma once

#include <QFrame>

class QLabel;
class QPushButton;

namespace conclave::desktop {

class Notice : public QFrame {
  Q_OBJECT
 public:
  // Without `action` there is only text.
  explicit Notice(const QString& action = {}, QWidget* parent = nullptr);
  void say(const QString& text);  // empty hides it
  [[nodiscard]] QString text() const;

 Q_SIGNALS:
  void acted();

 private:
  QLabel* text_;
};

}  // namespace conclave::desktop
