#include "engine/logs/compare.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>

#include "engine/logs/rate_test.h"

namespace conclave::logs {
namespace {

std::string line(std::int64_t second, const std::string& message) {
  return format_time((1'772'323'200 + second) * us_per_second) + " INFO app: " + message + "\n";
}

// Ten messages, one of each kind a second.
std::string usual(int seconds, int from = 0) {
  std::string log;
  for (int i = from; i < from + seconds; ++i) {
    std::string kind = "kind";
    for (int k = 0; k < 10; ++k, kind += " more") log += line(i, kind + " done in " + std::to_string(i) + " ms");
  }
  return log;
}

Comparison compared(std::string_view before, std::string_view after, const CompareOptions& options = {}) {
  Job job;
  return compare(std::array{before}, std::array{after}, options, job).value();
}

const TemplateChange* change_of(const Comparison& all, std::string_view text) {
  for (const TemplateChange& change : all.changes) {
    if (all.groups.templates[change.found].text.find(text) != std::string::npos) return &change;
  }
  return nullptr;
}

TEST(Compare, FindsNothingBetweenALogAndItself) {
  const std::string log = usual(50);
  const Comparison all = compared(log, log);
  EXPECT_TRUE(all.changes.empty());
  EXPECT_EQ(all.records_before, 500U);
  EXPECT_EQ(all.records_after, 500U);
  EXPECT_EQ(all.lines_before, 500U);
}

TEST(Compare, FindsWhatIsNewGoneAndMore) {
  std::string before = usual(50);
  std::string after = usual(50, 100);
  before += line(50, "old cache flushed");
  for (int i = 0; i < 40; ++i) after += line(150, "disk full on /dev/sda" + std::to_string(i));
  for (int i = 0; i < 60; ++i) after += line(151, "kind done in 7 ms");
  const Comparison all = compared(before, after);
  ASSERT_EQ(all.changes.size(), 3U);
  EXPECT_EQ(all.changes[0].kind, ChangeKind::appeared);
  EXPECT_EQ(all.changes[0].after, 40U);
  const TemplateChange* more = change_of(all, "kind done");
  ASSERT_NE(more, nullptr);
  EXPECT_EQ(more->kind, ChangeKind::more);
  EXPECT_EQ(more->before, 50U);
  EXPECT_EQ(more->after, 110U);
  EXPECT_LT(more->q_value, 0.05);
  EXPECT_GE(more->q_value, more->p_value);
  const TemplateChange* gone = change_of(all, "old cache");
  ASSERT_NE(gone, nullptr);
  EXPECT_EQ(gone->kind, ChangeKind::vanished);
}

TEST(Compare, TakesMoreTrafficOrOneFloodForNoChangeOfTheRest) {
  std::string flood = usual(150, 100);
  for (int i = 0; i < 5000; ++i) flood += line(260, "retry " + std::to_string(i));
  const Comparison typical = compared(usual(50), flood);
  ASSERT_EQ(typical.changes.size(), 1U);
  EXPECT_NEAR(typical.scale, 3, 1e-9);
  CompareOptions options;
  options.normalise = Normalise::records;
  EXPECT_NEAR(compared(usual(50), flood, options).scale, 13, 1e-9);
  options.normalise = Normalise::time;
  EXPECT_NEAR(compared(usual(50), flood, options).scale, 160.0 / 49, 1e-9);
}

TEST(Compare, SplitsOneLogAtATime) {
  const std::string log = usual(50) + line(55, "deployed") + usual(50, 60);
  const std::string_view view = log;
  Job job;
  const Comparison all = compare_at({&view, 1}, (1'772'323'200 + 52) * us_per_second, {}, job).value();
  EXPECT_EQ(all.records_before, 500U);
  EXPECT_EQ(all.records_after, 501U);
  ASSERT_EQ(all.changes.size(), 1U);
  EXPECT_EQ(all.groups.templates[all.changes[0].found].text, "deployed");
  const auto wrong = compare_at({&view, 1}, 5, {}, job);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().kind, ErrorKind::invalid_argument);
}

TEST(Compare, TakesLettersForTheSameHoweverALogWritesThem) {
  const auto log = [](const std::string& e, const std::string& u, int seconds) {
    std::string text;
    for (int i = 0; i < seconds; ++i) {
      text += line(i, "requ" + e + "te trait" + e + "e en " + std::to_string(i) + " ms");
      text += line(i, "caf" + e + " d" + u + " ouvert par " + std::string(i % 2 == 0 ? "Zo" + e : "Ren" + e));
      text += line(i, "no letters but these " + std::to_string(i));
    }
    return text;
  };
  const std::string utf8 = log("\xc3\xa9", "\xc3\xbb", 50);
  const std::string latin1 = log("\xe9", "\xfb", 50);
  for (const auto& [before, after] : {std::pair(utf8, latin1), std::pair(latin1, utf8), std::pair(latin1, latin1)}) {
    const Comparison same = compared(before, after);
    EXPECT_TRUE(same.changes.empty());
    EXPECT_EQ(same.groups.templates.size(), compared(utf8, utf8).groups.templates.size());
    const Comparison more = compared(before, after + line(60, before == utf8 ? "\xe9teint" : "\xc3\xa9teint"));
    ASSERT_EQ(more.changes.size(), 1U);
    EXPECT_EQ(more.groups.templates[more.changes[0].found].text, "\xc3\xa9teint");
    EXPECT_EQ(more.groups.templates[more.changes[0].found].typed_text, "\xc3\xa9teint");
  }
}

TEST(Compare, OfEmptyLogsFindsNothing) {
  EXPECT_TRUE(compared("", "").changes.empty());
  const Comparison all = compared("", "a\n");
  ASSERT_EQ(all.changes.size(), 1U);
  EXPECT_EQ(all.changes[0].kind, ChangeKind::appeared);
}

TEST(Compare, StopsWhenAsked) {
  Job job;
  job.request_stop();
  EXPECT_EQ(compare(std::array{std::string_view("a\n")}, {}, {}, job).error().kind, ErrorKind::cancelled);
}

TEST(RateTest, AgreesWithKnownValues) {
  EXPECT_NEAR(g_statistic(10, 10, 1), 0, 1e-12);
  EXPECT_NEAR(g_statistic(10, 20, 1), 2 * (10 * std::log(10 / 15.0) + 20 * std::log(20 / 15.0)), 1e-12);
  EXPECT_NEAR(change_p_value(0, 10, 1), 2 / 1024.0, 1e-9);
  EXPECT_NEAR(change_p_value(1, 9, 1), 22 / 1024.0, 1e-9);
  EXPECT_NEAR(chi_squared_tail(3.841459), 0.05, 1e-6);
  EXPECT_NEAR(change_p_value(0, 1, 1), 1, 1e-9);
}

TEST(RateTest, CorrectsForManyTests) {
  const auto corrected = benjamini_hochberg({0.01, 0.04, 0.03, 0.5});
  EXPECT_NEAR(corrected[0], 0.04, 1e-12);
  EXPECT_NEAR(corrected[1], 0.04 * 4 / 3, 1e-12);
  EXPECT_NEAR(corrected[2], 0.04 * 4 / 3, 1e-12);
  EXPECT_NEAR(corrected[3], 0.5, 1e-12);
  EXPECT_TRUE(benjamini_hochberg({}).empty());
}

TEST(Bursts, AreWhereCountsAreHigh) {
  std::vector<std::uint32_t> counts(100, 1);
  EXPECT_TRUE(find_bursts(counts).empty());
  for (std::size_t i = 40; i < 45; ++i) counts[i] = 30;
  const auto bursts = find_bursts(counts);
  ASSERT_EQ(bursts.size(), 1U);
  EXPECT_EQ(bursts[0].first, 40U);
  EXPECT_EQ(bursts[0].last, 45U);
  EXPECT_GT(bursts[0].weight, 10);
  EXPECT_TRUE(find_bursts({}).empty());
}

TEST(Bursts, AndSilencesWhereTheyAreNot) {
  std::vector<std::uint32_t> counts(100, 3);
  EXPECT_EQ(find_silence(counts).p_value, 1);
  for (std::size_t i = 60; i < 80; ++i) counts[i] = 0;
  const BucketSilence silence = find_silence(counts);
  EXPECT_EQ(silence.first, 60U);
  EXPECT_EQ(silence.last, 80U);
  EXPECT_LT(silence.p_value, 1e-10);
  EXPECT_EQ(find_silence({}).p_value, 1);
}

}  // namespace
}  // namespace conclave::logs
