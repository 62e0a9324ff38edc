// One reader per call, on the thread of the caller. A file that shrinks while it is read must not end the program: see
// GuardedReading.
#include "engine/logs/journal.h"

#include <fcntl.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/logs/descriptor.h"
#include "engine/logs/guarded_map.h"
#include "engine/logs/journal_files.h"
#include "engine/logs/journal_line.h"
#include "engine/logs/journal_reader.h"

namespace conclave::logs {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece = std::size_t{256} << 10U;  // written at once
constexpr std::string_view signature = "LPKSHHRH";      // systemd.io/JOURNAL_FILE_FORMAT

// How many entries the header of a file says that there are.
std::uint64_t entries_in(int file) {
  constexpr off_t place = 152;
  std::array<unsigned char, 8> bytes{};
  if (::pread(file, bytes.data(), bytes.size(), place) != static_cast<ssize_t>(bytes.size())) return 0;
  std::uint64_t count = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) count = count << 8U | bytes.at(i);
  return count;
}

// Before the first entry that is wanted.
int seek(sd_journal* reader, const JournalQuery& query, Job& job) {
  const auto time = [](TimeUs at) { return static_cast<std::uint64_t>(std::max<TimeUs>(at, 0)); };
  if (query.lines) {
    const int failure =
        query.until ? ::sd_journal_seek_realtime_usec(reader, time(*query.until) + 1) : ::sd_journal_seek_tail(reader);
    return failure < 0 ? failure : step_back(reader, *query.lines, job);
  }
  return query.since ? ::sd_journal_seek_realtime_usec(reader, time(*query.since)) : ::sd_journal_seek_head(reader);
}

struct Count {
  std::uint64_t entries = 0;
  std::uint64_t damaged = 0;
};

Result<Count> copy_entries(sd_journal* reader, const JournalQuery& query, const std::string& name, Spool& spool, Job& job) {
  Count count;
  JournalLine line;
  std::string out;
  if (const int failure = seek(reader, query, job); failure < 0) return fail_io("cannot read this journal", name, -failure);
  for (;;) {
    if (job.stopped()) return fail_cancelled();
    const int step = ::sd_journal_next(reader);
    if (step < 0) return fail_io("cannot read this journal", name, -step);
    if (step == 0) break;
    const auto time = entry_time(reader);
    if (!time) {
      ++count.damaged;
      continue;
    }
    if (query.since && *time < *query.since) continue;
    if (query.until && *time > *query.until) break;
    ++count.entries;
    if (!append_entry(reader, *time, line, out)) ++count.damaged;
    if (query.lines && count.entries == *query.lines) break;
    if (out.size() < piece) continue;
    if (auto added = spool.add(out); !added) return tl::unexpected(std::move(added.error()));
    out.clear();
  }
  if (auto added = spool.add(out); !added) return tl::unexpected(std::move(added.error()));
  return count;
}

// The library does not read files that have no name any more.
class NamedCopy {
 public:
  static Result<std::unique_ptr<NamedCopy>> of(std::string_view bytes, const std::string& name) {
    std::error_code none;
    std::string path = (fs::temp_directory_path(none) / "conclave-journal-XXXXXX").string();
    Descriptor file(none ? -1 : ::mkostemp(path.data(), O_CLOEXEC));
    if (!file.open()) return fail_io("there is no place to keep it", name, none ? none.value() : errno);
    auto copy = std::make_unique<NamedCopy>(path, std::move(file));
    if (auto written = write_all(copy->file(), bytes, no_spool, name); !written)
      return tl::unexpected(std::move(written.error()));
    return copy;
  }
  NamedCopy(std::string path, Descriptor file) : path_(std::move(path)), file_(std::move(file)) {}
  NamedCopy(const NamedCopy&) = delete;
  NamedCopy& operator=(const NamedCopy&) = delete;
  ~NamedCopy() { ::unlink(path_.c_str()); }
  [[nodiscard]] int file() const { return file_.get(); }

 private:
  std::string path_;
  Descriptor file_;
};

}  // namespace

bool is_journal(std::string_view head) { return head.starts_with(signature); }

Result<JournalText> read_journal_file(int file, const std::string& name, std::uint64_t max_bytes, Job& job) {
  const GuardedReading guard;
  const std::uint64_t expected = entries_in(file);
  auto reader = open_journal({file}, name);
  if (!reader) return tl::unexpected(std::move(reader.error()));
  Spool spool(max_bytes, name);
  const auto count = copy_entries(reader->get(), {}, name, spool, job);
  if (!count) return tl::unexpected(count.error());
  auto problem = remark_on({}, count->damaged, guard.found_hole(), name);
  if (!problem && count->entries < expected) {  // the library passes over what it cannot follow
    problem = Error{
        ErrorKind::parse,
        "is damaged; only " + std::to_string(count->entries) + " of its " + std::to_string(expected) + " entries can be read",
        name, 0, 0};
  }
  return JournalText{std::move(spool), std::move(problem), {}};
}

Result<JournalText> read_journal_bytes(std::string_view bytes, const std::string& name, std::uint64_t max_bytes, Job& job) {
  auto copy = NamedCopy::of(bytes, name);
  if (!copy) return tl::unexpected(std::move(copy.error()));
  return read_journal_file((*copy)->file(), name, max_bytes, job);
}

Result<JournalText> read_journal(const JournalQuery& query, const std::string& name, std::uint64_t max_bytes, Job& job) {
  const GuardedReading guard;
  const auto found = need_journals(query.directory, name, job);
  if (!found) return tl::unexpected(found.error());
  std::vector<int> files;
  for (const Descriptor& file : found->files) files.push_back(file.get());
  auto reader = open_journal(files, name);
  if (!reader) return tl::unexpected(std::move(reader.error()));
  if (auto chosen = choose_entries(reader->get(), query, name); !chosen) return tl::unexpected(std::move(chosen.error()));
  Spool spool(max_bytes, name);
  const auto count = copy_entries(reader->get(), query, name, spool, job);
  if (!count) return tl::unexpected(count.error());
  return JournalText{std::move(spool), remark_on(*found, count->damaged, guard.found_hole(), name), entry_cursor(reader->get())};
}

bool is_journal_name(std::string_view name) { return name.ends_with(".journal") || name.ends_with(".journal~"); }

bool machine_has_journal(Job& job) {
  const GuardedReading guard;
  return !find_journals({}, job).files.empty();
}

}  // namespace conclave::logs
