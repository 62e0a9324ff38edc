#include "engine/scan/differences.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "engine/scan/history.h"

namespace conclave::scan {
namespace {

using ::testing::HasSubstr;

ScanResult result(const std::string& host, State state, std::optional<State> expect = {}) {
  ScanResult out;
  out.target = {host + ":1", host, 1, expect};
  out.state = state;
  return out;
}

TEST(Differences, AreChangesOfStateAndWhatOnlyOneScanSaw) {
  const std::vector before = {result("a", State::open), result("b", State::open), result("gone", State::closed)};
  const std::vector after = {result("new", State::open), result("b", State::closed), result("a", State::open)};
  const auto found = differences(before, after);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].target.host, "new");
  EXPECT_EQ(found[0].before, std::nullopt);
  EXPECT_EQ(found[0].after, State::open);
  EXPECT_EQ(found[1].target.host, "b");
  EXPECT_EQ(found[1].before, State::open);
  EXPECT_EQ(found[1].after, State::closed);
  EXPECT_EQ(found[2].target.host, "gone");
  EXPECT_EQ(found[2].before, State::closed);
  EXPECT_EQ(found[2].after, std::nullopt);
  EXPECT_TRUE(differences(before, before).empty());
}

TEST(Differences, LeaveOutWhatAScanCouldNotFindOut) {
  for (const State nothing : {State::cancelled, State::local_error}) {
    EXPECT_TRUE(differences(std::vector{result("a", nothing)}, std::vector{result("a", nothing)}).empty());
    EXPECT_TRUE(differences(std::vector{result("a", State::open)}, std::vector{result("a", State::local_error)}).empty());
  }
  EXPECT_TRUE(differences(std::vector{result("a", State::local_error)}, std::vector{result("a", State::open)}).empty());
}

TEST(Merged, TakesTheLaterResultAndForgetsNone) {
  const std::vector results = {result("a", State::open), result("b", State::cancelled), result("c", State::closed)};
  std::vector<Target> targets;
  for (const ScanResult& each : results) targets.push_back(each.target);
  const auto all = merged(targets, results, std::vector{result("b", State::filtered)});
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].state, State::open);
  EXPECT_EQ(all[1].state, State::filtered);
  EXPECT_EQ(all[2].state, State::closed);
  EXPECT_EQ(merged(targets, {}, {})[0].state, State::cancelled);
  EXPECT_EQ(merged(targets, {}, {})[0].target.host, "a");
}

TEST(Expectations, HoldOrNotOrAreNotGiven) {
  EXPECT_EQ(as_expected(result("a", State::open)), std::nullopt);
  EXPECT_EQ(as_expected(result("a", State::closed, State::closed)), true);
  EXPECT_EQ(as_expected(result("a", State::filtered, State::closed)), false);
}

class ExpectationFile : public ::testing::Test {
 protected:
  ~ExpectationFile() override { std::filesystem::remove(path_); }
  Result<std::vector<Target>> read(const std::string& text) {
    std::ofstream(path_, std::ios::binary) << text;
    return read_expectations(path_);
  }
  const std::string path_ = ::testing::TempDir() + "expectations" + std::to_string(::getpid());
};

TEST_F(ExpectationFile, SaysAStateForTargets) {
  const auto targets = read("# ours\r\n\r\ndb:1,2 , web:3\topen  \r\nold:4 closed # since May");
  ASSERT_TRUE(targets) << targets.error().text();
  ASSERT_EQ(targets->size(), 4U);
  EXPECT_EQ((*targets)[2].name, "web:3");
  EXPECT_EQ((*targets)[2].expect, State::open);
  EXPECT_EQ((*targets)[3].expect, State::closed);
}

TEST_F(ExpectationFile, SaysWhereItIsWrong) {
  const auto message = [&](const std::string& text) {
    const auto targets = read(text);
    return targets ? "none" : targets.error().text();
  };
  EXPECT_THAT(message("a:1 open\nb:1 opne\n"), HasSubstr(":2: write host:port and open"));
  EXPECT_THAT(message("b:1 opne"), HasSubstr("did you mean 'open'"));
  EXPECT_THAT(message("open"), HasSubstr(":1: write host:port"));
  EXPECT_THAT(message("b:1 suspect"), HasSubstr(":1: write host:port"));
  EXPECT_THAT(message("b:0 open"), HasSubstr(":1: 'b:0': ports go from 1 to 65535"));
  EXPECT_THAT(message("@/etc/passwd open"), HasSubstr("another file"));
  EXPECT_THAT(message(std::string("\0\xFF:1 open", 10)), HasSubstr(":1: "));
  EXPECT_THAT(message("\n"), HasSubstr("nothing is expected in it"));
  EXPECT_THAT(message("\na:1 open p95=3"), HasSubstr(":2: after the state may stand p95_ms=50"));
  for (const char* bound : {"", "-1", "0", "nan", "inf", "5ms", "1e999"})
    EXPECT_THAT(message("a:1 open p95_ms=" + std::string(bound)), HasSubstr("p95_ms=50")) << bound;
  EXPECT_THAT(message("p95_ms=50"), HasSubstr(":1: write host:port"));
  EXPECT_THAT(message("open p95_ms=50"), HasSubstr(":1: write host:port"));
  EXPECT_EQ(read_expectations(path_ + "absent").error().kind, ErrorKind::io);
}

TEST_F(ExpectationFile, BoundsThe95thPercentileOfLatencies) {
  const auto targets = read("db:1,2 open p95_ms=2.5\nweb:3 open");
  ASSERT_TRUE(targets) << targets.error().text();
  EXPECT_EQ((*targets)[1].p95_ms, 2.5);
  EXPECT_EQ((*targets)[1].expect, State::open);
  EXPECT_EQ((*targets)[2].p95_ms, std::nullopt);
}

TEST_F(ExpectationFile, IsBoundedInItsLines) {
  const std::string long_line = "a:1 open #" + std::string(65'526, 'x');
  EXPECT_TRUE(read(long_line + "\n"));
  EXPECT_THAT(read("\n" + long_line + "x").error().text(), HasSubstr(":2: the line is longer than 65,536 bytes"));
  EXPECT_THAT(read(std::string(1'000'001, '\n')).error().text(), HasSubstr("too many lines"));
  EXPECT_THAT(read("10.0.0.0/16:1-10 open\n10.1.0.0/16:1-10 open").error().text(), HasSubstr(":2: more than 1,000,000 targets"));
}

TEST(Expectations, OfPercentilesAreOfTheHistoryOrOfOneScan) {
  ScanResult now = result("a", State::open, State::open);
  now.target.p95_ms = 5;
  EXPECT_EQ(as_expected(now), false) << "nothing is known of its latency";
  now.latency_ms = 5;
  EXPECT_EQ(as_expected(now), true);
  now.history = std::make_shared<const History>(History{.p95_ms = 5.1});
  EXPECT_EQ(as_expected(now), false);
  now.history = std::make_shared<const History>(History{.p95_ms = 4.9});
  EXPECT_EQ(as_expected(now), true);
  now.state = State::closed;
  EXPECT_EQ(as_expected(now), false);
}

}  // namespace
}  // namespace conclave::scan
