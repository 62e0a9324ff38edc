#include "engine/base/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace conclave {
namespace {

struct Descriptor {
  int fd = -1;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

}  // namespace

Result<std::string> read_text_file(const std::filesystem::path& path, std::size_t max_bytes) {
  const std::string& name = path.native();
  // O_NONBLOCK: opening a named pipe must not wait for its writer.
  const Descriptor file{::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0) return fail_io("cannot open", name, errno);
  struct stat status {};
  if (::fstat(file.fd, &status) != 0) return fail_io("cannot look at", name, errno);
  if (S_ISDIR(status.st_mode)) return fail_io("cannot read", name, EISDIR);
  if (!S_ISREG(status.st_mode)) return fail(ErrorKind::io, "not a regular file", name, EINVAL);

  // Read up to one byte more than allowed, whatever the size said: the file may grow while it is read.
  std::string text;
  while (text.size() <= max_bytes) {
    const std::size_t known = text.size();
    text.resize(std::min(known + (known == 0 ? std::size_t{1} << 16U : known), max_bytes + 1));
    const ssize_t got = ::read(file.fd, text.data() + known, text.size() - known);
    if (got < 0 && errno != EINTR) return fail_io("cannot read", name, errno);
    text.resize(known + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) break;
  }
  if (text.size() > max_bytes) return fail(ErrorKind::limit, "larger than " + std::to_string(max_bytes) + " bytes", name);
  return text;
}

}  // namespace conclave
