#include "engine/scan/connection.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "engine/scan/cause.h"

namespace conclave::scan {

Result<Connection> Connection::begin(const Address& address) {
  const int file = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (file < 0) return fail_io("cannot connect again", {}, errno);
  Connection connection(file);
  if (::connect(file, address.raw(), address.size()) != 0 && errno != EINPROGRESS)
    return fail_io("cannot connect again", {}, errno);
  return connection;
}

Connection::Connection(Connection&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

Connection& Connection::operator=(Connection&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

Connection::~Connection() {
  if (file_ >= 0) ::close(file_);
}

Result<void> Connection::established() const {
  int os_error = 0;
  socklen_t size = sizeof os_error;
  if (::getsockopt(file_, SOL_SOCKET, SO_ERROR, &os_error, &size) != 0) os_error = errno;
  if (os_error != 0) return fail_io("cannot connect again", {}, os_error);
  if (is_self_connected(file_)) return fail_io("only this machine's own connection met itself there", {}, ECONNREFUSED);
  return {};
}

int Connection::release() { return std::exchange(file_, -1); }

}  // namespace conclave::scan
