// What commands printed, kept so that a case can be judged again on the very same bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/base/time.h"
#include "engine/logs/command_source.h"

namespace conclave {

// snapshots in the user's state folder.
[[nodiscard]] std::filesystem::path default_snapshot_folder();

// One run as it is remembered.
struct Snapshot {
  std::filesystem::path file;  // named by its SHA-256; last written when the command ended
  std::string sha256;
  TimeUs time = 0;  // when the command ended
  logs::CommandResult result;
};

// A folder of files that are named by the SHA-256 of what is in them, all for their owner alone (folder 0700, files 0600), and
// for each command line of a folder a note on its latest run. Kept are 30 days from the last use, and at most 8 GiB, the oldest
// go first; what was used within the last hour stays in any case. Several processes may share the folder. Threads: any.
class SnapshotStore {
 public:
  explicit SnapshotStore(std::filesystem::path folder = default_snapshot_folder()) : folder_(std::move(folder)) {}
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

  // A file that is being written; gone with this object unless it was kept.
  class Draft {
   public:
    Draft(int descriptor, std::filesystem::path file) : descriptor_(descriptor), file_(std::move(file)) {}
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;
    ~Draft();
    [[nodiscard]] int descriptor() const { return descriptor_; }
    [[nodiscard]] const std::filesystem::path& file() const { return file_; }

   private:
    int descriptor_;
    std::filesystem::path file_;
  };
  [[nodiscard]] Result<std::unique_ptr<Draft>> begin() const;
  // Names the draft after its content, remembers it as the latest of that line in that folder, and drops what is too old or too
  // much.
  [[nodiscard]] Result<Snapshot> keep(const Draft& draft, const std::filesystem::path& of_folder, std::string_view line,
                                      logs::CommandResult result, Job& job) const;

  // Nothing if there is none any more. Kind serialization if it is not what was kept: it is hashed again.
  [[nodiscard]] Result<std::optional<Snapshot>> last(const std::filesystem::path& of_folder, std::string_view line,
                                                     Job& job) const;
  // The same without looking at the bytes.
  [[nodiscard]] Result<std::optional<Snapshot>> note_on(const std::filesystem::path& of_folder, std::string_view line) const;
  // As the receipt of a report names it; nothing if it is not here.
  [[nodiscard]] std::optional<std::filesystem::path> find(std::string_view sha256) const;

  // Bounds are parameters for tests. What cannot be removed stays.
  void drop_old(std::chrono::seconds oldest, std::uint64_t most_bytes, std::chrono::seconds in_use) const;

 private:
  [[nodiscard]] std::filesystem::path note_file(const std::filesystem::path& of_folder, std::string_view line) const;
  std::filesystem::path folder_;
};

}  // namespace conclave
