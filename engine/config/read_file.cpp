#include "engine/config/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "engine/config/tree.h"

namespace conclave::config {
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
  if (S_ISDIR(status.st_mode)) return fail(ErrorKind::io, "a directory, where a file is wanted", name, EISDIR);
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

Result<Node> read_yaml_file(const std::filesystem::path& path, const TreeLimits& limits) {
  return read_text_file(path, limits.max_bytes).and_then([&](const std::string& text) {
    return read_yaml(text, path.native(), limits);
  });
}

Result<std::filesystem::path> path_beside(const std::filesystem::path& folder, const std::string& name) {
  if (folder.empty()) return fail(ErrorKind::unsupported, "a text has no files beside it", name);
  std::error_code error;
  const std::filesystem::path home = std::filesystem::canonical(folder, error);
  if (error) return fail_io("cannot look at", folder.native(), error.value());
  const std::filesystem::path path = std::filesystem::weakly_canonical(home / name, error);
  if (error) return fail_io("cannot look at", name, error.value());
  const auto [end_of_home, unused] = std::mismatch(home.begin(), home.end(), path.begin(), path.end());
  if (end_of_home != home.end()) return fail(ErrorKind::unsupported, "outside the folder of the file that names it", name);
  return path;
}

Result<std::string> read_beside(const std::filesystem::path& folder, const std::string& name, std::size_t max_bytes) {
  return path_beside(folder, name).and_then([&](const auto& path) { return read_text_file(path, max_bytes); });
}

}  // namespace conclave::config
