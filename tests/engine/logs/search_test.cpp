#include "engine/logs/search.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <thread>

#include "engine/logs/fields.h"
#include "engine/logs/highlight.h"
#include "engine/logs/line_index.h"

namespace conclave::logs {
namespace {

constexpr TimeUs reference = 1'772'366'405 * us_per_second;

std::vector<std::uint64_t> lines_of(std::string_view bytes, const Expression& expression, std::size_t chunk = 1 << 20,
                                    std::size_t threads = 0) {
  SearchOptions options;
  options.reference = reference;
  options.threads = threads;
  Job job;
  const auto found = Search::compile(expression).value().run_in_chunks(bytes, options, job, chunk);
  EXPECT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->found, found->lines.size());
  return found->lines.numbers(0, UINT64_MAX);
}

std::vector<std::uint64_t> lines_of(std::string_view bytes, std::string_view expression) {
  return lines_of(bytes, parse_expression(expression).value());
}

using Lines = std::vector<std::uint64_t>;

const std::string sample =
    "no time yet, error\n"                              // 1
    "2026-03-01T12:00:00Z ERROR db: Timeout\n"          // 2
    "  at com.example.Pool (Pool.java:12)\n"            // 3
    "2026-03-01T12:00:10Z WARN api: slow, timeout\r\n"  // 4
    "2026-03-01T12:00:20Z INFO api: served\n"           // 5
    "\n"                                                // 6
    "2026-03-01T12:00:30Z FATAL db: gone";              // 7

TEST(search, texts_filters_and_their_combinations) {
  EXPECT_EQ(lines_of(sample, "timeout"), (Lines{2, 4}));
  EXPECT_EQ(lines_of(sample, "Timeout"), (Lines{2}));
  EXPECT_EQ(lines_of(sample, "timeout NOT db"), (Lines{4}));
  EXPECT_EQ(lines_of(sample, "/timeout$/"), (Lines{4}));
  EXPECT_EQ(lines_of(sample, "level:error"), (Lines{2}));
  EXPECT_EQ(lines_of(sample, "level:>=warning"), (Lines{2, 4, 7}));
  EXPECT_EQ(lines_of(sample, "level:none"), (Lines{1, 3, 6}));
  EXPECT_EQ(lines_of(sample, "!level:none api"), (Lines{4, 5}));
  EXPECT_EQ(lines_of(sample, "level:error OR pool"), (Lines{2, 3}));
  EXPECT_EQ(lines_of(sample, "*"), (Lines{1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(lines_of(sample, "NOT *"), (Lines{}));
}

TEST(search, lines_without_a_stamp_follow_the_one_before) {
  EXPECT_EQ(lines_of(sample, "until:2026-03-01T12:00:10Z"), (Lines{1, 2, 3}));
  EXPECT_EQ(lines_of(sample, "since:2026-03-01T12:00:20Z"), (Lines{1, 5, 6, 7}));  // before the first stamp: in every range
  EXPECT_EQ(lines_of(sample, "since:2026-03-01T12:00:10Z until:2026-03-01T12:00:20Z level:>=trace"), (Lines{4}));
}

TEST(search, templates_are_found_by_their_id) {
  TemplateOptions options;
  options.keep_assignments = true;
  options.reference = reference;
  Job job;
  const TemplateGroups groups = mine_templates(sample, options, job).value();
  const std::uint64_t id = groups.templates[groups.assignments[4]].id;
  EXPECT_EQ(lines_of(sample, Expression::of(TemplateFilter{id})), (Lines{5}));
  EXPECT_EQ(lines_of(sample, negated(Expression::of(TemplateFilter{id}))), (Lines{1, 2, 3, 4, 6, 7}));
  EXPECT_EQ(lines_of(sample, Expression::of(TemplateFilter{id ^ 1U})), (Lines{}));
}

const std::string structured =
    R"({"ts":"2026-03-01T12:00:00Z","level":"info","status":200,"user":{"name":"alice"},"path":"/api/v1"})"  // 1
    "\n"
    R"({"level":"error","status":"503","user":{"name":"Bob"},"retry":null,"path":"/web","tags":["slow","db"]})"  // 2
    "\r\n"
    "level=warn status=404 user.name=alice path=/api/v2 msg=\"status=500 here\" retry=2\n"       // 3
    R"({"level":"error","st\u0061tus":5.03e2,"user":{"n\u0061me":"\u0061lice"},"path":"\/api")"  // 4, cut off
    "\n"
    "2026-03-01T12:00:09Z ERROR plain text, status 503, user alice\n"       // 5
    "2026-03-01T12:00:10Z ERROR status=503, user.name=alice; retry=false";  // 6

TEST(search, fields_are_typed) {
  EXPECT_EQ(lines_of(structured, "field:status>=500"), (Lines{2, 4, 6}));
  EXPECT_EQ(lines_of(structured, "field:status<500"), (Lines{1, 3}));
  EXPECT_EQ(lines_of(structured, "field:status=503"), (Lines{2, 4, 6}));
  EXPECT_EQ(lines_of(structured, "field:status=\"503\""), (Lines{2, 6}));  // as it is written
  EXPECT_EQ(lines_of(structured, "field:status!=503"), (Lines{1, 3}));
  EXPECT_EQ(lines_of(structured, "field:ts<2026-03-01T12:00:01Z"), (Lines{1}));
  EXPECT_EQ(lines_of(structured, "field:ts=2026-03-01T13:00:00+01:00"), (Lines{1}));
  EXPECT_EQ(lines_of(structured, "field:ts>=2026-03-01T12:00:01Z"), (Lines{}));
}

TEST(search, fields_are_texts_and_case_matters) {
  EXPECT_EQ(lines_of(structured, "field:user.name=alice"), (Lines{1, 3, 4, 6}));
  EXPECT_EQ(lines_of(structured, "field:user.name=bob"), (Lines{}));
  EXPECT_EQ(lines_of(structured, "field:user.name!=alice"), (Lines{2}));
  EXPECT_EQ(lines_of(structured, "NOT field:user.name=alice"), (Lines{2, 5}));
  EXPECT_EQ(lines_of(structured, "field:path~^/api"), (Lines{1, 3, 4}));
  EXPECT_EQ(lines_of(structured, "field:path!~^/api"), (Lines{2}));
  EXPECT_EQ(lines_of(structured, "field:tags=db"), (Lines{2}));
  EXPECT_EQ(lines_of(structured, "field:tags!=db"), (Lines{}));
}

TEST(search, fields_are_there_unless_null) {
  EXPECT_EQ(lines_of(structured, "field:retry"), (Lines{3, 6}));
  EXPECT_EQ(lines_of(structured, "field:retry=null"), (Lines{2}));
  EXPECT_EQ(lines_of(structured, "field:retry=false"), (Lines{6}));
  EXPECT_EQ(lines_of(structured, "field:user"), (Lines{1, 2, 3, 4, 6}));  // something in it is
  EXPECT_EQ(lines_of(structured, "field:use"), (Lines{}));
}

TEST(search, fields_go_together_with_the_rest) {
  EXPECT_EQ(lines_of(structured, "field:status>=500 field:user.name=alice"), (Lines{4, 6}));
  EXPECT_EQ(lines_of(structured, "plain OR (level:error field:status>500 NOT field:tags)"), (Lines{4, 5, 6}));
  EXPECT_EQ(lines_of(structured, "field:status since:2026-03-01T12:00:09Z"), (Lines{6}));
}

TEST(search, hints_of_fields_miss_nothing) {
  std::mt19937 random(9);
  std::string bytes;
  for (int i = 0; i < 4000; ++i) {
    const char* lines[] = {R"({"st\u0061tus":500,"name":"x"})",
                           R"({"a":{"status":500}})",
                           R"({"status":500,"v":"\u0061lice"})",
                           "status=500 v=\"\\x61lice\"",
                           R"({"status":1,"v":"alice"})",
                           "nothing",
                           ""};
    bytes += lines[random() % 7];
    bytes += '\n';
  }
  for (const char* text :
       {"field:status>=500", "field:a.status=500", "field:v=alice", "field:status field:v", "field:v!=alice"}) {
    const Expression expression = parse_expression(text).value();
    const Lines found = lines_of(bytes, expression, 300);
    Lines expected;
    FieldReader reader;
    Field field;
    std::string buffer;
    std::uint64_t number = 0;
    for (std::string_view rest = bytes; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1)) {
      ++number;
      std::map<std::string, std::string> fields;
      reader.start(rest.substr(0, rest.find('\n')));
      while (reader.next(field)) fields[std::string(field.name)] = text_of(field, buffer);
      const std::string_view asked = text;
      const bool holds = asked == "field:status>=500"      ? fields["status"] == "500"
                         : asked == "field:a.status=500"   ? fields["a.status"] == "500"
                         : asked == "field:v=alice"        ? fields["v"] == "alice"
                         : asked == "field:status field:v" ? fields.contains("status") && fields.contains("v")
                                                           : fields.contains("v") && fields["v"] != "alice";
      if (holds) expected.push_back(number);
    }
    EXPECT_EQ(found, expected) << text;
    EXPECT_EQ(expected.empty(), std::string_view(text) == "field:v!=alice") << text;
  }
}

TEST(search, a_pattern_that_explodes_in_a_field_is_an_error_with_the_line) {
  Job job;
  const auto found = Search::compile(parse_expression("field:v~\"(?=(a+)+$)a\"").value())
                         .value()
                         .run("x\nv=\"b\"\nv=" + std::string(60, 'a') + "b", {}, job);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::limit);
  EXPECT_NE(found.error().message.find("line 3"), std::string::npos) << found.error().message;
}

TEST(search, any_cut_and_any_number_of_threads_give_the_same) {
  std::mt19937 random(5);
  std::string bytes;
  for (int i = 0; i < 3000; ++i) {
    const char* levels[] = {"ERROR", "INFO", "WARN", ""};
    if (random() % 3 != 0) bytes += "2026-03-01T12:" + std::to_string(10 + random() % 50) + ":00Z " + levels[random() % 4];
    bytes += random() % 2 == 0 ? " user alice" : random() % 2 == 0 ? " user bob failed 12" : " user=bob failed 12";
    bytes += random() % 5 == 0 ? "\r\n" : "\n";
  }
  for (const char* text :
       {"alice", "level:error bob", "since:2026-03-01T12:30:00Z /\\d$/", "until:2026-03-01T12:40:00Z OR NOT bob",
        "field:user=bob OR NOT field:user", "(level:none since:2026-03-01T12:20:00Z) OR (alice !until:2026-03-01T12:50:00Z)"}) {
    const Expression expression = parse_expression(text).value();
    const Lines whole = lines_of(bytes, expression, bytes.size() + 1, 1);
    EXPECT_FALSE(whole.empty());
    for (const std::size_t chunk : {std::size_t{1}, std::size_t{100}, std::size_t{5000}}) {
      for (const std::size_t threads : {1U, 2U, 500U}) EXPECT_EQ(lines_of(bytes, expression, chunk, threads), whole) << text;
    }
  }
}

TEST(search, time_filters_agree_with_a_walk_line_by_line) {
  std::mt19937 random(6);
  std::string bytes;
  std::vector<std::optional<int>> minutes;
  std::optional<int> minute;
  for (int i = 0; i < 500; ++i) {
    if (random() % 4 == 0) {
      minute = static_cast<int>(10 + random() % 50);
      bytes += "2026-03-01T12:" + std::to_string(*minute) + ":00Z x\n";
    } else {
      bytes += "x\n";
    }
    minutes.push_back(minute);
  }
  Lines expected;
  for (std::size_t i = 0; i < minutes.size(); ++i) {
    if (!minutes[i] || *minutes[i] < 30) expected.push_back(i + 1);
  }
  for (const std::size_t chunk : {1, 7, 64, 1000}) {
    EXPECT_EQ(lines_of(bytes, parse_expression("x until:2026-03-01T12:30:00Z").value(), static_cast<std::size_t>(chunk)),
              expected);
  }
}

TEST(search, found_lines_come_in_order_with_their_text_and_place) {
  const LineIndex index = [] {
    Job job;
    return LineIndex::build(sample, job).value();
  }();
  Lines numbers;
  SearchOptions options;
  options.on_found = [&](std::span<const FoundLine> lines) {
    for (const FoundLine& line : lines) {
      numbers.push_back(line.number);
      EXPECT_EQ(line.text, index.line(sample, line.number));
      EXPECT_EQ(line.begin, index.offset_of(sample, line.number));
    }
    return true;
  };
  Job job;
  const Search search = Search::compile(parse_expression("NOT served").value()).value();
  const auto found = search.run_in_chunks(sample, options, job, 8);
  EXPECT_EQ(numbers, (Lines{1, 2, 3, 4, 6, 7}));
  EXPECT_EQ(found->lines.numbers(0, 99), numbers);
  EXPECT_EQ(found->line_count, 7U);
}

TEST(search, who_has_enough_ends_it_and_the_job_goes_on) {
  SearchOptions options;
  std::size_t calls = 0;
  options.on_found = [&](std::span<const FoundLine>) { return ++calls < 2; };
  Job job;
  const auto found = Search::compile(Expression::of(EveryLine{})).value().run_in_chunks(sample, options, job, 1);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->complete);
  EXPECT_EQ(calls, 2U);
  EXPECT_FALSE(job.stopped());
}

TEST(search, patterns_are_counted_among_the_lines_found) {
  Job job;
  const Search search =
      Search::compile(parse_expression("timeout").value(), {{"db", false, false}, {"\\d", true, false}, {"zzz", false, false}})
          .value();
  const auto found = search.run(sample, {}, job);
  EXPECT_EQ(found->counts, (std::vector<std::uint64_t>{1, 2, 0}));
}

TEST(search, a_pattern_that_explodes_is_an_error_with_the_line) {
  Job job;
  const auto found =
      Search::compile(parse_expression("/(?=(a+)+$)a/").value()).value().run("x\ny\n" + std::string(60, 'a') + "b", {}, job);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::limit);
  EXPECT_NE(found.error().message.find("line 3"), std::string::npos) << found.error().message;
  EXPECT_FALSE(job.stopped());
}

TEST(search, a_stopped_job_ends_it) {
  Job job;
  job.request_stop();
  const auto found = Search::compile(Expression::of(EveryLine{})).value().run(sample, {}, job);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::cancelled);
}

// What is read after a stop does not depend on how much there is: a few pieces of 2 MiB.
TEST(search, a_stop_is_seen_within_a_few_pieces) {
  std::string bytes;
  while (bytes.size() < (64U << 20U)) bytes += "2026-03-01T12:00:00Z ERROR db: Timeout user=alice\n";
  for (const char* const expression : {"*", "timeout", "/Time.ut/ user", "level:error", "field:user=alice"}) {
    Job job;
    SearchOptions options;
    options.threads = 2;
    std::uint64_t done = 0;
    options.on_found = [&](std::span<const FoundLine>) {
      if (!job.stopped()) done = job.progress().done;
      job.request_stop();
      return true;
    };
    const auto found = Search::compile(parse_expression(expression).value()).value().run(bytes, options, job);
    ASSERT_FALSE(found) << expression;
    EXPECT_EQ(found.error().kind, ErrorKind::cancelled) << expression;
    EXPECT_LE(job.progress().done, done + (24U << 20U)) << expression;
  }
}

TEST(search, an_empty_log_has_nothing) {
  EXPECT_EQ(lines_of("", "*"), (Lines{}));
  EXPECT_EQ(lines_of("\n", "*"), (Lines{1}));
}

TEST(search, progress_is_said_in_bytes) {
  Job job;
  (void)Search::compile(Expression::of(EveryLine{})).value().run(sample, {}, job);
  EXPECT_EQ(job.progress().done, sample.size());
  EXPECT_EQ(job.progress().total, sample.size());
}

TEST(highlighter, shows_texts_but_not_those_behind_a_not) {
  const Highlighter highlighter = Highlighter::compile(parse_expression("error /\\d+/ NOT (db OR NOT gone)").value()).value();
  EXPECT_EQ(highlighter.find("Error 12, db gone 3"), (std::vector<Span>{{0, 5}, {6, 8}, {13, 17}, {18, 19}}));
  EXPECT_TRUE(highlighter.find("").empty());
}

TEST(highlighter, joins_what_overlaps) {
  const Highlighter highlighter = Highlighter::compile(parse_expression("abc bcd /d+/").value()).value();
  EXPECT_EQ(highlighter.find("xabcddx"), (std::vector<Span>{{1, 6}}));
}

}  // namespace
}  // namespace conclave::logs
