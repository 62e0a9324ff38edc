#include "engine/scan/history.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace conclave::scan {
namespace {

// 'u' up, 'd' down (closed), 'f' down (filtered), '?' not found out; a second apart.
std::vector<Observation> scans(const std::string& states) {
  std::vector<Observation> out;
  for (const char c : states) {
    const State state = c == 'u' ? State::open : c == 'd' ? State::closed : c == 'f' ? State::filtered : State::local_error;
    out.push_back({static_cast<TimeUs>(out.size() + 1) * us_per_second, state, {}});
  }
  return out;
}

History known(const std::string& states) { return history_of(scans(states)).value(); }

TEST(History, SaysSinceWhenAServiceIsUpOrDown) {
  EXPECT_EQ(known("ddu").since, 3 * us_per_second);
  EXPECT_TRUE(known("ddu").since_known);
  EXPECT_TRUE(known("ddu").up);
  EXPECT_EQ(known("udfd").since, 2 * us_per_second) << "closed and filtered are both down";
  EXPECT_FALSE(known("udfd").up);
  EXPECT_EQ(known("uuu").since, us_per_second);
  EXPECT_FALSE(known("uuu").since_known) << "nobody saw it come up";
  EXPECT_EQ(known("uuu").last, 3 * us_per_second);
}

TEST(History, LeavesOutWhatNoScanFoundOut) {
  EXPECT_FALSE(history_of({}));
  EXPECT_FALSE(history_of(scans("???")));
  const History history = known("?u?u?d");
  EXPECT_EQ(history.scans, 3U);
  EXPECT_EQ(history.first, 2 * us_per_second);
  EXPECT_EQ(history.changes, 1U);
  EXPECT_DOUBLE_EQ(history.uptime, 2.0 / 3);
}

TEST(History, MeasuresFlappingAsNagiosDoes) {
  // 20 changes of 20 are all of them, whatever they weigh.
  EXPECT_NEAR(known("ududududududududududu").flap_percent, 100, 1e-9);
  EXPECT_EQ(known(std::string(30, 'u')).flap_percent, 0);
  // A change that just was weighs 1.2 of 20, and 0.8 when it is the oldest that counts; then it is forgotten.
  EXPECT_NEAR(known("ud").flap_percent, 6, 1e-9);
  EXPECT_NEAR(known("u" + std::string(20, 'd')).flap_percent, 4, 1e-9);
  EXPECT_EQ(known("u" + std::string(21, 'd')).flap_percent, 0);
}

TEST(History, FlappingBeginsHighAndEndsLow) {
  EXPECT_FALSE(known("udud").flapping) << "17.6 %";
  EXPECT_TRUE(known("ududu").flapping) << "23 %";
  EXPECT_TRUE(known("ududu" + std::string(10, 'u')).flapping) << "below 20 %, but above 5 %";
  EXPECT_FALSE(known("ududu" + std::string(20, 'u')).flapping);
  EXPECT_LT(known("ududu" + std::string(10, 'u')).flap_percent, 20);
}

TEST(History, HasPercentilesOfLatenciesByNearestRank) {
  std::vector<Observation> observations;
  for (int i = 100; i >= 1; --i) observations.push_back({i, State::open, static_cast<double>(i)});
  observations.push_back({101, State::closed, 1e6});  // how fast it refuses says nothing of the service
  observations.push_back({102, State::open, std::numeric_limits<double>::quiet_NaN()});
  const History history = history_of(observations).value();
  EXPECT_EQ(history.latencies, 100U);
  EXPECT_EQ(history.p50_ms, 50);
  EXPECT_EQ(history.p95_ms, 95);
  EXPECT_EQ(history.p99_ms, 99);
  const History one = history_of(std::vector<Observation>{{1, State::open, 7}}).value();
  EXPECT_EQ(one.p50_ms, 7);
  EXPECT_EQ(one.p99_ms, 7);
  EXPECT_EQ(known("dd").p95_ms, std::nullopt);
}

TEST(History, IsJson) {
  const auto json = to_json(known("du"));
  EXPECT_EQ(json["since"], "1970-01-01T00:00:02Z");
  EXPECT_EQ(json["since_known"], true);
  EXPECT_EQ(json["uptime"], 0.5);
  EXPECT_EQ(json["latency_ms"]["p95"], nullptr);
}

}  // namespace
}  // namespace conclave::scan
