#include "scripting/replace_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace conclave::scripting {
namespace {

// Whether all of it was written; else errno says why.
bool write_whole(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace

Result<void> replace_file(const std::filesystem::path& file, std::string_view text, mode_t mode) {
  const std::filesystem::path fresh = file.string() + ".new";
  ::unlink(fresh.c_str());
  const int descriptor = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  if (descriptor < 0) return fail_io("cannot write", file.string(), errno);
  const bool written = write_whole(descriptor, text) && ::fchmod(descriptor, mode) == 0;
  const int error = errno;
  ::close(descriptor);
  if (!written || ::rename(fresh.c_str(), file.c_str()) != 0) {
    const int why = written ? errno : error;
    ::unlink(fresh.c_str());
    return fail_io("cannot write", file.string(), why);
  }
  return {};
}

}  // namespace conclave::scripting
