#include "scripting/stack_dump.h"

#include <pybind11/pybind11.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <mutex>

namespace conclave::scripting {
namespace {

namespace py = pybind11;

constexpr long patience_ns = 1'000'000'000;
constexpr int offset_of_signal = 7;  // real-time signals are hardly used by anybody

// A signal handler gets no arguments. Set before the handler is installed, never freed.
using Handler = void (*)(int);
std::atomic<Handler> of_faulthandler{nullptr};
sem_t written;
int memory = -1;

extern "C" void conclave_on_stack_dump(int signal) {
  const int before = errno;
  if (const Handler handler = of_faulthandler; handler != nullptr) handler(signal);
  ::sem_post(&written);
  errno = before;
}

int dump_signal() { return SIGRTMIN + offset_of_signal; }

}  // namespace

void install_stack_dump() {
  const int file = ::memfd_create("conclave-stack", MFD_CLOEXEC);
  if (file < 0 || ::sem_init(&written, 0, 0) != 0) return;
  try {
    py::module_::import("faulthandler").attr("register")(dump_signal(), file, false);
  } catch (const py::error_already_set&) {
    ::close(file);
    return;
  }
  struct sigaction action {};
  ::sigaction(dump_signal(), nullptr, &action);
  of_faulthandler = action.sa_handler;
  action.sa_handler = conclave_on_stack_dump;
  ::sigaction(dump_signal(), &action, nullptr);
  memory = file;
}

Result<std::string> dump_stack(pthread_t script_thread) {
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  if (memory < 0) return fail(ErrorKind::unsupported, "stacks cannot be shown");
  while (::sem_trywait(&written) == 0) continue;  // of one that came late
  if (::ftruncate(memory, 0) != 0 || ::lseek(memory, 0, SEEK_SET) != 0) return fail_io("cannot write down a stack", {}, errno);
  if (pthread_kill(script_thread, dump_signal()) != 0) return fail(ErrorKind::unsupported, "the script thread is gone");
  timespec until{};
  ::clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += patience_ns / 1'000'000'000;
  while (::sem_timedwait(&written, &until) != 0) {
    if (errno == EINTR) continue;
    return fail(ErrorKind::unsupported, "it is in a system call that no signal interrupts, or keeps signals out");
  }
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t count = ::pread(memory, buffer.data(), buffer.size(), static_cast<off_t>(text.size()));
    if (count <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace conclave::scripting
