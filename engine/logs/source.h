// Where log lines come from: named files, globs and directories, and the bytes of one of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/base/time.h"
#include "engine/logs/encoding.h"

namespace conclave::logs {

class Archive;

struct FoundFiles {
  std::vector<std::filesystem::path> files;              // sorted, rotated sets oldest first; each once
  std::vector<Error> problems;                           // found by a glob, in a directory or an archive, but not readable
  std::vector<std::shared_ptr<const Archive>> archives;  // as long as these are kept, opening their members is quick
};

// Expands `pattern` (file, glob or directory, relative to `base`). A directory gives the log-like files in it, recursively
// (*.log*, *.out, *.err, *.txt, *.json, syslog, messages, ... ; never binary files). A named file that does not exist or cannot
// be read is an error; what a glob or directory found but cannot be read is a problem, and so is a glob that finds nothing.
// In a glob `**` stands for any number of folders. Files that are the same one on disk (links) are given once.
// Names decide the order: app.log.10.gz before app.log.9 before app.log, app-2026-02-28.log before app-2026-03-01.log; see
// rotation.h. A named file is that file alone; "app.log*" gives its set.
// A tar archive (.tar, .tar.gz, .tgz, .tar.zst, ...) that is named, or found by a glob, gives its log-like members as
// "bundle.tar.gz!/var/log/app.log", which LogBytes::open() and this function understand where no file has that name; behind "!/"
// there may be a glob or a folder, too. A directory gives the members only of archives with log-like names (app.log.tar.gz).
// Files of the systemd journal (*.journal) are logs, too; but a folder above "log/journal" leaves that one out, which is large
// and a source of its own: "journal:unit=nginx,priority=err" (see journal_query.h) is given back as it is, with a directory= that
// does not depend on `base`.
[[nodiscard]] Result<FoundFiles> find_files(const std::string& pattern, const std::filesystem::path& base, Job& job);
[[nodiscard]] Result<FoundFiles> find_files(const std::string& pattern, const std::filesystem::path& base);

// Where a log is on disk: the archive of a member, else the path itself.
[[nodiscard]] std::filesystem::path file_of(const std::filesystem::path& log);

// Unpacking stops here: more is a decompression bomb or does not fit.
inline constexpr std::uint64_t max_unpacked_bytes = std::uint64_t{8} << 30U;
// Of standard input, which is kept on disk.
inline constexpr std::uint64_t max_stream_bytes = std::uint64_t{64} << 30U;

// The decoded bytes of one source. Immutable; any thread. Plain files are mapped (a file that shrinks later reads as zero bytes
// instead of killing the process, and shrank() then says so); compressed ones (gzip, xz, zstd,
// bzip2, lz4, known by their first bytes) are unpacked into memory, and UTF-16 with a byte order mark becomes UTF-8 there.
// Journal files, and "journal:..." as find_files() gives it, are written as lines of JSON (see journal.h) into a temporary file.
// Latin-1 stays as it is: offsets are those of the file, and text() is what makes letters of it. Directories, pipes and devices
// are refused; opening never blocks.
class LogBytes {
 public:
  [[nodiscard]] static Result<std::shared_ptr<const LogBytes>> open(const std::filesystem::path& path, Job& job,
                                                                    std::uint64_t max_unpacked = max_unpacked_bytes);
  // What `file` gives until its end, unpacked as a file would be: standard input, say. A regular file that stands at its start is
  // mapped; all else is read into a temporary file without a name. Answers a stop while nothing comes. Does not close `file`.
  [[nodiscard]] static Result<std::shared_ptr<const LogBytes>> read_stream(int file, const std::string& name, Job& job,
                                                                           std::uint64_t max_bytes = max_stream_bytes);
  // The logs in `bytes` if they are a tar archive, which has no name to tell by, else `bytes` themselves; one at a time.
  [[nodiscard]] static Result<void> each_member(std::shared_ptr<const LogBytes> bytes, Job& job,
                                                const std::function<void(Result<std::shared_ptr<const LogBytes>>)>& use);
  // Takes over text that is not in a file (Python str, tests). `name` stands where a path would.
  [[nodiscard]] static std::shared_ptr<const LogBytes> from_text(std::string text, std::string name);
  virtual ~LogBytes() = default;

  [[nodiscard]] std::string_view view() const noexcept { return view_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }         // path as given
  [[nodiscard]] std::uint64_t file_bytes() const noexcept { return file_bytes_; }  // before unpacking
  [[nodiscard]] TimeUs modified() const noexcept { return modified_; }             // when it was last written; 0 if unknown
  [[nodiscard]] Encoding encoding() const noexcept { return encoding_; }           // of the file
  // A piece of view() as valid UTF-8: Latin-1 is decoded, what is no character becomes U+FFFD.
  [[nodiscard]] std::string text(std::string_view piece) const;
  [[nodiscard]] virtual bool shrank() const noexcept { return false; }
  // Of a log that find_files() names "journal:...": behind the same bytes, what journald has written since. Null if that is
  // nothing so far, and of all other logs. From the first call on, entries are waited for (see journal_tail.h).
  [[nodiscard]] virtual Result<std::shared_ptr<const LogBytes>> grown() const { return nullptr; }
  // Why view() holds less than the file should: compressed data is cut off or damaged, or the file shrank.
  [[nodiscard]] std::optional<Error> problem() const;

 protected:
  LogBytes() = default;
  std::string_view view_;
  std::string name_;
  std::uint64_t file_bytes_ = 0;
  TimeUs modified_ = 0;
  Encoding encoding_ = Encoding::utf8;
  std::optional<Error> damage_;
};

}  // namespace conclave::logs
