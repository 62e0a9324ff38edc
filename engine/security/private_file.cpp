#include "engine/security/private_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>

namespace conclave::security {
namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

std::string mode_text(mode_t mode) {
  std::array<char, 8> text{};
  (void)std::snprintf(text.data(), text.size(), "%04o", mode & 07777U);
  return text.data();
}

Result<void> check_private(int descriptor, const fs::path& path) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return fail_io("cannot examine", path.string(), errno);
  if (!S_ISREG(status.st_mode)) return fail(ErrorKind::security, "is not a regular file", path.string());
  if (status.st_uid != ::geteuid()) return fail(ErrorKind::security, "belongs to another user and is not used", path.string());
  if ((status.st_mode & 0077U) == 0) return {};
  return fail(ErrorKind::security,
              "others may use it (mode " + mode_text(status.st_mode) + "), so it is not trusted; if they did not: chmod 600 " +
                  path.string(),
              path.string());
}

Result<void> make_folder(const fs::path& folder) {
  std::error_code error;
  if (folder.empty() || fs::is_directory(folder, error)) return {};
  fs::create_directories(folder.parent_path(), error);
  if (::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return fail_io("cannot make the folder", folder.string(), errno);
}

Result<void> write_all(int descriptor, std::string_view content, const fs::path& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_io("cannot write", path.string(), errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(descriptor) != 0) return fail_io("cannot write", path.string(), errno);
  return {};
}

}  // namespace

Result<std::optional<std::string>> read_private_file(const fs::path& path, std::size_t most) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.get() < 0) {
    if (errno == ENOENT) return std::nullopt;
    return fail_io("cannot open", path.string(), errno);
  }
  if (auto fine = check_private(file.get(), path); !fine) return tl::unexpected(std::move(fine.error()));
  std::string content(most + 1, '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t count = ::read(file.get(), content.data() + size, content.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_io("cannot read", path.string(), errno);
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size > most) return fail(ErrorKind::security, "is larger than such a file can be", path.string());
  content.resize(size);
  return content;
}

Result<void> write_private_file(const fs::path& path, std::string_view content) {
  std::error_code error;
  const fs::path there = fs::canonical(path, error);
  const fs::path target = error ? path : there;
  if (auto made = make_folder(target.parent_path()); !made) return made;
  std::string beside = target.string() + ".XXXXXX";
  {
    const Descriptor file(::mkostemp(beside.data(), O_CLOEXEC));  // mode 0600
    if (file.get() < 0) return fail_io("cannot write beside", target.string(), errno);
    if (auto written = write_all(file.get(), content, target); !written) {
      ::unlink(beside.c_str());
      return written;
    }
  }
  if (::rename(beside.c_str(), target.c_str()) != 0) {
    const int code = errno;
    ::unlink(beside.c_str());
    return fail_io("cannot replace", target.string(), code);
  }
  const fs::path parent = target.parent_path();
  const Descriptor folder(::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() >= 0) (void)::fsync(folder.get());
  return {};
}

Result<FileLock> FileLock::take(const fs::path& path) {
  constexpr auto patience = std::chrono::seconds(5);
  const std::string name = path.string() + ".lock";
  if (auto made = make_folder(path.parent_path()); !made) return tl::unexpected(std::move(made.error()));
  FileLock lock(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  if (lock.descriptor_ < 0) return fail_io("cannot lock", name, errno);
  const auto end = std::chrono::steady_clock::now() + patience;
  while (::flock(lock.descriptor_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return fail_io("cannot lock", name, errno);
    if (std::chrono::steady_clock::now() > end) return fail_io("another process is changing it", path.string(), EWOULDBLOCK);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return lock;
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace conclave::security
