// Operations that nobody stands and waits for. They run on an executor of the engine; each that ends (or has news) is announced
// on the eventfd of a Completions, which an asyncio loop or one thread of Python watches. Engine threads never touch Python.
#include "scripting/bindings/operation.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <system_error>
#include <vector>

#include "engine/tasks/executor.h"
#include "scripting/bindings/binders.h"
#include "scripting/bindings/blocking.h"
#include "scripting/bindings/errors.h"

namespace conclave::scripting {

Result<void> Operation::run() noexcept {
  ran = true;
  const auto began = std::chrono::steady_clock::now();
  Result<void> ended;
  try {
    ended = work();
  } catch (...) {
    failure = std::current_exception();
    ended = fail(ErrorKind::performance, "an exception");
  }
  seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return ended;
}

py::object Operation::take_result() {
  if (!ran) raise(fail_cancelled().value());
  if (failure) std::rethrow_exception(failure);
  return result();
}

py::object run_now(Operation& operation, const std::function<void(const py::object&)>& on_news) {
  operation.started = true;
  std::function<void()> poll;
  if (operation.news && on_news) poll = [&] { on_news(operation.news()); };
  run_and_wait(
      *operation.job, [&] { static_cast<void>(operation.run()); }, poll);
  return operation.take_result();
}

py::dict operations_of(const py::module_& module) { return module.attr("_operations"); }

namespace {

// Engine threads do not survive a fork: in a child there is nothing to wait for, and what belongs to the parent is left alone.
class Pool {
 public:
  explicit Pool(int threads) : owner_(getpid()) {
    if (threads < 0) throw py::value_error("threads must not be negative");
    executor_ = std::make_unique<tasks::Executor>(threads);
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() {
    if (getpid() != owner_) {
      static_cast<void>(executor_.release());
      return;
    }
    const py::gil_scoped_release release;
    executor_.reset();
  }
  tasks::Executor& get() {
    if (getpid() != owner_) throw std::runtime_error("this executor belongs to the process that this one was forked from");
    return *executor_;
  }

 private:
  pid_t owner_;
  std::unique_ptr<tasks::Executor> executor_;
};

// What engine threads and the holder of the GIL share.
class Announcements {
 public:
  Announcements() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  }
  Announcements(const Announcements&) = delete;
  Announcements& operator=(const Announcements&) = delete;
  ~Announcements() { close(descriptor_); }

  [[nodiscard]] int descriptor() const { return descriptor_; }
  void news(std::uint64_t ticket) {
    const std::lock_guard lock(mutex_);
    news_.insert(ticket);
    wake();
  }
  void ended(std::uint64_t ticket) {
    const std::lock_guard lock(mutex_);
    ended_.push_back(ticket);
    wake();
    changed_.notify_all();
  }
  // Those with news, then those that ended.
  std::pair<std::set<std::uint64_t>, std::vector<std::uint64_t>> take() {
    const std::lock_guard lock(mutex_);
    std::uint64_t count = 0;
    static_cast<void>(read(descriptor_, &count, sizeof count));
    return {std::exchange(news_, {}), std::exchange(ended_, {})};
  }
  void wait_for_all(std::size_t pending) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ended_.size() >= pending; });
  }

 private:
  void wake() const {
    const std::uint64_t one = 1;
    static_cast<void>(write(descriptor_, &one, sizeof one));
  }
  int descriptor_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::uint64_t> news_;
  std::vector<std::uint64_t> ended_;
};

// Owns the operations that were started in it until they are taken. Every member needs the GIL.
class Completions {
 public:
  Completions() : shared_(std::make_shared<Announcements>()), owner_(getpid()) {}
  Completions(const Completions&) = delete;
  Completions& operator=(const Completions&) = delete;
  // Stops what still runs and waits for it, since operations must be destroyed here and not on an engine thread.
  ~Completions() {
    if (getpid() != owner_) {  // what runs, runs in the parent; here nothing will ever end
      // NOLINTNEXTLINE(bugprone-unhandled-exception-at-new): a child without memory may end here
      static_cast<void>(new auto(std::move(pending_)));
      return;
    }
    for (const auto& [ticket, operation] : pending_) operation->job->request_stop();
    const std::size_t running = pending_.size() - taken_.size();
    const py::gil_scoped_release release;
    shared_->wait_for_all(running);
  }

  std::uint64_t start(Pool& pool, const OperationPtr& operation, int priority) {
    if (operation->started) throw std::runtime_error("an operation runs only once");
    operation->started = true;
    const std::uint64_t ticket = ++last_;
    if (operation->announce) *operation->announce = [shared = shared_, ticket] { shared->news(ticket); };
    pending_.emplace(ticket, operation);
    Operation* const raw = operation.get();  // stays in pending_ until it ended
    pool.get().submit(
        operation->job, [raw](Job&) { return raw->run(); },
        [shared = shared_, ticket](const Result<void>&) { shared->ended(ticket); }, priority);
    return ticket;
  }

  py::tuple take() {
    const auto [news, ended] = shared_->take();
    py::list with_news;
    for (const std::uint64_t ticket : news) with_news.append(ticket);
    py::list done;
    for (const std::uint64_t ticket : ended) {
      taken_.insert(ticket);
      done.append(ticket);
    }
    return py::make_tuple(with_news, done);
  }

  py::object news(std::uint64_t ticket) { return at(ticket).news ? at(ticket).news() : py::list(); }

  py::object result(std::uint64_t ticket) { return remove(ticket)->take_result(); }

  OperationPtr remove(std::uint64_t ticket) {
    if (taken_.erase(ticket) == 0) throw py::key_error("no operation " + std::to_string(ticket) + " that has ended");
    return std::move(pending_.extract(ticket).mapped());
  }

  void wait(double seconds) const {
    pollfd event{shared_->descriptor(), POLLIN, 0};
    const py::gil_scoped_release release;
    poll(&event, 1, seconds < 0 ? -1 : static_cast<int>(std::min(seconds * 1000.0 + 0.5, 1e9)));
  }

  [[nodiscard]] int descriptor() const { return shared_->descriptor(); }
  [[nodiscard]] std::size_t size() const { return pending_.size(); }

 private:
  Operation& at(std::uint64_t ticket) {
    const auto found = pending_.find(ticket);
    if (found == pending_.end()) throw py::key_error("no operation " + std::to_string(ticket));
    return *found->second;
  }

  std::shared_ptr<Announcements> shared_;
  std::map<std::uint64_t, OperationPtr> pending_;
  std::set<std::uint64_t> taken_;  // those of pending_ that take() has named as ended
  std::uint64_t last_ = 0;
  pid_t owner_;
};

py::dict stats_of(Pool& pool) {
  const tasks::Stats stats = pool.get().stats();
  py::dict dict;
  dict["submitted"] = stats.submitted;
  dict["completed"] = stats.completed;
  dict["failed"] = stats.failed;
  dict["cancelled"] = stats.cancelled;
  dict["running"] = stats.running;
  dict["busy_seconds"] = stats.busy_seconds;
  return dict;
}

}  // namespace

void bind_operations(py::module_& module) {
  module.attr("_operations") = py::dict();
  py::class_<Operation, OperationPtr>(module, "Operation", "A call into the engine that is ready to run. Runs once.")
      .def_property_readonly("job", [](const Operation& self) { return self.job; })
      .def_readonly("seconds", &Operation::seconds, "How long it ran; 0 before it has ended.")
      .def("__repr__", [](const Operation& self) { return "<conclave.Operation '" + self.job->title() + "'>"; });

  py::class_<Pool>(module, "EnginePool", "Threads of the engine for operations; they never run Python.")
      .def(py::init<int>(), py::arg("threads") = 0, "0: one per hardware thread; at most 128.")
      .def_property_readonly("threads", [](Pool& self) { return self.get().threads(); })
      .def("stats", &stats_of, "submitted, completed (with failed and cancelled), failed, cancelled, running, busy_seconds.");

  py::class_<Completions>(module, "Completions",
                          "Operations that were started together with who waits for them. `fileno()` is readable when take() has "
                          "something to tell. When this goes, what still runs is stopped and waited for.")
      .def(py::init<>())
      .def("start", &Completions::start, py::arg("pool"), py::arg("operation"), py::arg("priority") = 0,
           "Returns its ticket. Higher priorities start first.")
      .def("take", &Completions::take, "(tickets with news, tickets that ended) since the last call.")
      .def("news", &Completions::news, py::arg("ticket"), "A list of the results so far, each told once.")
      .def("result", &Completions::result, py::arg("ticket"), "Of an operation that take() named as ended; or raises its error.")
      .def(
          "discard", [](Completions& self, std::uint64_t ticket) { static_cast<void>(self.remove(ticket)); }, py::arg("ticket"))
      .def("wait", &Completions::wait, py::arg("seconds") = -1.0, "Until there is something to take; negative: for ever.")
      .def("fileno", &Completions::descriptor)
      .def("__len__", &Completions::size, "Operations that run or have not been taken.");
}

}  // namespace conclave::scripting
