#include "engine/security/audit.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/base/time.h"

namespace conclave::security {
namespace {

constexpr std::size_t longest_field = 2048;

std::string user_name() {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  const uid_t user = ::geteuid();
  if (::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) return found->pw_name;
  return std::to_string(user);
}

}  // namespace

Result<AuditLog> AuditLog::open(const std::filesystem::path& path) {
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (error) return fail_io("cannot make the folder of the audit log", path.string(), error.value());
  // Not blocking: a named pipe in place of the file must not hang the program.
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
  if (descriptor < 0) return fail_io("cannot open the audit log", path.string(), errno);
  AuditLog log(descriptor, path.string());
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return fail_io("cannot examine the audit log", path.string(), errno);
  if (!S_ISREG(status.st_mode)) return fail(ErrorKind::invalid_argument, "the audit log is not a regular file", path.string());
  if ((status.st_mode & 0077U) != 0 && status.st_uid == ::geteuid()) ::fchmod(descriptor, 0600);
  return log;
}

AuditLog::AuditLog(AuditLog&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

AuditLog& AuditLog::operator=(AuditLog&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

AuditLog::~AuditLog() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> AuditLog::record(std::string_view event, std::string_view subject, std::string_view detail) const {
  nlohmann::ordered_json line;
  line["time"] = format_time(now_us());
  line["user"] = user_name();
  line["pid"] = ::getpid();
  line["event"] = event;
  line["subject"] = subject.substr(0, longest_field);
  line["detail"] = detail.substr(0, longest_field);
  // ASCII only: neither line ends nor terminal or bidirectional controls of a hostile name survive.
  const std::string text = line.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  for (;;) {
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_io("cannot write the audit log", path_, errno);
    if (static_cast<std::size_t>(written) != text.size()) return fail_io("cannot write the audit log", path_, ENOSPC);
    return {};
  }
}

}  // namespace conclave::security
