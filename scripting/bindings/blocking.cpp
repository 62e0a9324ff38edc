#include "scripting/bindings/blocking.h"

#include <pybind11/pybind11.h>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

namespace conclave::scripting {
namespace {

namespace py = pybind11;

constexpr auto poll_interval = std::chrono::milliseconds(50);

class Worker {
 public:
  explicit Worker(const std::function<void()>& work) : thread_([this, &work] { run(work); }) {}

  bool wait_for(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return ended_.wait_for(lock, time, [this] { return done_; });
  }
  void join() {
    thread_.join();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void run(const std::function<void()>& work) {
    try {
      work();
    } catch (...) {
      failure_ = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    done_ = true;
    ended_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable ended_;
  bool done_ = false;
  std::exception_ptr failure_;
  std::thread thread_;
};

// Signals reach only Python's main thread; other threads are interrupted by an asynchronous exception, which is raised by itself
// as soon as Python code runs again, so that it is enough to end the work.
bool interrupted_elsewhere() { return PyThreadState_Get()->async_exc != nullptr; }

}  // namespace

void run_and_wait(Job& job, const std::function<void()>& work, const std::function<void()>& poll) {
  Worker worker(work);
  std::exception_ptr interruption;
  for (bool done = false; !done;) {
    {
      const py::gil_scoped_release release;
      done = worker.wait_for(poll_interval);
    }
    if (interruption) continue;
    try {
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
      if (poll) poll();
    } catch (...) {
      interruption = std::current_exception();
    }
    if (interruption || interrupted_elsewhere()) job.request_stop();
  }
  {
    const py::gil_scoped_release release;
    try {
      worker.join();
    } catch (...) {
      if (!interruption) interruption = std::current_exception();
    }
  }
  if (interruption) std::rethrow_exception(interruption);
}

}  // namespace conclave::scripting
