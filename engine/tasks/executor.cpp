// A queue of our own in front of a oneTBB arena. For each task the arena gets one token that means "run whatever is most urgent
// now", so that priorities hold among all that wait, however they were submitted (oneTBB knows three priorities, and only per
// arena).
#include "engine/tasks/executor.h"

#include <tbb/global_control.h>
#include <tbb/info.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <limits>
#include <map>
#include <mutex>
#include <set>
#include <utility>

namespace conclave::tasks {
namespace {

// oneTBB by itself starts one worker fewer than there are hardware threads: none on one core, and a task that waits for a disk
// would hold up all others. Of several limits the lowest counts, so every executor sets the same.
constexpr int most_threads = 128;

int effective_threads(int wanted) { return std::clamp(wanted > 0 ? wanted : tbb::info::default_concurrency(), 1, most_threads); }

Result<void> run_guarded(Job& job, const Executor::Work& work) {
  const auto failed = [&](const std::string& what) {
    return fail(ErrorKind::performance,
                (job.title().empty() ? std::string("a task") : "the task '" + job.title() + "'") + " failed: " + what);
  };
  try {
    return work(job);
  } catch (const std::exception& error) {
    return failed(error.what());
  } catch (...) {
    return failed("unknown exception");
  }
}

}  // namespace

struct Executor::Impl {
  struct Task {
    JobPtr job;
    Work work;
    std::function<void(Result<void>)> done;
  };
  using Key = std::pair<int, std::uint64_t>;  // negated priority, sequence: the first is the next to run

  explicit Impl(int wanted)
      : threads(effective_threads(wanted)),
        workers(tbb::global_control::max_allowed_parallelism, most_threads + 1),
        arena(threads, /*reserved_for_masters=*/0) {}

  void run_next() {
    Task task;
    {
      const std::lock_guard lock(mutex);
      task = std::move(queue.extract(queue.begin()).mapped());
      ++stats.running;
      running.insert(task.job);
    }
    const auto start = std::chrono::steady_clock::now();
    Result<void> result = fail_cancelled();
    if (!task.job->stopped()) {
      const auto run = [&] { result = run_guarded(*task.job, task.work); };
      if (threads > tbb::info::default_concurrency()) {
        tbb::task_arena().execute(run);  // loops in it use one thread per core
      } else {
        // Without isolation a task that waits for its own parallel loop could be given another task to run meanwhile.
        tbb::this_task_arena::isolate(run);
      }
    }
    const std::chrono::duration<double> busy = std::chrono::steady_clock::now() - start;
    {
      const std::lock_guard lock(mutex);
      --stats.running;
      ++stats.completed;
      if (!result) ++(result.error().kind == ErrorKind::cancelled ? stats.cancelled : stats.failed);
      stats.busy_seconds += busy.count();
      running.erase(running.find(task.job));
    }
    if (task.done) task.done(std::move(result));
    task = {};  // what the functions hold is gone before wait() returns
    const std::lock_guard lock(mutex);
    if (--pending == 0) idle.notify_all();
  }

  const int threads;
  tbb::global_control workers;
  tbb::task_arena arena;

  std::mutex mutex;  // guards all below
  std::condition_variable idle;
  std::map<Key, Task> queue;
  std::multiset<JobPtr> running;
  std::uint64_t sequence = 0;
  std::uint64_t pending = 0;  // queued, running or in `done`
  bool stopping = false;
  Stats stats;
};

Executor::Executor(int threads) : impl_(std::make_unique<Impl>(threads)) {}

Executor::~Executor() {
  std::set<JobPtr> jobs;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
    jobs.insert(impl_->running.begin(), impl_->running.end());
    for (const auto& [key, task] : impl_->queue) jobs.insert(task.job);
  }
  for (const JobPtr& job : jobs) job->request_stop();  // not under the lock: it runs the callbacks of whoever listens
  wait();
}

void Executor::submit(JobPtr job, Work work, std::function<void(Result<void>)> done, int priority) {
  if (!job) job = std::make_shared<Job>();
  bool stopping = false;
  {
    const std::lock_guard lock(impl_->mutex);
    const Impl::Key key{priority == std::numeric_limits<int>::min() ? std::numeric_limits<int>::max() : -priority,
                        impl_->sequence++};
    stopping = impl_->stopping;
    impl_->queue.emplace(key, Impl::Task{job, std::move(work), std::move(done)});
    ++impl_->pending;
    ++impl_->stats.submitted;
  }
  if (stopping) job->request_stop();
  impl_->arena.enqueue([impl = impl_.get()] { impl->run_next(); });
}

void Executor::wait() {
  std::unique_lock lock(impl_->mutex);
  impl_->idle.wait(lock, [&] { return impl_->pending == 0; });
}

Stats Executor::stats() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->stats;
}

int Executor::threads() const { return impl_->threads; }

}  // namespace conclave::tasks
