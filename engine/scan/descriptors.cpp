#include "engine/scan/descriptors.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <system_error>

namespace conclave::scan {
namespace {

constexpr std::size_t bytes_per_socket = 6 * 1024;  // measured, with its place in the epoll set
constexpr std::size_t share_of_memory = 4;          // a quarter of what is free

std::size_t free_memory() {
  std::ifstream file("/proc/meminfo");
  std::string key;
  std::size_t kib = 0;
  std::string unit;
  while (file >> key >> kib >> unit)
    if (key == "MemAvailable:") return kib * 1024;
  return 0;
}

// Of a container, where its control group is the root of what it sees.
std::size_t memory_of_container() {
  std::size_t most = 0;
  std::size_t used = 0;
  if (!(std::ifstream("/sys/fs/cgroup/memory.max") >> most)) return SIZE_MAX;  // "max", or none
  std::ifstream("/sys/fs/cgroup/memory.current") >> used;
  return most > used ? most - used : 0;
}

}  // namespace

bool take_own_descriptors() {
#if defined(__SANITIZE_THREAD__)
  return false;  // it takes the same number in two tables for the same descriptor
#endif
  if (::unshare(CLONE_FILES) != 0) return false;
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; ++fd) nothing < 0 ? ::close(fd) : ::dup3(nothing, fd, O_CLOEXEC);
  ::close_range(3, std::numeric_limits<unsigned>::max(), 0);
  return true;
}

std::size_t descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return SIZE_MAX;
  return limit.rlim_cur;
}

std::size_t spare_descriptors() {
  const std::size_t limit = descriptor_limit();
  std::error_code error;
  std::size_t used = 0;
  for (auto entry = std::filesystem::directory_iterator("/proc/self/fd", error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error))
    ++used;
  return limit > used ? (limit - used) / 4 * 3 : 0;
}

std::size_t sockets_in_memory() {
  return std::max<std::size_t>(1000, std::min(free_memory(), memory_of_container()) / share_of_memory / bytes_per_socket);
}

}  // namespace conclave::scan
