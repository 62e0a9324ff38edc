#include <unistd.h>

#include <QAbstractItemModelTester>
#include <QClipboard>
#include <QComboBox>
#include <QElapsedTimer>
#include <QLineEdit>
#include <QProcess>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <QToolButton>
#include <filesystem>
#include <fstream>

#include "app/desktop/pages/logs_page.h"
#include "app/desktop/text.h"
#include "app/desktop/widgets/find_bar.h"
#include "app/desktop/widgets/log_view.h"
#include "app/desktop/widgets/notice.h"
#include "app/desktop/widgets/time_histogram.h"
#include "engine/case/consult.h"
#include "tests/app/desktop/fakes.h"

using namespace conclave;
using namespace conclave::desktop;
namespace fs = std::filesystem;

namespace {

constexpr TimeUs noon = 1'772'366'400'000'000;  // 2026-03-01T12:00:00Z
constexpr std::uint64_t big_lines = 600'000;    // about 50 MB, 100 lines a second

// Every 1000th line is an error with a trace of two lines, every 100th a warning.
void writeBigLog(const fs::path& file) {
  std::ofstream out(file, std::ios::binary);
  for (std::uint64_t line = 1; line <= big_lines; ++line) {
    if (line % 1000 == 1 && line > 1) {
      out << "Traceback of the worker\n";
    } else if (line % 1000 == 2 && line > 2) {
      out << "    at pool.cpp:12\n";
    } else {
      const std::string stamp = format_time(noon + static_cast<TimeUs>(line / 100) * us_per_second);
      const char* level = line % 1000 == 0 ? "ERROR" : line % 100 == 0 ? "WARN" : "INFO";
      out << stamp << ' ' << level << " [worker-7] order " << line << " was handled by the shop in the usual time\n";
    }
  }
}

void writeFile(const fs::path& file, std::string_view bytes) { std::ofstream(file, std::ios::binary) << bytes; }

quint64 privateBytes() {
  std::ifstream status("/proc/self/smaps_rollup");
  quint64 sum = 0;
  for (std::string word; status >> word;) {
    quint64 kilobytes = 0;
    if (word.starts_with("Private_Dirty:") && status >> kilobytes) sum += kilobytes * 1024;
  }
  return sum;
}

CasePtr caseOf(const std::vector<fs::path>& files) {
  auto subject = std::make_shared<Case>();
  for (const auto& file : files) subject->logs.push_back(file.string());
  subject->change_time = noon + 60 * us_per_second;
  return subject;
}

}  // namespace

class LogsTest : public DesktopTest {
  Q_OBJECT

 private:
  QTemporaryDir logs_;
  fs::path big_;
  std::unique_ptr<LogsPage> page_;

  fs::path path(const char* name) const { return fsPath(logs_.filePath(QString::fromLatin1(name))); }
  void showLogs(const std::vector<fs::path>& files) {
    page_ = std::make_unique<LogsPage>(*session_, *theme_);
    page_->resize(1000, 700);
    page_->show();
    page_->showCase(caseOf(files));
    QTRY_COMPARE(page_->document().path(), qtPath(files.front()));
  }
  void waitForAll() { QTRY_VERIFY_WITH_TIMEOUT(page_->document().text().isWhole() && !page_->document().isFiltering(), 20'000); }
  LogView& view() { return page_->view(); }
  LogDocument& document() { return page_->document(); }
  template <class T>
  T& child() {
    return *page_->findChild<T*>();
  }

 private Q_SLOTS:
  void initTestCase() {
    DesktopTest::initTestCase();
    big_ = path("big.log");
    writeBigLog(big_);
  }
  void cleanup() {
    page_.reset();
    DesktopTest::cleanup();
  }

  void the_first_screen_is_painted_before_the_log_is_indexed() {
    page_ = std::make_unique<LogsPage>(*session_, *theme_);
    page_->resize(1000, 700);
    page_->show();
    bool known = false;
    bool paintedEarly = false;
    connect(&document(), &LogDocument::indexed, this, [&] { known = true; });
    connect(&view(), &LogView::painted, this, [&] { paintedEarly = paintedEarly || (!known && view().rowCount() > 1000); });
    connect(&document(), &LogDocument::opened, &view(), [&] { view().viewport()->repaint(); });
    page_->showCase(caseOf({big_}));
    QTRY_VERIFY_WITH_TIMEOUT(known, 20'000);
    QVERIFY(paintedEarly);
    QCOMPARE(view().rowCount(), big_lines);
  }

  void the_place_is_kept_when_the_index_arrives() {
    showLogs({big_});
    QTRY_VERIFY(document().text().bytes);
    view().goToLine(500);
    const quint64 top = view().topLine();
    waitForAll();
    QCOMPARE(view().topLine(), top);
    QCOMPARE(view().currentLine(), 500);
  }

  void a_claim_leads_to_its_line_even_before_that_is_indexed() {
    showLogs({big_});
    QVERIFY(page_->goTo({Place::Kind::log, qtPath(big_), 599'000, {}}));
    QTRY_COMPARE_WITH_TIMEOUT(view().currentLine(), 599'000, 20'000);
    QVERIFY(view().topLine() <= 599'000 && view().topLine() + view().rowsOnScreen() > 599'000);
    QVERIFY(page_->goTo({Place::Kind::log, QStringLiteral("big.log"), 7, {}}));
    QTRY_COMPARE(view().currentLine(), 7);
    QVERIFY(!page_->goTo({Place::Kind::log, QStringLiteral("other.log"), 7, {}}));
    QVERIFY(!page_->goTo({Place::Kind::service, QStringLiteral("big.log")}));
  }

  void a_cited_line_that_is_another_one_by_now_is_said_with_what_it_was() {
    writeFile(path("app.log"), "2026-03-01T12:00:00Z INFO one\n2026-03-01T12:00:01Z ERROR two\n");
    const std::string source = path("app.log").string();
    auto report = std::make_shared<Report>();
    report->excerpts = {{source, 1, "2026-03-01T12:00:00Z INFO one"}, {source, 2, "what was there"}, {source, 9, "rotated away"}};
    showLogs({path("app.log")});
    page_->showReport(report);
    waitForAll();
    const auto said = [this] {
      for (const auto* notice : page_->findChildren<Notice*>()) {
        if (notice->isVisible()) return notice->text();
      }
      return QString();
    };
    QVERIFY(page_->goTo({Place::Kind::log, qtText(source), 1, {}}));
    QCOMPARE(said(), QString());
    QVERIFY(page_->goTo({Place::Kind::log, qtText(source), 2, {}}));
    QVERIFY(said().contains(QLatin1String("what was there")));
    QVERIFY(page_->goTo({Place::Kind::log, qtText(source), 9, {}}));
    QVERIFY(said().contains(QLatin1String("rotated away")));
    QVERIFY(page_->goTo({Place::Kind::log, qtText(source), 1, {}}));
    QCOMPARE(said(), QString());
  }

  void going_to_a_line_understands_separators_and_stops_at_the_end() {
    showLogs({big_});
    waitForAll();
    page_->goToLine();
    auto* number = child<LineBar>().findChild<QLineEdit*>();
    number->setText(QStringLiteral("123,456"));
    QTest::keyClick(number, Qt::Key_Return);
    QCOMPARE(view().currentLine(), 123'456);
    QVERIFY(child<LineBar>().isHidden());
    page_->goToLine();
    number->setText(QStringLiteral("99999999999999999999999"));
    QTest::keyClick(number, Qt::Key_Return);
    QCOMPARE(view().currentLine(), big_lines);
  }

  void finding_goes_on_counts_wraps_and_says_so() {
    showLogs({big_});
    waitForAll();
    page_->find();
    auto* text = child<FindBar>().findChild<QLineEdit*>();
    text->setText(QStringLiteral("ORDER 59950"));
    QTest::keyClick(text, Qt::Key_Return);
    QTRY_VERIFY_WITH_TIMEOUT(document().matches(), 20'000);
    // 59950 and 599500 to 599509, of which 599501 and so on are not traces (those are 1 and 2 behind a thousand)
    QCOMPARE(document().matches()->count(), 11);
    QTRY_COMPARE(view().currentLine(), 59'950);
    QTest::keyClick(text, Qt::Key_Return);
    QCOMPARE(view().currentLine(), 599'500);
    QTest::keyClick(text, Qt::Key_Return, Qt::ShiftModifier);
    QTest::keyClick(text, Qt::Key_Return, Qt::ShiftModifier);
    QCOMPARE(view().currentLine(), 599'509);
    QVERIFY(child<FindBar>().status().contains(QLatin1String("11 of 11")));
    QVERIFY(child<FindBar>().status().contains(QLatin1String("other end")));
    QTest::keyClick(text, Qt::Key_Escape);
    QVERIFY(child<FindBar>().isHidden() && !document().search());
  }

  void expressions_are_found_and_wrong_ones_explained() {
    showLogs({big_});
    waitForAll();
    page_->find();
    auto& bar = child<FindBar>();
    auto* text = bar.findChild<QLineEdit*>();
    bar.findChild<QToolButton*>(QStringLiteral("expression"))->setChecked(true);
    text->setText(QStringLiteral("^    at \\w+\\.cpp:\\d+$"));
    QTest::keyClick(text, Qt::Key_Return);
    QTRY_VERIFY_WITH_TIMEOUT(document().matches(), 20'000);
    QCOMPARE(document().matches()->count(), 599);
    text->setText(QStringLiteral("(unclosed"));
    QTest::keyClick(text, Qt::Key_Return);
    QVERIFY2(bar.status().contains(QLatin1String("parenthes")), qPrintable(bar.status()));
    QVERIFY(!document().search());
  }

  void a_level_filter_shows_those_lines_with_their_traces() {
    showLogs({big_});
    waitForAll();
    LineFilter filter;
    filter.least = logs::Level::error;
    document().setFilter(filter);
    QTRY_VERIFY_WITH_TIMEOUT(document().shown(), 20'000);
    QCOMPARE(view().rowCount(), 600 + 2 * 599);
    QCOMPARE(view().lineAt(0), 1000);
    QCOMPARE(view().lineAt(1), 1001);
    QCOMPARE(view().lineAt(2), 1002);
    QCOMPARE(view().lineAt(3), 2000);
    filter.least = logs::Level::warning;
    document().setFilter(filter);
    QTRY_COMPARE_WITH_TIMEOUT(view().rowCount(), 6000 + 2 * 599, 20'000);
    document().setFilter({});
    QCOMPARE(view().rowCount(), big_lines);
  }

  void going_to_a_line_that_is_filtered_out_drops_the_filter() {
    showLogs({big_});
    waitForAll();
    document().setFilter({logs::Level::error, {}});
    QTRY_VERIFY_WITH_TIMEOUT(document().shown(), 20'000);
    QVERIFY(page_->goTo({Place::Kind::log, qtPath(big_), 1500, {}}));
    QCOMPARE(view().currentLine(), 1500);
    QVERIFY(document().filter().isEmpty());
  }

  void a_claim_in_another_log_leads_to_its_line_although_a_filter_is_on() {
    writeFile(path("quiet.log"),
              "2026-03-01T12:00:00Z INFO one\n2026-03-01T12:00:01Z INFO two\n2026-03-01T12:00:02Z ERROR three\n");
    showLogs({big_, path("quiet.log")});
    waitForAll();
    document().setFilter({logs::Level::error, {}});
    QTRY_VERIFY_WITH_TIMEOUT(document().shown(), 20'000);
    QVERIFY(page_->goTo({Place::Kind::log, QStringLiteral("quiet.log"), 2, {}}));
    QTRY_COMPARE(view().currentLine(), 2);
    QVERIFY(document().filter().isEmpty());
    QCOMPARE(view().rowCount(), 3);
  }

  void brushing_the_histogram_shows_that_time_and_a_double_click_all() {
    const auto subject = caseOf({big_});
    Job job;
    const auto gathered = gather(*subject, std::nullopt, job);
    QVERIFY(gathered.has_value());
    showLogs({big_});
    page_->showEvidence(std::make_shared<const Gathered>(*gathered));
    waitForAll();
    auto& histogram = child<TimeHistogram>();
    QVERIFY(histogram.isVisible());
    quint64 lines = 0, errors = 0;
    for (const auto& bar : histogram.bars().buckets) {
      lines += bar.lines;
      errors += bar.errors;
    }
    QCOMPARE(lines, big_lines);
    QCOMPARE(errors, 600);
    const TimeUs minute = 60 * us_per_second;
    auto* plot = histogram.findChild<QWidget*>();
    QTest::qWait(50);
    const QPoint from(histogram.xOf(noon + 10 * minute + minute / 2), 30);
    const QPoint to(histogram.xOf(noon + 12 * minute + minute / 2), 30);
    QTest::mousePress(plot, Qt::LeftButton, {}, from);
    QTest::mouseMove(plot, (from + to) / 2);
    QTest::mouseMove(plot, to);
    QTest::mouseRelease(plot, Qt::LeftButton, {}, to);
    QVERIFY(document().filter().range);
    QCOMPARE(document().filter().range->first, noon + 10 * minute);
    QCOMPARE(document().filter().range->second, noon + 13 * minute);
    QTRY_VERIFY_WITH_TIMEOUT(document().shown(), 20'000);
    QCOMPARE(view().lineAt(0), 60'000);
    QCOMPARE(view().rowCount(), 18'000);
    QTest::mouseDClick(plot, Qt::LeftButton, {}, from);
    QVERIFY(!document().filter().range);
    QCOMPARE(view().rowCount(), big_lines);
  }

  void a_vanished_file_is_said_and_stays_readable() {
    const fs::path file = path("rotated.log");
    fs::copy_file(big_, file, fs::copy_options::overwrite_existing);
    showLogs({file});
    waitForAll();
    fs::remove(file);
    QTRY_VERIFY_WITH_TIMEOUT(child<Notice>().text().contains(QLatin1String("is gone")), 10'000);
    view().goToLine(300'000);
    QVERIFY(view().selectedText()->contains(QLatin1String("order 300000")));
  }

  void a_file_that_shrinks_is_said_and_does_no_harm() {
    const fs::path file = path("truncated.log");
    fs::copy_file(big_, file, fs::copy_options::overwrite_existing);
    showLogs({file});
    waitForAll();
    QCOMPARE(::truncate(file.c_str(), 100'000), 0);
    view().goToLine(big_lines);
    view().viewport()->repaint();
    QTRY_VERIFY_WITH_TIMEOUT(child<Notice>().text().contains(QLatin1String("shorter")), 10'000);
  }

  void a_file_that_cannot_be_read_is_said() {
    const fs::path file = path("never.log");
    writeFile(file, "a line\n");
    showLogs({file});
    fs::remove(file);
    document().open(qtPath(file));
    QTRY_VERIFY(child<Notice>().text().contains(QLatin1String("never.log")));
    QCOMPARE(view().rowCount(), 0);
    view().viewport()->repaint();
    QTest::keyClick(&view(), Qt::Key_End);
  }

  void compressed_logs_are_unpacked_also_damaged_ones() {
    const fs::path file = path("old.log.gz");
    std::string text;
    for (int line = 0; line < 50'000; ++line)
      text += "2026-03-01T12:00:00Z INFO packed line " + std::to_string(line * 7919) + "\n";
    writeFile(path("old.log"), text);
    QCOMPARE(QProcess::execute(QStringLiteral("gzip"), {QStringLiteral("-f"), qtPath(path("old.log"))}), 0);
    showLogs({file});
    waitForAll();
    QCOMPARE(view().rowCount(), 50'000);
    fs::resize_file(file, fs::file_size(file) / 2);
    document().open(qtPath(file));
    QTRY_VERIFY_WITH_TIMEOUT(document().text().isWhole() && !child<Notice>().text().isEmpty(), 10'000);
    QVERIFY(view().rowCount() > 100);
  }

  void weird_bytes_are_one_row_of_visible_characters() {
    QCOMPARE(lineText("a\tb").text, QStringLiteral("a       b"));
    QCOMPARE(lineText(std::string_view("a\0b", 3)).text, QStringLiteral("a\u2400b"));
    QCOMPARE(lineText("a\rb\x1b[31m").text, QStringLiteral("a\u240db\u241b[31m"));
    QCOMPARE(lineText("\xff\xfe").text, QStringLiteral("\ufffd\ufffd"));
    QCOMPARE(lineText("safe\xe2\x80\xae"
                      "gpj.exe")
                 .text,
             QStringLiteral("safe\ufffdgpj.exe"));
    QCOMPARE(lineText("gr\xc3\xbc\xc3\x9f").text, QStringLiteral("gr\u00fc\u00df"));
    QVERIFY(!lineText("gr\xc3\xbc").isAscii);
    std::string bytes = "one\r\n\n";
    for (int line = 0; line < 200; ++line) {
      for (int byte = 0; byte < 256; ++byte) {
        if (byte != '\n') bytes += static_cast<char>((byte * (line + 1)) & 0xff);
      }
      bytes += '\n';
    }
    bytes += std::string(3'000'000, 'x') + "\n" + std::string(50, '\0') + "\nlast without end";
    const fs::path file = path("weird.log");
    writeFile(file, bytes);
    showLogs({file});
    waitForAll();
    const quint64 rows = view().rowCount();
    for (quint64 row = 0; row < rows; row += view().rowsOnScreen()) {
      view().goToLine(row + 1);
      view().viewport()->repaint();
    }
    view().goToLine(rows - 2);
    QCOMPARE(view().selectedText()->size(), 3'000'000);
    view().goToLine(1);
    QCOMPARE(*view().selectedText(), QStringLiteral("one"));
    view().goToLine(rows);
    QCOMPARE(*view().selectedText(), QStringLiteral("last without end"));
    QVERIFY(!view().grab().isNull());
  }

  void empty_logs_and_keys_on_them_do_no_harm() {
    const fs::path file = path("empty.log");
    writeFile(file, "");
    showLogs({file});
    QTRY_VERIFY(document().text().bytes);
    for (const auto key : {Qt::Key_Down, Qt::Key_Up, Qt::Key_PageDown, Qt::Key_PageUp, Qt::Key_Home, Qt::Key_End, Qt::Key_A}) {
      QTest::keyClick(&view(), key);
      QTest::keyClick(&view(), key, Qt::ControlModifier);
    }
    QTest::mouseClick(view().viewport(), Qt::LeftButton, {}, {100, 100});
    document().setFilter({logs::Level::error, {}});
    QTRY_VERIFY(document().shown());
    QCOMPARE(view().rowCount(), 0);
  }

  void a_latin1_log_has_its_letters() {
    const fs::path file = path("latin1.log");
    writeFile(file, "2026-03-01T12:00:05Z INFO caf\xe9 geschlossen\n2026-03-01T12:00:06Z INFO T\xfcr auf\n");
    showLogs({file});
    waitForAll();
    view().goToLine(2);
    QCOMPARE(*view().selectedText(), QStringLiteral("2026-03-01T12:00:06Z INFO T\u00fcr auf"));
    QVERIFY(!view().grab().isNull());
  }

  void keys_move_and_select_and_copy() {
    showLogs({big_});
    waitForAll();
    view().goToLine(10);
    QTest::keyClick(&view(), Qt::Key_Down);
    QCOMPARE(view().currentLine(), 11);
    QTest::keyClick(&view(), Qt::Key_Down, Qt::ShiftModifier);
    QTest::keyClick(&view(), Qt::Key_C, Qt::ControlModifier);
    const QStringList lines = QApplication::clipboard()->text().split(QLatin1Char('\n'));
    QCOMPARE(lines.size(), 2);
    QVERIFY(lines[0].contains(QLatin1String("order 11 ")) && lines[1].contains(QLatin1String("order 12 ")));
    view().copy(LogView::CopyAs::placed);
    QVERIFY(QApplication::clipboard()->text().startsWith(qtPath(big_) + QLatin1String(":11: 2026-03-01")));
    QTest::keyClick(&view(), Qt::Key_PageDown);
    QCOMPARE(view().currentLine(), 12 + view().rowsOnScreen() - 1);
    QTest::keyClick(&view(), Qt::Key_End);
    QCOMPARE(view().currentLine(), big_lines);
    QCOMPARE(view().verticalScrollBar()->value(), view().verticalScrollBar()->maximum());
    QTest::keyClick(&view(), Qt::Key_Home);
    QCOMPARE(view().currentLine(), 1);
    QCOMPARE(view().topLine(), 1);
  }

  void a_drag_within_a_line_selects_characters_and_a_double_click_a_word() {
    const fs::path file = path("words.log");
    writeFile(file, "alpha beta gamma\nsecond line\n");
    showLogs({file});
    waitForAll();
    int row = view().fontMetrics().height() / 2;
    int at = -1;
    for (int x = 0; x < 600 && at < 0; x += 3) {
      QTest::mouseDClick(view().viewport(), Qt::LeftButton, {}, {x, row});
      if (view().selectedText() == QStringLiteral("beta")) at = x;
    }
    QVERIFY(at > 0);
    QTest::mouseRelease(view().viewport(), Qt::LeftButton, {}, {at, row});
    QTest::mousePress(view().viewport(), Qt::LeftButton, {}, {at, row});
    QTest::mouseMove(view().viewport(), {at + 60, row});
    QVERIFY(view().hasSelection());
    QVERIFY(!view().selectedText()->isEmpty() && view().selectedText()->size() < 16);
    QTest::mouseRelease(view().viewport(), Qt::LeftButton, {}, {at + 60, row});
  }

  void fifty_megabytes_can_be_copied() {
    showLogs({big_});
    waitForAll();
    QTest::keyClick(&view(), Qt::Key_A, Qt::ControlModifier);
    QVERIFY(view().selectedText().has_value());
  }

  void sets_of_lines_count_and_find_like_a_plain_list() {
    std::vector<quint64> words(40);
    std::vector<quint64> lines;
    for (quint64 line = 1; line <= 40 * 64; ++line) {
      if ((line * 2'654'435'761U) % 7 > 1) continue;
      lines.push_back(line);
      words[(line - 1) / 64] |= quint64{1} << ((line - 1) % 64);
    }
    const LineSet set(words);
    QCOMPARE(set.count(), lines.size());
    for (quint64 line = 0; line <= 40 * 64 + 5; ++line) {
      const auto below = static_cast<quint64>(std::lower_bound(lines.begin(), lines.end(), line) - lines.begin());
      QCOMPARE(set.countBefore(line), below);
      QCOMPARE(set.contains(line), below < lines.size() && lines[below] == line);
    }
    for (std::size_t position = 0; position < lines.size(); ++position) QCOMPARE(set.at(position), lines[position]);
    QCOMPARE(set.at(lines.size()), 0);
    QCOMPARE(LineSet({}).count(), 0);
    QCOMPARE(LineSet({}).at(0), 0);
  }

  void bars_keep_all_counts_and_stay_few() {
    TimeBuckets fine;
    fine.width = 60 * us_per_second;
    for (int minute = 0; minute < 20'000; ++minute) {
      fine.buckets.push_back({noon + minute * fine.width, 3, 1, 1, static_cast<quint64>(minute) + 1});
    }
    const TimeBuckets coarse = coarsened(fine, 100);
    QVERIFY(coarse.buckets.size() <= 102);
    quint64 lines = 0;
    for (const auto& bar : coarse.buckets) lines += bar.lines;
    QCOMPARE(lines, 60'000);
    QCOMPARE(coarse.buckets.front().firstErrorLine, 1);
    QVERIFY(coarsened({}, 100).buckets.empty());
    QCOMPARE(coarsened({{{INT64_MIN / 4, 1, 0, 0, 0}, {INT64_MAX / 4, 1, 0, 0, 0}}, 1'000'000}, 100).buckets.size(), 2);
  }

  void the_list_of_logs_is_a_sound_model() {
    LogList list;
    const QAbstractItemModelTester tester(&list, QAbstractItemModelTester::FailureReportingMode::QtTest);
    list.showFiles({QStringLiteral("/a/app.log"), QStringLiteral("/b/app.log"), QStringLiteral("/b/db.log")});
    QCOMPARE(list.at(1).name, QStringLiteral("b/app.log"));
    QCOMPARE(list.at(2).name, QStringLiteral("db.log"));
    QCOMPARE(list.rowOf(QStringLiteral("db.log")), std::optional(2));
    QCOMPARE(list.rowOf(QStringLiteral("app.log")), std::optional<int>());
    list.showFiles({});
    QCOMPARE(list.rowOf({}), std::optional<int>());
  }

  // CONCLAVE_BIG_LOG=FILE prints what the qualities of the window promise: time to the first screen, private memory.
  void first_screen_of_a_very_large_log() {
    const QString file = qEnvironmentVariable("CONCLAVE_BIG_LOG");
    if (file.isEmpty()) QSKIP("CONCLAVE_BIG_LOG is not set");
    page_ = std::make_unique<LogsPage>(*session_, *theme_);
    page_->resize(1200, 800);
    page_->show();
    QTest::qWait(200);
    const quint64 before = privateBytes();
    QElapsedTimer clock;
    qint64 first = -1;
    connect(&view(), &LogView::painted, this, [&] {
      if (first < 0 && view().rowCount() > 0) first = clock.elapsed();
    });
    clock.start();
    page_->showCase(caseOf({fsPath(file)}));
    QTRY_VERIFY_WITH_TIMEOUT(first >= 0, 60'000);
    QTRY_VERIFY_WITH_TIMEOUT(document().text().isWhole(), 120'000);
    const qint64 whole = clock.restart();
    document().setFilter({logs::Level::warning, {}});
    QTRY_VERIFY_WITH_TIMEOUT(document().shown(), 300'000);
    const qint64 filter = clock.restart();
    document().setSearch(*LineMatcher::make(QStringLiteral("connection"), false, false));
    QTRY_VERIFY_WITH_TIMEOUT(document().matches(), 300'000);
    const qint64 search = clock.restart();
    for (const quint64 line : {quint64{1}, view().rowCount() / 2, view().rowCount()}) {
      view().goToLine(line);
      view().viewport()->repaint();
    }
    qInfo(
        "first screen %lld ms, indexed %lld ms, %llu lines; levels %lld ms (%llu), text %lld ms (%llu); three jumps %lld ms; "
        "private %.1f MiB (before: %.1f)",
        first, whole, document().text().lineCount(), filter, document().shown()->count(), search, document().matches()->count(),
        clock.elapsed(), static_cast<double>(privateBytes()) / 1048576, static_cast<double>(before) / 1048576);
    QVERIFY(privateBytes() - before < 300U * 1048576);
  }
};

QTEST_MAIN(LogsTest)
#include "logs_test.moc"
