#include "engine/logs/templates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

#include "engine/base/ids.h"
#include "engine/base/text.h"
#include "engine/logs/encoding.h"
#include "engine/logs/shape_table.h"
#include "engine/logs/template_groups.h"
#include "tests/engine/logs/files.h"

namespace conclave::logs {
namespace {

TimeUs at(const char* text) { return parse_time(text).value(); }

TemplateGroups mine(std::string_view bytes, TemplateOptions options = {}) {
  options.keep_assignments = true;
  Job job;
  return mine_templates(bytes, options, job).value();
}

std::string print(const TemplateGroups& groups) {
  std::string out;
  for (const Template& t : groups.templates) {
    out += hex64(t.id) + " " + t.text + " " + std::to_string(t.count) + " " + std::to_string(t.count_before) + " " +
           std::to_string(t.first_time) + " " + std::to_string(t.last_time) + " " + std::to_string(t.first_line) + " " +
           std::to_string(t.last_line) + " " + std::string(level_name(t.level));
    for (const auto line : t.samples) out += "," + std::to_string(line);
    out += " " + t.typed_text;
    for (const auto count : t.levels) out += "/" + std::to_string(count);
    for (const TemplateParameter& each : t.parameters) {
      out.append(" ").append(parameter_kind_name(each.kind)).append(std::to_string(each.distinct));
      for (const ParameterValue& value : each.top) out.append(";").append(value.text).append(std::to_string(value.count));
    }
    out += "\n";
  }
  for (const auto assignment : groups.assignments) out += std::to_string(assignment) + " ";
  return out;
}

TEST(Templates, OfNothingAreNone) {
  EXPECT_TRUE(mine("").templates.empty());
  EXPECT_TRUE(mine("").assignments.empty());
}

TEST(Templates, OfALatin1LogAreThoseOfTheSameLogInUtf8) {
  const std::string latin1 =
      "2026-03-01 12:00:05 INFO T\xfcr 7 zu, Gr\xfc\xdf"
      "e von J\xfcrgen\n"
      "2026-03-01 12:00:06 INFO T\xfcr 8 zu, Gr\xfc\xdf"
      "e von Ren\xe9\n"
      "2026-03-01 12:00:07 INFO T\xfcr 9 zu, Gr\xfc\xdf"
      "e von user=\xe9t\xe9\n"
      "2026-03-01 12:00:08 ERROR caf\xe9 geschlossen\n";
  TemplateOptions options;
  options.reference = 1;
  options.parameters = true;
  const TemplateGroups groups = mine(latin1, options);
  EXPECT_EQ(print(groups), print(mine(latin1_to_utf8(latin1), options)));
  EXPECT_EQ(groups.templates.back().text, "caf\xc3\xa9 geschlossen");
}

TEST(Templates, GroupLinesThatDifferInParameters) {
  const TemplateGroups groups = mine(
      "2026-03-01 12:00:05 INFO [t1] db: connected to 10.0.0.1:5432 in 12 ms\n"
      "2026-03-01 12:00:06 ERROR [t2] db: connected to 10.0.0.2:5432 in 7 ms\r\n"
      "2026-03-01 12:00:07 INFO [t1] db: bye\n"
      "2026-03-01 12:00:08 INFO [t9] db: connected to 10.0.0.9:1 in 1 ms");
  ASSERT_EQ(groups.templates.size(), 2U);
  const Template& most = groups.templates[0];
  EXPECT_EQ(most.text, "connected to <*> in <*> ms");
  EXPECT_EQ(most.id, stable_hash(most.text));
  EXPECT_EQ(most.count, 3U);
  EXPECT_EQ(most.level, Level::error);
  EXPECT_EQ(most.first_line, 1U);
  EXPECT_EQ(most.last_line, 4U);
  EXPECT_EQ(most.first_time, at("2026-03-01T12:00:05"));
  EXPECT_EQ(most.last_time, at("2026-03-01T12:00:08"));
  EXPECT_THAT(most.samples, testing::ElementsAre(1U, 2U, 4U));
  EXPECT_THAT(groups.assignments, testing::ElementsAre(0U, 0U, 1U, 0U));
}

TEST(Templates, FindParametersThatAreWords) {
  std::string log;
  for (const char* user : {"root", "alice", "bob", "carol", "dave", "eve", "mallory"}) {
    log += std::string("Invalid login of ") + user + " was refused today\n";
  }
  log += "Invalid login was seen\n";
  const TemplateGroups groups = mine(log);
  ASSERT_EQ(groups.templates.size(), 2U);
  EXPECT_EQ(groups.templates[0].text, "Invalid login of <*> was refused today");
}

TEST(Templates, KeepStatesApartThatComeAgainAndAgain) {
  std::string log;
  for (int i = 0; i < 100; ++i) {
    for (const char* state : {"Started", "Paused", "Resumed", "Stopped"}) {
      log += "[instance: " + std::to_string(i) + "] VM " + state + " (Lifecycle Event)\n";
    }
  }
  EXPECT_EQ(mine(log).templates.size(), 4U);
}

TEST(Templates, TakeAWordForAParameterWhereOthersHaveOne) {
  const TemplateGroups groups = mine(
      "synchronized to 10.1.1.1, stratum 3\nsynchronized to LOCAL(0), stratum 10\n"
      "lost network device eth0\nlost network device lo\n");
  ASSERT_EQ(groups.templates.size(), 2U);
  EXPECT_EQ(groups.templates[0].text, "lost network device <*>");
  EXPECT_EQ(groups.templates[1].text, "synchronized to <*>, stratum <*>");
}

TEST(Templates, TellWhatTheirParametersAre) {
  std::string log;
  for (int i = 0; i < 100; ++i) {
    log += "2026-03-01 12:00:05 " + std::string(i % 4 == 0 ? "WARN" : "INFO") + " db: connected to 10.0.0." +
           std::to_string(i % 5) + ":5432 in " + std::to_string(i) + " ms\n";
  }
  TemplateOptions options;
  options.parameters = true;
  const TemplateGroups groups = mine(log, options);
  ASSERT_EQ(groups.templates.size(), 1U);
  const Template& found = groups.templates[0];
  EXPECT_EQ(found.typed_text, "connected to <ip> in <num> ms");
  EXPECT_EQ(found.levels[static_cast<std::size_t>(Level::warning)], 25U);
  EXPECT_EQ(found.levels[static_cast<std::size_t>(Level::info)], 75U);
  ASSERT_EQ(found.parameters.size(), 2U);
  EXPECT_EQ(found.parameters[0].kind, ParameterKind::address);
  EXPECT_EQ(found.parameters[0].distinct, 5U);
  EXPECT_TRUE(found.parameters[0].exact);
  ASSERT_EQ(found.parameters[0].top.size(), 5U);
  EXPECT_EQ(found.parameters[0].top[0].text, "10.0.0.0:5432");
  EXPECT_EQ(found.parameters[0].top[0].count, 20U);
  EXPECT_NEAR(static_cast<double>(found.parameters[1].distinct), 100, 10);
}

TEST(Templates, EstimateTheValuesOfFrequentOnes) {
  std::string log;
  for (int i = 0; i < 20'000; ++i) log += "login of user" + std::to_string(i % 10 < 6 ? 0 : i) + " done\n";
  TemplateOptions options;
  options.parameters = true;
  const TemplateGroups groups = mine(log, options);
  ASSERT_EQ(groups.templates.size(), 1U);
  const TemplateParameter& user = groups.templates[0].parameters.at(0);
  EXPECT_FALSE(user.exact);
  EXPECT_EQ(user.top.at(0).text, "user0");
  EXPECT_NEAR(static_cast<double>(user.top[0].count), 12'000, 2000);
  EXPECT_NEAR(static_cast<double>(user.distinct), 8001, 800);
}

TEST(Templates, FoldAStackTraceIntoItsRecord) {
  const std::string log =
      "2026-03-01 12:00:05 ERROR a.B: request 7 failed\njava.io.IOException: x\n\tat a.B.c(B.java:1)\n"
      "2026-03-01 12:00:06 ERROR a.B: request 8 failed\n\tat a.B.c(B.java:1)\n";
  const TemplateGroups groups = mine(log);
  ASSERT_EQ(groups.templates.size(), 1U);
  EXPECT_EQ(groups.templates[0].count, 2U);
  EXPECT_THAT(groups.assignments, testing::Each(0U));
  TemplateOptions options;
  options.content = true;
  EXPECT_EQ(mine(log, options).templates.size(), 3U);
}

TEST(Templates, OfSeveralLogsAreNumberedOn) {
  Job job;
  TemplateOptions options;
  options.logs_before = 1;
  options.keep_assignments = true;
  const TemplateGroups groups =
      mine_templates(std::array{std::string_view("a 1\nb"), std::string_view("a 2\n")}, options, job).value();
  ASSERT_EQ(groups.templates.size(), 2U);
  EXPECT_EQ(groups.templates[0].count, 2U);
  EXPECT_EQ(groups.templates[0].count_before, 1U);
  EXPECT_EQ(groups.templates[0].last_line, 3U);
  EXPECT_THAT(groups.assignments, testing::ElementsAre(0U, 1U, 0U));
}

TEST(Templates, OfContentHaveNoHeader) {
  const std::string log = "onExtend:1514038530000 14 0 4\ntimeStamp back,extendReportTimeStamp=1514039575000\nserver: started\n";
  TemplateOptions options;
  options.content = true;
  const TemplateGroups groups = mine(log, options);
  ASSERT_EQ(groups.templates.size(), 3U);
  EXPECT_EQ(groups.templates[0].text, "onExtend:<*> <*>");
}

TEST(Templates, KeepMessagesApartThatShareLittle) {
  const TemplateGroups groups = mine("cache started\ncache stopped\nqueue started\nqueue stopped\nworker lost\n");
  EXPECT_EQ(groups.templates.size(), 5U);
}

TEST(Templates, CountLinesBeforeTheChange) {
  TemplateOptions options;
  options.change_time = at("2026-03-01T12:00:06");
  const TemplateGroups groups = mine(
      "start\n2026-03-01 12:00:05 a 1\n2026-03-01 12:00:05 a 2\n2026-03-01 12:00:06 a 3\n2026-03-01 12:00:07 new\n", options);
  ASSERT_EQ(groups.templates.size(), 3U);
  EXPECT_EQ(groups.templates[0].text, "a <*>");
  EXPECT_EQ(groups.templates[0].count_before, 2U);
  for (const Template& t : groups.templates) {
    EXPECT_EQ(t.count_before, t.text == "a <*>" ? 2U : 0U) << t.text;
  }
}

TEST(Templates, LeaveLinesOutOfTheTimeRangeUnassigned) {
  TemplateOptions options;
  options.time_range = {at("2026-03-01T12:00"), at("2026-03-01T13:00")};
  const TemplateGroups groups = mine("x\n2026-03-01 11:00:00 a\nb\n2026-03-01 12:00:00 a\nb\n2026-03-01 13:00:00 a\n", options);
  ASSERT_EQ(groups.templates.size(), 2U);
  EXPECT_EQ(groups.assignments.size(), 6U);
  EXPECT_EQ(std::count(groups.assignments.begin(), groups.assignments.end(), no_template), 4);
  EXPECT_EQ(groups.templates[0].first_line, 4U);
  EXPECT_EQ(groups.templates[1].first_time, at("2026-03-01T12:00"));
}

TEST(Templates, AreValidUtf8WhateverTheBytes) {
  std::string bytes;
  std::mt19937 random(11);
  for (int i = 0; i < 200'000; ++i) bytes += static_cast<char>(random() % 256);
  const TemplateGroups groups = mine(bytes);
  for (const Template& t : groups.templates) ASSERT_EQ(valid_utf8(t.text), t.text);
  EXPECT_EQ(groups.assignments.size(), static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '\n')) + 1);
}

TEST(Templates, TakeOneVeryLongLine) {
  const TemplateGroups groups = mine(std::string(20'000'000, 'x'));
  ASSERT_EQ(groups.templates.size(), 1U);
  EXPECT_LT(groups.templates[0].text.size(), 10'000U);
}

TEST(Templates, GiveEmptyLinesATemplateToo) {
  const TemplateGroups groups = mine("\n\r\n  \nx\n");
  ASSERT_EQ(groups.templates.size(), 2U);
  EXPECT_EQ(groups.templates[0].text, "");
  EXPECT_EQ(groups.templates[0].count, 3U);
}

TEST(Templates, BeyondTheLimitTheRarestShareOne) {
  std::string log;
  for (char a = 'a'; a <= 'z'; ++a) {
    for (int i = 0; i <= 'z' - a; ++i)
      log += std::string(static_cast<std::size_t>(a - 'a') + 1, a) + std::string(5, ' ') + a + "\n";
  }
  TemplateOptions options;
  options.max_templates = 4;
  const TemplateGroups groups = mine(log, options);
  ASSERT_EQ(groups.templates.size(), 4U);
  EXPECT_EQ(groups.templates[0].text, "<*>");
  EXPECT_EQ(groups.templates[1].text, "a a");
  EXPECT_EQ(groups.templates[0].count, 351U - 26 - 25 - 24);
  EXPECT_EQ(groups.assignments.front(), 1U);
  EXPECT_EQ(groups.assignments.back(), 0U);
}

std::string random_log(unsigned seed, int lines) {
  std::mt19937 random(seed);
  const std::vector<std::string> words = {"open", "close", "user",   "for",    "bob",   "eve",   "disk",
                                          "=",    "12",    "/a/b/c", "failed", "x.y.z", "\"q\"", "ERROR"};
  std::string log;
  TimeUs time = at("2026-01-01");
  for (int i = 0; i < lines; ++i) {
    time += static_cast<TimeUs>(random() % 100) * us_per_second;
    if (random() % 3 != 0) log += format_time(time) + " ";
    for (std::size_t n = random() % 6; n > 0; --n) log += words[random() % words.size()] + " ";
    log += "\n";
  }
  return log;
}

TEST(Templates, AreTheSameWhereverTheLogIsCut) {
  TemplateOptions options;
  options.keep_assignments = true;
  options.reference = at("2026-06-01");
  options.change_time = at("2026-01-01T03:00");
  options.parameters = true;
  for (const bool ranged : {false, true}) {
    if (ranged) options.time_range = {at("2026-01-01T01:00"), at("2026-01-02")};
    for (const std::size_t max_shapes : {default_max_shapes, std::size_t{50}}) {
      const std::string log = "head without stamp\nuser = bob\n" + random_log(9, 5000) +
                              "Traceback (most recent call last):\n  File x\nKeyError: 1\n";
      Job job;
      const std::string whole =
          print(mine_templates_in_chunks(std::array{std::string_view(log)}, options, job, log.size() + 1, max_shapes).value());
      for (const std::size_t chunk : {1U, 300U, 4096U, 65'537U}) {
        EXPECT_EQ(print(mine_templates_in_chunks(std::array{std::string_view(log)}, options, job, chunk, max_shapes).value()),
                  whole)
            << chunk << " " << max_shapes;
      }
    }
  }
}

TEST(Templates, OfSeveralLogsAreTheSameForAnyNumberOfThreads) {
  const std::string tail = "  at a.b.C(C.java:1)\nuser = bob\n";
  const std::vector<std::string> texts = {tail + random_log(1, 2000), "", random_log(2, 3000) + "no end", tail,
                                          random_log(3, 10)};
  const std::vector<std::string_view> logs(texts.begin(), texts.end());
  TemplateOptions options;
  options.keep_assignments = true;
  options.reference = at("2026-06-01");
  options.parameters = true;
  options.logs_before = 2;
  options.threads = 1;
  Job job;
  const std::string whole = print(mine_templates_in_chunks(logs, options, job, 1U << 20U).value());
  for (const std::size_t threads : {1U, 2U, 5U}) {
    options.threads = threads;
    for (const std::size_t chunk : {50U, 5000U}) {
      EXPECT_EQ(print(mine_templates_in_chunks(logs, options, job, chunk).value()), whole) << threads << " " << chunk;
    }
  }
}

TEST(Templates, AreTheSameWhereWorkersBeginNewTables) {
  std::string log;
  for (std::uint32_t i = 0; i < 70'000; ++i) {  // letters alone, so that each is a shape of its own
    log += "2026-03-01 12:00:05 INFO ";
    log += i % 3 == 0 ? "first " : "second ";
    for (std::uint32_t rest = i + 1; rest > 0; rest /= 26) log += static_cast<char>('a' + rest % 26);
    log += i % 1000 == 7 ? "\nTraceback (most recent call last):\n" : "\n";
  }
  TemplateOptions options;
  options.keep_assignments = true;
  options.reference = at("2026-06-01");
  Job job;
  const auto mined = [&](std::size_t chunk) {
    return print(mine_templates_in_chunks(std::array{std::string_view(log)}, options, job, chunk, 40).value());
  };
  const std::string whole = mined(log.size() + 1);
  for (const std::size_t threads : {1U, 2U}) {
    options.threads = threads;
    EXPECT_EQ(mined(100'000), whole) << threads;
  }
}

TEST(Templates, CountEveryLineOnceEvenPastTheLimitOfShapes) {
  const std::string log = random_log(4, 3000);
  TemplateOptions options;
  options.keep_assignments = true;
  Job job;
  const TemplateGroups groups = mine_templates_in_chunks(std::array{std::string_view(log)}, options, job, 10'000, 16).value();
  std::uint64_t lines = 0;
  for (const Template& t : groups.templates) lines += t.count;
  EXPECT_EQ(lines, 3000U);
  EXPECT_LE(groups.templates.size(), 16U + 1 + 1);
  EXPECT_EQ(groups.assignments.size(), 3000U);
}

TEST(Templates, DoNotDependOnTheOrderOfShapes) {
  std::vector<std::string> shapes = {"session of root closed",
                                     "session of bob closed",
                                     "session of eve closed",
                                     "user=a",
                                     "user=b",
                                     "user=c",
                                     "user=",
                                     "other text",
                                     "session of x closed",
                                     "session of y closed",
                                     "session of z closed"};
  const Job job;
  const auto texts = group_shapes(shapes, std::vector<std::uint64_t>(shapes.size(), 1), job);
  std::vector<std::string> reversed(shapes.rbegin(), shapes.rend());
  auto back = group_shapes(reversed, std::vector<std::uint64_t>(shapes.size(), 1), job);
  std::reverse(back.begin(), back.end());
  EXPECT_EQ(texts, back);
  EXPECT_EQ(texts[0], "session of <*> closed");
  EXPECT_EQ(texts[3], "user=<*>");
  EXPECT_EQ(texts[6], "user=");
}

TEST(Templates, StopWhenAsked) {
  Job job;
  job.request_stop();
  const auto groups = mine_templates("a\n", {}, job);
  ASSERT_FALSE(groups);
  EXPECT_EQ(groups.error().kind, ErrorKind::cancelled);
}

// A guard against getting worse, with one setting for all; the number of the scoring tool is higher.
TEST(Templates, GroupMostSampleLinesAsPeopleDid) {
  const auto logs = sample_logs();
  if (logs.empty()) GTEST_SKIP() << "no sample logs beside the project (see CONCLAVE_SHARED)";
  for (const auto& log : logs) {
    const TemplateGroups groups = mine(read_file(log));
    EXPECT_EQ(groups.assignments.size(), 2000U) << log;
    EXPECT_GT(groups.templates.size(), 10U) << log;
    EXPECT_LT(groups.templates.size(), 200U) << log;
  }
}

TEST(Templates, OfJsonLinesAreThoseOfTheirMessages) {
  std::string log;
  for (int i = 0; i < 40; ++i) {
    const std::string number = std::to_string(i * 37 % 41);
    log += R"({"log":"2026-03-01 12:00:05 ERROR disk sda)" + number +
           R"( is full\n","stream":"stdout","time":"2026-03-01T12:00:)" + std::to_string(10 + i) + R"(.5Z"})" + "\n";
    log += R"({"level":"info","id":)" + number + R"(,"msg":"served )" + number + R"( requests","ts":1772366405})" + "\n";
  }
  Job job;
  TemplateOptions options;
  options.reference = 1'772'366'405 * us_per_second;
  const TemplateGroups found = mine_templates(log, options, job).value();
  ASSERT_EQ(found.templates.size(), 2U);
  EXPECT_EQ(found.templates[0].text, "disk <*> is full");
  EXPECT_EQ(found.templates[0].level, Level::error);
  EXPECT_EQ(found.templates[1].text, "served <*> requests");
}

}  // namespace
}  // namespace conclave::logs
