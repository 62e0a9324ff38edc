#include "engine/scan/resolver.h"

#include <netdb.h>
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
namespace {

constexpr std::size_t max_addresses = 8;  // tried one after the other; more would only make a dead name slow

}  // namespace

Lookup look_up(const std::string& name) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int code = ::getaddrinfo(name.c_str(), nullptr, &hints, &list);
  if (code == EAI_SYSTEM) return {{}, "the resolver failed: " + std::generic_category().message(errno)};
  if (code != 0) return {{}, ::gai_strerror(code)};
  Lookup out;
  for (const addrinfo* entry = list; entry != nullptr && out.addresses.size() < max_addresses; entry = entry->ai_next) {
    const auto address = Address::from(entry->ai_addr);
    if (address && std::ranges::find(out.addresses, *address) == out.addresses.end()) out.addresses.push_back(*address);
  }
  ::freeaddrinfo(list);
  if (out.addresses.empty()) out.error = "the name has no address";
  return out;
}

std::optional<Lookup> look_up_directly(const std::string& name) {
  if (name == "localhost") return Lookup{{*Address::from_text("127.0.0.1"), *Address::from_text("::1")}, {}};
  if (const auto address = Address::from_text(name)) return Lookup{{*address}, {}};
  return std::nullopt;
}

struct Resolver::State {
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

Resolver::Resolver(LookupFunction lookup, std::chrono::milliseconds timeout, std::size_t max_threads)
    : state_(std::make_shared<State>(std::move(lookup), max_threads)), timeout_(timeout) {}

Resolver::~Resolver() {
  const std::lock_guard lock(state_->mutex);
  state_->closed = true;
  state_->queue.clear();
}

int Resolver::wake_fd() const { return state_->wake; }

void Resolver::ask(std::size_t id, std::string name) {
  ++outstanding_;
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

std::vector<Resolver::Answer> Resolver::collect(Clock::time_point now) {
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
  outstanding_ -= out.size();
  return out;
}

}  // namespace conclave::scan
