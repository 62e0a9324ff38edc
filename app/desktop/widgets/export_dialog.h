// Asks how a report is to leave the program: format, redaction, file.
#pragma once

#include <QDialog>

class QCheckBox;
class QComboBox;

namespace conclave::desktop {

class ExportDialog : public QDialog {
  Q_OBJECT
 public:
  enum class Format { html, markdown, json };
  explicit ExportDialog(QWidget* parent = nullptr);

  [[nodiscard]] Format format() const;
  [[nodiscard]] bool redacted() const;
  [[nodiscard]] QString suffix() const;  // "html"

 private:
  QComboBox* format_;
  QCheckBox* redacted_;
};

}  // namespace conclave::desktop
