#include "engine/scan/lookup_threads.h"

#include <gmock/gmock.h>

#include <atomic>
#include <latch>
#include <map>
#include <thread>

namespace conclave::scan {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

std::map<std::size_t, Lookup> collect_all(LookupThreads& threads, std::size_t count) {
  std::map<std::size_t, Lookup> out;
  while (out.size() < count) {
    for (auto& answer : threads.collect(LookupThreads::Clock::now())) out[answer.id] = std::move(answer.lookup);
    std::this_thread::sleep_for(milliseconds(2));
  }
  return out;
}

Lookup loopback(const std::string&) { return *look_up_directly("127.0.0.1"); }

// Hangs until released; the threads that hang outlive their resolver, as those in getaddrinfo do.
struct Hang {
  std::shared_ptr<std::latch> release = std::make_shared<std::latch>(1);
  Lookup operator()(const std::string& name) const {
    if (name.starts_with("hang")) release->wait();
    return loopback(name);
  }
};

TEST(LookupThreads, AnswersManyNamesEachOnce) {
  std::atomic<int> calls{0};
  LookupThreads threads(
      [&](const std::string& name) {
        ++calls;
        return name == "bad" ? Lookup{{}, "no such name"} : loopback(name);
      },
      milliseconds(60'000), 4);
  for (std::size_t i = 0; i < 1000; ++i) threads.ask(i, i == 500 ? "bad" : "good");
  const auto answers = collect_all(threads, 1000);
  EXPECT_EQ(answers.size(), 1000U);
  EXPECT_EQ(calls, 1000);
  EXPECT_EQ(answers.at(500).error, "no such name");
  EXPECT_EQ(answers.at(501).addresses.size(), 1U);
}

TEST(LookupThreads, GivesUpANameThatHangsAndStillAnswersTheOthers) {
  const Hang hang;
  LookupThreads threads(hang, milliseconds(50), 2);
  threads.ask(0, "hang");
  for (std::size_t i = 1; i < 20; ++i) threads.ask(i, "good");
  const auto answers = collect_all(threads, 20);
  EXPECT_EQ(answers.at(0).error, "no answer from the resolver within 50 ms");
  for (std::size_t i = 1; i < 20; ++i) EXPECT_TRUE(answers.at(i).error.empty()) << i << answers.at(i).error;
  hang.release->count_down();
}

TEST(LookupThreads, CostsABoundedTimeWhenEveryNameHangs) {
  const Hang hang;
  LookupThreads threads(hang, milliseconds(50), 3);
  for (std::size_t i = 0; i < 1000; ++i) threads.ask(i, "hang" + std::to_string(i));
  const auto answers = collect_all(threads, 1000);
  EXPECT_EQ(answers.size(), 1000U);
  EXPECT_THAT(answers.at(999).error, HasSubstr("the resolver did not answer"));
  hang.release->count_down();
}

TEST(LookupThreads, MayEndBeforeItsThreads) {
  const Hang hang;
  {
    LookupThreads threads(hang, milliseconds(60'000), 2);
    threads.ask(0, "hang");
    threads.ask(1, "hang");
    threads.ask(2, "hang");
  }
  hang.release->count_down();
  std::this_thread::sleep_for(milliseconds(20));  // their late answers must touch nothing that is gone
}

}  // namespace
}  // namespace conclave::scan
