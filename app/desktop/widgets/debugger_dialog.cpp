#include "app/desktop/widgets/debugger_dialog.h"

#include <QApplication>
#include <QClipboard>
#include <QDialogButtonBox>
#include <QFontDatabase>
#include <QHBoxLayout>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSettings>
#include <QSpinBox>
#include <QVBoxLayout>

#include "app/desktop/text.h"
#include "app/desktop/widgets/card.h"

namespace conclave::desktop {

namespace {
const auto port_key = QStringLiteral("debugger/port");
constexpr int usual_port = 5678;
constexpr int snippet_rows = 9;
}  // namespace

DebuggerDialog::DebuggerDialog(Scripts& scripts, QWidget* parent)
    : QDialog(parent),
      scripts_(scripts),
      message_(plainLabel({})),
      choice_(new QWidget),
      port_(new QSpinBox),
      listen_(new QPushButton(tr("&Listen"))),
      snippet_(new QPlainTextEdit),
      copy_(new QPushButton(tr("&Copy"))) {
  setWindowTitle(tr("Attach a debugger"));
  resize(560, 380);
  port_->setObjectName(QStringLiteral("debugger_port"));
  port_->setRange(1, 65535);
  port_->setValue(QSettings().value(port_key, usual_port).toInt());
  message_->setObjectName(QStringLiteral("debugger_message"));
  snippet_->setReadOnly(true);
  snippet_->setLineWrapMode(QPlainTextEdit::NoWrap);
  snippet_->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
  snippet_->setAccessibleName(tr("Configuration for the editor"));
  snippet_->setFixedHeight(snippet_rows * snippet_->fontMetrics().lineSpacing() +
                           2 * static_cast<int>(snippet_->document()->documentMargin()));
  auto* label = new QLabel(tr("&Port of this machine"));
  label->setBuddy(port_);
  auto* row = new QHBoxLayout(choice_);
  row->setContentsMargins(0, 0, 0, 0);
  row->addWidget(label);
  row->addWidget(port_);
  row->addWidget(listen_);
  row->addStretch();
  auto* close = new QDialogButtonBox(QDialogButtonBox::Close);
  auto* foot = new QHBoxLayout;
  foot->addWidget(copy_);
  foot->addWidget(close, 1);
  auto* column = new QVBoxLayout(this);
  column->addWidget(plainLabel(
      tr("Your editor then stops the console and plugins that run inside Conclave (--trust) at its breakpoints, through "
         "debugpy. Plugins in processes of their own it does not see.")));
  column->addWidget(plainLabel(
      tr("Only programs on this machine can connect, but all of them, whoever runs them, and a debugger may do whatever "
         "you can. Listening ends when Conclave is closed, and not before."),
      QStringLiteral("muted")));
  column->addWidget(choice_);
  column->addWidget(message_);
  column->addWidget(snippet_);
  column->addStretch();
  column->addLayout(foot);
  listen_->setDefault(true);
  copy_->setAutoDefault(false);
  connect(close, &QDialogButtonBox::rejected, this, &QDialog::reject);
  connect(listen_, &QPushButton::clicked, this, &DebuggerDialog::listen);
  connect(copy_, &QPushButton::clicked, this, [this] { QApplication::clipboard()->setText(snippet_->toPlainText()); });
  showAddress(scripts_.debuggerAddress());
  if (!scripts_.host()) {
    choice_->setEnabled(false);
    message_->setText(tr("Python is not running."));
  }
}

QString DebuggerDialog::snippet(const QString& host, int port) {
  return QStringLiteral(
             "{\n  \"name\": \"Conclave\",\n  \"type\": \"debugpy\",\n  \"request\": \"attach\",\n"
             "  \"connect\": { \"host\": \"%1\", \"port\": %2 },\n  \"justMyCode\": false\n}")
      .arg(host)
      .arg(port);
}

void DebuggerDialog::showAddress(const QString& address) {
  const bool listens = !address.isEmpty();
  choice_->setVisible(!listens);
  snippet_->setVisible(listens);
  copy_->setVisible(listens);
  if (!listens) return;
  message_->setText(
      tr("A debugger may attach at %1. For VS Code this goes into the configurations of launch.json:").arg(address));
  snippet_->setPlainText(snippet(address.section(QLatin1Char(':'), 0, 0), address.section(QLatin1Char(':'), 1).toInt()));
}

void DebuggerDialog::listen() {
  QSettings().setValue(port_key, port_->value());
  choice_->setEnabled(false);
  message_->setText(tr("Starting debugpy ..."));
  scripts_.listenForDebugger(static_cast<std::uint16_t>(port_->value()), this, [this](const Result<std::string>& address) {
    choice_->setEnabled(true);
    if (!address) return message_->setText(qtText(address.error().text()));
    showAddress(scripts_.debuggerAddress());
    Q_EMIT listening(scripts_.debuggerAddress());
  });
}

}  // namespace conclave::desktop
