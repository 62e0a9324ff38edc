#include "app/desktop/widgets/keys_dialog.h"

#include <QCheckBox>
#include <QDialogButtonBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QVBoxLayout>

#include "app/desktop/text.h"
#include "app/desktop/widgets/card.h"
#include "engine/case/audit.h"

namespace conclave::desktop {

namespace {

QLineEdit* hiddenLine(const QString& objectName) {
  auto* line = new QLineEdit;
  line->setEchoMode(QLineEdit::Password);
  line->setInputMethodHints(Qt::ImhHiddenText | Qt::ImhSensitiveData | Qt::ImhNoPredictiveText);
  line->setObjectName(objectName);
  return line;
}

// Into the audit log; in a job. What the user is told if that fails.
QString recorded(const char* event, const QString& name, const char* detail) {
  const AuditLine line{event, name.toStdString(), detail};
  const auto written = write_audit({&line, 1}, default_audit_path());
  return written ? QString() : QLatin1Char(' ') + qtText(written.error().text());
}

}  // namespace

KeysDialog::KeysDialog(Jobs& jobs, Keys& keys, QWidget* parent)
    : QDialog(parent),
      jobs_(jobs),
      keys_(keys),
      list_(new QListWidget),
      remove_(new QPushButton(tr("&Remove"))),
      name_(new QLineEdit),
      value_(hiddenLine(QStringLiteral("key_value"))),
      protect_(new QCheckBox(tr("&Protect them with a passphrase"))),
      passphrase_label_(new QLabel(tr("Pass&phrase"))),
      passphrase_(hiddenLine(QStringLiteral("key_passphrase"))),
      keep_(new QPushButton(tr("&Keep"))),
      unlock_(new QPushButton(tr("&Open until Conclave is closed"))),
      about_(plainLabel({}, QStringLiteral("muted"))),
      message_(plainLabel({}, QStringLiteral("keys_message"))) {
  setWindowTitle(tr("API keys"));
  resize(560, 480);
  list_->setAccessibleName(tr("Names of the keys that are kept"));
  name_->setObjectName(QStringLiteral("key_name"));
  name_->setPlaceholderText(QStringLiteral("OPENAI_API_KEY"));
  passphrase_label_->setBuddy(passphrase_);
  for (auto* button : {remove_, keep_, unlock_}) button->setAutoDefault(false);
  remove_->setObjectName(QStringLiteral("key_remove"));
  keep_->setObjectName(QStringLiteral("key_keep"));
  unlock_->setObjectName(QStringLiteral("key_unlock"));
  protect_->setObjectName(QStringLiteral("key_protect"));

  auto* form = new QFormLayout;
  form->addRow(tr("&Name"), name_);
  form->addRow(tr("&Value"), value_);
  form->addRow({}, protect_);
  form->addRow(passphrase_label_, passphrase_);
  auto* buttons = new QHBoxLayout;
  buttons->addStretch();
  buttons->addWidget(unlock_);
  buttons->addWidget(keep_);
  auto* close = new QDialogButtonBox(QDialogButtonBox::Close);
  auto* column = new QVBoxLayout(this);
  column->addWidget(
      plainLabel(tr("Experts that say so in their manifest get these keys. An environment variable of the same name "
                    "goes before. Values are never shown, and never in a report.")));
  column->addWidget(list_, 1);
  column->addWidget(remove_, 0, Qt::AlignRight);
  column->addLayout(form);
  column->addLayout(buttons);
  column->addWidget(message_);
  column->addWidget(about_);
  column->addWidget(close);

  connect(close, &QDialogButtonBox::rejected, this, &QDialog::reject);
  connect(keep_, &QPushButton::clicked, this, &KeysDialog::keep);
  connect(remove_, &QPushButton::clicked, this, &KeysDialog::remove);
  connect(list_, &QListWidget::currentTextChanged, this, [this](const QString& name) {
    if (!name.isEmpty()) name_->setText(name);
    refresh();
  });
  for (auto* line : {name_, value_, passphrase_}) connect(line, &QLineEdit::textChanged, this, &KeysDialog::refresh);
  connect(protect_, &QCheckBox::toggled, this, &KeysDialog::refresh);
  connect(unlock_, &QPushButton::clicked, this, [this] {
    keys_.setPassphrase(passphrase_->text());
    const auto open = [ring = keys_.ring()](Job&) -> Result<State> {
      if (auto opened = ring->check(); !opened) return tl::unexpected(std::move(opened.error()));
      return read(*ring, tr("Open until Conclave is closed."));
    };
    run(tr("Opening the key ring"), open, [this] { passphrase_->clear(); });
  });
  run(tr("Reading the key ring"), [ring = keys_.ring()](Job&) { return read(*ring); });
}

Result<KeysDialog::State> KeysDialog::read(const security::KeyRing& ring, const QString& said) {
  State state;
  state.said = said;
  auto openedBy = ring.opened_by();
  if (!openedBy) return tl::unexpected(std::move(openedBy.error()));
  auto names = ring.names();
  if (!names) return tl::unexpected(std::move(names.error()));
  state.openedBy = *openedBy;
  for (const std::string& name : *names) state.names << qtText(name);
  return state;
}

void KeysDialog::run(const QString& what, std::function<Result<State>(Job&)> work, std::function<void()> done) {
  busy_ = true;
  message_->clear();
  refresh();
  jobs_.run<State>({what, this, {}, true}, std::move(work), [this, done = std::move(done)](const Result<State>& state) {
    busy_ = false;
    if (state) {
      state_ = *state;
      usable_ = true;
      list_->clear();
      list_->addItems(state_.names);
      done();
    }
    message_->setText(state ? state->said : qtText(state.error().text()));
    refresh();
  });
}

void KeysDialog::refresh() {
  const auto& places = keys_.ring()->places();
  const bool fresh = !state_.openedBy.has_value();
  const bool byPassphrase = fresh ? protect_->isChecked() : *state_.openedBy == security::OpenedBy::passphrase;
  protect_->setVisible(usable_ && fresh);
  passphrase_label_->setVisible(byPassphrase);
  passphrase_->setVisible(byPassphrase);
  unlock_->setVisible(byPassphrase && !fresh);
  const bool ready = usable_ && !busy_;
  unlock_->setEnabled(ready && !passphrase_->text().isEmpty());
  remove_->setEnabled(ready && list_->currentItem() != nullptr);
  keep_->setEnabled(ready && !name_->text().trimmed().isEmpty() && !value_->text().isEmpty() &&
                    (!fresh || !byPassphrase || !passphrase_->text().isEmpty()));
  about_->setText(
      byPassphrase
          ? tr("The keys are sealed in %1. Its passphrase is needed once after each start of Conclave.").arg(qtPath(places.ring))
          : tr("The keys are sealed in %1 with a random key in %2. That protects copies and backups of the first folder, "
               "but not against somebody who can read all your files.")
                .arg(qtPath(places.ring), qtPath(places.key_file)));
}

void KeysDialog::keep() {
  if (!passphrase_->text().isEmpty()) keys_.setPassphrase(passphrase_->text());
  const auto how = protect_->isChecked() ? security::OpenedBy::passphrase : security::OpenedBy::key_file;
  const QString name = name_->text().trimmed();
  QByteArray bytes = value_->text().toUtf8();
  auto value = std::make_shared<security::Secret>(std::string_view(bytes.constData(), static_cast<std::size_t>(bytes.size())));
  bytes.fill('\0');
  const auto set = [ring = keys_.ring(), name, value, how](Job&) -> Result<State> {
    const auto replaced = ring->set(name.toStdString(), value->view(), how);
    if (!replaced) return tl::unexpected(replaced.error());
    return read(*ring, (*replaced ? tr("%1 is replaced.") : tr("%1 is kept.")).arg(name) +
                           recorded("keys.set", name, *replaced ? "replaced" : "new"));
  };
  run(tr("Keeping a key"), set, [this] {
    for (auto* line : {name_, value_, passphrase_}) line->clear();
  });
}

void KeysDialog::remove() {
  const auto* item = list_->currentItem();
  if (item == nullptr) return;
  const auto take = [ring = keys_.ring(), name = item->text()](Job&) -> Result<State> {
    const auto there = ring->remove(name.toStdString());
    if (!there) return tl::unexpected(there.error());
    return read(*ring, tr("%1 is removed.").arg(name) + (*there ? recorded("keys.remove", name, "") : QString()));
  };
  run(tr("Removing a key"), take, [this] { name_->clear(); });
}

QPushButton* keysButton(Jobs& jobs, Keys& keys) {
  auto* button = new QPushButton(KeysDialog::tr("API keys ..."));
  button->setObjectName(QStringLiteral("api_keys"));
  button->setToolTip(KeysDialog::tr("Secrets that experts may be given, kept sealed"));
  QObject::connect(button, &QPushButton::clicked, button, [button, &jobs, &keys] {
    auto* dialog = new KeysDialog(jobs, keys, button->window());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->open();
  });
  return button;
}

}  // namespace conclave::desktop
