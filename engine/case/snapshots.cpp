#include "engine/case/snapshots.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "engine/base/folders.h"
#include "engine/base/ids.h"
#include "engine/case/command_consent.h"
#include "engine/security/private_file.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr auto oldest = std::chrono::hours(24 * 30);
constexpr std::uint64_t most_bytes = std::uint64_t{8} << 30U;
constexpr auto in_use = std::chrono::hours(1);
constexpr auto oldest_draft = std::chrono::hours(48);  // twice as long as a command can take
constexpr std::size_t largest_note = 64U << 10U;
constexpr std::size_t digest_digits = 64;
constexpr std::string_view draft_prefix = "draft.";

bool is_digest(std::string_view text) {
  return text.size() == digest_digits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<void> make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder.parent_path(), error);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return fail_io("cannot make the folder", folder.string(), errno);
  return {};
}

// The time of its last use is that of its last access; when it was written says of which year its lines are, and is left alone.
void touch(const fs::path& file) {
  const std::array<timespec, 2> times{timespec{0, UTIME_NOW}, timespec{0, UTIME_OMIT}};
  (void)::utimensat(AT_FDCWD, file.c_str(), times.data(), 0);
}

struct Kept {
  fs::path file;
  std::uint64_t bytes;
  std::time_t used;
};

std::optional<Kept> kept(const fs::path& file) {
  struct stat info {};
  if (::lstat(file.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return Kept{file, static_cast<std::uint64_t>(info.st_size), std::max(info.st_atime, info.st_mtime)};
}

json to_json(const Snapshot& snapshot, const fs::path& of_folder, std::string_view line) {
  const logs::CommandResult& result = snapshot.result;
  return {{"folder", command_folder(of_folder).string()},
          {"line", line},
          {"sha256", snapshot.sha256},
          {"time", snapshot.time},
          {"end", static_cast<int>(result.end)},
          {"code", result.code},
          {"bytes", result.bytes},
          {"errors", result.errors},
          {"seconds", result.seconds}};
}

Snapshot from_json(const json& in) {  // throws what nlohmann throws
  Snapshot snapshot;
  in.at("sha256").get_to(snapshot.sha256);
  in.at("time").get_to(snapshot.time);
  const int end = in.at("end");
  if (end < 0 || end > static_cast<int>(logs::CommandEnd::cancelled) || !is_digest(snapshot.sha256))
    throw json::other_error::create(501, "no note on a command", &in);
  snapshot.result = {static_cast<logs::CommandEnd>(end), in.at("code"), in.at("bytes"), in.at("errors"), in.at("seconds")};
  return snapshot;
}

}  // namespace

fs::path default_snapshot_folder() { return user_state_folder() / "snapshots"; }

SnapshotStore::Draft::~Draft() {
  ::close(descriptor_);
  ::unlink(file_.c_str());  // which keep() has renamed, perhaps
}

Result<std::unique_ptr<SnapshotStore::Draft>> SnapshotStore::begin() const {
  if (auto made = make_folder(folder_); !made) return tl::unexpected(std::move(made.error()));
  std::string name = (folder_ / draft_prefix).string() + "XXXXXX";
  const int file = ::mkostemp(name.data(), O_CLOEXEC);  // mode 0600
  if (file < 0) return fail_io("cannot keep what commands print", folder_.string(), errno);
  return std::make_unique<Draft>(file, name);
}

Result<Snapshot> SnapshotStore::keep(const Draft& draft, const fs::path& of_folder, std::string_view line,
                                     logs::CommandResult result, Job& job) const {
  auto digest = sha256_file(draft.file(), job);
  if (!digest) return tl::unexpected(std::move(digest.error()));
  Snapshot snapshot{folder_ / (*digest + ".log"), *digest, now_us(), std::move(result)};
  if (::rename(draft.file().c_str(), snapshot.file.c_str()) != 0)
    return fail_io("cannot keep what a command printed", snapshot.file.string(), errno);
  const std::string note = to_json(snapshot, of_folder, line).dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  if (auto written = security::write_private_file(note_file(of_folder, line), note); !written)
    return tl::unexpected(std::move(written.error()));
  drop_old(oldest, most_bytes, in_use);
  return snapshot;
}

fs::path SnapshotStore::note_file(const fs::path& of_folder, std::string_view line) const {
  return folder_ / (sha256(command_folder(of_folder).string() + '\0' + std::string(line)) + ".json");
}

Result<std::optional<Snapshot>> SnapshotStore::note_on(const fs::path& of_folder, std::string_view line) const {
  const fs::path note = note_file(of_folder, line);
  const auto text = security::read_private_file(note, largest_note);
  if (!text) return tl::unexpected(text.error());
  if (!*text) return std::nullopt;
  try {
    Snapshot snapshot = from_json(json::parse(**text));
    const auto file = find(snapshot.sha256);
    if (!file) return std::nullopt;
    snapshot.file = *file;
    return snapshot;
  } catch (const json::exception&) {
    return fail(ErrorKind::serialization, "is damaged", note.string());
  }
}

Result<std::optional<Snapshot>> SnapshotStore::last(const fs::path& of_folder, std::string_view line, Job& job) const {
  auto snapshot = note_on(of_folder, line);
  if (!snapshot || !*snapshot) return snapshot;
  const auto digest = sha256_file((*snapshot)->file, job);
  if (!digest) return tl::unexpected(digest.error());
  if (*digest != (*snapshot)->sha256)
    return fail(ErrorKind::serialization, "was changed since it was kept", (*snapshot)->file.string());
  touch((*snapshot)->file);
  return snapshot;
}

std::optional<fs::path> SnapshotStore::find(std::string_view digest) const {
  if (!is_digest(digest)) return std::nullopt;
  fs::path file = folder_ / (std::string(digest) + ".log");
  return kept(file) ? std::optional(std::move(file)) : std::nullopt;
}

void SnapshotStore::drop_old(std::chrono::seconds age, std::uint64_t bytes, std::chrono::seconds used_within) const {
  std::error_code error;
  std::vector<Kept> snapshots;
  std::uint64_t total = 0;
  const std::time_t now = std::time(nullptr);
  for (fs::directory_iterator entry(folder_, error), end; !error && entry != end; entry.increment(error)) {
    const auto file = kept(entry->path());
    if (!file) continue;
    const std::string name = file->file.filename().string();
    const auto idle = std::chrono::seconds(now - file->used);
    if (name.starts_with(draft_prefix) ? idle > oldest_draft : name.ends_with(".json") && idle > age)
      ::unlink(file->file.c_str());
    if (!name.ends_with(".log")) continue;
    total += file->bytes;
    snapshots.push_back(*file);
  }
  std::sort(snapshots.begin(), snapshots.end(), [](const Kept& a, const Kept& b) { return a.used < b.used; });
  for (const Kept& each : snapshots) {
    const auto idle = std::chrono::seconds(now - each.used);
    if (idle <= used_within || (idle <= age && total <= bytes)) continue;
    if (::unlink(each.file.c_str()) == 0) total -= each.bytes;
  }
}

}  // namespace conclave
