// A strip above the pages that says something the user should know and can act on.
#pragma once

#include <QFrame>

class QHBoxLayout;
class QLabel;
class QPlainTextEdit;
class QPushButton;

namespace conclave::desktop {

class Notice : public QFrame {
  Q_OBJECT
 public:
  // Without `action` there is only text.
  explicit Notice(const QString& action = {}, QWidget* parent = nullptr);
  // The first line; a button unfolds the whole where there is more. Empty hides the strip.
  void say(const QString& text);
  QPushButton* addButton(const QString& text);  // before the others
  [[nodiscard]] QString text() const { return whole_; }

 Q_SIGNALS:
  void acted();

 private:
  void unfold(bool open);

  QString whole_;
  QHBoxLayout* row_;
  QLabel* line_;
  QPushButton* unfold_;
  QPlainTextEdit* details_;  // a traceback may be long: this scrolls and can be copied
};

}  // namespace conclave::desktop
