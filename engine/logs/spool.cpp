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

}  // namespace

Result<void> write_all(int file, std::string_view bytes, const std::string& what, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_io(what, name, errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Spool::Spool(std::uint64_t max_bytes, std::string name) : file_(nameless_file()), max_bytes_(max_bytes), name_(std::move(name)) {
  if (!file_.open()) {
    file_ = Descriptor(::memfd_create("conclave-log", MFD_CLOEXEC));
    max_bytes_ = std::min(max_bytes_, max_unpacked_bytes);
  }
  left_ = max_bytes_;
}

Result<void> Spool::add(std::string_view bytes) {
  if (bytes.size() > left_) return fail(ErrorKind::limit, "is larger than " + std::to_string(max_bytes_) + " bytes", name_);
  left_ -= bytes.size();
  if (file_.open()) return write_all(file_.get(), bytes, no_spool, name_);
  if (!memory_.append(bytes.data(), bytes.size())) return fail(ErrorKind::limit, "not enough memory to read", name_);
  return {};
}

Result<Descriptor> spool(int file, std::uint64_t max_bytes, const std::string& name, Job& job) {
  Spool kept(max_bytes, name);
  std::vector<char> buffer(block);
  for (;;) {
    if (job.stopped()) return fail_cancelled();
    pollfd waiting{file, POLLIN, 0};
    if (::poll(&waiting, 1, look_at_job_ms) <= 0) continue;
    const ssize_t count = ::read(file, buffer.data(), buffer.size());
    if (count == 0) {
      Descriptor whole = kept.take_file();
      if (!whole.open()) return fail_io("there is no place to keep it", name, EPERM);
      return whole;
    }
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) return fail_io("cannot read", name, errno);
    const auto size = static_cast<std::size_t>(count);
    if (auto added = kept.add({buffer.data(), size}); !added) return tl::unexpected(std::move(added.error()));
    job.advance(size);
  }
}

}  // namespace conclave::logs
