#include "engine/logs/guarded_map.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <mutex>

namespace conclave::logs {
namespace {

// The handler may interrupt any instruction: it reads only lock-free atomics in a table of fixed size.
struct Slot {
  std::atomic<bool> taken{false};
  std::atomic<std::uintptr_t> begin{0};  // 0: not to be looked at
  std::atomic<std::size_t> size{0};
  std::atomic<int> file{-1};
  std::atomic<bool> shrank{false};
};
constexpr std::size_t max_maps = 4096;
std::array<Slot, max_maps> slots;
std::atomic<std::uintptr_t> page_bytes{4096};
struct sigaction previous {};

// Of this thread. In the block that each thread has from its start, since a handler must not allocate it.
struct Reading {
  volatile std::sig_atomic_t depth;
  volatile unsigned holes;
};
__attribute__((tls_model("initial-exec"))) thread_local Reading reading{0, 0};

static_assert(std::atomic<std::uintptr_t>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

// The system call itself: ThreadSanitizer takes mmap() for a write to what other threads may read, whose faults it answers.
bool zero_pages(std::uintptr_t at, std::size_t length) {
  return ::syscall(SYS_mmap, at, length, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != -1;
}

// Zero pages over [address, end): only the page at fault, or all that is left if the file ends before it.
bool cover_hole(Slot& slot, std::uintptr_t address) {
  const std::uintptr_t begin = slot.begin.load(std::memory_order_acquire);
  const std::size_t size = slot.size.load(std::memory_order_relaxed);
  if (begin == 0 || address < begin || address >= begin + size) return false;
  const std::uintptr_t page = page_bytes.load(std::memory_order_relaxed);
  const std::uintptr_t hole = address & ~(page - 1);
  struct stat info {};
  const bool beyond_end =
      ::fstat(slot.file.load(std::memory_order_relaxed), &info) == 0 && static_cast<std::uintptr_t>(info.st_size) <= hole - begin;
  const std::size_t length = beyond_end ? begin + size - hole : page;
  slot.shrank.store(true, std::memory_order_relaxed);
  return zero_pages(hole, length);
}

bool cover_page(std::uintptr_t address) {
  if (reading.depth == 0) return false;
  const std::uintptr_t page = page_bytes.load(std::memory_order_relaxed);
  reading.holes = reading.holes + 1;
  return zero_pages(address & ~(page - 1), page);
}

void on_bus_error(int signal, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  for (Slot& slot : slots) {
    if (cover_hole(slot, address)) {
      errno = saved_errno;
      return;
    }
  }
  if (cover_page(address)) {
    errno = saved_errno;
    return;
  }
  if ((previous.sa_flags & SA_SIGINFO) != 0 && previous.sa_sigaction != nullptr) {
    previous.sa_sigaction(signal, info, context);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(signal);
  } else {
    ::signal(signal, SIG_DFL);  // the faulting instruction runs again and ends the process as it should
  }
  errno = saved_errno;
}

void install_handler() {
  static std::once_flag once;
  std::call_once(once, [] {
    page_bytes = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    struct sigaction action {};
    action.sa_sigaction = &on_bus_error;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(SIGBUS, &action, &previous);
  });
}

std::size_t take_slot() {
  for (std::size_t i = 0; i < max_maps; ++i) {
    if (!slots[i].taken.exchange(true, std::memory_order_acquire)) return i;
  }
  return max_maps;
}

}  // namespace

Result<std::unique_ptr<GuardedMap>> GuardedMap::map(int file, std::size_t size, const std::string& name) {
  install_handler();
  const std::size_t index = take_slot();
  if (index == max_maps) {
    ::close(file);
    return fail(ErrorKind::limit, "too many log files are open at once (" + std::to_string(max_maps) + ")", name);
  }
  Slot& slot = slots[index];
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  if (address == MAP_FAILED) {
    const int error = errno;
    slot.taken.store(false, std::memory_order_release);
    ::close(file);
    return fail_io("cannot map", name, error);
  }
  slot.file.store(file, std::memory_order_relaxed);
  slot.size.store(size, std::memory_order_relaxed);
  slot.shrank.store(false, std::memory_order_relaxed);
  slot.begin.store(reinterpret_cast<std::uintptr_t>(address), std::memory_order_release);
  return std::unique_ptr<GuardedMap>(new GuardedMap(index));
}

GuardedMap::~GuardedMap() {
  Slot& slot = slots[slot_];
  const std::string_view bytes = view();
  slot.begin.store(0, std::memory_order_release);
  ::munmap(const_cast<char*>(bytes.data()), bytes.size());
  ::close(slot.file.load(std::memory_order_relaxed));
  slot.taken.store(false, std::memory_order_release);
}

std::string_view GuardedMap::view() const noexcept {
  const Slot& slot = slots[slot_];
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the table holds addresses as numbers so that they are lock-free
  return {reinterpret_cast<const char*>(slot.begin.load(std::memory_order_relaxed)), slot.size.load(std::memory_order_relaxed)};
}

bool GuardedMap::shrank() const noexcept {
  const Slot& slot = slots[slot_];
  struct stat info {};
  return slot.shrank.load(std::memory_order_relaxed) ||
         (::fstat(slot.file.load(std::memory_order_relaxed), &info) == 0 &&
          static_cast<std::size_t>(info.st_size) < slot.size.load(std::memory_order_relaxed));
}

GuardedReading::GuardedReading() : holes_before_(reading.holes) {
  install_handler();
  reading.depth = reading.depth + 1;
}

GuardedReading::~GuardedReading() { reading.depth = reading.depth - 1; }

bool GuardedReading::found_hole() const noexcept { return reading.holes != holes_before_; }

}  // namespace conclave::logs
