// One environment on the disk: its files (see environments.h), who may touch them now, and what is wrong with it.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "scripting/plugin_catalog.h"
#include "scripting/worker/descriptor.h"

namespace conclave::scripting {

struct EnvironmentPlace {
  explicit EnvironmentPlace(const std::string& name);
  std::string key;
  std::filesystem::path folder, record, lock, log, failed, fresh, old;
};

// Of all that left something, also a failure; sorted.
[[nodiscard]] Result<std::vector<std::string>> environment_keys();

// Nothing if it can be used; "" if there is none; otherwise what is wrong with it.
[[nodiscard]] std::optional<std::string> trouble_of(const EnvironmentPlace& place);
// What was written down when it was made; discarded if nobody can read that.
[[nodiscard]] nlohmann::json read_record(const EnvironmentPlace& place);
[[nodiscard]] std::vector<std::string> texts_in(const nlohmann::json& object, const char* name);
// Why it could not be made when it was tried last; may be empty.
[[nodiscard]] std::string last_failure(const EnvironmentPlace& place);
// All of a small regular file, or "".
[[nodiscard]] std::string read_small(const std::filesystem::path& file);

// The lock, or nothing if another has it. `how` is LOCK_SH or LOCK_EX; it does not wait.
[[nodiscard]] Result<std::optional<Descriptor>> take_lock(const EnvironmentPlace& place, int how);

// A user of the environment, as its record names it.
[[nodiscard]] nlohmann::json environment_user(const PluginInfo& plugin);
// With a lock: who uses it, and that it is now. Not being able to write that down is no reason not to use it.
void note_use(const EnvironmentPlace& place, const Descriptor& lock, const PluginInfo& plugin);

// These need the lock for its own.
void remove_leftovers(const EnvironmentPlace& place);
[[nodiscard]] Result<void> move_into_place(const EnvironmentPlace& place);     // what is in `fresh`
[[nodiscard]] Result<void> remove_environment(const EnvironmentPlace& place);  // its lock, too

}  // namespace conclave::scripting
