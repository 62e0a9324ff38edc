#include "scripting/worker/confine.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <string>
#include <utility>

namespace conclave::scripting {
namespace {

constexpr int nice_level = 10;

// What counts for RLIMIT_DATA now. RLIMIT_AS would refuse to map a log of many gigabytes.
std::uint64_t data_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmData:")) return std::stoull(line.substr(7)) * 1024;
  }
  return 0;
}

Result<void> limit(__rlimit_resource what, std::uint64_t value) {
  const rlimit bounds{value, value};
  if (::setrlimit(what, &bounds) != 0) return fail_io("cannot limit the worker", {}, errno);
  return {};
}

bool has_seccomp() { return ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0; }

}  // namespace

std::vector<std::string> confinement_gaps() {
  std::vector<std::string> gaps;
  if (landlock_version() == 0) gaps.emplace_back("which files they read and write (the kernel has no Landlock)");
  if (!has_seccomp()) gaps.emplace_back("network access and starting processes (the kernel has no seccomp)");
  return gaps;
}

Result<Confined> confine(const Confinement& limits) {
  Confined confined;
  confined.not_enforced = confinement_gaps();
  errno = 0;
  if (::nice(nice_level) == -1 && errno != 0) return fail_io("cannot lower the worker's priority", {}, errno);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_io("cannot give up privileges", {}, errno);
  if (auto done = limit(RLIMIT_CORE, 0); !done) return tl::unexpected(done.error());
  if (auto done = limit(RLIMIT_DATA, data_bytes() + limits.memory_bytes); !done) return tl::unexpected(done.error());
  if (landlock_version() > 0) {
    if (auto done = restrict_files(limits); !done) return tl::unexpected(done.error());
  }
  if (has_seccomp()) {
    auto listener = restrict_calls(limits);
    if (!listener) return tl::unexpected(std::move(listener.error()));
    confined.listener = std::move(*listener);
  }
  return confined;
}

}  // namespace conclave::scripting
