#include "engine/scan/lookup_threads.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace conclave::scan {

struct LookupThreads::State {
  struct Question {
    std::size_t id;
    std::string name;
  };

  State(LookupFunction function, std::size_t thread_limit)
      : lookup(std::move(function)), max_threads(thread_limit), wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  ~State() {
    if (wake >= 0) ::close(wake);
  }

  void work() {
    std::unique_lock lock(mutex);
    while (!closed && !queue.empty()) {
      const Question question = std::move(queue.front());
      queue.pop_front();
      running[question.id] = Clock::now();
      lock.unlock();
      Lookup found = lookup(question.name);
      lock.lock();
      // A name that timed out meanwhile has been answered already.
      if (running.erase(question.id) == 0) {
        --abandoned;
        continue;
      }
      silent_in_a_row = 0;
      answers.push_back({question.id, std::move(found)});
      ring();
    }
    --threads;
  }

  void ring() const {
    const std::uint64_t one = 1;
    if (wake >= 0 && ::write(wake, &one, sizeof one) < 0) return;  // full: it is readable anyway
  }

  const LookupFunction lookup;
  const std::size_t max_threads;
  const int wake;
  std::mutex mutex;
  std::deque<Question> queue;
  std::map<std::size_t, Clock::time_point> running;
  std::vector<Answer> answers;
  std::size_t threads = 0;
  std::size_t abandoned = 0;  // threads still inside a lookup that timed out
  std::size_t silent_in_a_row = 0;
  bool closed = false;
};

LookupThreads::LookupThreads(LookupFunction lookup, std::chrono::milliseconds timeout, std::size_t max_threads)
    : state_(std::make_shared<State>(std::move(lookup), max_threads)), timeout_(timeout) {}

LookupThreads::~LookupThreads() {
  const std::lock_guard lock(state_->mutex);
  state_->closed = true;
  state_->queue.clear();
}

int LookupThreads::wake_fd() const { return state_->wake; }

void LookupThreads::ask(std::size_t id, std::string name) {
  const std::lock_guard lock(state_->mutex);
  state_->queue.push_back({id, std::move(name)});
  if (state_->threads >= state_->max_threads) return;
  try {
    std::thread([state = state_] { state->work(); }).detach();
    ++state_->threads;
  } catch (const std::system_error& error) {
    // Without any thread nobody would ever answer.
    if (state_->threads > 0) return;
    state_->queue.pop_back();
    state_->answers.push_back({id, {{}, std::string("cannot start a thread for the resolver: ") + error.what()}});
    state_->ring();
  }
}

std::vector<LookupThreads::Answer> LookupThreads::collect(Clock::time_point now) {
  const std::lock_guard lock(state_->mutex);
  std::uint64_t count = 0;
  if (state_->wake >= 0 && ::read(state_->wake, &count, sizeof count) < 0) count = 0;
  std::vector<Answer> out = std::exchange(state_->answers, {});
  const std::string silence = "no answer from the resolver within " + std::to_string(timeout_.count()) + " ms";
  for (auto name = state_->running.begin(); name != state_->running.end();) {
    if (now - name->second < timeout_) {
      ++name;
      continue;
    }
    out.push_back({name->first, {{}, silence}});
    ++state_->silent_in_a_row;
    ++state_->abandoned;
    name = state_->running.erase(name);
  }
  if (std::max(state_->silent_in_a_row, state_->abandoned) >= state_->max_threads) {
    const std::string dead = "not asked, because the resolver did not answer for the names before it";
    for (const State::Question& question : state_->queue) out.push_back({question.id, {{}, dead}});
    state_->queue.clear();
  }
  return out;
}

}  // namespace conclave::scan
