#include "scripting/worker/worker_pool.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <future>
#include <utility>

#include "engine/case/probes.h"

namespace conclave::scripting {

using consensus::Status;
using Clock = Worker::Clock;
using namespace std::chrono_literals;

namespace {

constexpr auto patience_with_stack = 1s;
constexpr auto between_looks = 20ms;

// Up to the first NUL.
std::string written_in(int file) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t count = ::pread(file, buffer.data(), buffer.size(), static_cast<off_t>(text.size()));
    if (count <= 0) return text;
    const std::string_view piece(buffer.data(), static_cast<std::size_t>(count));
    text += piece.substr(0, piece.find('\0'));
    if (piece.find('\0') != std::string_view::npos) return text;
  }
}

}  // namespace

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

bool WorkerPool::on_thread(std::function<void()> call) {
  const auto ended = std::make_shared<std::promise<void>>();
  auto waiting = ended->get_future();
  {
    const std::lock_guard lock(mutex_);
    if (!thread_.joinable() || closing_) return false;
    calls_.emplace_back([call = std::move(call), ended] {
      call();
      ended->set_value();
    });
  }
  wake();
  waiting.wait();
  return true;
}

Worker* WorkerPool::find(std::uint64_t id) const {
  const auto is_it = [id](const auto& worker) { return worker->id() == id && !worker->answered(); };
  if (const auto found = std::find_if(running_.begin(), running_.end(), is_it); found != running_.end()) return found->get();
  const auto found = std::find_if(waiting_.begin(), waiting_.end(), is_it);
  return found == waiting_.end() ? nullptr : found->get();
}

std::vector<RunningScript> WorkerPool::running() {
  std::vector<RunningScript> list;
  (void)on_thread([&] {
    for (const auto& worker : running_) {
      if (!worker->answered()) list.push_back(worker->seen());
    }
    for (const auto& worker : waiting_) list.push_back(worker->seen());
  });
  return list;
}

bool WorkerPool::stop(std::uint64_t id, StopHow how) {
  bool found = false;
  (void)on_thread([&] {
    Worker* worker = find(id);
    if (worker == nullptr) return;
    found = true;
    worker->ask_to_stop();
    if (how == StopHow::kill) worker->give_up(Status::killed, "Killed", "it was killed on request");
  });
  return found;
}

Result<std::string> WorkerPool::stack(std::uint64_t id) {
  Result<Descriptor> words = fail(ErrorKind::not_found, "it has ended");
  (void)on_thread([&] {
    if (Worker* worker = find(id)) words = worker->dump();
  });
  if (!words) return tl::unexpected(std::move(words.error()));
  // There is no end mark: it is whole when nothing more comes.
  std::string before;
  for (auto until = Clock::now() + patience_with_stack; Clock::now() < until;) {
    std::this_thread::sleep_for(between_looks);
    std::string text = written_in(words->get());
    if (!text.empty() && text == before) return text;
    before = std::move(text);
  }
  if (!before.empty()) return before;
  return fail(ErrorKind::unsupported, "it is in a system call that no signal interrupts, or keeps signals out");
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
  for (auto& zygote : zygotes_) zygote.reset();
}

Result<Zygote*> WorkerPool::zygote(bool bare) {
  auto& zygote = zygotes_.at(bare ? 1 : 0);
  if (!zygote) {
    auto started = Zygote::start(python_, bare ? Zygote::Packages::none : Zygote::Packages::of_python);
    if (!started) return tl::unexpected(std::move(started.error()));
    zygote.emplace(std::move(*started));
  }
  return &*zygote;
}

// False once the pool closes.
bool WorkerPool::take_new() {
  std::deque<IsolatedTask> tasks;
  std::vector<std::function<void()>> calls;
  bool warm = false;
  bool closing = false;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(added_);
    calls.swap(calls_);
    warm = std::exchange(warm_, false);
    closing = closing_;
  }
  for (IsolatedTask& task : tasks) {
    waiting_.push_back(std::make_unique<Worker>(++last_id_, std::move(task), [this] { wake(); }));
  }
  for (const auto& call : calls) call();
  if (warm) (void)zygote(false);
  return !closing;
}

void WorkerPool::start_waiting() {
  const auto has_place = [this](const std::unique_ptr<Worker>& worker) {
    const auto alike = std::count_if(running_.begin(), running_.end(),
                                     [&](const auto& other) { return other->is_probe() == worker->is_probe(); });
    return static_cast<std::size_t>(alike) < (worker->is_probe() ? most_probes : most_);
  };
  for (;;) {
    const auto next = std::find_if(waiting_.begin(), waiting_.end(), has_place);
    if (next == waiting_.end()) return;
    std::unique_ptr<Worker> worker = std::move(*next);
    waiting_.erase(next);
    const auto parent = zygote(worker->has_environment());
    if (!parent) {
      worker->give_up(Status::failed, "OSError", parent.error().text());
      continue;
    }
    worker->start(**parent);
    if (!worker->gone()) running_.push_back(std::move(worker));
  }
}

void WorkerPool::wait_and_serve() {
  std::vector<pollfd> files{{wake_.get(), POLLIN, 0}};
  for (const auto& zygote : zygotes_) files.push_back({zygote ? zygote->socket() : -1, POLLIN, 0});  // poll() skips -1
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
  for (const bool bare : {false, true}) {
    if (files[bare ? 2 : 1].revents != 0) hear_zygote(bare);
  }
}

void WorkerPool::hear_zygote(bool bare) {
  using Kind = Zygote::Event::Kind;
  while (auto& zygote = zygotes_.at(bare ? 1 : 0)) {
    auto event = zygote->next();
    if (!event) return lose_zygote(bare, event.error().message);
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

void WorkerPool::lose_zygote(bool bare, const std::string& why) {
  zygotes_.at(bare ? 1 : 0).reset();
  for (const auto& worker : running_) {
    if (worker->has_environment() != bare) continue;
    worker->lost();
    worker->give_up(Status::failed, "CircleError", why);
  }
}

void WorkerPool::forget_gone() {
  std::erase_if(waiting_, [](const auto& worker) { return worker->gone(); });
  std::erase_if(running_, [](const auto& worker) { return worker->gone(); });
}

}  // namespace conclave::scripting
