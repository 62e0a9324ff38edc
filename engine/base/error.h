// Expected failure is a value: every engine function that can fail for reasons outside the program returns Result<T>.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace conclave {

// One kind is one exception at the Python border (see scripting/bindings/errors.h).
enum class ErrorKind {
  invalid_argument,  // a value out of range or of the wrong form
  io,                // the operating system said no; Error::os_error is errno
  not_found,         // a name or key that does not exist
  parse,             // text that is not what it should be; Error::where is file:line:column
  limit,             // refused because it is larger than this program accepts
  cancelled,         // the job was stopped
  unsupported,       // understood, but not possible here
  infrastructure,    // scanning, configuration or logs failed
  performance,       // the task executor failed
  circle,            // experts or consensus failed
  security,          // refused: no right, no consent, wrong key
  serialization,     // a stored or transmitted value cannot be read back
  script,            // a Python exception; Error::script_id names the kept exception object
};

struct Error {
  ErrorKind kind = ErrorKind::invalid_argument;
  std::string message;          // one sentence for a user, without trailing full stop
  std::string where;            // file, file:line:column, host:port, or empty
  int os_error = 0;             // errno for ErrorKind::io, else 0
  std::uint64_t script_id = 0;  // exception object kept by scripting, else 0

  // "where: message", or only the message.
  [[nodiscard]] std::string text() const { return where.empty() ? message : where + ": " + message; }
  bool operator==(const Error&) const = default;
};

template <class T>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorKind kind, std::string message, std::string where = {}, int os_error = 0) {
  return tl::unexpected<Error>(Error{kind, std::move(message), std::move(where), os_error, 0});
}

// An I/O failure with the text of `os_error` appended, for example "cannot open: Permission denied".
[[nodiscard]] tl::unexpected<Error> fail_io(std::string what, std::string where, int os_error);

[[nodiscard]] tl::unexpected<Error> fail_cancelled();

}  // namespace conclave
