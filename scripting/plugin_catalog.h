// Which plugins there are, read without running a line of their code.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/base/error.h"

namespace conclave::scripting {

struct Setting {
  std::string name;
  std::string type;  // int, float, bool, str
  nlohmann::json default_value;
  std::string help;
  bool names_secret = false;  // its value is the name of a secret that the plugin then may ask for
};

// Whether and how a plugin may run: shipped and trusted ones (--trust) as their manifest says, what the user named or agreed to
// (conclave.lock) in a worker only, the rest not at all.
enum class Trust { shipped, trusted, named, untrusted };

struct PluginInfo {
  std::string name;
  std::string version;
  std::string kind = "expert";  // expert, hook, probe, rule or embedding
  std::string scope = "overall";
  std::string summary;
  std::string module;          // "error_bursts"
  std::string function;        // "assess"; empty: the one function decorated with @conclave.expert
  std::filesystem::path path;  // folder of plugin.toml, or the single file
  std::string sha256;          // over names and contents of all its files
  std::vector<std::string> requirements;
  std::vector<Setting> settings;
  double time_s = 60;
  double memory_mb = 512;  // enforced by the isolated runner only, like the permissions
  double output_kb = 1024;
  std::string runner = "in_process";
  std::vector<std::string> network;
  std::vector<std::string> read;
  std::vector<std::string> write;
  bool subprocess = false;
  bool raw_evidence = false;
  std::vector<std::string> secrets;  // names of the secrets it may ask for (see engine/security/key_ring.h)
  Trust trust = Trust::untrusted;
  bool enabled = true;  // false: the user switched it off (see plugin_switches.h), and it does not run whoever asks for it
};

struct PluginProblem {
  std::filesystem::path path;
  std::string message;
};

// In a worker process, with its limits and permissions enforced; otherwise in this process, with all its rights.
[[nodiscard]] bool runs_isolated(const PluginInfo& plugin);

// `plugin`, trusted if its name is among `trusted` (--trust) and it is not shipped.
[[nodiscard]] PluginInfo as_trusted(PluginInfo plugin, const std::vector<std::string>& trusted);

// A plain value; scanned anew by whoever needs it.
struct PluginCatalog {
  std::vector<PluginInfo> plugins;  // by name; on equal names the one named by the user wins
  std::vector<PluginProblem> problems;

  [[nodiscard]] const PluginInfo* find(std::string_view name) const;
};

// Reads `shipped` and every folder in `named`: each subfolder with a plugin.toml, and each *.py with an inline header (PEP 723,
// table [tool.conclave]) or a @conclave.expert decorator. A folder that itself has a plugin.toml is one plugin; subfolders named
// experts and hooks are searched likewise. What cannot be read is a problem and the rest goes on; an empty `shipped` is skipped.
[[nodiscard]] PluginCatalog read_catalog(const std::filesystem::path& shipped, const std::vector<std::filesystem::path>& named);

// The same with what the user switched off marked. If nobody knows what that is, everything is, and a problem says so.
[[nodiscard]] PluginCatalog read_users_catalog(const std::filesystem::path& shipped,
                                               const std::vector<std::filesystem::path>& named);

// One plugin: a folder with plugin.toml, or a .py file.
[[nodiscard]] Result<PluginInfo> read_plugin(const std::filesystem::path& path, Trust trust);

}  // namespace conclave::scripting
