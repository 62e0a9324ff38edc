#include "engine/tasks/executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tbb/parallel_for.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace conclave::tasks {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

JobPtr job(std::string title = {}) { return std::make_shared<Job>(std::move(title)); }

// Blocks tasks until it is opened.
class Barrier {
 public:
  void wait() { opened_.wait(false); }
  void open() {
    opened_ = true;
    opened_.notify_all();
  }

 private:
  std::atomic<bool> opened_{false};
};

TEST(Executor, runs_what_it_is_given_and_reports_each_end_once) {
  Executor executor(2);
  std::atomic<int> ran{0};
  std::atomic<int> done{0};
  for (int i = 0; i < 100; ++i) {
    executor.submit(
        job(),
        [&](Job&) -> Result<void> {
          ++ran;
          return {};
        },
        [&](const Result<void>& result) {
          EXPECT_TRUE(result);
          ++done;
        });
  }
  executor.wait();
  EXPECT_EQ(ran, 100);
  EXPECT_EQ(done, 100);
  const Stats stats = executor.stats();
  EXPECT_EQ(stats.submitted, 100U);
  EXPECT_EQ(stats.completed, 100U);
  EXPECT_EQ(stats.failed + stats.cancelled + stats.running, 0U);
}

TEST(Executor, has_as_many_threads_as_asked_for_even_beyond_the_hardware) {
  constexpr int threads = 6;
  Executor executor(threads);
  EXPECT_EQ(executor.threads(), threads);
  std::latch all(threads);  // passes only if all run at once
  for (int i = 0; i < threads; ++i) {
    executor.submit(job(), [&](Job&) -> Result<void> {
      all.arrive_and_wait();
      return {};
    });
  }
  executor.wait();
  EXPECT_GE(Executor().threads(), 1);
  EXPECT_EQ(Executor(1'000'000).threads(), 128);
}

TEST(Executor, runs_no_more_tasks_at_once_than_it_has_threads) {
  Executor executor(3);
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  for (int i = 0; i < 200; ++i) {
    executor.submit(job(), [&](Job&) -> Result<void> {
      const int running = ++now;
      int seen = most;
      while (seen < running && !most.compare_exchange_weak(seen, running)) {
      }
      std::this_thread::yield();
      --now;
      return {};
    });
  }
  executor.wait();
  EXPECT_LE(most, 3);
}

TEST(Executor, starts_higher_priorities_first_and_equal_ones_in_order) {
  Executor executor(1);
  Barrier barrier;
  executor.submit(job(), [&](Job&) -> Result<void> {
    barrier.wait();
    return {};
  });
  std::vector<std::string> order;  // one thread: no lock
  const auto add = [&](const char* name, int priority) {
    executor.submit(
        job(),
        [&order, name](Job&) -> Result<void> {
          order.emplace_back(name);
          return {};
        },
        {}, priority);
  };
  while (executor.stats().running == 0) std::this_thread::yield();
  add("low", -5);
  add("first", 0);
  add("second", 0);
  add("least", std::numeric_limits<int>::min());
  add("high", 7);
  barrier.open();
  executor.wait();
  EXPECT_THAT(order, ElementsAre("high", "first", "second", "low", "least"));
}

TEST(Executor, makes_a_failed_task_of_an_exception) {
  Executor executor(1);
  std::vector<Error> errors;
  const auto keep = [&](const Result<void>& result) {
    ASSERT_FALSE(result);
    errors.push_back(result.error());
  };
  executor.submit(
      job("indexing"), [](Job&) -> Result<void> { throw std::runtime_error("disk on fire"); }, keep);
  executor.submit(
      job(), [](Job&) -> Result<void> { throw 42; }, keep);
  executor.submit(
      job(), [](Job&) -> Result<void> { return fail(ErrorKind::io, "no such file"); }, keep);
  executor.submit(job(), {}, keep);
  executor.wait();
  ASSERT_EQ(errors.size(), 4U);
  EXPECT_EQ(errors[0].kind, ErrorKind::performance);
  EXPECT_THAT(errors[0].message, testing::AllOf(HasSubstr("indexing"), HasSubstr("disk on fire")));
  EXPECT_EQ(errors[1].kind, ErrorKind::performance);
  EXPECT_EQ(errors[2].kind, ErrorKind::io) << "an expected failure keeps its kind";
  EXPECT_EQ(errors[3].kind, ErrorKind::performance);
  EXPECT_EQ(executor.stats().failed, 4U);
}

TEST(Executor, does_not_begin_a_task_whose_job_was_stopped) {
  Executor executor(1);
  const auto stopped = job();
  stopped->request_stop();
  bool ran = false;
  Result<void> end;
  executor.submit(
      stopped,
      [&](Job&) -> Result<void> {
        ran = true;
        return {};
      },
      [&](const Result<void>& result) { end = result; });
  executor.wait();
  EXPECT_FALSE(ran);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().kind, ErrorKind::cancelled);
  EXPECT_EQ(executor.stats().cancelled, 1U);
}

TEST(Executor, lets_a_running_task_see_the_stop_of_its_job) {
  Executor executor(2);
  const auto endless = job();
  Result<void> end;
  executor.submit(
      endless,
      [](Job& self) -> Result<void> {
        while (!self.stopped()) std::this_thread::yield();
        return fail_cancelled();
      },
      [&](const Result<void>& result) { end = result; });
  endless->request_stop();
  executor.wait();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().kind, ErrorKind::cancelled);
}

TEST(Executor, stops_and_waits_for_everything_when_destroyed) {
  std::atomic<int> ended{0};
  std::atomic<int> begun{0};
  const auto endless = [&](Job& self) -> Result<void> {
    ++begun;
    while (!self.stopped()) std::this_thread::yield();
    return fail_cancelled();
  };
  {
    Executor executor(2);
    for (int i = 0; i < 50; ++i) executor.submit(job(), endless, [&](const Result<void>&) { ++ended; });
    while (begun == 0) std::this_thread::yield();
  }
  EXPECT_EQ(ended, 50);
  EXPECT_LT(begun, 50) << "what waited never began";
}

TEST(Executor, cancels_what_is_submitted_while_it_is_being_destroyed) {
  Result<void> late;
  {
    auto executor = std::make_unique<Executor>(1);
    Executor& alive = *executor;
    executor->submit(
        job(),
        [](Job& self) -> Result<void> {
          while (!self.stopped()) std::this_thread::yield();
          return {};
        },
        [&](const Result<void>&) {
          alive.submit(
              job(), [](Job&) -> Result<void> { return {}; }, [&](const Result<void>& result) { late = result; });
        });
    while (executor->stats().running == 0) std::this_thread::yield();
  }
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::cancelled);
}

TEST(Executor, lets_tasks_submit_tasks_and_waits_for_them_too) {
  Executor executor(2);
  std::atomic<int> leaves{0};
  std::function<void(int)> grow = [&](int depth) {
    executor.submit(job(), [&, depth](Job&) -> Result<void> {
      if (depth == 0) {
        ++leaves;
      } else {
        grow(depth - 1);
        grow(depth - 1);
      }
      return {};
    });
  };
  grow(8);
  executor.wait();
  EXPECT_EQ(leaves, 256);
}

TEST(Executor, never_runs_a_second_task_inside_the_loop_of_a_first) {
  Executor executor(3);
  std::atomic<bool> nested{false};
  for (int i = 0; i < 60; ++i) {
    executor.submit(job(), [&](Job&) -> Result<void> {
      static thread_local bool busy = false;
      if (busy) nested = true;
      busy = true;
      std::atomic<int> sum{0};
      tbb::parallel_for(0, 300, [&](int) { ++sum; });
      busy = false;
      EXPECT_EQ(sum, 300);
      return {};
    });
  }
  executor.wait();
  EXPECT_FALSE(nested);
}

TEST(Executor, lets_go_of_what_a_task_held_before_wait_returns) {
  Executor executor(2);
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = held;
  executor.submit(
      job(), [held](Job&) -> Result<void> { return {}; }, [held](const Result<void>&) {});
  held.reset();
  executor.wait();
  EXPECT_TRUE(watch.expired());
}

TEST(Executor, bears_many_threads_that_submit_stop_and_look_at_once) {
  Executor executor(4);
  std::atomic<std::uint64_t> done{0};
  std::atomic<bool> looking{true};
  std::thread observer([&] {
    while (looking) {
      const Stats stats = executor.stats();
      EXPECT_LE(stats.running, 4U);
      EXPECT_LE(stats.completed, stats.submitted);
      std::this_thread::yield();
    }
  });
  std::vector<std::thread> submitters;
  for (int t = 0; t < 8; ++t) {
    submitters.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        const auto own = job();
        executor.submit(
            own,
            [](Job& self) -> Result<void> {
              self.advance();
              if (self.id() % 7 == 0) throw std::runtime_error("now and then");
              return {};
            },
            [&](const Result<void>&) { ++done; }, t);
        if (i % 3 == 0) own->request_stop();
      }
      executor.wait();
    });
  }
  for (auto& submitter : submitters) submitter.join();
  looking = false;
  observer.join();
  const Stats stats = executor.stats();
  EXPECT_EQ(done, 4000U);
  EXPECT_EQ(stats.submitted, 4000U);
  EXPECT_EQ(stats.completed, 4000U);
  EXPECT_EQ(stats.running, 0U);
}

TEST(Executor, can_live_beside_others) {
  Executor small(1);
  Executor large(5);
  std::latch all(5);
  for (int i = 0; i < 5; ++i) {
    large.submit(job(), [&](Job&) -> Result<void> {
      all.arrive_and_wait();
      return {};
    });
  }
  bool ran = false;
  small.submit(job(), [&](Job&) -> Result<void> {
    ran = true;
    return {};
  });
  small.wait();
  large.wait();
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace conclave::tasks
