#include "engine/logs/spool.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <vector>

#include "engine/logs/source.h"

namespace conclave::logs {
namespace {

constexpr std::size_t block = std::size_t{256} << 10U;
constexpr int look_at_job_ms = 50;

Descriptor nameless_file() {
  std::error_code none;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(none);
  return Descriptor(none ? -1 : ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
}

// 0 or errno.
int write_all(int file, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t count = ::write(file, bytes, size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    bytes += count;
    size -= static_cast<std::size_t>(count);
  }
  return 0;
}

}  // namespace

Result<Descriptor> spool(int file, std::uint64_t max_bytes, const std::string& name, Job& job) {
  Descriptor kept = nameless_file();
  if (kept.get() < 0) {
    kept = Descriptor(::memfd_create("conclave-log", MFD_CLOEXEC));
    max_bytes = std::min(max_bytes, max_unpacked_bytes);
  }
  if (kept.get() < 0) return fail_io("there is no place to keep it", name, errno);
  std::vector<char> buffer(block);
  std::uint64_t total = 0;
  for (;;) {
    if (job.stopped()) return fail_cancelled();
    pollfd waiting{file, POLLIN, 0};
    if (::poll(&waiting, 1, look_at_job_ms) <= 0) continue;
    const ssize_t count = ::read(file, buffer.data(), buffer.size());
    if (count == 0) return kept;
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) return fail_io("cannot read", name, errno);
    const auto size = static_cast<std::size_t>(count);
    if (size > max_bytes - total) {
      return fail(ErrorKind::limit, "is larger than " + std::to_string(max_bytes) + " bytes", name);
    }
    if (const int error = write_all(kept.get(), buffer.data(), size); error != 0) {
      return fail_io("cannot keep it in the folder for temporary files ($TMPDIR)", name, error);
    }
    total += size;
    job.advance(size);
  }
}

}  // namespace conclave::logs
