#include "scripting/worker/worker_pool.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

namespace conclave::scripting {

using consensus::Status;
using Clock = Worker::Clock;

WorkerPool::WorkerPool(WorkerPython python)
    : python_(std::move(python)),
      most_(std::clamp(std::thread::hardware_concurrency(), 2U, 8U)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake();
  if (thread_.joinable()) thread_.join();
}

void WorkerPool::run(IsolatedTask task) {
  {
    const std::lock_guard lock(mutex_);
    added_.push_back(std::move(task));
    start_thread();
  }
  wake();
}

void WorkerPool::warm_up() {
  {
    const std::lock_guard lock(mutex_);
    warm_ = true;
    start_thread();
  }
  wake();
}

void WorkerPool::start_thread() {
  if (thread_.joinable()) return;
  thread_ = std::thread([this] {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    pthread_setname_np(pthread_self(), "conclave-worker");
    loop();
  });
}

void WorkerPool::wake() const {
  const std::uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);
}

void WorkerPool::loop() {
  while (take_new()) {
    const auto now = Clock::now();
    for (const auto& worker : waiting_) {
      if (worker->stopped()) worker->give_up(Status::cancelled, "Cancelled", "the job was stopped before it began");
    }
    for (const auto& worker : running_) worker->look(now);
    forget_gone();
    start_waiting();
    wait_and_serve();
    forget_gone();
  }
  for (const auto& worker : waiting_) worker->give_up(Status::cancelled, "Cancelled", "the program is ending");
  for (const auto& worker : running_) worker->give_up(Status::cancelled, "Cancelled", "the program is ending");
  zygote_.reset();
}

// False once the pool closes.
bool WorkerPool::take_new() {
  std::deque<IsolatedTask> tasks;
  bool warm = false;
  bool closing = false;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(added_);
    warm = std::exchange(warm_, false);
    closing = closing_;
  }
  for (IsolatedTask& task : tasks) {
    waiting_.push_back(std::make_unique<Worker>(++last_id_, std::move(task), [this] { wake(); }));
  }
  if (warm && !zygote_) {
    if (auto started = Zygote::start(python_)) zygote_.emplace(std::move(*started));
  }
  return !closing;
}

void WorkerPool::start_waiting() {
  while (!waiting_.empty() && running_.size() < most_) {
    std::unique_ptr<Worker> worker = std::move(waiting_.front());
    waiting_.pop_front();
    if (!zygote_) {
      auto started = Zygote::start(python_);
      if (!started) {
        worker->give_up(Status::failed, "OSError", started.error().text());
        continue;
      }
      zygote_.emplace(std::move(*started));
    }
    worker->start(*zygote_);
    if (!worker->gone()) running_.push_back(std::move(worker));
  }
}

void WorkerPool::wait_and_serve() {
  std::vector<pollfd> files{{wake_.get(), POLLIN, 0}};
  if (zygote_) files.push_back({zygote_->socket(), POLLIN, 0});
  const std::size_t first = files.size();
  std::vector<Worker*> owners;
  auto next = Clock::time_point::max();
  for (const auto& worker : running_) {
    next = std::min(next, worker->next_look());
    for (const Worker::Interest& interest : worker->interests()) {
      files.push_back({interest.file, interest.events, 0});
      owners.push_back(worker.get());
    }
  }
  int timeout_ms = -1;
  if (next != Clock::time_point::max()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
    timeout_ms = static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
  }
  if (::poll(files.data(), files.size(), timeout_ms) <= 0) return;
  if (files[0].revents != 0) {
    std::uint64_t count = 0;
    (void)!::read(wake_.get(), &count, sizeof count);
  }
  // First what workers said, then that they ended.
  for (std::size_t i = first; i < files.size(); ++i) {
    if (files[i].revents != 0) owners[i - first]->ready(files[i].fd);
  }
  if (first == 2 && files[1].revents != 0) hear_zygote();
}

void WorkerPool::hear_zygote() {
  using Kind = Zygote::Event::Kind;
  while (zygote_) {
    auto event = zygote_->next();
    if (!event) return lose_zygote(event.error().message);
    if (!*event) return;
    const auto found =
        std::find_if(running_.begin(), running_.end(), [&](const auto& worker) { return worker->id() == (*event)->id; });
    if (found == running_.end()) continue;
    Worker& worker = **found;
    if ((*event)->kind == Kind::forked)
      worker.forked(std::move(**event));
    else if ((*event)->kind == Kind::exited)
      worker.exited((*event)->status);
    else if ((*event)->kind == Kind::not_forked) {
      worker.lost();
      worker.give_up(Status::failed, "OSError", "cannot start a worker: " + (*event)->text);
    }
  }
}

void WorkerPool::lose_zygote(const std::string& why) {
  zygote_.reset();
  for (const auto& worker : running_) {
    worker->lost();
    worker->give_up(Status::failed, "CircleError", why);
  }
}

void WorkerPool::forget_gone() {
  std::erase_if(waiting_, [](const auto& worker) { return worker->gone(); });
  std::erase_if(running_, [](const auto& worker) { return worker->gone(); });
}

}  // namespace conclave::scripting
