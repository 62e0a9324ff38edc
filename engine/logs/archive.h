// Logs inside of tar archives. Internal to the room; source.h says how their members are named.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/base/time.h"
#include "engine/logs/source.h"

namespace conclave::logs {

// A regular file in an archive. `name` has no empty, "." or ".." parts and begins without a slash.
struct Member {
  std::string name;
  std::string_view bytes;  // in the archive; may be packed
  TimeUs modified = 0;
};

// Immutable; any thread. Nothing is ever written below a member's name. Links, devices and folders are passed over; members that
// are sparse, or whose names lead out of the archive, are left out and said to be. The last of several members of one name
// counts.
class Archive {
 public:
  // Packed archives are unpacked into memory, once for all who use the same file at the same time. ErrorKind::parse if it is no
  // tar archive.
  [[nodiscard]] static Result<std::shared_ptr<const Archive>> open(const std::filesystem::path& path, Job& job,
                                                                   std::uint64_t max_unpacked = max_unpacked_bytes);
  [[nodiscard]] static Result<std::shared_ptr<const Archive>> of(std::shared_ptr<const LogBytes> bytes, Job& job);

  [[nodiscard]] const std::vector<Member>& members() const { return members_; }  // sorted by name
  // Those that a folder's walk would take, in that order. Archives in archives are none.
  [[nodiscard]] std::vector<const Member*> logs() const;
  [[nodiscard]] const Member* find(std::string_view name) const;
  [[nodiscard]] const std::vector<Error>& problems() const { return problems_; }
  [[nodiscard]] const LogBytes& bytes() const { return *bytes_; }

 private:
  friend class ArchiveReader;
  std::shared_ptr<const LogBytes> bytes_;
  std::vector<Member> members_;
  std::vector<Error> problems_;
};

[[nodiscard]] bool is_archive_name(std::string_view name);  // .tar, .tar.gz, .tgz, ...
[[nodiscard]] bool is_tar(std::string_view bytes);          // by its first header

// "bundle.tar.gz!/var/log/app.log" taken apart; nothing unless there is such an archive and no such file.
struct MemberPath {
  std::filesystem::path archive;
  std::string member;
};
[[nodiscard]] std::optional<MemberPath> member_path(const std::filesystem::path& path);

}  // namespace conclave::logs
