// The configuration page: masking, problems in place, and files that change or go away.
#include <QAbstractItemModelTester>
#include <QCheckBox>
#include <QLabel>
#include <QLineEdit>
#include <QTemporaryDir>
#include <QTest>
#include <QTreeView>
#include <algorithm>
#include <fstream>
#include <sstream>

#include "app/desktop/models/secrets.h"
#include "app/desktop/pages/config_page.h"
#include "app/desktop/text.h"
#include "app/desktop/widgets/marked_text.h"
#include "app/desktop/widgets/notice.h"
#include "tests/app/desktop/fakes.h"

using namespace conclave;
using namespace conclave::desktop;

namespace {

const std::string sample =
    "services:\n"
    "  - name: orders\n"
    "    memory_mb: 64\n"
    "    ports: [8081, 8081]\n"
    "    environment:\n"
    "      DB_PASSWORD: hunter2\n"
    "      DB_USER: shop\n"
    "      DB_URL: postgres://shop:hunter3@db:5432/shop\n"
    "  - name: gateway\n"
    "    ports: [80]\n"
    "global_settings:\n"
    "  api_token: ${TOKEN}\n";

std::string maskedText(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  Job job;
  std::string out;
  for (const auto& line : maskedLines(lines, job)) out += line + '\n';
  return out;
}

}  // namespace

class ConfigTest : public DesktopTest {
  Q_OBJECT

 private:
  std::filesystem::path write(const std::string& text) const {
    const auto path = fsPath(folder_->filePath(QStringLiteral("infra.yaml")));
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  // As the engine gathers it.
  GatheredPtr gather(const std::string& text) const {
    Case subject;
    subject.base = fsPath(folder_->path());
    subject.config = write(text).string();
    Job job;
    auto config = load_config(subject);
    if (!config) return nullptr;
    auto gathered = conclave::gather(subject, *config, job);
    return gathered ? std::make_shared<const Gathered>(std::move(*gathered)) : nullptr;
  }
  void settle() { QTRY_VERIFY_WITH_TIMEOUT(jobs_->isIdle(), 20'000); }
  static QModelIndex find(const ConfigTree& tree, const QString& path, const QModelIndex& under = {}) {
    for (int row = 0; row < tree.rowCount(under); ++row) {
      const auto index = tree.index(row, 0, under);
      if (tree.pathAt(index) == path) return index;
      if (const auto deeper = find(tree, path, index); deeper.isValid()) return deeper;
    }
    return {};
  }

 private Q_SLOTS:
  void the_tree_is_a_valid_model_with_keys_values_and_lines() {
    ConfigTree tree(*theme_);
    const QAbstractItemModelTester tester(&tree, QAbstractItemModelTester::FailureReportingMode::QtTest);
    const auto gathered = gather(sample);
    QVERIFY(gathered);
    const QString file = qtText(gathered->evidence->text("config.file", 0));
    tree.show(gathered->evidence, file, gathered->problems);
    QCOMPARE(tree.rowCount(), 2);
    const auto memory = find(tree, QStringLiteral("services[0].memory_mb"));
    QCOMPARE(memory.data().toString(), QStringLiteral("memory_mb"));
    QCOMPARE(memory.siblingAtColumn(ConfigTree::value_column).data().toString(), QStringLiteral("64"));
    QCOMPARE(memory.siblingAtColumn(ConfigTree::line_column).data().toInt(), 3);
    QVERIFY(memory.data(Qt::ToolTipRole).toString().contains(QLatin1String("128")));
    QVERIFY(memory.parent().parent().data(Qt::DecorationRole).isValid());  // shown on what is folded, too
    QCOMPARE(memory.parent().siblingAtColumn(ConfigTree::value_column).data().toString(), QStringLiteral("orders"));
    QCOMPARE(tree.indexOfLine(3), memory);
    tree.setSecretsShown(true);
    tree.show(nullptr, file, {});
    QCOMPARE(tree.rowCount(), 0);
  }

  void keys_with_dots_are_one_step_of_the_tree() {
    ConfigTree tree(*theme_);
    const QAbstractItemModelTester tester(&tree, QAbstractItemModelTester::FailureReportingMode::QtTest);
    const auto gathered =
        gather("services: {api.v2: {memory_mb: 256}}\nx-both: {a.b: dotted, a: {b: nested}, tls.key: abcdef}\n");
    QVERIFY(gathered);
    tree.show(gathered->evidence, qtText(gathered->evidence->text("config.file", 0)), {});
    const auto service = find(tree, QStringLiteral("services.\"api.v2\""));
    QCOMPARE(service.data().toString(), QStringLiteral("api.v2"));
    QCOMPARE(tree.rowCount(service), 1);
    const auto value = [&](const char* path) {
      return find(tree, QLatin1String(path)).siblingAtColumn(ConfigTree::value_column).data().toString();
    };
    QCOMPARE(value("x-both.\"a.b\""), QStringLiteral("dotted"));
    QCOMPARE(value("x-both.a.b"), QStringLiteral("nested"));
    QCOMPARE(value("x-both.\"tls.key\""), qtText(secret_mask));
  }

  void the_list_of_problems_is_a_valid_model_in_order_of_place() {
    ProblemList list(*theme_);
    const QAbstractItemModelTester tester(&list, QAbstractItemModelTester::FailureReportingMode::QtTest);
    list.show(
        {{config::Severity::error, "b", "later", "", {"x", 9, 1}}, {config::Severity::note, "a", "first", "", {"x", 2, 1}}});
    QCOMPARE(list.index(0, ProblemList::message_column).data().toString(), QStringLiteral("first"));
    QCOMPARE(list.index(1, ProblemList::severity_column).data().toString(), QStringLiteral("error"));
  }

  void values_under_secret_keys_are_masked() {
    QCOMPARE(maskedValue("limits.max_tokens", "4096"), std::string("4096"));
    QCOMPARE(maskedValue("db.password", "${DB_PASSWORD}"), std::string("${DB_PASSWORD}"));
    QCOMPARE(maskedValue("db.password", "${DB_PASSWORD:-hunter2}"), std::string(secret_mask));
    QCOMPARE(maskedValue("db.password", "12345678"), std::string(secret_mask));
    QCOMPARE(maskedValue("env[0]", "DB_PASSWORD=hunter2"), "DB_PASSWORD=" + std::string(secret_mask));
    QVERIFY(maskedValue("url", "postgres://u:hunter2@db/x").find("hunter2") == std::string::npos);
    QCOMPARE(maskedValue("address", "10.0.0.7"), std::string("10.0.0.7"));
  }

  void no_way_of_writing_a_secret_shows_it_data() {
    QTest::addColumn<QByteArray>("yaml");
    QTest::newRow("plain") << QByteArray("password: hunter2\nother: 1\n");
    QTest::newRow("quoted") << QByteArray("password: \"hunter2\" # kept\nother: 1\n");
    QTest::newRow("single quotes") << QByteArray("password: 'it''s hunter2'\nother: 1\n");
    QTest::newRow("escapes") << QByteArray("password: \"\\x61 hunter2\"\nother: 1\n");
    QTest::newRow("next line") << QByteArray("password:\n  hunter2\nother: 1\n");
    QTest::newRow("plain over lines") << QByteArray("password:\n  first\n  hunter2\nother: 1\n");
    QTest::newRow("quoted over lines") << QByteArray("password: \"first\n  hunter2\n  hunter2\"\nother: 1\n");
    QTest::newRow("block") << QByteArray("password: |\n  first\n\n  hunter2\nother: 1\n");
    QTest::newRow("folded") << QByteArray("a:\n- password: >-\n    first\n    hunter2\n  x: 1\n- other: 1\nother: 1\n");
    QTest::newRow("flow") << QByteArray("a: {user: x, password: hunter2, token: hunter2}\nother: 1\n");
    QTest::newRow("tagged") << QByteArray("password: !!str hunter2\nother: 1\n");
    QTest::newRow("anchored") << QByteArray("x: &p\n  password: hunter2\ny:\n  <<: *p\nother: 1\n");
    QTest::newRow("aliased") << QByteArray("x: &p hunter2\npassword: *p\nother: 1\n");
    QTest::newRow("list below") << QByteArray("tokens:\n  - hunter2\n  - \"hunter2\"\nother: 1\n");
    QTest::newRow("map below") << QByteArray("secrets:\n  db: hunter2\nother: 1\n");
    QTest::newRow("assignment") << QByteArray("env:\n  - A=1\n  - DB_PASSWORD=hunter2\n  - \"TOKEN=hunter2\"\nother: 1\n");
    QTest::newRow("comment") << QByteArray("# password: hunter2\nother: 1 # token=hunter2\n");
    QTest::newRow("address") << QByteArray("url: amqp://u:hunter2@mq:5672/\nother: 1\n");
    QTest::newRow("broken yaml") << QByteArray("password: hunter2\n  : [\nother: 1\n");
    QTest::newRow("json") << QByteArray("{\"password\": \"hunter2\",\n \"other\": 1}\n");
    QTest::newRow("pem") << QByteArray(
        "cert: |\n  -----BEGIN RSA PRIVATE KEY-----\n  hunter2\n  -----END RSA PRIVATE KEY-----\nother: 1\n");
  }
  void no_way_of_writing_a_secret_shows_it() {
    QFETCH(QByteArray, yaml);
    const std::string masked = maskedText(yaml.toStdString());
    QVERIFY2(masked.find("hunter2") == std::string::npos, masked.c_str());
    QVERIFY2(masked.find(secret_mask) != std::string::npos, masked.c_str());
    QVERIFY2(masked.find("other") != std::string::npos, masked.c_str());
    QCOMPARE(std::count(masked.begin(), masked.end(), '\n'), yaml.count('\n'));
  }

  void secrets_show_only_on_request_in_tree_and_text() {
    ConfigPage page(*session_, *theme_);
    page.showEvidence(gather(sample));
    settle();
    auto* text = page.findChild<MarkedText*>();
    auto& tree = *qobject_cast<ConfigTree*>(page.findChild<QTreeView*>(QStringLiteral("keys"))->model());
    const auto value =
        find(tree, QStringLiteral("services[0].environment.DB_PASSWORD")).siblingAtColumn(ConfigTree::value_column);
    QVERIFY(!text->toPlainText().contains(QLatin1String("hunter")));
    QVERIFY(text->toPlainText().contains(QLatin1String("DB_USER: shop")));
    QVERIFY(text->toPlainText().contains(QLatin1String("${TOKEN}")));
    QCOMPARE(value.data().toString(), qtText(secret_mask));
    page.findChild<QCheckBox*>()->setChecked(true);
    QVERIFY(text->toPlainText().contains(QLatin1String("hunter2")));
    QVERIFY(text->toPlainText().contains(QLatin1String("shop:hunter3@")));
    QCOMPARE(value.data().toString(), QStringLiteral("hunter2"));
    page.showCase(std::make_shared<const Case>());  // another case starts hidden
    QVERIFY(!page.findChild<QCheckBox*>()->isChecked());
  }

  void problems_are_marked_in_place_and_a_click_goes_there() {
    ConfigPage page(*session_, *theme_);
    page.resize(1000, 700);
    page.show();
    page.showEvidence(gather(sample));
    settle();
    auto* text = page.findChild<MarkedText*>();
    QVERIFY(text->problemsOf(3).contains(QLatin1String("128")));
    QVERIFY(text->problemsOf(2).isEmpty());
    auto* list = page.findChild<QTreeView*>(QStringLiteral("problems"));
    QVERIFY(list->model()->rowCount() >= 2);
    const auto last = list->model()->index(list->model()->rowCount() - 1, ProblemList::message_column);
    const int line = list->model()->index(last.row(), ProblemList::line_column).data().toInt();
    list->scrollTo(last);
    QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualRect(last).center());
    QCOMPARE(text->currentLine(), line);
    QVERIFY(!page.grab().isNull());  // the gutter paints
  }

  void a_place_is_gone_to_also_before_the_text_is_read() {
    ConfigPage page(*session_, *theme_);
    page.showEvidence(gather(sample));
    QVERIFY(page.goTo({Place::Kind::config, QStringLiteral("infra.yaml"), 6}));
    settle();
    QCOMPARE(page.findChild<MarkedText*>()->currentLine(), 6);
    QVERIFY(page.goTo({Place::Kind::config, QStringLiteral("infra.yaml"), 999'999'999'999ULL}));
    QVERIFY(!page.goTo({Place::Kind::config, QStringLiteral("other.yaml"), 6}));
    QVERIFY(!page.goTo({Place::Kind::log, QStringLiteral("infra.yaml"), 6}));
  }

  void a_file_that_is_gone_is_said_and_the_tree_still_works() {
    const auto gathered = gather(sample);
    std::filesystem::remove(fsPath(folder_->filePath(QStringLiteral("infra.yaml"))));
    ConfigPage page(*session_, *theme_);
    page.showEvidence(gathered);
    settle();
    QVERIFY(page.findChild<Notice*>()->text().contains(QLatin1String("No such file")));
    QVERIFY(page.findChild<QTreeView*>(QStringLiteral("keys"))->model()->rowCount() > 0);
    QVERIFY(page.goTo({Place::Kind::config, QStringLiteral("infra.yaml"), 3}));
    QCOMPARE(page.findChild<QTreeView*>(QStringLiteral("keys"))->currentIndex().data().toString(), QStringLiteral("memory_mb"));
  }

  void a_file_that_was_changed_is_said_and_stays_masked() {
    const auto gathered = gather(sample);
    (void)write("# moved\n# down\n" + sample);
    ConfigPage page(*session_, *theme_);
    page.showEvidence(gathered);
    settle();
    QVERIFY(page.findChild<Notice*>()->text().contains(QLatin1String("was changed after")));
    QVERIFY(!page.findChild<MarkedText*>()->toPlainText().contains(QLatin1String("hunter")));
    page.showEvidence(gather(sample));
    settle();
    QCOMPARE(page.findChild<Notice*>()->text(), QString());
  }

  void files_of_any_kind_are_shown_or_refused_but_do_no_harm() {
    Job job;
    QVERIFY(!readConfigText(fsPath(folder_->path()), job));
    QCOMPARE(readConfigText(write(""), job)->plain, QString());
    QVERIFY(readConfigText(write("a: \xff\xfe\n"), job)->plain.contains(QChar(0xfffd)));
    QVERIFY(readConfigText(write("a: " + std::string(100'000, 'x') + "\n"), job)->plain.size() < 5000);
    const auto many = readConfigText(write([] {
                                       std::string text;
                                       for (int line = 0; line < 60'000; ++line) text += "- 1\n";
                                       return text;
                                     }()),
                                     job);
    QVERIFY(many->isCut);
    job.request_stop();
    QCOMPARE(readConfigText(write(sample), job).error().kind, ErrorKind::cancelled);
  }

  void text_is_found_forwards_and_from_the_top_again() {
    ConfigPage page(*session_, *theme_);
    page.show();
    page.showEvidence(gather(sample));
    settle();
    page.find();
    auto* field = page.findChild<QLineEdit*>();
    field->setText(QStringLiteral("ports"));
    auto* text = page.findChild<MarkedText*>();
    text->goToLine(1);
    QList<int> lines;
    for (int turn = 0; turn < 3; ++turn) {
      QTest::keyClick(field, Qt::Key_Return);
      lines << text->currentLine();
    }
    QCOMPARE(lines, QList<int>({4, 10, 4}));
  }
};

QTEST_MAIN(ConfigTest)
#include "config_test.moc"
