#include "app/cli/screen.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/cli/terminal.h"

namespace conclave::cli {
int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EAGAIN) {  // somebody else made this pipe or terminal non-blocking
      pollfd ready{descriptor, POLLOUT, 0};
      (void)::poll(&ready, 1, -1);
      continue;
    }
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

void occupy_standard_descriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free descriptor is this one, as those below are open.
    (void)::open("/dev/null", descriptor == STDERR_FILENO ? O_RDWR : O_RDONLY);
  }
}

void Output::keep_to_itself() {
  if (descriptor_ != STDOUT_FILENO) return;
  const int own = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (own < 0) return;  // out of descriptors: shared as before
  if (::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
    ::close(own);
    return;
  }
  descriptor_ = own;
}

void Output::write(std::string_view text) {
  if (error_ == 0) error_ = write_all(descriptor_, text);
}

Result<void> Output::state() const {
  if (error_ == 0 || error_ == EPIPE) return {};
  return fail_io("cannot write standard output", {}, error_);
}

void Screen::say(std::string_view text) {
  const std::lock_guard lock(mutex_);
  put((drawn_ ? "\r\x1b[K" : "") + harmless(text) + "\n");
  drawn_ = false;
}

void Screen::draw(const std::string& line) {
  const std::lock_guard lock(mutex_);
  put("\r\x1b[K" + line);
  drawn_ = true;
}

void Screen::erase() {
  const std::lock_guard lock(mutex_);
  if (drawn_) put("\r\x1b[K");
  drawn_ = false;
}

// A closed or full standard error leaves nobody to tell.
void Screen::put(const std::string& text) const { (void)write_all(STDERR_FILENO, text); }

Result<void> write_file(const std::filesystem::path& path, std::string_view text) {
  struct stat status {};
  const bool special = ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
  if (special && S_ISDIR(status.st_mode)) return fail_io("cannot write", path.string(), EISDIR);
  // Through a link, so that the link stays one.
  std::error_code resolving;
  const std::filesystem::path target = std::filesystem::weakly_canonical(path, resolving);
  const std::filesystem::path& place = resolving ? path : target;
  std::string temporary = place.string() + ".XXXXXX";
  const int file = special ? ::open(path.c_str(), O_WRONLY | O_CLOEXEC) : ::mkostemp(temporary.data(), O_CLOEXEC);
  if (file < 0) return fail_io("cannot write", path.string(), errno);
  int error = write_all(file, text);
  if (!special) {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    const bool existed = status.st_mode != 0;
    if (error == 0 && ::fchmod(file, existed ? status.st_mode & 07777U : 0666U & ~mask) != 0) error = errno;
    if (error == 0 && ::fsync(file) != 0) error = errno;
  }
  if (::close(file) != 0 && error == 0) error = errno;
  if (!special && error == 0 && ::rename(temporary.c_str(), place.c_str()) != 0) error = errno;
  if (!special && error != 0) ::unlink(temporary.c_str());
  if (error != 0) return fail_io("cannot write", path.string(), error);
  return {};
}

}  // namespace conclave::cli
