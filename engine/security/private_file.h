// Files that only their owner may read, and locks between processes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace conclave::security {

// Nothing if it is not there. Kind security unless it is a regular file of this user's, of at most `most` bytes, that nobody else
// may read or write; never waits.
[[nodiscard]] Result<std::optional<std::string>> read_private_file(const std::filesystem::path& path, std::size_t most);

// All of `content` or nothing, mode 0600, on disk when it returns. Missing folders are made for their owner alone; a symbolic
// link stays, what it leads to is replaced.
[[nodiscard]] Result<void> write_private_file(const std::filesystem::path& path, std::string_view content);

// While it lives no other process holds the lock of `path`, a file beside it. Waits up to 5 s.
class FileLock {
 public:
  [[nodiscard]] static Result<FileLock> take(const std::filesystem::path& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace conclave::security
