// What a worker may do, enforced by the kernel from here to its end. Called in the worker, with one thread, before any code of
// the plugin is loaded; what it starts later inherits it.
//
// Landlock bounds files (and, where the kernel knows how, signals, TCP and abstract sockets), seccomp the system calls that
// Landlock does not see, rlimits the memory. None of them can be undone, also not by root. See landlock(7), seccomp(2).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "scripting/worker/descriptor.h"

namespace conclave::scripting {

struct Confinement {
  std::vector<std::filesystem::path> read;   // files, or folders with all in them; those that are not there are skipped
  std::vector<std::filesystem::path> write;  // may be read, too
  bool subprocess = false;                   // also allows running what may be read
  bool network = false;                      // TCP; each connect() is decided by whoever holds the listener
  std::uint64_t memory_bytes = 0;            // over what the process has now
};

struct Confined {
  Descriptor listener;                    // with `network`: seccomp notifications of connect()
  std::vector<std::string> not_enforced;  // what this kernel cannot do, as confinement_gaps()
};

// An error if the process is not confined as far as this kernel can: it must not go on.
[[nodiscard]] Result<Confined> confine(const Confinement& limits);

// What this kernel cannot enforce, each as a sentence for a user; empty on a current one.
[[nodiscard]] std::vector<std::string> confinement_gaps();

// The two parts of confine().
[[nodiscard]] int landlock_version();  // 0 without
[[nodiscard]] Result<void> restrict_files(const Confinement& limits);
[[nodiscard]] Result<Descriptor> restrict_calls(const Confinement& limits);

}  // namespace conclave::scripting
