// Files by Landlock. Debian 12 has no library for it, and its header knows version 2 only.
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "scripting/worker/confine.h"

namespace conclave::scripting {
namespace {

constexpr std::uint64_t access_truncate = 1U << 14U;   // version 3
constexpr std::uint64_t access_ioctl_dev = 1U << 15U;  // version 5
constexpr std::uint64_t net_bind = 1U << 0U;           // version 4
constexpr std::uint64_t net_connect = 1U << 1U;
constexpr std::uint64_t scope_abstract = 1U << 0U;  // version 6
constexpr std::uint64_t scope_signal = 1U << 1U;

struct Ruleset {
  std::uint64_t files;
  std::uint64_t net;
  std::uint64_t scoped;
};

constexpr std::uint64_t read_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t write_access = read_access | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                       LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                       LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM |
                                       LANDLOCK_ACCESS_FS_REFER | access_truncate;
constexpr std::uint64_t of_single_files = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
                                          LANDLOCK_ACCESS_FS_WRITE_FILE | access_truncate | access_ioctl_dev;

std::uint64_t known_access(int version) {
  std::uint64_t known = (std::uint64_t{LANDLOCK_ACCESS_FS_MAKE_SYM} << 1U) - 1;
  if (version >= 2) known |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3) known |= access_truncate;
  if (version >= 5) known |= access_ioctl_dev;
  return known;
}

Result<void> allow(int ruleset, const std::filesystem::path& path, std::uint64_t access, std::uint64_t known) {
  const Descriptor file(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!file) return {};
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return fail_io("cannot look at", path.string(), errno);
  if (!S_ISDIR(info.st_mode)) access &= of_single_files;
  const landlock_path_beneath_attr rule{access & known, file.get()};
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) {
    return fail_io("cannot allow the worker to use", path.string(), errno);
  }
  return {};
}

}  // namespace

int landlock_version() {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version > 0 ? static_cast<int>(version) : 0;
}

Result<void> restrict_files(const Confinement& limits) {
  const int version = landlock_version();
  const std::uint64_t known = known_access(version);
  Ruleset all{known, 0, 0};
  if (version >= 4 && !limits.network) all.net = net_bind | net_connect;
  if (version >= 6) all.scoped = scope_abstract | scope_signal;
  const std::size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
  const Descriptor ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &all, size, 0)));
  if (!ruleset) return fail_io("cannot confine the worker to its files", {}, errno);
  const std::uint64_t run = limits.subprocess ? std::uint64_t{LANDLOCK_ACCESS_FS_EXECUTE} : 0;
  for (const auto& path : limits.read) {
    if (auto done = allow(ruleset.get(), path, read_access | run, known); !done) return done;
  }
  for (const auto& path : limits.write) {
    if (auto done = allow(ruleset.get(), path, write_access, known); !done) return done;
  }
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0)
    return fail_io("cannot confine the worker to its files", {}, errno);
  return {};
}

}  // namespace conclave::scripting
