// What the logs page knows of a log besides its text: which lines a filter leaves, where it is grave, highlighters, bookmarks.
#include <QAbstractItemModelTester>
#include <QElapsedTimer>
#include <QSettings>
#include <QSignalSpy>
#include <QTest>
#include <random>

#include "app/desktop/highlight_colours.h"
#include "app/desktop/models/bookmark_list.h"
#include "app/desktop/models/highlight_list.h"
#include "app/desktop/models/level_map.h"
#include "app/desktop/models/line_filter.h"
#include "app/desktop/models/line_search.h"
#include "app/desktop/models/log_columns.h"
#include "app/desktop/models/log_document.h"
#include "app/desktop/models/log_hits.h"
#include "app/desktop/models/log_marks.h"
#include "app/desktop/text.h"
#include "tests/app/desktop/fakes.h"

using namespace conclave;
using namespace conclave::desktop;

namespace {

LogText textOf(std::string text) {
  Job job;
  LogText log;
  log.bytes = logs::LogBytes::from_text(std::move(text), "test.log");
  log.indexed = log.bytes->view().size();
  log.index = std::make_shared<const logs::LineIndex>(*logs::LineIndex::build(log.view(), job));
  return log;
}

std::vector<quint64> linesOf(const LineSet& set) {
  std::vector<quint64> lines;
  for (quint64 at = 0; at < set.count(); ++at) lines.push_back(set.at(at));
  return lines;
}

std::vector<quint64> filtered(const LogText& text, const LineFilter& filter) {
  Job job;
  const auto lines = filterLines(text, filter, job);
  return lines ? linesOf(**lines) : std::vector<quint64>{0};
}

LineRule showing(const char* text) { return {QString::fromUtf8(text)}; }
LineRule hiding(const char* text) {
  LineRule rule = showing(text);
  rule.hides = true;
  return rule;
}

LineRule query(const char* text) {
  LineRule rule = showing(text);
  rule.isQuery = true;
  return rule;
}

using Lines = std::vector<quint64>;

// With ' for each quote.
std::string json(std::string text) {
  std::ranges::replace(text, '\'', '"');
  return text;
}

}  // namespace

class LogModelsTest : public DesktopTest {
  Q_OBJECT

 private Q_SLOTS:
  void cleanup() {
    QSettings().remove(QStringLiteral("logs"));
    DesktopTest::cleanup();
  }

  void a_set_is_widened_like_one_line_after_the_other() {
    std::mt19937 random(7);
    for (const quint64 lines : {0, 1, 63, 64, 65, 500, 1000}) {
      for (const quint64 around : {0, 1, 2, 5, 63, 64, 65, 130, 2000}) {
        std::vector<quint64> words((lines + 63) / 64);
        std::vector<bool> expected(lines + 1);
        for (quint64 line = 1; line <= lines; ++line) {
          if (random() % 90 != 0) continue;
          words[(line - 1) / 64] |= quint64{1} << ((line - 1) % 64);
          for (quint64 near = line > around ? line - around : 1; near <= std::min(lines, line + around); ++near)
            expected[near] = true;
        }
        const auto widened = LineSet::widened(LineSet(words), around, lines);
        quint64 count = 0;
        for (quint64 line = 1; line <= lines; ++line) {
          QCOMPARE(widened->contains(line), expected[line]);
          count += expected[line];
        }
        QCOMPARE(widened->count(), count);
      }
    }
  }

  void rules_show_what_any_names_and_hide_what_any_hides() {
    const auto text = textOf("cat\ndog\nCat and dog\nbird\ncat fish\n");
    QCOMPARE(filtered(text, {.rules = {showing("cat")}}), (Lines{1, 3, 5}));
    LineRule exact = showing("Cat");
    exact.caseMatters = true;
    QCOMPARE(filtered(text, {.rules = {exact}}), (Lines{3}));
    QCOMPARE(filtered(text, {.rules = {showing("cat"), showing("bird")}}), (Lines{1, 3, 4, 5}));
    QCOMPARE(filtered(text, {.rules = {showing("cat"), hiding("dog")}}), (Lines{1, 5}));
    QCOMPARE(filtered(text, {.rules = {hiding("cat")}}), (Lines{2, 4}));
    LineRule off = hiding("cat");
    off.isOn = false;
    const LineFilter nothing{.rules = {off}};
    QVERIFY(nothing.isEmpty());
    LineRule expression = showing("^(dog|bird)$");
    expression.isExpression = true;
    QCOMPARE(filtered(text, {.rules = {expression}}), (Lines{2, 4}));
    expression.text = QStringLiteral("(");
    Job job;
    QCOMPARE(filterLines(text, {.rules = {expression}}, job).error().kind, ErrorKind::parse);
  }

  void queries_are_rules_like_others() {
    const auto text = textOf(
        "{\"level\":\"info\",\"status\":200}\n{\"level\":\"error\",\"status\":503}\nlevel=warn status=500 user=probe\n"
        "2026-03-01T12:00:00Z FATAL status 500\n");
    QCOMPARE(filtered(text, {.rules = {query("field:status>=500")}}), (Lines{2, 3}));
    QCOMPARE(filtered(text, {.rules = {query("level>=error OR field:user=probe")}}), (Lines{2, 3, 4}));
    LineRule hides = query("field:user");
    hides.hides = true;
    QCOMPARE(filtered(text, {.rules = {query("field:status>=500"), hides}}), (Lines{2}));
    QCOMPARE(filtered(text, {.rules = {showing("500"), hides}}), (Lines{4}));
    QCOMPARE(filtered(text, {.least = logs::Level::error, .rules = {query("field:status"), hides}, .around = 1}), (Lines{1, 2}));
    Job job;
    const auto wrong = filterLines(text, {.rules = {query("level:eror")}}, job);
    QCOMPARE(wrong.error().kind, ErrorKind::parse);
    QVERIFY(qtText(wrong.error().text()).contains("at character 7"));
  }

  void what_is_clearly_a_query_is_seen_and_plain_text_stays_plain() {
    for (const auto* text : {"level:error", "level>=warning", "a (field:x=1)", "!since:2026-03-01", "a OR b", "a && b", "NOT a",
                             "a NOT b", "x template:00ff"}) {
      QVERIFY2(looksLikeQuery(QString::fromUtf8(text)), text);
    }
    for (const auto* text : {"", "connection reset", "\"status\":500", "http://host/level", "/var/log/x", "ORDER", "a or b", "(x",
                             "*", "!ready", "level: 3", "NOTE x", "sublevel:3"}) {
      QVERIFY2(!looksLikeQuery(QString::fromUtf8(text)), text);
    }
  }

  void the_engine_finds_what_a_look_at_each_line_finds() {
    std::mt19937 random(8);
    std::string bytes;
    const char* words[] = {"error ", "Error ", "caf\xC3\xA9 ", "12 ", "x=\"y\" ", "\t", "\xff"};
    for (int i = 0; i < 700; ++i) {
      for (auto n = random() % 5; n > 0; --n) bytes += words[random() % 7];
      bytes += random() % 9 == 0 ? "\r\n" : "\n";
    }
    const auto text = textOf(bytes + "error");
    for (const bool isExpression : {false, true}) {
      for (const char* what : {"error", "Error", "12", "x=\"", "^error|12 $", "e+r", "zzz"}) {
        const auto matcher = *LineMatcher::make(QString::fromUtf8(what), isExpression, what[0] == 'E');
        QVERIFY(matcher->expression());
        Job job;
        const auto expected = linesOf(**collectLines(text, scanFor(matcher), job));
        const auto found = *searchLines(text, *matcher->expression(), job);
        QCOMPARE(linesOf(*found), expected);
        for (const quint64 known : {1, 64, 100, 700}) {  // the rest of a log that grew
          QCOMPARE(linesOf(**searchLines(text, *matcher->expression(), job, {found, known})), expected);
        }
        std::vector<quint64> some((text.lineCount() + 63) / 64);
        for (auto& word : some) word = random() & random();
        some.back() &= 1;
        const auto among = std::make_shared<const LineSet>(some);
        for (const quint64 from : {0, 1, 2, 63, 64, 65, 350, 700, 701, 5000}) {
          for (const bool forward : {true, false}) {
            for (const LineSetPtr& set : {LineSetPtr(), LineSetPtr(among)}) {
              QCOMPARE(*searchNext(text, *matcher->expression(), set, from, forward, job),
                       *nextLine(text, scanFor(matcher), set, from, forward, job));
            }
          }
        }
      }
    }
    QVERIFY(!(*LineMatcher::make(QString::fromUtf8("CAF\xC3\x89"), false, false))->expression());  // not for the engine
    QCOMPARE(filtered(textOf("caf\xC3\xA9\ntea\n"), {.rules = {showing("CAF\xC3\x89")}}), (Lines{1}));
  }

  void times_and_templates_of_queries_are_those_of_the_whole_log() {
    const auto text = textOf("2026-03-01T12:00:00Z a\nx\n2026-03-01T12:00:10Z b\nx\n2026-03-01T12:00:20Z c\nx\n");
    const auto late = *logs::parse_expression("since:2026-03-01T12:00:10Z x");
    Job job;
    QCOMPARE(*searchNext(text, late, {}, 1, true, job), quint64{4});
    QCOMPARE(*searchNext(text, late, {}, 6, true, job), quint64{4});
    QCOMPARE(*searchNext(text, late, {}, 6, false, job), quint64{4});
    QCOMPARE(*searchNext(text, late, {}, 1, false, job), quint64{6});
    QCOMPARE(*searchNext(text, late, std::make_shared<const LineSet>(std::vector<quint64>{0b10}), 1, true, job), quint64{0});
  }

  void the_first_lines_that_pass_are_told_before_the_rest() {
    std::string bytes;
    for (int i = 0; i < 400'000; ++i) bytes += "served request " + std::to_string(i) + "\n";
    const auto text = textOf(std::move(bytes));
    std::vector<quint64> counts;
    Job job;
    const SoFar soFar = [&](const LineSetPtr& lines) { counts.push_back(lines->count()); };
    const auto lines = filterLines(text, {.rules = {showing("9")}}, job, {}, soFar);
    QVERIFY(!counts.empty() && counts.front() > 0 && counts.front() < (*lines)->count());
    QVERIFY(std::is_sorted(counts.begin(), counts.end()));
  }

  void structured_lines_are_set_in_columns() {
    std::string bytes;
    for (int i = 0; i < 50; ++i) {
      bytes += json("{'msg':'request " + std::to_string(i) + " of \\'x\\'\\nserved'," + (i % 5 == 0 ? "'rare':1," : "") +
                    "'user':{'name':'alice'},'status':" + (i % 2 == 0 ? "200" : "503") +
                    ",'level':'error','ts':'2026-03-01T12:00:05Z'}\n");
    }
    const auto columns = LogColumns::ofLog(textOf(bytes));
    QVERIFY(columns);
    QStringList names;
    for (const auto& each : columns->columns()) names << each.name;
    QCOMPARE(names, (QStringList{"ts", "level", "user.name", "status", "msg"}));
    QVERIFY(columns->names().contains("rare"));
    const std::string line = json("{'msg':'a\\tb','status':7,'level':'warn','ts':'2026-03-01T12:00:05Z','user':{'name':'bob'}}");
    const auto row = columns->row(line);
    QCOMPARE(row->text, QString("2026-03-01T12:00:05Z  warn   bob        7       a b"));
    QCOMPARE(row->text.mid(row->timeBegin, row->timeEnd - row->timeBegin), QString("2026-03-01T12:00:05Z"));
    QCOMPARE(row->level, logs::Level::warning);  // though it stands far behind
    QVERIFY(!columns->row("  at a.B.c(B.java:12)"));
    const auto wide = columns->row(json("{'user':{'name':'" + std::string(100, 'x') + "'},'msg':'m'}"));
    QCOMPARE(wide->text.trimmed(), QString(8, 'x') + QChar(0x2026) + "          m");
    const auto chosen = LogColumns::ofLog(textOf(bytes), {"status", "nothing"});
    QCOMPARE(chosen->row(line)->text, QString("7       "));
    QVERIFY(!LogColumns::ofLog(textOf("plain\ntext\n")));
    QVERIFY(!LogColumns::ofLog({}));
    QVERIFY(LogColumns::ofLog(textOf(json("level=info msg='a b'\nlevel=warn msg=c n=1\n"))));
  }

  void a_search_of_all_logs_is_grouped_by_log() {
    QByteArray many;
    for (int i = 0; i < 2000; ++i) many += "error " + QByteArray::number(i) + "\n";
    const std::vector<LogHits::Log> logs = {{write("a.log", "fine\nERROR here\nfine\n"), "a.log"},
                                            {write("none.log", "fine\n"), "none.log"},
                                            {path("missing.log"), "missing.log"},
                                            {write("many.log", many), "many.log"}};
    LogHits hits(*jobs_);
    const QAbstractItemModelTester tester(&hits, QAbstractItemModelTester::FailureReportingMode::QtTest);
    hits.search(*LineMatcher::make("error", false, false), logs);
    QVERIFY(hits.isSearching());
    QTRY_VERIFY(!hits.isSearching());
    QCOMPARE(hits.found(), quint64{2001});
    QCOMPARE(hits.logsSearched(), 4);
    QCOMPARE(hits.rowCount(), 3);
    const auto text = [&](const QModelIndex& index) { return index.data().toString(); };
    QCOMPARE(text(hits.index(0, 0)), QString("a.log  (1 line)"));
    QCOMPARE(text(hits.index(0, 0, hits.index(0, 0))), QString("2  ERROR here"));
    QVERIFY(text(hits.index(1, 0)).startsWith("missing.log: "));
    QCOMPARE(text(hits.index(2, 0)), QString("many.log  (2,000 lines, the first 1,000 shown)"));
    QCOMPARE(hits.rowCount(hits.index(2, 0)), 1000);
    const auto place = hits.placeOf(hits.index(999, 0, hits.index(2, 0)));
    QCOMPARE(place->path, logs[3].path);
    QCOMPARE(place->line, quint64{1000});
    hits.search(*LineMatcher::makeQuery("level:error"), logs);  // replaces it
    QTRY_VERIFY(!hits.isSearching());
    QCOMPARE(hits.found(), quint64{1});
    hits.search(*LineMatcher::make(QString::fromUtf8("\xC3\x84"), false, false),
                {{write("umlaut.log", "x\n\xC3\xA4h\n"), "umlaut"}});
    QTRY_COMPARE(hits.found(), quint64{1});
    hits.clear();
    QCOMPARE(hits.rowCount(), 0);
  }

  void lines_around_are_shown_unless_they_are_hidden() {
    const auto text = textOf("1\n2\nhit\n4 noise\n5\n6\n7\n8\nhit\n");
    QCOMPARE(filtered(text, {.rules = {showing("hit")}, .around = 1}), (Lines{2, 3, 4, 8, 9}));
    QCOMPARE(filtered(text, {.rules = {showing("hit"), hiding("noise")}, .around = 2}), (Lines{1, 2, 3, 5, 7, 8, 9}));
    QCOMPARE(filtered(text, {.rules = {hiding("hit")}, .around = 1}), (Lines{1, 2, 4, 5, 6, 7, 8}));
  }

  void rules_go_together_with_levels_and_traces_stay_with_their_errors() {
    const auto text = textOf(
        "2026-03-01T12:00:00Z ERROR pool is empty\n    at pool.cpp:1\n2026-03-01T12:00:01Z INFO pool\n"
        "2026-03-01T12:00:02Z ERROR disk\n    at disk.cpp:1\n");
    const auto error = logs::Level::error;
    QCOMPARE(filtered(text, {.least = error}), (Lines{1, 2, 4, 5}));
    QCOMPARE(filtered(text, {.least = error, .rules = {showing("pool")}}), (Lines{1, 2}));
    // The first line of the entry is hidden; that its trace belongs to an error is known all the same.
    QCOMPARE(filtered(text, {.least = error, .rules = {hiding("is empty")}}), (Lines{2, 4, 5}));
  }

  void a_line_gives_an_expression_for_lines_with_other_values() {
    const auto text = textOf(
        "2026-03-01T12:00:00Z ERROR order 17 of user=a42 (total 3.50) failed\n"
        "2026-03-01T13:10:00Z INFO order 18 of user=b7 (total 12) failed\n"
        "2026-03-01T13:10:00Z INFO order 18 of nobody failed\n");
    LineRule rule = showing("");
    rule.text = expressionLike(text.line(1, 1000));
    rule.isExpression = true;
    QCOMPARE(filtered(text, {.rules = {rule}}), (Lines{1, 2}));
    QCOMPARE(expressionLike(""), QString());
    for (const auto* odd : {"[ERROR] (a+)+$ \\ 12", "100% {of} 7*7 | ^$", "\xff\xfe 9"}) {
      QVERIFY(QRegularExpression(expressionLike(odd)).isValid());
    }
  }

  void the_filter_can_be_undone_and_done_again() {
    LogDocument document(*jobs_);
    const LineFilter first{.rules = {showing("a")}};
    const LineFilter second{.rules = {showing("a"), hiding("b")}};
    document.setFilter(first);
    document.setFilter(second);
    document.setFilter(second);
    document.undoFilter();
    QCOMPARE(document.filter(), first);
    document.undoFilter();
    QVERIFY(document.filter().isEmpty() && !document.canUndoFilter());
    document.undoFilter();
    document.redoFilter();
    document.redoFilter();
    QCOMPARE(document.filter(), second);
    document.undoFilter();
    document.setFilter({});
    QVERIFY(!document.canRedoFilter());
    document.undoFilter();
    QCOMPARE(document.filter(), first);
    document.forgetFilters();
    QVERIFY(document.filter().isEmpty() && !document.canUndoFilter());
  }

  void the_map_counts_every_line_once_whatever_its_cells_are() {
    std::string bytes;
    quint64 errors = 0, warnings = 0;
    for (int line = 1; line <= 40'000; ++line) {
      const bool isError = line % 1000 == 0;
      const bool isWarning = !isError && line % 100 == 0;
      bytes += isError ? "ERROR broken\n" : isWarning ? "[warn] odd\n" : "INFO fine\n";
      errors += isError;
      warnings += isWarning;
    }
    const auto text = textOf(bytes);
    LevelMap map(*jobs_);
    map.read(text);
    QTRY_VERIFY(map.isWhole());
    QVERIFY(map.cells().size() <= LevelMap::most_cells);
    quint64 sumErrors = 0, sumWarnings = 0;
    for (std::size_t cell = 0; cell < map.cells().size(); ++cell) {
      const auto& each = map.cells()[cell];
      sumErrors += each.errors;
      sumWarnings += each.warnings;
      QCOMPARE(each.firstError != 0, each.errors != 0);
      if (each.firstError) QVERIFY(each.firstError % 1000 == 0 && (each.firstError - 1) / map.linesPerCell() == cell);
    }
    QCOMPARE(sumErrors, errors);
    QCOMPARE(sumWarnings, warnings);
    Job job;
    const auto fine = levelCells(text, 1, 999, 1000, job);
    QCOMPARE(fine->at(0), (LevelCell{1, 0, 1000, 0}));
  }

  void the_map_of_nothing_and_of_a_log_that_is_left_is_empty() {
    LevelMap map(*jobs_);
    map.read({});
    QVERIFY(map.isWhole() && map.cells().empty());
    map.read(textOf(std::string(100'000, '\n')));
    map.read(textOf(""));
    QTRY_VERIFY(jobs_->isIdle());
    QVERIFY(map.cells().empty());
  }

  void highlighters_are_a_sound_model_that_is_remembered() {
    HighlightList list;
    const QAbstractItemModelTester tester(&list, QAbstractItemModelTester::FailureReportingMode::QtTest);
    QCOMPARE(list.add(QStringLiteral("one")), 0);
    QCOMPARE(list.add(QStringLiteral("two")), 1);
    QCOMPARE(list.add(QStringLiteral("three")), 2);
    QVERIFY(list.all()[0].colour != list.all()[1].colour && list.all()[1].colour != list.all()[2].colour);
    QVERIFY(list.setData(list.index(1, HighlightList::text_column), Qt::Unchecked, Qt::CheckStateRole));
    QCOMPARE(list.marks()->size(), 2);
    QCOMPARE(list.add(QStringLiteral("two")), 1);  // is there: switched on
    QCOMPARE(list.marks()->size(), 3);
    list.move(2, -1);
    list.move(0, -1);
    list.move(2, 1);
    QCOMPARE(list.all()[1].text, QStringLiteral("three"));
    list.setColour(1, 99);
    QCOMPARE(list.all()[1].colour, highlight_colours - 1);
    QVERIFY(list.setData(list.index(1, HighlightList::line_column), Qt::Checked, Qt::CheckStateRole));
    const HighlightList again;
    QCOMPARE(again.all(), list.all());
    while (list.rowCount()) list.remove(0);
    QVERIFY(HighlightList().all().empty() && list.marks()->empty());
  }

  void a_highlighter_that_is_no_expression_says_why_and_marks_nothing() {
    HighlightList list;
    list.add(QStringLiteral("(unclosed"));
    QCOMPARE(list.marks()->size(), 1);
    list.setData(list.index(0, HighlightList::expression_column), Qt::Checked, Qt::CheckStateRole);
    QVERIFY(list.marks()->empty());
    QVERIFY(list.problemOf(0).contains(QLatin1String("parenthes")));
    QCOMPARE(list.index(0, 0).data(Qt::ToolTipRole).toString(), list.problemOf(0));
    list.setData(list.index(0, HighlightList::text_column), QStringLiteral("closed"));
    QCOMPARE(list.problemOf(0), QString());
    list.setData(list.index(0, HighlightList::text_column), QString());
    QVERIFY(list.marks()->empty());
  }

  void a_highlighter_may_be_a_query_which_is_seen_by_itself_and_remembered() {
    HighlightList list;
    const QAbstractItemModelTester tester(&list, QAbstractItemModelTester::FailureReportingMode::QtTest);
    list.add(QStringLiteral("timeout"));
    QVERIFY(!list.all()[0].isQuery && list.marks()->at(0).query.isEmpty());
    list.setData(list.index(0, HighlightList::text_column), QStringLiteral("level:error AND field:status>=500"));
    QVERIFY(list.all()[0].isQuery && HighlightList().all()[0].isQuery);
    QCOMPARE(list.marks()->at(0).query, list.all()[0].text);
    QVERIFY(!list.marks()->at(0).holdsFor(1));  // not known yet
    QVERIFY(!list.flags(list.index(0, HighlightList::expression_column)).testFlag(Qt::ItemIsEnabled));
    QSignalSpy changed(&list, &HighlightList::dataChanged);
    list.tellProblem(list.all()[0].text, QStringLiteral("too hard"));
    QCOMPARE(list.problemOf(0), QStringLiteral("too hard"));
    QCOMPARE(changed.size(), 1);
    for (const char* wrong : {"level:wrong", "(a OR", "field:path~(", "field:status>=abc and"}) {
      list.setData(list.index(0, HighlightList::text_column), QString::fromLatin1(wrong));
      if (!list.all()[0].isQuery) list.setData(list.index(0, HighlightList::query_column), Qt::Checked, Qt::CheckStateRole);
      QVERIFY2(!list.problemOf(0).isEmpty() && list.marks()->empty(), wrong);
    }
    list.setData(list.index(0, HighlightList::query_column), Qt::Unchecked, Qt::CheckStateRole);
    QCOMPARE(list.problemOf(0), QString());
  }

  void queries_of_highlighters_hold_for_the_lines_of_a_log() {
    HighlightList list;
    list.add(QStringLiteral("plain"));
    list.add({});
    list.setData(list.index(1, 0), QStringLiteral("level:error OR field:status>=500"));
    LogMarks marks(*jobs_);
    marks.setHighlights(list.marks());
    marks.read(textOf("status=200 fine\nERROR plain\nstatus=503 broke\n"));
    const auto lines = [&] {
      std::vector<quint64> found;
      for (quint64 line = 1; line <= 6; ++line) {
        if (marks.marks()->at(1).holdsFor(line)) found.push_back(line);
      }
      return found;
    };
    QVERIFY(lines().empty() && marks.isSearching());
    QTRY_VERIFY(!marks.isSearching());
    QCOMPARE(lines(), (std::vector<quint64>{2, 3}));
    QVERIFY(marks.marks()->at(0).holdsFor(1));
    marks.extend(textOf("status=200 fine\nERROR plain\nstatus=503 broke\nERROR again\nstatus=200\nstatus=504\n"));
    QTRY_VERIFY(!marks.isSearching());
    QCOMPARE(lines(), (std::vector<quint64>{2, 3, 4, 6}));
    list.setColour(1, 3);  // nothing is looked for again
    marks.setHighlights(list.marks());
    QVERIFY(!marks.isSearching());
    QCOMPARE(lines(), (std::vector<quint64>{2, 3, 4, 6}));
    list.setData(list.index(1, 0), QStringLiteral("level:none NOT 503"));
    marks.setHighlights(list.marks());
    QTRY_VERIFY(!marks.isSearching());
    QCOMPARE(lines(), (std::vector<quint64>{1, 5, 6}));
    marks.read({});
    QVERIFY(lines().empty() && !marks.isSearching());
  }

  void a_query_that_is_too_hard_for_a_log_is_told_and_given_up() {
    HighlightList list;
    list.add({});
    list.setData(list.index(0, 0), QStringLiteral("/(?=(a+)+$)a/"));
    list.setData(list.index(0, HighlightList::query_column), Qt::Checked, Qt::CheckStateRole);
    LogMarks marks(*jobs_);
    QSignalSpy failed(&marks, &LogMarks::failed);
    connect(&marks, &LogMarks::failed, &list, &HighlightList::tellProblem);
    marks.setHighlights(list.marks());
    marks.read(textOf(std::string(60, 'a') + "b\n"));
    QTRY_COMPARE_WITH_TIMEOUT(failed.size(), 1, 60'000);
    QVERIFY(list.problemOf(0).contains(QLatin1String("takes too long")));
    QVERIFY(!marks.isSearching() && !marks.marks()->at(0).holdsFor(1));
  }

  void an_expression_that_explodes_does_not_stop_painting() {
    const auto matcher = LineMatcher::make(QStringLiteral("(x+x+)+y"), true, true);
    QElapsedTimer clock;
    clock.start();
    (void)(*matcher)->spans(QString(10'000, QLatin1Char('x')));
    QVERIFY2(clock.elapsed() < 2000, qPrintable(QString::number(clock.elapsed())));
    QCOMPARE((*LineMatcher::make(QStringLiteral("b+"), true, true))->spans(QStringLiteral("abbab")).size(), 2);
  }

  void text_is_readable_on_every_highlighter_in_both_themes() {
    for (const Theme& theme : {Theme::light(), Theme::darkTheme()}) {
      for (int colour = 0; colour < highlight_colours; ++colour) {
        const double ratio = contrast(theme.text, highlightColour(theme, colour));
        QVERIFY2(ratio >= 4.5, qPrintable(highlightName(colour) + QString::number(ratio)));
        for (int other = 0; other < colour; ++other) QVERIFY(highlightColour(theme, colour) != highlightColour(theme, other));
      }
    }
  }

  void bookmarks_are_a_sound_model_that_is_remembered_per_file() {
    const auto text = textOf("one\ntwo\nthree\nfour\n");
    BookmarkList list(*jobs_);
    const QAbstractItemModelTester tester(&list, QAbstractItemModelTester::FailureReportingMode::QtTest);
    list.open(QStringLiteral("/a.log"));
    list.setText(text);
    list.toggle(3);
    list.toggle(1);
    list.toggle(4);
    list.toggle(9);
    list.toggle(0);
    QCOMPARE(list.lines(), (Lines{1, 3, 4}));
    QVERIFY(list.setData(list.index(1, BookmarkList::note_column), QStringLiteral("here it began")));
    QCOMPARE(list.index(1, BookmarkList::text_column).data().toString(), QStringLiteral("three"));
    QCOMPARE(list.next(3, true), 4);
    QCOMPARE(list.next(4, true), 1);
    QCOMPARE(list.next(3, false), 1);
    QCOMPARE(list.next(1, false), 4);
    list.toggle(4);
    BookmarkList again(*jobs_);
    again.open(QStringLiteral("/a.log"));
    again.setText(text);
    QCOMPARE(again.lines(), (Lines{1, 3}));
    QCOMPARE(again.at(1).note, QStringLiteral("here it began"));
    again.open(QStringLiteral("/b.log"));
    QCOMPARE(again.rowCount(), 0);
    QCOMPARE(again.next(1, true), 0);
  }

  void bookmarks_find_their_lines_again_when_the_file_was_written_anew() {
    BookmarkList list(*jobs_);
    list.open(QStringLiteral("/a.log"));
    list.setText(textOf("one\ntwo\nthree\nsame\nx\nsame\n"));
    for (const quint64 line : {2, 3, 6}) list.toggle(line);
    QSignalSpy changes(&list, &BookmarkList::linesChanged);
    list.setText(textOf("new\nnewer\none\ntwo\nsame\nx\nx\nsame\n"));
    QTRY_COMPARE(changes.size(), 1);
    QCOMPARE(list.lines(), (Lines{4, 5}));  // of two lines that say the same the nearer one
    const auto lost = list.rowOf(3);
    QCOMPARE(lost, -1);
    QCOMPARE(list.rowCount(), 3);
    list.setText(textOf("one\ntwo\nthree\nsame\nx\nsame\n"));
    QTRY_COMPARE(changes.size(), 2);
    QCOMPARE(list.lines().size(), 3);
    QVERIFY(list.rowOf(3) >= 0);
  }

  void a_bookmark_keeps_no_text_of_its_line_in_the_settings() {
    BookmarkList list(*jobs_);
    list.open(QStringLiteral("/a.log"));
    list.setText(textOf("password=hunter2\n"));
    list.toggle(1);
    QSettings settings;
    const QStringList keys = settings.allKeys();
    int kept = 0;
    for (const QString& key : keys) {
      kept += key.startsWith(QLatin1String("logs/bookmarks/"));
      QVERIFY(!settings.value(key).toByteArray().contains("hunter2"));
    }
    QCOMPARE(kept, 1);
  }
};

QTEST_MAIN(LogModelsTest)
#include "log_models_test.moc"
