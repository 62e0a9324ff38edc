// Virtual environments of plugins: folders with the packages that a manifest's `requirements` ask for.
//
// Each is named by what is in it, so that plugins with equal needs share one: a digest of the requirements (or of the plugin's
// requirements.lock), the host's constraints (conclave/constraints.txt) and the Python. Beside the folder KEY lie KEY.lock
// (flock: shared by whoever uses it, exclusive for whoever changes it; its time is that of the last use), KEY.log (what pip said
// last), KEY.failed (why it could not be made, if so) and, while it is made, KEY.new, which is renamed into place when it is
// complete. No code of a package runs before a worker is confined: pip is given wheels only, and no Python is started with them
// on its path.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/base/time.h"
#include "scripting/plugin_catalog.h"
#include "scripting/worker/descriptor.h"

namespace conclave::scripting {

// $XDG_DATA_HOME/conclave/environments, or under ~/.local/share.
[[nodiscard]] std::filesystem::path environments_folder();

[[nodiscard]] inline bool needs_environment(const PluginInfo& plugin) { return !plugin.requirements.empty(); }

struct EnvironmentState {
  enum class Kind { not_needed, ready, not_made, broken } kind = Kind::not_needed;
  std::filesystem::path folder = {};
  std::string why = {};  // broken: what is wrong with it; not_made: why the last attempt failed, or empty
};
[[nodiscard]] const char* state_name(EnvironmentState::Kind kind);  // "not needed", "ready", "not made", "broken"

// One on the disk. Its packages cannot be removed while this lives.
struct Environment {
  std::filesystem::path folder;
  Descriptor use;
};
using EnvironmentPtr = std::shared_ptr<const Environment>;

// A row of `conclave plugins environments`.
struct EnvironmentEntry {
  std::string key;
  std::filesystem::path folder;
  bool ready = false;
  std::string why;                                                     // unless it is ready
  std::vector<std::string> requirements;                               // as the plugin that it was made for said them
  std::vector<std::string> packages;                                   // "numpy 1.26.4"
  std::vector<std::pair<std::string, std::filesystem::path>> plugins;  // those that used it and need it still: name, path
  std::uint64_t bytes = 0;
  TimeUs last_use = 0;
};

// A plain value. Members: any thread; those with a Job wait for processes and files and stop with it.
class Environments {
 public:
  // `python`: the interpreter they are for, without packages of its own; `package_folder` holds the package `conclave`.
  Environments(std::filesystem::path python, std::filesystem::path package_folder)
      : python_(std::move(python)), package_folder_(std::move(package_folder)) {}

  // Looks at a few files, and never at the network.
  [[nodiscard]] EnvironmentState state(const PluginInfo& plugin) const;

  // Null if the plugin needs none. Makes it if it is not there, or `anew`; that asks a package index and takes from seconds to
  // minutes, with progress such as "Installing numpy for NAME". To be called only for plugins that may run: that is the consent.
  // Kind circle if it cannot be made, with the reason; nothing half made stays. Waits for others that make the same.
  enum class How { if_needed, anew };
  [[nodiscard]] Result<EnvironmentPtr> prepare(const PluginInfo& plugin, Job& job, How how = How::if_needed) const;

  // Kind not_found if there is none, circle if it is in use.
  [[nodiscard]] Result<void> remove(const PluginInfo& plugin) const;
  // All there are, those used last first; half-made ones that nobody works on any more are removed on the way.
  [[nodiscard]] Result<std::vector<EnvironmentEntry>> list(Job& job) const;
  // Removes those that no plugin needs any more, and returns them. What is in use stays.
  [[nodiscard]] Result<std::vector<EnvironmentEntry>> prune(Job& job) const;

 private:
  [[nodiscard]] Result<std::string> key_of(const PluginInfo& plugin) const;

  std::filesystem::path python_;
  std::filesystem::path package_folder_;
};

}  // namespace conclave::scripting
