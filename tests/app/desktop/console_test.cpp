#include "app/desktop/widgets/console.h"

#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QMimeData>
#include <QPushButton>
#include <QRegularExpression>
#include <QTest>
#include <QUrl>

#include "app/desktop/file_links.h"
#include "app/desktop/text.h"
#include "app/desktop/widgets/console_input.h"
#include "app/desktop/widgets/linked_text.h"
#include "engine/base/folders.h"
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

  [[nodiscard]] QString prompt() const { return console_->findChild<QLabel*>(QStringLiteral("muted"))->text(); }

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
    const auto file = QString::fromStdString((user_state_folder() / "window_console_history.jsonl").string());
    QCOMPARE(QFile::permissions(file) & (QFile::ReadGroup | QFile::ReadOther), QFile::Permissions());
  }

  void two_windows_share_one_history() {
    Console other(*scripts_, *theme_);
    other.show();
    type(QStringLiteral("print mine"));
    QTRY_VERIFY(console_->input()->toPlainText().isEmpty());
    QTest::keyClicks(other.input(), QStringLiteral("print theirs"));
    QTest::keyClick(other.input(), Qt::Key_Return);
    QTRY_VERIFY(other.input()->toPlainText().isEmpty());
    const Console again(*scripts_, *theme_);
    QVERIFY(again.input()->history().contains(QStringLiteral("print mine")));
    QCOMPARE(again.input()->history().last(), QStringLiteral("print theirs"));
  }

  void a_damaged_history_costs_only_its_damaged_lines() {
    const ConsoleHistory history(fsPath(path("deep/history")));
    QVERIFY(history.add(QStringLiteral("one")));
    QVERIFY(history.add(QStringLiteral("for x in y:\n    print('\u00fc\"')")));
    QFile file(path("deep/history"));
    QVERIFY(file.open(QIODevice::Append));
    file.write("{\"no\": 1}\nnonsense \xff\n\"three\"\n\"cut off");
    file.close();
    QCOMPARE(history.load(),
             QStringList({QStringLiteral("one"), QStringLiteral("for x in y:\n    print('\u00fc\"')"), QStringLiteral("three")}));
    QVERIFY(!ConsoleHistory("/proc/nowhere/history").add(QStringLiteral("x")));
    QVERIFY(ConsoleHistory("/proc/nowhere/history").load().isEmpty());
  }

  void a_history_that_grew_long_is_shortened() {
    const ConsoleHistory history(fsPath(path("history")));
    for (int index = 0; index < 2 * ConsoleHistory::most + 5; ++index) QVERIFY(history.add(QString::number(index)));
    QCOMPARE(history.load().size(), ConsoleHistory::most);
    QCOMPARE(history.load().last(), QString::number(2 * ConsoleHistory::most + 4));
    QFile file(path("history"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    QCOMPARE(file.readAll().count('\n'), ConsoleHistory::most);
    QCOMPARE(file.permissions() & (QFile::ReadGroup | QFile::ReadOther), QFile::Permissions());
  }

  void ctrl_r_searches_the_history_from_the_newest() {
    for (const char* text : {"print apple", "print Pear", "print apple pie", "print plum"}) {
      type(QLatin1String(text));
      QTRY_VERIFY(console_->input()->toPlainText().isEmpty());
    }
    auto* input = console_->input();
    QTest::keyClicks(input, QStringLiteral("draft"));
    QTest::keyClick(input, Qt::Key_R, Qt::ControlModifier);
    QTest::keyClicks(input, QStringLiteral("APP"));
    QCOMPARE(input->toPlainText(), QStringLiteral("print apple pie"));
    QTest::keyClick(input, Qt::Key_R, Qt::ControlModifier);
    QCOMPARE(input->toPlainText(), QStringLiteral("print apple"));
    QVERIFY(prompt().contains(QLatin1String("APP")));
    QTest::keyClick(input, Qt::Key_Escape);
    QCOMPARE(input->toPlainText(), QStringLiteral("draft"));
    QCOMPARE(prompt(), QStringLiteral(">>>"));
    QTest::keyClick(input, Qt::Key_R, Qt::ControlModifier);
    QTest::keyClicks(input, QStringLiteral("pearx"));
    QVERIFY(prompt().startsWith(QLatin1String("not found")));
    QTest::keyClick(input, Qt::Key_Backspace);
    QTest::keyClick(input, Qt::Key_Return);  // runs it
    QTRY_VERIFY(console_->transcript().endsWith(QLatin1String(">>> print Pear\nPear\n")));
  }

  void a_key_that_edits_ends_the_search_with_what_was_found() {
    type(QStringLiteral("print grape"));
    QTRY_VERIFY(console_->input()->toPlainText().isEmpty());
    QTest::keyClick(console_->input(), Qt::Key_R, Qt::ControlModifier);
    QTest::keyClicks(console_->input(), QStringLiteral("gra"));
    QTest::keyClick(console_->input(), Qt::Key_End);
    QTest::keyClicks(console_->input(), QStringLiteral("s"));
    QCOMPARE(console_->input()->toPlainText(), QStringLiteral("print grapes"));
    QCOMPARE(prompt(), QStringLiteral(">>>"));
  }

  void input_asks_in_the_same_line_and_goes_on_with_the_answer() {
    type(QStringLiteral("ask Name? "));
    QTRY_COMPARE(prompt(), QStringLiteral("Name?"));
    QVERIFY(!console_->input()->isReadOnly());
    QVERIFY(console_->input()->toPlainText().isEmpty());
    QTest::keyClick(console_->input(), Qt::Key_Up);  // no history here
    QVERIFY(console_->input()->toPlainText().isEmpty());
    type(QStringLiteral("Ann"));
    QTRY_VERIFY(console_->transcript().contains(QLatin1String("Name? Ann\nanswered Ann\n")));
    QTRY_COMPARE(prompt(), QStringLiteral(">>>"));
    QVERIFY(!console_->input()->history().contains(QStringLiteral("Ann")));
  }

  void a_password_is_asked_for_hidden_and_neither_shown_nor_remembered() {
    auto* field = console_->findChild<QLineEdit*>(QStringLiteral("console_secret"));
    QVERIFY(field->isHidden());
    type(QStringLiteral("secret Password: "));
    QTRY_COMPARE(prompt(), QStringLiteral("Password:"));
    QVERIFY(field->isVisible() && console_->input()->isHidden());
    QCOMPARE(field->echoMode(), QLineEdit::Password);
    QTest::keyClicks(field, QStringLiteral("hunter2"));
    QTest::keyClick(field, Qt::Key_Return);
    QTRY_VERIFY(
        console_->transcript().contains(QLatin1String("Password: \nanswered hunter2\n")));  // what the fake host says of it
    QVERIFY(!console_->transcript().contains(QLatin1String("Password: hunter2")));
    QTRY_COMPARE(prompt(), QStringLiteral(">>>"));
    QVERIFY(field->isHidden() && field->text().isEmpty() && console_->input()->isVisible());
    QVERIFY(!console_->input()->history().contains(QStringLiteral("hunter2")));
  }

  void ctrl_d_and_ctrl_c_end_the_asking_for_a_password_too() {
    auto* field = console_->findChild<QLineEdit*>(QStringLiteral("console_secret"));
    type(QStringLiteral("secret Password: "));
    QTRY_VERIFY(field->isVisible());
    QTest::keyClick(field, Qt::Key_D, Qt::ControlModifier);
    QTRY_VERIFY(console_->transcript().contains(QLatin1String("EOFError")));
    QTRY_COMPARE(prompt(), QStringLiteral(">>>"));
    type(QStringLiteral("secret Password: "));
    QTRY_VERIFY(field->isVisible());
    QTest::keyClicks(field, QStringLiteral("half"));
    QTest::keyClick(field, Qt::Key_C, Qt::ControlModifier);
    QTRY_COMPARE(prompt(), QStringLiteral(">>>"));
    QVERIFY(field->isHidden() && field->text().isEmpty());
    QCOMPARE(host_->interrupts.load(), 1);
  }

  void of_several_pasted_lines_each_question_takes_one() {
    type(QStringLiteral("ask First? "));
    QTRY_COMPARE(prompt(), QStringLiteral("First?"));
    console_->input()->setPlainText(QStringLiteral("one\ntwo"));
    QTest::keyClick(console_->input(), Qt::Key_Return);
    QTRY_VERIFY(console_->transcript().contains(QLatin1String("answered one\n")));
  }

  void ctrl_d_ends_the_input_and_ctrl_c_interrupts_it() {
    type(QStringLiteral("ask Name? "));
    QTRY_COMPARE(prompt(), QStringLiteral("Name?"));
    QTest::keyClick(console_->input(), Qt::Key_D, Qt::ControlModifier);
    QTRY_VERIFY(console_->transcript().contains(QLatin1String("EOFError")));
    QTRY_COMPARE(prompt(), QStringLiteral(">>>"));
    type(QStringLiteral("ask Name? "));
    QTRY_COMPARE(prompt(), QStringLiteral("Name?"));
    QTest::keyClick(console_->input(), Qt::Key_C, Qt::ControlModifier);
    QTRY_COMPARE(prompt(), QStringLiteral(">>>"));
    QCOMPARE(host_->interrupts.load(), 1);
  }

  void a_call_is_tipped_while_it_is_typed() {
    auto* tip = console_->findChild<QLabel*>(QStringLiteral("tip"));
    QTest::keyClicks(console_->input(), QStringLiteral("f("));
    QTRY_VERIFY(tip->isVisible());
    QCOMPARE(tip->text(), QStringLiteral("f(x, y=1)\nAdds."));
    QVERIFY(console_->rect().contains(tip->geometry()));
    QTest::keyClicks(console_->input(), QStringLiteral(")"));
    QTRY_VERIFY(!tip->isVisible());
  }

  void output_is_tagged_with_who_printed_it() {
    type(QStringLiteral("say disk full"));
    QTRY_VERIFY(console_->transcript().contains(QLatin1String("[expert disk]\nfull\n")));
    type(QStringLiteral("print mine"));
    QTRY_VERIFY(console_->transcript().endsWith(QLatin1String(">>> print mine\nmine\n")));  // goes without saying
    type(QStringLiteral("ask half a line"));
    QTRY_COMPARE(prompt(), QStringLiteral("half a line"));
    Q_EMIT scripts_->output({{scripting::Stream::out, QStringLiteral("theirs\n"), QStringLiteral("hook tidy")}});
    QVERIFY(console_->transcript().endsWith(QLatin1String("half a line\n[hook tidy]\ntheirs\n")));
    QTest::keyClick(console_->input(), Qt::Key_D, Qt::ControlModifier);
    QTRY_COMPARE(prompt(), QStringLiteral(">>>"));
  }

  void a_place_in_a_traceback_opens_in_the_users_editor() {
    const QString module = write("mine module.py", "x = 1\n");
    const QString editor =
        write("editor", "#!/bin/sh\nprintf '%s\\n' \"$@\" > \"$0.seen.new\"; mv \"$0.seen.new\" \"$0.seen\"\n");
    QFile::setPermissions(editor, QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
    qputenv("VISUAL", editor.toLocal8Bit());
    auto* output = console_->output();
    console_->resize(800, 300);
    output->write(QStringLiteral("  File \"%1\", line 12, in assess\n").arg(module), Qt::red, Qt::blue);
    QTextCursor cursor = output->document()->find(QStringLiteral("mine module"));
    QTest::mouseClick(output->viewport(), Qt::LeftButton, {}, output->cursorRect(cursor).center());
    QFile seen(editor + QStringLiteral(".seen"));
    QTRY_VERIFY(seen.exists());
    QVERIFY(seen.open(QIODevice::ReadOnly));
    QCOMPARE(QString::fromUtf8(seen.readAll()), QStringLiteral("+12\n%1\n").arg(module));
    QFile::remove(module);
    QTest::mouseClick(output->viewport(), Qt::LeftButton, {}, output->cursorRect(cursor).center());
    QVERIFY(console_->transcript().contains(QLatin1String("does not exist any more")));
    qunsetenv("VISUAL");
  }

  void places_are_found_in_tracebacks_only() {
    QCOMPARE(fileLinks(QStringLiteral("  File \"<console 1>\", line 1\n  File \"/a b/c.py\", line 7, in f\nFile \"x\", line z")),
             (std::vector<FileLink>{{31, 24, QStringLiteral("/a b/c.py"), 7}}));
    const FileLink odd{0, 0, QStringLiteral("/tmp/50% : ü.py"), 3};
    QCOMPARE(linkFromHref(toHref(odd)), odd);
    QVERIFY(linkFromHref(QStringLiteral("https://x.example:1:2")).file.isEmpty());
  }

  void each_editor_is_told_the_line_in_its_own_way() {
    const auto command = [](const char* editor, const char* terminal = "x-terminal-emulator") {
      const auto made = editorCommand(QLatin1String(editor), QLatin1String(terminal), QStringLiteral("/a b.py"), 7);
      return (QStringList(made.program) + made.arguments).join(QLatin1Char('|'));
    };
    QCOMPARE(command("/usr/bin/code --wait"), QStringLiteral("/usr/bin/code|--wait|--goto|/a b.py:7"));
    QCOMPARE(command("kate"), QStringLiteral("kate|-l|7|/a b.py"));
    QCOMPARE(command("gvim -f"), QStringLiteral("gvim|-f|+7|/a b.py"));
    QCOMPARE(command("vim"), QStringLiteral("x-terminal-emulator|-e|vim|+7|/a b.py"));
    QCOMPARE(command("emacs -nw"), QStringLiteral("x-terminal-emulator|-e|emacs|-nw|+7|/a b.py"));
    QCOMPARE(command("\"/my editors/ed\""), QStringLiteral("/my editors/ed|+7|/a b.py"));
    QCOMPARE(command("vim", ""), QString());
    QCOMPARE(command(""), QString());
  }

  void escapes_are_left_out_and_a_carriage_return_draws_over_the_line() {
    auto* output = console_->output();
    output->clear();
    output->write(QStringLiteral("\x1b[31mred\x1b[0m \x1b]0;title\007end\n"), Qt::red, Qt::blue);
    for (int percent = 0; percent <= 100; percent += 10) output->write(QStringLiteral("\r%1 %").arg(percent), Qt::red, Qt::blue);
    output->write(QStringLiteral("\r\ndos\r\nlines"), Qt::red, Qt::blue);
    QCOMPARE(output->toPlainText(), QStringLiteral("red end\n100 %\ndos\nlines"));
  }

  void a_line_without_end_is_folded() {
    auto* output = console_->output();
    output->clear();
    for (int index = 0; index < 100; ++index) output->write(QString(1000, QLatin1Char('x')), Qt::red, Qt::blue);
    QVERIFY(output->document()->blockCount() >= 25);
    QCOMPARE(output->toPlainText().count(QLatin1Char('x')), 100'000);
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
    QVERIFY(console_->transcript().contains(QRegularExpression(QStringLiteral("\\.\\.\\. [\\d,]+ lines not shown"))));
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
