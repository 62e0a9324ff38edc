// Building blocks of a page that reads like a document: cards, selectable text, parts that fold away.
#pragma once

#include <QFrame>
#include <QLabel>

class QToolButton;
class QVBoxLayout;

namespace conclave::desktop {

class ThemeController;

// A framed column with an optional heading.
class Card : public QFrame {
  Q_OBJECT
 public:
  explicit Card(const QString& heading = {}, QWidget* parent = nullptr);
  [[nodiscard]] QVBoxLayout* column() const { return column_; }

 private:
  QVBoxLayout* column_;
};

// A heading with an arrow that shows and hides its content. Keyboard: Tab to it, Space.
class Fold : public QWidget {
  Q_OBJECT
 public:
  Fold(const QString& heading, QWidget* content, const ThemeController& theme, bool open = false, QWidget* parent = nullptr);
  [[nodiscard]] bool isOpen() const;
  void open();

 private:
  void refresh();
  const ThemeController& theme_;
  QToolButton* head_;
  QWidget* content_;
};

// Word-wrapped, selectable; as plain text, or as rich text whose links are emitted.
[[nodiscard]] QLabel* plainLabel(const QString& text, const QString& objectName = {});
[[nodiscard]] QLabel* richLabel(const QString& html);

}  // namespace conclave::desktop
