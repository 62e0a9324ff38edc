#include "engine/logs/journal_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <systemd/sd-id128.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "engine/logs/journal.h"
#include "engine/logs/journal_reader.h"

namespace conclave::logs {
namespace {

namespace fs = std::filesystem;

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

void open_journals_in(const fs::path& folder, FoundJournals& found, Job& job) {
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
    if (auto alone = open_journal({file.get()}, path.string()); !alone) {
      found.damaged.push_back(std::move(alone.error()));
    } else {
      found.files.push_back(std::move(file));
    }
  }
}

// journald keeps its files in a folder that is named after the machine.
FoundJournals journals_of_machine(Job& job) {
  FoundJournals found;
  sd_id128_t machine{};
  if (::sd_id128_get_machine(&machine) < 0) return found;
  std::array<char, SD_ID128_STRING_MAX> id{};
  ::sd_id128_to_string(machine, id.data());
  for (const char* root : {"/run/log/journal", "/var/log/journal"}) open_journals_in(fs::path(root) / id.data(), found, job);
  return found;
}

FoundJournals journals_below(const fs::path& folder, Job& job) {
  FoundJournals found;
  open_journals_in(folder, found, job);
  std::error_code said;  // above
  for (const std::string& name : names_in(folder, said)) {
    if (is_machine_id(name)) open_journals_in(folder / name, found, job);
  }
  return found;
}

}  // namespace

FoundJournals find_journals(const fs::path& folder, Job& job) {
  return folder.empty() ? journals_of_machine(job) : journals_below(folder, job);
}

std::optional<Error> remark_on(const FoundJournals& found, std::uint64_t damaged_entries, bool hole, const std::string& name) {
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

Result<FoundJournals> need_journals(const fs::path& folder, const std::string& name, Job& job) {
  FoundJournals found = find_journals(folder, job);
  if (job.stopped()) return fail_cancelled();
  if (!found.files.empty()) return found;
  if (auto remark = remark_on(found, 0, false, name)) {
    if (found.refused > 0) remark->os_error = EACCES;
    return tl::unexpected(std::move(*remark));
  }
  const std::string where = folder.empty() ? "this machine keeps no journal" : "there are no journal files in this folder";
  return fail(ErrorKind::not_found, where, folder.empty() ? name : folder.string(), ENOENT);
}

}  // namespace conclave::logs
