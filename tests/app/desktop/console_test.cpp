#include "app/desktop/widgets/console.h"

#include <QMimeData>
#include <QPushButton>
#include <QTest>
#include <QUrl>

#include "app/desktop/widgets/console_input.h"
#include "tests/app/desktop/fakes.h"

using namespace conclave;
using namespace conclave::desktop;

class DroppableInput : public ConsoleInput {
 public:
  using ConsoleInput::insertFromMimeData;
};

class ConsoleTest : public DesktopTest {
  Q_OBJECT

 private:
  std::unique_ptr<Console> console_;
  FakeHost* host_ = nullptr;

  void type(const QString& text, Qt::Key key = Qt::Key_Return) {
    QTest::keyClicks(console_->input(), text);
    QTest::keyClick(console_->input(), key);
  }

 private Q_SLOTS:
  void init() {
    DesktopTest::init();
    console_ = std::make_unique<Console>(*scripts_, *theme_);
    console_->show();
    host_ = &startPython();
  }
  void cleanup() {
    console_.reset();
    DesktopTest::cleanup();
  }

  void a_command_is_echoed_and_answered() {
    type(QStringLiteral("print hello"));
    QTRY_VERIFY(console_->transcript().contains(QLatin1String(">>> print hello\nhello\n")));
    QTRY_VERIFY(console_->input()->toPlainText().isEmpty());
  }

  void an_incomplete_command_asks_for_more_and_is_echoed_once() {
    type(QStringLiteral("for x in y:"));
    QTRY_COMPARE(console_->input()->toPlainText(), QStringLiteral("for x in y:\n    "));
    type(QStringLiteral("pass"));
    QTRY_VERIFY(console_->input()->toPlainText().isEmpty());
    QCOMPARE(console_->transcript().count(QLatin1String("for x in y:")), 1);
    QVERIFY(console_->transcript().contains(QLatin1String("...     pass")));
  }

  void history_is_walked_and_remembered_across_starts() {
    type(QStringLiteral("print one"));
    QTRY_VERIFY(console_->input()->toPlainText().isEmpty());
    type(QStringLiteral("print two"));
    QTRY_VERIFY(console_->input()->toPlainText().isEmpty());
    QTest::keyClicks(console_->input(), QStringLiteral("draft"));
    QTest::keyClick(console_->input(), Qt::Key_Up);
    QTest::keyClick(console_->input(), Qt::Key_Up);
    QCOMPARE(console_->input()->toPlainText(), QStringLiteral("print one"));
    QTest::keyClick(console_->input(), Qt::Key_Down);
    QTest::keyClick(console_->input(), Qt::Key_Down);
    QCOMPARE(console_->input()->toPlainText(), QStringLiteral("draft"));
    const Console again(*scripts_, *theme_);
    QCOMPARE(again.input()->history().last(), QStringLiteral("print two"));
  }

  void tab_completes_the_name_before_the_cursor() {
    type(QStringLiteral("x = rep"), Qt::Key_Tab);
    QTRY_COMPARE(console_->input()->toPlainText(), QStringLiteral("x = report"));
    QTest::keyClick(console_->input(), Qt::Key_Return);
    QTRY_VERIFY(console_->input()->toPlainText().isEmpty());
    QTest::keyClick(console_->input(), Qt::Key_Tab);
    QCOMPARE(console_->input()->toPlainText(), QStringLiteral("    "));
  }

  void a_late_completion_for_text_that_changed_is_dropped() {
    QTest::keyClicks(console_->input(), QStringLiteral("rep"));
    QTest::keyClick(console_->input(), Qt::Key_Tab);
    QTest::keyClicks(console_->input(), QStringLiteral("x"));
    QTest::qWait(100);
    QCOMPARE(console_->input()->toPlainText(), QStringLiteral("repx"));
  }

  void a_flood_of_output_is_capped_and_the_window_stays_alive() {
    type(QStringLiteral("flood"));
    QTRY_VERIFY(console_->transcript().contains(QLatin1String("line 49999")));
    QVERIFY(console_->transcript().count(QLatin1Char('\n')) <= 10'000);
  }

  void stop_interrupts_what_runs() {
    type(QStringLiteral("wait"));
    auto* stop = console_->findChild<QPushButton*>();
    QTRY_VERIFY(stop->isEnabled());
    QVERIFY(console_->input()->isReadOnly());
    stop->click();
    QTRY_VERIFY(!console_->input()->isReadOnly());
    QTest::keyClick(console_->input(), Qt::Key_C, Qt::ControlModifier);
    QCOMPARE(host_->interrupts.load(), 2);
  }

  void exit_does_not_close_the_window() {
    type(QStringLiteral("exit()"));
    QTRY_VERIFY(console_->transcript().contains(QLatin1String("Ctrl+Q")));
  }

  void a_dropped_file_inserts_its_path_as_python_writes_it() {
    DroppableInput input;
    QMimeData files;
    files.setUrls(
        {QUrl::fromLocalFile(QStringLiteral("/tmp/it's \\ here.log")), QUrl::fromLocalFile(QStringLiteral("/tmp/b.log"))});
    input.insertFromMimeData(&files);
    QCOMPARE(input.toPlainText(), QStringLiteral("'/tmp/it\\'s \\\\ here.log', '/tmp/b.log'"));
    QCOMPARE(pythonString(QStringLiteral("a\nb\x01")), QStringLiteral("'a\\nb\\u0001'"));
  }
};

QTEST_MAIN(ConsoleTest)
#include "console_test.moc"
