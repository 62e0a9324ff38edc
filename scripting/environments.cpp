#include "scripting/environments.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "engine/base/folders.h"
#include "engine/base/ids.h"
#include "scripting/environment_making.h"
#include "scripting/environment_place.h"
#include "scripting/replace_file.h"
#include "scripting/requirements.h"

namespace conclave::scripting {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Kind = EnvironmentState::Kind;

constexpr auto between_looks = std::chrono::milliseconds(50);
constexpr std::size_t key_size = 32;

Result<void> make_root() {
  const fs::path root = environments_folder();
  std::error_code error;
  fs::create_directories(root.parent_path(), error);
  if (!error && ::mkdir(root.c_str(), 0700) != 0 && errno != EEXIST) error.assign(errno, std::generic_category());
  if (error) return fail_io("cannot make", root.string(), error.value());
  return {};
}

Result<std::vector<std::string>> wanted_lines(const PluginInfo& plugin) {
  std::vector<std::string> lines;
  for (const std::string& text : plugin.requirements) {  // anew: an info may come from a script
    auto requirement = parse_requirement(text);
    if (!requirement) return tl::unexpected(std::move(requirement.error()));
    lines.push_back(std::move(requirement->text));
  }
  if (!plugin.locked.empty()) {
    std::string text;
    for (const std::string& line : plugin.locked) text += line + "\n";
    auto locked = parse_lock(text, "requirements.lock");
    if (!locked) return tl::unexpected(std::move(locked.error()));
    lines.clear();
    for (Requirement& one : *locked) lines.push_back(std::move(one.text));
  }
  std::sort(lines.begin(), lines.end());
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  return lines;
}

std::string joined(const std::vector<std::string>& lines, const char* separator) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : separator) + line;
  return text;
}

// With the lock held for its own.
Result<void> fill_fresh(const EnvironmentPlace& place, const PluginInfo& plugin, const EnvironmentOrder& order, Job& job) {
  if (::mkdir(place.fresh.c_str(), 0700) != 0 || ::mkdir((place.fresh / "tmp").c_str(), 0700) != 0)
    return fail_io("cannot make", place.fresh.string(), errno);
  const auto lines = wanted_lines(plugin);
  if (!lines) return tl::unexpected(lines.error());
  const char* name = plugin.locked.empty() ? "requirements.txt" : "requirements.lock";
  if (auto written = replace_file(place.fresh / name, joined(*lines, "\n") + "\n", 0600); !written) return written;
  const auto made = fill_environment(order, job);
  if (!made) return tl::unexpected(made.error());
  const json record{{"environment", 1},
                    {"key", place.key},
                    {"python", std::string(python_version())},
                    {"requirements", plugin.requirements},
                    {"packages", made->packages},
                    {"folders", made->folders},
                    {"plugins", json::array({environment_user(plugin)})},
                    {"made", format_time(now_us())}};
  const std::string text = record.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
  if (auto written = replace_file(place.fresh / place.record.filename(), text, 0600); !written) return written;
  return move_into_place(place);
}

Result<void> make(const EnvironmentPlace& place, const PluginInfo& plugin, const fs::path& python, const fs::path& package_folder,
                  Job& job) {
  remove_leftovers(place);
  auto made = fill_fresh(place, plugin, {plugin.name, python, package_folder, place.fresh, place.folder, place.log}, job);
  remove_leftovers(place);
  if (made) {
    ::unlink(place.failed.c_str());
    return {};
  }
  if (made.error().kind == ErrorKind::cancelled) return made;
  const std::string why = made.error().text();
  (void)replace_file(place.failed, why + "\n", 0600);
  return fail(ErrorKind::circle, "what it needs cannot be installed (" + joined(plugin.requirements, ", ") + "): " + why +
                                     "; everything pip said is in " + place.log.string());
}

}  // namespace

fs::path environments_folder() { return user_data_folder() / "environments"; }

const char* state_name(Kind kind) {
  switch (kind) {
    case Kind::not_needed:
      return "not needed";
    case Kind::ready:
      return "ready";
    case Kind::not_made:
      return "not made";
    case Kind::broken:
      break;
  }
  return "broken";
}

Result<std::string> Environments::key_of(const PluginInfo& plugin) const {
  const auto lines = wanted_lines(plugin);
  if (!lines) return tl::unexpected(lines.error());
  std::error_code error;
  const fs::path python = fs::canonical(python_, error);
  if (error) return fail_io("cannot find", python_.string(), error.value());
  std::string text =
      "conclave environment 1\n" + std::string(python_abi()) + "\n" + python.string() + "\n" + joined(*lines, "\n");
  if (plugin.locked.empty()) {
    const fs::path file = package_folder_ / "conclave" / "constraints.txt";
    const std::string constraints = read_small(file);
    if (constraints.empty()) return fail(ErrorKind::not_found, "the constraints of this program are missing", file.string());
    text += "\n\n" + constraints;
  }
  return sha256(text).substr(0, key_size);
}

EnvironmentState Environments::state(const PluginInfo& plugin) const {
  if (!needs_environment(plugin)) return {};
  const auto key = key_of(plugin);
  if (!key) return {Kind::broken, {}, key.error().text()};
  const EnvironmentPlace place(*key);
  const auto wrong = trouble_of(place);
  if (!wrong) return {Kind::ready, place.folder};
  if (!wrong->empty()) return {Kind::broken, place.folder, *wrong};
  return {Kind::not_made, place.folder, last_failure(place)};
}

Result<EnvironmentPtr> Environments::prepare(const PluginInfo& plugin, Job& job, How how) const {
  if (!needs_environment(plugin)) return EnvironmentPtr();
  if (!plugin.forbidden.empty()) return fail(ErrorKind::security, plugin.forbidden);
  const auto key = key_of(plugin);
  if (!key) return tl::unexpected(key.error());
  if (auto root = make_root(); !root) return tl::unexpected(std::move(root.error()));
  const EnvironmentPlace place(*key);
  bool anew = how == How::anew;
  for (bool waits = false; !job.stopped();) {
    const bool make_it = anew || trouble_of(place);
    auto lock = take_lock(place, make_it ? LOCK_EX : LOCK_SH);
    if (!lock) return tl::unexpected(std::move(lock.error()));
    if (!*lock) {
      if (!waits) job.begin("Waiting for the environment of " + plugin.name, 0, "");
      waits = true;
      std::this_thread::sleep_for(between_looks);
    } else if (!make_it && !trouble_of(place)) {
      note_use(place, **lock, plugin);
      return std::make_shared<const Environment>(Environment{place.folder, std::move(**lock)});
    } else if (make_it && (anew || trouble_of(place))) {  // nobody else made it before the lock was ours
      auto made = make(place, plugin, python_, package_folder_, job);
      if (!made) return tl::unexpected(std::move(made.error()));
      anew = false;
    }
  }
  return fail_cancelled();
}

Result<void> Environments::remove(const PluginInfo& plugin) const {
  const auto key = key_of(plugin);
  if (!key) return tl::unexpected(key.error());
  const EnvironmentPlace place(*key);
  std::error_code error;
  if (!needs_environment(plugin) || (!fs::exists(fs::symlink_status(place.folder, error)) && !fs::exists(place.failed, error)))
    return fail(ErrorKind::not_found, "plugin '" + plugin.name + "' has no environment");
  const auto lock = take_lock(place, LOCK_EX);
  if (!lock) return tl::unexpected(lock.error());
  if (!*lock) return fail(ErrorKind::circle, "the environment of '" + plugin.name + "' is in use", place.folder.string());
  return remove_environment(place);
}

}  // namespace conclave::scripting
