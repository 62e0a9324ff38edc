// Interrupting an expert that ran too long, or whose job was stopped.
//
// One watchdog thread for the process looks every 50 ms, while any Deadline is entered, for those that are due: past their time,
// or their job stopped for longer than the grace. It stops the job, so that engine calls end, and interrupts the thread that
// entered the Deadline, again every 100 ms up to 20 times: Python's main thread by SIGUSR2, which also ends sleep, locks and recv
// (the Python handler asks interrupt_pending() and raises conclave.Cancelled); any other thread by an asynchronous exception,
// which only reaches running Python code. What swallows 20 of them stays stuck; only an isolated process could end it.
//
// The watchdog never holds its mutex while it waits for the GIL, since leave() takes the mutex with the GIL held.
#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/base/job.h"
#include "scripting/bindings/binders.h"

namespace conclave::scripting {

namespace py = pybind11;

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto look_interval = std::chrono::milliseconds(50);
constexpr auto interrupt_interval = std::chrono::milliseconds(100);
constexpr int interrupt_limit = 20;

struct Entry {
  Clock::time_point due;
  Clock::duration grace{};
  Clock::time_point next_interrupt;
  JobPtr job;
  pthread_t thread{};
  unsigned long python_thread = 0;
  bool main_thread = false;
  // The rest is guarded by the watchdog's mutex.
  bool active = true;
  bool fired = false;
  bool timed_out = false;
  int interrupts = 0;
};
using EntryPtr = std::shared_ptr<Entry>;

class Watchdog {
 public:
  void enter(const EntryPtr& entry) {
    const std::lock_guard lock(mutex_);
    entries_.push_back(entry);
    if (!running_) {
      running_ = true;
      std::thread([this] { run(); }).detach();
    }
    changed_.notify_all();
  }

  void leave(const EntryPtr& entry) {
    const std::lock_guard lock(mutex_);
    entry->active = false;
    std::erase(entries_, entry);
  }

  bool read(const EntryPtr& entry, bool Entry::*flag) {
    const std::lock_guard lock(mutex_);
    return entry.get()->*flag;
  }

  bool pending_for(pthread_t thread) {
    const std::lock_guard lock(mutex_);
    return std::any_of(entries_.begin(), entries_.end(),
                       [&](const EntryPtr& entry) { return entry->fired && pthread_equal(entry->thread, thread) != 0; });
  }

 private:
  [[noreturn]] void run() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return !entries_.empty(); });
      std::vector<EntryPtr> by_exception;
      for (const EntryPtr& entry : entries_) look(entry, by_exception);
      lock.unlock();
      for (const EntryPtr& entry : by_exception) raise_in(entry);
      by_exception.clear();
      std::this_thread::sleep_for(look_interval);
      lock.lock();
    }
  }

  static void look(const EntryPtr& entry, std::vector<EntryPtr>& by_exception) {
    const auto now = Clock::now();
    if (!entry->fired && entry->job->stopped()) entry->due = std::min(entry->due, now + entry->grace);
    if (now < entry->due || now < entry->next_interrupt || entry->interrupts >= interrupt_limit) return;
    if (!entry->fired) {
      entry->fired = true;
      entry->timed_out = !entry->job->stopped();
      entry->job->request_stop();
    }
    ++entry->interrupts;
    entry->next_interrupt = now + interrupt_interval;
    if (entry->main_thread && signal_is_handled()) {
      pthread_kill(entry->thread, SIGUSR2);
    } else {
      by_exception.push_back(entry);
    }
  }

  // Without a handler the signal would end the process.
  static bool signal_is_handled() {
    struct sigaction action {};
    return sigaction(SIGUSR2, nullptr, &action) == 0 && action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
  }

  void raise_in(const EntryPtr& entry) {
    if (_Py_IsFinalizing() != 0) return;
    const py::gil_scoped_acquire gil;
    if (!read(entry, &Entry::active)) return;  // leave() needs the GIL too: from here on it cannot end
    PyThreadState_SetAsyncExc(entry->python_thread, py::module_::import("conclave._core").attr("Cancelled").ptr());
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<EntryPtr> entries_;
  bool running_ = false;
};

// Guarded by the GIL. Never destroyed: its thread runs until the process ends. A forked child starts a new one, since threads do
// not survive a fork.
Watchdog* the_watchdog = nullptr;

Watchdog& watchdog() {
  if (the_watchdog == nullptr) the_watchdog = new Watchdog;
  return *the_watchdog;
}

class Deadline {
 public:
  Deadline(double seconds, JobPtr job, double grace) : seconds_(seconds), grace_(grace), job_(std::move(job)) {
    if (!(seconds > 0) || !(grace >= 0)) throw py::value_error("seconds must be positive and grace not negative");
    seconds_ = std::min(seconds_, 1e9);
    grace_ = std::min(grace_, 1e9);
    if (!job_) job_ = std::make_shared<Job>("deadline");
  }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline() { leave(); }

  void enter() {
    if (entry_) throw std::runtime_error("a Deadline can be entered only once");
    const auto ticks = [](double seconds) {
      return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    };
    entry_ = std::make_shared<Entry>();
    entry_->due = Clock::now() + ticks(seconds_);
    entry_->grace = ticks(grace_);
    entry_->job = job_;
    entry_->thread = pthread_self();
    entry_->python_thread = PyThread_get_thread_ident();
    entry_->main_thread = _PyOS_IsMainThread() != 0;
    watchdog().enter(entry_);
  }

  // Afterwards no interrupt of this deadline arrives any more.
  void leave() {
    if (!entry_ || !watchdog().read(entry_, &Entry::active)) return;
    watchdog().leave(entry_);
    if (fired()) PyThreadState_SetAsyncExc(entry_->python_thread, nullptr);
  }

  [[nodiscard]] bool fired() const { return entry_ && watchdog().read(entry_, &Entry::fired); }
  [[nodiscard]] bool timed_out() const { return entry_ && watchdog().read(entry_, &Entry::timed_out); }

 private:
  double seconds_;
  double grace_;
  JobPtr job_;
  EntryPtr entry_;
};

}  // namespace

void bind_deadline(py::module_& module) {
  pthread_atfork(nullptr, nullptr, [] { the_watchdog = nullptr; });

  py::class_<Deadline>(
      module, "Deadline",
      "with Deadline(seconds, job): the body is interrupted by conclave.Cancelled after `seconds`, or `grace` seconds "
      "after the job was stopped. On Python's main thread this needs the runner's SIGUSR2 handler to reach sleeping code.")
      .def(py::init<double, JobPtr, double>(), py::arg("seconds"), py::arg("job") = py::none(), py::arg("grace") = 1.0)
      .def("__enter__",
           [](const py::object& self) {
             py::cast<Deadline&>(self).enter();
             return self;
           })
      .def("__exit__", [](Deadline& self, const py::args&) { self.leave(); })
      .def_property_readonly("fired", &Deadline::fired, "Whether the body was interrupted, for whichever reason.")
      .def_property_readonly("timed_out", &Deadline::timed_out, "Whether that was because the time was up.");

  module.def(
      "interrupt_pending", [] { return watchdog().pending_for(pthread_self()); },
      "Whether a Deadline entered by this thread has fired and not ended: what the SIGUSR2 handler asks.");
  module.def(
      "keep_alive", [](const py::object& object) { object.inc_ref(); }, py::arg("object"),
      "Does not destroy it before let_go(object), not even when the interpreter ends.");
  module.def(
      "let_go", [](const py::object& object) { object.dec_ref(); }, py::arg("object"), "Once for each keep_alive(object).");
}

}  // namespace conclave::scripting
