// Runs engine work on oneTBB, with stop tokens, progress and statistics. Never runs Python.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"

namespace conclave::tasks {

struct Stats {
  std::uint64_t submitted = 0;
  std::uint64_t completed = 0;  // including failed and cancelled
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t running = 0;
  double busy_seconds = 0;  // in `work`, summed over tasks
};

// Owner: its creator; the destructor stops and waits for all tasks. Threads: any.
class Executor {
 public:
  explicit Executor(int threads = 0);  // 0: one per hardware thread; at most 128
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  using Work = std::function<Result<void>(Job&)>;
  // Higher priority starts first, equal ones in the order of submission. `done` runs on a pool thread, exactly once, and must not
  // throw; an exception out of `work` is a failed task of kind performance. A task whose job was stopped before it began ends as
  // cancelled. Both may submit more (once the destructor has begun, that ends as cancelled); `work` may use oneTBB's loops, which
  // then run on this executor's threads, or on one thread per core if the executor has more (for tasks that mostly wait).
  void submit(JobPtr job, Work work, std::function<void(Result<void>)> done = {}, int priority = 0);
  void wait();  // until nothing is queued or running and every `done` has returned; never from within a task
  [[nodiscard]] Stats stats() const;
  [[nodiscard]] int threads() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace conclave::tasks
