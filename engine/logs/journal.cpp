// Through libsystemd's sd-journal, which knows the format with all its compressions and indexes; one reader per call, on the
// thread of the caller. A file that shrinks while it is read must not end the program: see GuardedReading.
#include "engine/logs/journal.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <systemd/sd-id128.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <vector>

#include "engine/base/text.h"
#include "engine/logs/guarded_map.h"
#include "engine/logs/journal_line.h"

namespace conclave::logs {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece = std::size_t{256} << 10U;                 // written at once
constexpr std::size_t longest_field = (std::size_t{16} << 20U) + 256;  // unpacked by the library, with its name
constexpr std::uint64_t last_time = 253'402'300'799'999'999;           // of the year 9999
constexpr std::string_view signature = "LPKSHHRH";                     // systemd.io/JOURNAL_FILE_FORMAT

using Reader = std::unique_ptr<sd_journal, void (*)(sd_journal*)>;

// Of copies of `files`, which it closes.
Result<Reader> open_reader(const std::vector<int>& files, const std::string& name) {
  std::vector<Descriptor> copies;
  std::vector<int> numbers;
  for (const int file : files) {
    copies.emplace_back(::fcntl(file, F_DUPFD_CLOEXEC, 0));
    if (!copies.back().open()) return fail_io("cannot read this journal", name, errno);
    numbers.push_back(copies.back().get());
  }
  sd_journal* opened = nullptr;
  const int failure = ::sd_journal_open_files_fd(&opened, numbers.data(), static_cast<unsigned>(numbers.size()), 0);
  if (failure == -EBADMSG || failure == -ENODATA || failure == -EIO)
    return fail(ErrorKind::parse, "is a journal that is cut off or damaged", name);
  if (failure == -EPROTONOSUPPORT)
    return fail(ErrorKind::unsupported, "is a journal of a newer form than this machine's systemd reads", name);
  if (failure < 0) return fail_io("cannot read this journal", name, -failure);
  for (Descriptor& copy : copies) (void)copy.release();
  ::sd_journal_set_data_threshold(opened, longest_field);
  return Reader(opened, &::sd_journal_close);
}

// How many entries the header of a file says that there are.
std::uint64_t entries_in(int file) {
  constexpr off_t place = 152;
  std::array<unsigned char, 8> bytes{};
  if (::pread(file, bytes.data(), bytes.size(), place) != static_cast<ssize_t>(bytes.size())) return 0;
  std::uint64_t count = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) count = count << 8U | bytes.at(i);
  return count;
}

void match(sd_journal* reader, const std::string& field, const std::string& value) {
  const std::string text = field + "=" + value;
  (void)::sd_journal_add_match(reader, text.data(), text.size());  // fails only without memory
}

// What journalctl -u takes for a unit's: its own words, and systemd's of it.
void match_units(sd_journal* reader, const std::vector<std::string>& units) {
  for (const std::string& unit : units) {
    match(reader, "_SYSTEMD_UNIT", unit);
    (void)::sd_journal_add_disjunction(reader);
    match(reader, "_PID", "1");
    match(reader, "UNIT", unit);
    (void)::sd_journal_add_disjunction(reader);
    match(reader, "_UID", "0");
    match(reader, "OBJECT_SYSTEMD_UNIT", unit);
    (void)::sd_journal_add_disjunction(reader);
    match(reader, "_UID", "0");
    match(reader, "COREDUMP_UNIT", unit);
    (void)::sd_journal_add_disjunction(reader);
  }
  if (!units.empty()) (void)::sd_journal_add_conjunction(reader);
}

Result<void> choose(sd_journal* reader, const JournalQuery& query, const std::string& name) {
  match_units(reader, query.units);
  for (const auto& [field, value] : query.matches) match(reader, field, value);
  for (int priority = 0; query.priority && priority <= *query.priority; ++priority)
    match(reader, "PRIORITY", std::to_string(priority));
  if (query.boot) {
    sd_id128_t boot{};
    if (const int failure = ::sd_id128_get_boot(&boot); failure < 0)
      return fail_io("this start of the machine has no number", name, -failure);
    std::array<char, SD_ID128_STRING_MAX> text{};
    match(reader, "_BOOT_ID", ::sd_id128_to_string(boot, text.data()));
  }
  return {};
}

// Before the newest `lines` entries that end where the reader stands.
int step_back(sd_journal* reader, std::uint64_t lines, Job& job) {
  constexpr std::uint64_t stride = 1024;
  // One more, since the next step leads to the entry behind it; where there is none, all are wanted.
  for (std::uint64_t left = lines == UINT64_MAX ? lines : lines + 1; left > 0 && !job.stopped();) {
    const std::uint64_t wanted = std::min(left, stride);
    const int stepped = ::sd_journal_previous_skip(reader, wanted);
    if (stepped < 0) return stepped;
    if (static_cast<std::uint64_t>(stepped) < wanted) return ::sd_journal_seek_head(reader);
    left -= wanted;
  }
  return 0;
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

// Appends the entry that the reader stands at; false if it cannot be read whole.
bool append_entry(sd_journal* reader, TimeUs time, JournalLine& line, std::string& out) {
  line.start(time);
  const void* data = nullptr;
  std::size_t size = 0;
  int step = 0;
  for (::sd_journal_restart_data(reader); (step = ::sd_journal_enumerate_available_data(reader, &data, &size)) > 0;)
    line.add({static_cast<const char*>(data), size});
  line.finish(out);
  return step == 0;
}

Result<Count> copy_entries(sd_journal* reader, const JournalQuery& query, const std::string& name, Spool& spool, Job& job) {
  Count count;
  JournalLine line;
  std::string out;
  if (const int failure = seek(reader, query, job); failure < 0) return fail_io("cannot read this journal", name, -failure);
  for (;;) {
    if (job.stopped()) return fail_cancelled();
    const int step = ::sd_journal_next(reader);
    if (step < 0) return fail_io("cannot read this journal", name, -step);
    std::uint64_t time = 0;
    if (step == 0 || (query.lines && count.entries == *query.lines)) break;
    if (::sd_journal_get_realtime_usec(reader, &time) < 0) {
      ++count.damaged;
      continue;
    }
    const auto at = static_cast<TimeUs>(std::min(time, last_time));
    if (query.since && at < *query.since) continue;
    if (query.until && at > *query.until) break;
    ++count.entries;
    if (!append_entry(reader, at, line, out)) ++count.damaged;
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

bool is_machine_id(std::string_view name) {
  return name.size() == 32 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::vector<std::string> names_in(const fs::path& folder, std::error_code& failure) {
  std::vector<std::string> names;
  for (auto entry = fs::directory_iterator(folder, failure); !failure && entry != fs::directory_iterator();
       entry.increment(failure)) {
    names.push_back(entry->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

struct OpenJournals {
  std::vector<Descriptor> files;
  std::size_t refused = 0;
  std::vector<Error> damaged;
};

void open_journals(const fs::path& folder, OpenJournals& found, Job& job) {
  std::error_code failure;
  const std::vector<std::string> names = names_in(folder, failure);
  if (failure == std::errc::permission_denied) ++found.refused;
  for (const std::string& name : names) {
    if (!is_journal_name(name)) continue;
    if (job.stopped()) return;
    const fs::path path = folder / name;
    Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat info {};
    if (!file.open()) {
      if (errno == EACCES || errno == EPERM) ++found.refused;
      if (errno != ENOENT && errno != EACCES && errno != EPERM)
        found.damaged.push_back(fail_io("cannot open", path.string(), errno).value());
      continue;
    }
    if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_size == 0) continue;
    if (auto alone = open_reader({file.get()}, path.string()); !alone) {
      found.damaged.push_back(std::move(alone.error()));
    } else {
      found.files.push_back(std::move(file));
    }
  }
}

// journald keeps its files in a folder that is named after the machine.
OpenJournals journals_of_machine(Job& job) {
  OpenJournals found;
  sd_id128_t machine{};
  if (::sd_id128_get_machine(&machine) < 0) return found;
  std::array<char, SD_ID128_STRING_MAX> id{};
  ::sd_id128_to_string(machine, id.data());
  for (const char* root : {"/run/log/journal", "/var/log/journal"}) open_journals(fs::path(root) / id.data(), found, job);
  return found;
}

OpenJournals journals_below(const fs::path& folder, Job& job) {
  OpenJournals found;
  open_journals(folder, found, job);
  std::error_code said;  // above
  for (const std::string& name : names_in(folder, said)) {
    if (is_machine_id(name)) open_journals(folder / name, found, job);
  }
  return found;
}

std::optional<Error> remark_on(const OpenJournals& found, std::uint64_t damaged_entries, bool hole, const std::string& name) {
  std::string text;
  const auto say = [&](const std::string& what) { text += (text.empty() ? "" : "; ") + what; };
  if (found.refused > 0)
    say(std::to_string(found.refused) +
        " files or folders of the journal may not be read by this user (the group systemd-journal may)");
  for (const Error& error : found.damaged) say(error.text());
  if (damaged_entries > 0) say(std::to_string(damaged_entries) + " damaged entries are not whole");
  if (hole) say("became shorter while it was read");
  if (text.empty()) return std::nullopt;
  return Error{ErrorKind::io, std::move(text), name, 0, 0};
}

}  // namespace

bool is_journal(std::string_view head) { return head.starts_with(signature); }

Result<JournalText> read_journal_file(int file, const std::string& name, std::uint64_t max_bytes, Job& job) {
  const GuardedReading guard;
  const std::uint64_t expected = entries_in(file);
  auto reader = open_reader({file}, name);
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
  return JournalText{std::move(spool), std::move(problem)};
}

Result<JournalText> read_journal_bytes(std::string_view bytes, const std::string& name, std::uint64_t max_bytes, Job& job) {
  auto copy = NamedCopy::of(bytes, name);
  if (!copy) return tl::unexpected(std::move(copy.error()));
  return read_journal_file((*copy)->file(), name, max_bytes, job);
}

Result<JournalText> read_journal(const JournalQuery& query, const std::string& name, std::uint64_t max_bytes, Job& job) {
  const GuardedReading guard;
  const OpenJournals found = query.directory.empty() ? journals_of_machine(job) : journals_below(query.directory, job);
  if (job.stopped()) return fail_cancelled();
  if (found.files.empty()) {
    if (auto remark = remark_on(found, 0, false, name)) {
      if (found.refused > 0) remark->os_error = EACCES;
      return tl::unexpected(std::move(*remark));
    }
    const std::string where =
        query.directory.empty() ? "this machine keeps no journal" : "there are no journal files in this folder";
    return fail(ErrorKind::not_found, where, query.directory.empty() ? name : query.directory.string(), ENOENT);
  }
  std::vector<int> files;
  for (const Descriptor& file : found.files) files.push_back(file.get());
  auto reader = open_reader(files, name);
  if (!reader) return tl::unexpected(std::move(reader.error()));
  if (auto chosen = choose(reader->get(), query, name); !chosen) return tl::unexpected(std::move(chosen.error()));
  Spool spool(max_bytes, name);
  const auto count = copy_entries(reader->get(), query, name, spool, job);
  if (!count) return tl::unexpected(count.error());
  return JournalText{std::move(spool), remark_on(found, count->damaged, guard.found_hole(), name)};
}

bool is_journal_name(std::string_view name) { return name.ends_with(".journal") || name.ends_with(".journal~"); }

bool machine_has_journal(Job& job) {
  const GuardedReading guard;
  return !journals_of_machine(job).files.empty();
}

}  // namespace conclave::logs
