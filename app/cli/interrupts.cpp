#include "app/cli/interrupts.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>

namespace conclave::cli {
namespace {

// A signal handler has no other way to its object.
struct Shared {
  std::array<int, 2> pipe{-1, -1};
  std::atomic<int> count{0};
  std::atomic<bool> second_leaves{false};
  struct sigaction before {};
};
Shared shared;
static_assert(std::atomic<int>::is_always_lock_free);

constexpr char interrupt_byte = 'i';
constexpr char end_byte = 'e';

extern "C" void on_signal(int /*signal*/) {
  const int kept = errno;
  if (shared.count.fetch_add(1) > 0 && shared.second_leaves.load()) ::_exit(exit_interrupted);
  (void)!::write(shared.pipe[1], &interrupt_byte, 1);
  errno = kept;
}

}  // namespace

Interrupts::Interrupts(std::function<void()> on_interrupt, bool second_leaves) {
  shared.count = 0;
  shared.second_leaves = second_leaves;
  if (::pipe2(shared.pipe.data(), O_CLOEXEC) != 0) return;  // out of descriptors: Ctrl-C then ends the process as usual
  ::fcntl(shared.pipe[1], F_SETFL, O_NONBLOCK);
  listener_ = std::thread([on_interrupt = std::move(on_interrupt), end = shared.pipe[0]] {
    for (char byte = 0;;) {
      const ssize_t count = ::read(end, &byte, 1);
      if (count < 0 && errno == EINTR) continue;
      if (count != 1 || byte == end_byte) return;
      on_interrupt();
    }
  });
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, nullptr, &shared.before);
  if (shared.before.sa_handler != SIG_IGN) ::sigaction(SIGINT, &action, nullptr);
}

Interrupts::~Interrupts() {
  if (!listener_.joinable()) return;
  ::sigaction(SIGINT, &shared.before, nullptr);
  (void)!::write(shared.pipe[1], &end_byte, 1);
  listener_.join();
  for (int& end : shared.pipe) ::close(end);
}

bool Interrupts::happened() const { return shared.count.load() > 0; }

}  // namespace conclave::cli
