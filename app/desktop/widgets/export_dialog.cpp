#include "app/desktop/widgets/export_dialog.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QFormLayout>
#include <QLabel>
#include <QPushButton>

namespace conclave::desktop {

ExportDialog::ExportDialog(QWidget* parent)
    : QDialog(parent), format_(new QComboBox), redacted_(new QCheckBox(tr("&Redact secrets and personal data"))) {
  setWindowTitle(tr("Export the report"));
  format_->addItems({tr("HTML, one self-contained file"), tr("Markdown"), tr("JSON, complete, for replay")});
  redacted_->setChecked(true);
  auto* hint =
      new QLabel(tr("Takes keys, passwords, e-mail addresses and IP addresses out of every text\nthat came from evidence. "
                    "JSON is always complete: its receipt must replay."));
  hint->setObjectName(QStringLiteral("muted"));
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Save | QDialogButtonBox::Cancel);
  buttons->button(QDialogButtonBox::Save)->setText(tr("Choose &file ..."));
  auto* form = new QFormLayout(this);
  form->addRow(tr("&Format"), format_);
  form->addRow({}, redacted_);
  form->addRow({}, hint);
  form->addRow(buttons);
  connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
  connect(format_, &QComboBox::currentIndexChanged, this, [this] { redacted_->setEnabled(format() != Format::json); });
}

ExportDialog::Format ExportDialog::format() const { return static_cast<Format>(format_->currentIndex()); }

bool ExportDialog::redacted() const { return format() != Format::json && redacted_->isChecked(); }

QString ExportDialog::suffix() const {
  switch (format()) {
    case Format::html:
      return QStringLiteral("html");
    case Format::markdown:
      return QStringLiteral("md");
    case Format::json:
      return QStringLiteral("json");
  }
  return {};
}

}  // namespace conclave::desktop
