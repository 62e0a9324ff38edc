#include "engine/logs/journal_reader.h"

#include <fcntl.h>
#include <systemd/sd-id128.h>
#include <systemd/sd-journal.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include "engine/logs/descriptor.h"

namespace conclave::logs {
namespace {

constexpr std::size_t longest_field = (std::size_t{16} << 20U) + 256;  // unpacked by the library, with its name
constexpr std::uint64_t last_time = 253'402'300'799'999'999;           // of the year 9999

JournalReader owned(sd_journal* opened) {
  ::sd_journal_set_data_threshold(opened, longest_field);
  return {opened, &::sd_journal_close};
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

}  // namespace

Result<JournalReader> open_journal(const std::vector<int>& files, const std::string& name) {
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
  return owned(opened);
}

Result<JournalReader> open_growing_journal(const std::filesystem::path& folder, const std::string& name) {
  sd_journal* opened = nullptr;
  const int failure = folder.empty() ? ::sd_journal_open(&opened, SD_JOURNAL_LOCAL_ONLY)
                                     : ::sd_journal_open_directory(&opened, folder.c_str(), 0);
  if (failure < 0) return fail_io("cannot read this journal", name, -failure);
  JournalReader reader = owned(opened);
  if (const int watched = ::sd_journal_get_fd(reader.get()); watched < 0)
    return fail_io("cannot wait for more of this journal", name, -watched);
  return reader;
}

Result<void> choose_entries(sd_journal* reader, const JournalQuery& query, const std::string& name) {
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

std::optional<TimeUs> entry_time(sd_journal* reader) {
  std::uint64_t time = 0;
  if (::sd_journal_get_realtime_usec(reader, &time) < 0) return std::nullopt;
  return static_cast<TimeUs>(std::min(time, last_time));
}

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

std::string entry_cursor(sd_journal* reader) {
  char* text = nullptr;
  if (::sd_journal_get_cursor(reader, &text) < 0) return {};
  const std::unique_ptr<char, void (*)(void*)> owner(text, &::free);
  return text;
}

}  // namespace conclave::logs
