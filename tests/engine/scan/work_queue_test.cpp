#include "engine/scan/work_queue.h"

#include <gmock/gmock.h>

#include <array>
#include <set>

#include "engine/scan/round_trip.h"

namespace conclave::scan {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

const auto start = WorkQueue::Clock::now();

std::vector<Work> take(WorkQueue& queue, std::size_t most, WorkQueue::Clock::time_point now = start) {
  std::vector<Work> room(most);
  room.resize(queue.take(room, now));
  return room;
}

std::vector<std::uint32_t> targets(const std::vector<Work>& works) {
  std::vector<std::uint32_t> out;
  for (const Work& work : works) out.push_back(work.target);
  return out;
}

// Hosts 10.0.0.1 and so on with `ports` ports each; targets count up.
void fill(WorkQueue& queue, int hosts, int ports, const std::string& network = "10.0.0.") {
  for (int host = 0; host < hosts; ++host) {
    const auto id = queue.add_host(*Address::from_text(network + std::to_string(host + 1)));
    for (int port = 0; port < ports; ++port)
      queue.add(id, static_cast<std::uint32_t>(host * ports + port), static_cast<std::uint16_t>(port + 1));
  }
}

TEST(WorkQueue, GoesFromHostToHost) {
  WorkQueue queue({}, 1);
  fill(queue, 10, 5);
  for (int round = 0; round < 5; ++round) {
    std::set<std::uint32_t> hosts;
    for (const Work& work : take(queue, 10)) hosts.insert(work.host);
    EXPECT_EQ(hosts.size(), 10U) << "in round " << round;
  }
  EXPECT_TRUE(take(queue, 10).empty());
  EXPECT_FALSE(queue.has_more());
}

TEST(WorkQueue, HasAnOrderThatTheSeedRepeats) {
  const auto order = [](std::uint64_t seed) {
    WorkQueue queue({}, seed);
    fill(queue, 50, 1);
    return targets(take(queue, 50));
  };
  EXPECT_EQ(order(7), order(7));
  EXPECT_NE(order(7), order(8));
}

TEST(WorkQueue, KeepsTheOrderOfPorts) {
  WorkQueue queue({}, 1);
  fill(queue, 1, 5);
  EXPECT_THAT(targets(take(queue, 9)), ElementsAre(0, 1, 2, 3, 4));
}

TEST(WorkQueue, BoundsWhatIsInFlight) {
  WorkQueue queue({.in_flight = 3}, 1);
  fill(queue, 1, 10);
  const auto first = take(queue, 9);
  EXPECT_EQ(first.size(), 3U);
  EXPECT_TRUE(take(queue, 9).empty());
  queue.ended(std::span(first).first(2), 0);
  EXPECT_EQ(take(queue, 9).size(), 2U);
  queue.lower_limit(1);
  queue.ended(std::span(first).last(1), 0);
  EXPECT_TRUE(take(queue, 9).empty());
}

TEST(WorkQueue, IsPoliteToHostsOfTheInternetOnly) {
  WorkQueue queue({.per_host = 2}, 1);
  fill(queue, 1, 5, "192.0.2.");
  const auto first = take(queue, 9);
  EXPECT_THAT(targets(first), ElementsAre(0, 1));
  EXPECT_TRUE(take(queue, 9).empty());
  queue.ended(std::span(first).first(1), 1);
  EXPECT_THAT(targets(take(queue, 9)), ElementsAre(2));
  WorkQueue near({.per_host = 2}, 1);
  fill(near, 1, 5, "192.168.0.");
  EXPECT_EQ(take(near, 9).size(), 5U);
}

TEST(WorkQueue, KeepsToARate) {
  WorkQueue queue({.per_second = 100}, 1);
  fill(queue, 1, 500);
  std::size_t count = 0;
  for (int tick = 0; tick < 100; ++tick) count += take(queue, 64, WorkQueue::Clock::now() + milliseconds(20 * tick)).size();
  EXPECT_GE(count, 190U);
  EXPECT_LE(count, 205U);
}

TEST(WorkQueue, GivesBackWhatCameBackFirst) {
  WorkQueue queue({}, 1);
  fill(queue, 1, 5);
  const auto first = take(queue, 2);
  queue.try_later(std::span(first).last(1));
  EXPECT_THAT(targets(take(queue, 9)), ElementsAre(1, 2, 3, 4));
}

TEST(WorkQueue, IsHopelessOnlyWhenNothingMovesForLong) {
  WorkQueue queue({.patience = milliseconds(100)}, 1);
  fill(queue, 1, 3);
  const auto all = take(queue, 2);
  EXPECT_FALSE(queue.is_hopeless(start));
  EXPECT_FALSE(queue.is_hopeless(start + seconds(1))) << "something else is under way";
  queue.ended(std::span(all).first(1), 0);
  EXPECT_FALSE(queue.is_hopeless(start + seconds(2))) << "something ended";
  EXPECT_FALSE(queue.is_hopeless(start + seconds(2) + milliseconds(99)));
  EXPECT_TRUE(queue.is_hopeless(start + seconds(2) + milliseconds(100)));
  queue.gave_up(all[1]);
  EXPECT_EQ(take(queue, 9).size(), 1U);
  EXPECT_TRUE(queue.is_hopeless(start + seconds(3))) << "giving up is no progress";
}

TEST(WorkQueue, PaysForSecondSocketsFromWhatWasAnswered) {
  WorkQueue queue({}, 1);
  fill(queue, 1, 10);
  const auto all = take(queue, 10);
  int paid = 0;
  while (queue.may_ask_again(start)) ++paid;
  EXPECT_EQ(paid, 256);
  queue.ended(all, 7);
  while (queue.may_ask_again(start)) ++paid;
  EXPECT_EQ(paid, 263);
}

TEST(RoundTrip, WaitsLongerForHostsThatAreFarOrVary) {
  RoundTrip unknown;
  EXPECT_EQ(unknown.late_after_ms(), RoundTrip::unknown_ms);
  RoundTrip near;
  RoundTrip far;
  RoundTrip wild;
  for (int i = 0; i < 20; ++i) {
    near.saw(0.1F);
    far.saw(200);
    wild.saw(i % 2 == 0 ? 100 : 300);
  }
  EXPECT_EQ(near.late_after_ms(), RoundTrip::least_ms);
  EXPECT_GT(far.late_after_ms(), 200);
  EXPECT_LT(far.late_after_ms(), 300);
  EXPECT_GT(wild.late_after_ms(), 400);
  wild.saw(3000);
  EXPECT_LE(wild.late_after_ms(), RoundTrip::most_ms);
}

}  // namespace
}  // namespace conclave::scan
