#include "engine/case/scan_history.h"

#include <gmock/gmock.h>

#include "engine/case/past.h"
#include "tests/engine/temporary_folder.h"

namespace conclave {
namespace {

using scan::ScanResult;
using scan::State;
using testing::HasSubstr;

ScanResult result(const std::string& host, std::uint16_t port, State state, TimeUs time = 5 * us_per_second) {
  ScanResult out;
  out.target = service_target(host, port);
  out.state = state;
  out.time = time;
  if (state == State::open) out.latency_ms = 1.5;
  return out;
}

std::vector<scan::Target> targets_of(const std::vector<ScanResult>& results) {
  std::vector<scan::Target> targets;
  for (const ScanResult& each : results) targets.push_back(each.target);
  return targets;
}

class ScanHistory : public testing::Test {
 protected:
  std::int64_t keep(const std::vector<ScanResult>& results) { return keep_scan(*store_, "test", results, 0.5).value().value(); }
  const TemporaryFolder folder_;
  const std::unique_ptr<store::Store> store_ = store::Store::open(folder_.path() / "history.db").value();
};

TEST_F(ScanHistory, GivesBackWhatAScanFound) {
  const std::vector<ScanResult> results = {result("::1", 22, State::open, 9), result("db", 80, State::closed, 7)};
  const auto id = keep(results);
  const auto row = store_->scan(id).value();
  EXPECT_EQ(row.targets, "[::1]:22 db:80");
  EXPECT_EQ(row.started, 7);
  EXPECT_EQ(row.open, 1U);
  const auto again = results_of_scan(*store_, id).value();
  EXPECT_TRUE(scan::differences(results, again).empty());
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(again[0].target.name, "[::1]:22");
  EXPECT_EQ(again[0].latency_ms, 1.5);
}

TEST_F(ScanHistory, FindsTheLastScanOfTheSameTargetsInAnyOrder) {
  const std::vector<ScanResult> results = {result("a", 2, State::open), result("a", 1, State::open), result("b", 1, State::open)};
  EXPECT_EQ(find_scan(*store_, "last", targets_of(results)).value(), std::nullopt);
  const auto id = keep(results);
  (void)keep({result("a", 1, State::open)});
  auto turned = targets_of(results);
  std::ranges::reverse(turned);
  EXPECT_EQ(find_scan(*store_, "last", turned).value(), id);
  EXPECT_EQ(find_scan(*store_, std::to_string(id), {}).value(), id);
  EXPECT_EQ(find_scan(*store_, "77", {}).error().kind, ErrorKind::not_found);
  for (const char* wrong : {"", "first", "1x", "99999999999999999999"})
    EXPECT_EQ(find_scan(*store_, wrong, {}).error().kind, ErrorKind::invalid_argument) << wrong;
}

TEST_F(ScanHistory, KeepsNoScanThatWasStopped) {
  const std::vector<ScanResult> stopped = {result("a", 1, State::open), result("a", 2, State::cancelled)};
  EXPECT_EQ(keep_scan(*store_, "test", stopped, 0).value(), std::nullopt);
  EXPECT_EQ(keep_scan(*store_, "test", {}, 0).value(), std::nullopt);
  EXPECT_TRUE(store_->list_scans(9)->empty());
}

TEST_F(ScanHistory, KeepsAWideScanShortlyAndGivesAllOfItBack) {
  std::vector<ScanResult> results;
  for (int port = 1; port <= 3000; ++port)
    results.push_back(result("10.0.0.1", static_cast<std::uint16_t>(port), port % 1000 == 0 ? State::open : State::closed));
  const auto id = keep(results);
  EXPECT_EQ(store_->scan(id)->kept, 3U);
  EXPECT_EQ(store_->scan(id)->targets, "10.0.0.1:1-3000");
  const auto again = results_of_scan(*store_, id).value();
  EXPECT_EQ(again.size(), 3000U);
  EXPECT_TRUE(scan::differences(results, again).empty());

  // What was open once is known from then on, also when it is closed as all the others.
  results[999].state = State::closed;
  const auto later = keep(results);
  EXPECT_EQ(store_->scan(later)->kept, 3U);
  const auto changes = scan::differences(again, results_of_scan(*store_, later).value());
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].target.port, 1000);
  EXPECT_EQ(observations_of(*store_, results[999].target)->size(), 2U);
}

TEST_F(ScanHistory, IsGivenToResults) {
  for (const State state : {State::closed, State::open, State::open}) (void)keep({result("a", 1, state)});
  std::vector<ScanResult> results = {result("a", 1, State::open), result("new", 1, State::open)};
  ASSERT_TRUE(add_histories(*store_, results));
  ASSERT_TRUE(results[0].history);
  EXPECT_EQ(results[0].history->scans, 3U);
  EXPECT_TRUE(results[0].history->since_known);
  EXPECT_EQ(results[0].history->latencies, 2U);
  EXPECT_FALSE(results[1].history);
}

TEST_F(ScanHistory, TakesWhatReportsSayOfServices) {
  Report report;
  report.id = "0123456789abcdef";
  report.case_name = "night";
  report.started = 7 * us_per_second;
  report.services = {{{"target", "db:5432"}, {"name", "orders"}, {"state", "open"}, {"latency_ms", 0.5}, {"detail", ""}},
                     {{"target", "no port"}, {"state", "open"}},
                     {{"target", "db:1"}, {"state", "sleepy"}},
                     7};
  ASSERT_TRUE(keep_report(*store_, Case{}, report));
  const auto scans = store_->list_scans(9).value();
  ASSERT_EQ(scans.size(), 1U);
  EXPECT_EQ(scans[0].occasion, "case night");
  EXPECT_EQ(scans[0].targets, "db:5432");
  EXPECT_EQ(observations_of(*store_, service_target("db", 5432)).value()[0].latency_ms, 0.5);
  report.id = "1123456789abcdef";
  report.services = "nothing";
  ASSERT_TRUE(keep_report(*store_, Case{}, report));
  EXPECT_EQ(store_->list_scans(9)->size(), 1U);
}

}  // namespace
}  // namespace conclave
