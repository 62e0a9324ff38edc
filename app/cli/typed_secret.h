// What is typed without being shown.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/security/key_ring.h"
#include "engine/security/secret.h"

namespace conclave::cli {

// Asks on the process's terminal, which need not be standard input. `twice`: to be typed again for comparison. Kind unsupported
// if there is no terminal, cancelled after Ctrl-C.
[[nodiscard]] Result<security::Secret> ask_secret(const std::string& prompt, bool twice = false);

// All of standard input but a line end at its very end.
[[nodiscard]] Result<security::Secret> read_secret();

// A key ring for one run of experts. Its passphrase is asked for beforehand, by open(), or not at all.
class RunKeys {
 public:
  RunKeys();
  [[nodiscard]] std::shared_ptr<const security::KeyRing> ring() const { return ring_; }
  // Asks on the terminal, if there is one, standard input is one too, and any of `names` is in a ring whose passphrase is not in
  // the environment. Nothing typed: experts learn that they cannot have their secrets. Only Ctrl-C is an error.
  [[nodiscard]] Result<void> open(const std::vector<std::string>& names);

 private:
  std::shared_ptr<security::Secret> passphrase_;  // empty: not typed
  std::shared_ptr<const security::KeyRing> ring_;
};

// The environment variable CONCLAVE_PASSPHRASE, else the terminal if there is one. `fresh`: for a ring about to be made.
[[nodiscard]] Result<security::Secret> ask_passphrase(const std::filesystem::path& ring, bool fresh);

}  // namespace conclave::cli
