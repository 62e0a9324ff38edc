#include <QCheckBox>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QTest>
#include <fstream>

#include "app/desktop/widgets/keys_dialog.h"
#include "engine/base/folders.h"
#include "tests/app/desktop/fakes.h"

using namespace conclave;
using namespace conclave::desktop;
namespace fs = std::filesystem;

class KeysTest : public QObject {
  Q_OBJECT

 private:
  std::unique_ptr<Jobs> jobs_;
  std::unique_ptr<Keys> keys_;
  std::unique_ptr<KeysDialog> dialog_;

  template <class T>
  T* part(const char* name) {
    return dialog_->findChild<T*>(QLatin1String(name));
  }
  QString message() { return part<QLabel>("keys_message")->text(); }
  QStringList names() {
    QStringList names;
    const auto* list = dialog_->findChild<QListWidget*>();
    for (int row = 0; row < list->count(); ++row) names << list->item(row)->text();
    return names;
  }
  void openDialog() {
    dialog_ = std::make_unique<KeysDialog>(*jobs_, *keys_);
    dialog_->show();
    QTRY_VERIFY(jobs_->isIdle());
  }
  void keep(const char* name, const char* value) {
    part<QLineEdit>("key_name")->setText(QLatin1String(name));
    part<QLineEdit>("key_value")->setText(QLatin1String(value));
    part<QPushButton>("key_keep")->click();
    QTRY_VERIFY(jobs_->isIdle());
  }
  void restart() {  // as the program does: nothing typed is remembered
    dialog_.reset();
    keys_ = std::make_unique<Keys>();
  }

 private Q_SLOTS:
  void initTestCase() { (void)useTemporaryHome(); }
  void init() {
    qunsetenv("CONCLAVE_PASSPHRASE");
    jobs_ = std::make_unique<Jobs>();
    keys_ = std::make_unique<Keys>();
    fs::remove(keys_->ring()->places().ring);
    fs::remove(keys_->ring()->places().key_file);
  }
  void cleanup() {
    dialog_.reset();
    QTRY_VERIFY(jobs_->isIdle());
    jobs_.reset();
  }

  void keeps_lists_and_removes() {
    openDialog();
    QVERIFY(names().isEmpty());
    QVERIFY(!part<QPushButton>("key_keep")->isEnabled());
    keep("OPENAI_API_KEY", "sk-of-nobody");
    QCOMPARE(names(), QStringList{QStringLiteral("OPENAI_API_KEY")});
    QCOMPARE(message(), QStringLiteral("OPENAI_API_KEY is kept."));
    QVERIFY(part<QLineEdit>("key_value")->text().isEmpty());
    QCOMPARE(keys_->ring()->find("OPENAI_API_KEY").value(), std::optional<std::string>("sk-of-nobody"));
    keep("OPENAI_API_KEY", "sk-another");
    QCOMPARE(message(), QStringLiteral("OPENAI_API_KEY is replaced."));

    dialog_->findChild<QListWidget*>()->setCurrentRow(0);
    part<QPushButton>("key_remove")->click();
    QTRY_VERIFY(jobs_->isIdle());
    QVERIFY(names().isEmpty());
    QCOMPARE(message(), QStringLiteral("OPENAI_API_KEY is removed."));
    std::ifstream audit(user_state_folder() / "audit.jsonl");
    const std::string lines{std::istreambuf_iterator<char>(audit), {}};
    for (const char* event : {"keys.set", "keys.remove", "replaced"}) QVERIFY2(lines.find(event) != std::string::npos, event);
    QCOMPARE(lines.find("sk-"), std::string::npos);
  }

  void shows_no_value() {
    openDialog();
    QCOMPARE(part<QLineEdit>("key_value")->echoMode(), QLineEdit::Password);
    QCOMPARE(part<QLineEdit>("key_passphrase")->echoMode(), QLineEdit::Password);
    keep("A", "sk-of-nobody");
    for (const auto* label : dialog_->findChildren<QLabel*>()) QVERIFY(!label->text().contains(QLatin1String("sk-of-nobody")));
    for (const auto* line : dialog_->findChildren<QLineEdit*>()) QVERIFY(!line->text().contains(QLatin1String("sk-of-nobody")));
  }

  void says_what_is_wrong_with_a_name_and_keeps_what_was_typed() {
    openDialog();
    keep("A-B", "sk-of-nobody");
    QVERIFY2(message().contains(QLatin1String("no name for a key")), qPrintable(message()));
    QCOMPARE(part<QLineEdit>("key_value")->text(), QStringLiteral("sk-of-nobody"));
    QVERIFY(!fs::exists(keys_->ring()->places().ring));
  }

  void a_passphrase_is_needed_once_after_each_start() {
    openDialog();
    part<QCheckBox>("key_protect")->setChecked(true);
    part<QLineEdit>("key_name")->setText(QStringLiteral("A"));
    part<QLineEdit>("key_value")->setText(QStringLiteral("sk-of-nobody"));
    QVERIFY(!part<QPushButton>("key_keep")->isEnabled());
    part<QLineEdit>("key_passphrase")->setText(QStringLiteral("correct horse"));
    part<QPushButton>("key_keep")->click();
    QTRY_VERIFY(jobs_->isIdle());
    QCOMPARE(keys_->ring()->opened_by().value(), std::optional(security::OpenedBy::passphrase));
    QVERIFY(keys_->ring()->find("A").has_value());

    restart();
    const auto closed = keys_->ring()->find("A");
    QVERIFY(!closed && closed.error().message.find("page Experts") != std::string::npos);
    openDialog();
    QCOMPARE(names(), QStringList{QStringLiteral("A")});
    QVERIFY(!part<QCheckBox>("key_protect")->isVisible());
    part<QLineEdit>("key_passphrase")->setText(QStringLiteral("wrong horse"));
    part<QPushButton>("key_unlock")->click();
    QTRY_VERIFY(jobs_->isIdle());
    QVERIFY2(message().contains(QLatin1String("does not open it")), qPrintable(message()));
    part<QLineEdit>("key_passphrase")->setText(QStringLiteral("correct horse"));
    part<QPushButton>("key_unlock")->click();
    QTRY_VERIFY(jobs_->isIdle());
    QCOMPARE(keys_->ring()->find("A").value(), std::optional<std::string>("sk-of-nobody"));
  }

  void opens_from_its_button() {
    QWidget page;
    auto* button = keysButton(*jobs_, *keys_);
    button->setParent(&page);
    page.show();
    button->click();
    QTRY_VERIFY(page.findChild<KeysDialog*>() != nullptr && page.findChild<KeysDialog*>()->isVisible());
    page.findChild<KeysDialog*>()->reject();
    QTRY_VERIFY(page.findChild<KeysDialog*>() == nullptr);
  }

  void a_damaged_ring_is_said_and_nothing_can_be_kept() {
    const fs::path ring = keys_->ring()->places().ring;
    fs::create_directories(ring.parent_path());
    std::ofstream(ring) << "garbage";
    fs::permissions(ring, fs::perms::owner_read | fs::perms::owner_write);
    openDialog();
    QVERIFY2(message().contains(QLatin1String("is damaged")), qPrintable(message()));
    part<QLineEdit>("key_name")->setText(QStringLiteral("A"));
    part<QLineEdit>("key_value")->setText(QStringLiteral("x"));
    QVERIFY(!part<QPushButton>("key_keep")->isEnabled());
  }
};

QTEST_MAIN(KeysTest)
#include "keys_test.moc"
