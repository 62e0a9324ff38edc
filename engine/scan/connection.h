// A connection of one's own to what a scan found open, for whoever goes on from there.
#pragma once

#include "engine/base/error.h"
#include "engine/scan/address.h"

namespace conclave::scan {

// Owns a TCP socket that never blocks, until release(). Whether the address may be tried is asked before (ScanOptions::forbids).
class Connection {
 public:
  // Under way; established() says what became of it once the socket can be written to. Errors are of kind io.
  [[nodiscard]] static Result<Connection> begin(const Address& address);
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  [[nodiscard]] int file() const { return file_; }
  // An error, unless somebody else is at the other end.
  [[nodiscard]] Result<void> established() const;
  [[nodiscard]] int release();

 private:
  explicit Connection(int file) : file_(file) {}
  int file_;
};

}  // namespace conclave::scan
