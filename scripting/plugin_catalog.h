// Which plugins there are, read without running a line of their code.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
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
[[nodiscard]] std::string_view trust_name(Trust trust);

// Where it was found: beside Conclave, in the user's own plugin folder (user_plugins.h), in what was named, beside a case.
enum class Origin { shipped, user, folder, subject };
[[nodiscard]] std::string_view origin_name(Origin origin);  // shipped, user, folder, case

struct PluginInfo {
  std::string name;
  std::string version;
  std::string kind = "expert";  // expert, hook, probe, rule or embedding
  std::string scope = "overall";
  std::string summary;
  std::string module;          // "error_bursts"
  std::string function;        // "assess"; empty: the one function with the decorator of its kind
  std::filesystem::path path;  // folder of plugin.toml, or the single file
  std::string sha256;          // over names and contents of all its files
  std::vector<std::string>
      requirements;                 // packages of its environment (see environments.h), each as parse_requirement() wants it
  std::vector<std::string> locked;  // all packages with their hashes, from requirements.lock; empty: there is no such file
  std::string requires_python;      // ">=3.11", fulfilled; may be empty
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
  Origin origin = Origin::folder;
  bool runs_at_start = false;  // a hook whose module speaks of on_startup, which otherwise it cannot have
  bool enabled = true;         // false: the user switched it off (see plugin_switches.h), and it does not run whoever asks for it
  // Set by plugin_bounds.h.
  std::string forbidden;  // why the policy in force does not let it run; empty: it does
  bool trustable = true;  // false: --trust does not count, by the policy in force
};

struct PluginProblem {
  std::filesystem::path path;
  std::string message;
};

// Unless nobody agreed to it.
[[nodiscard]] inline bool may_run(const PluginInfo& plugin) { return plugin.enabled && plugin.forbidden.empty(); }

// In a worker process, with its limits and permissions enforced; otherwise in this process, with all its rights. What needs an
// environment of its own always runs in a worker.
[[nodiscard]] bool runs_isolated(const PluginInfo& plugin);

// Whether it is asked by a case that names no experts: those that are shipped, and those the user installed.
[[nodiscard]] bool in_default_circle(const PluginInfo& plugin);

// `plugin`, trusted if its name is among `trusted` (--trust) and it is not shipped.
[[nodiscard]] PluginInfo as_trusted(PluginInfo plugin, const std::vector<std::string>& trusted);

// A plain value; scanned anew by whoever needs it.
struct PluginCatalog {
  std::vector<PluginInfo> plugins;  // by name; on equal names the one named by the user wins
  std::vector<PluginProblem> problems;

  [[nodiscard]] const PluginInfo* find(std::string_view name) const;
};

// Reads `shipped`, every folder in `named`, and the `user`'s own: each subfolder with a plugin.toml, and each *.py with an inline
// header (PEP 723, table [tool.conclave]) or a decorator such as @conclave.expert. A folder that itself has a plugin.toml is one
// plugin; subfolders named experts, hooks, rules, embeddings and probes are searched likewise. What cannot be read is a problem
// and the rest goes on; an empty path is skipped, and so is a `user` that does not exist. Nothing of `user` is read that others
// may write.
[[nodiscard]] PluginCatalog read_catalog(const std::filesystem::path& shipped, const std::vector<std::filesystem::path>& named,
                                         const std::filesystem::path& user = {});

// Marks what the user switched off (`enabled`), and what the policy in force says (`forbidden`, `trustable`, lower limits). If
// nobody knows what that is, nothing may run, and a problem says so.
void mark_what_may_run(std::vector<PluginInfo>& plugins, std::vector<PluginProblem>& problems);

// The same with the folder of the user who runs this, and with what may run marked.
[[nodiscard]] PluginCatalog read_users_catalog(const std::filesystem::path& shipped,
                                               const std::vector<std::filesystem::path>& named);

// What is in one folder, such as the one beside a case.
[[nodiscard]] PluginCatalog read_plugins_in(const std::filesystem::path& folder, Trust trust, Origin origin);

// False for what is no part of a plugin and its digest: hidden files and Python's caches.
[[nodiscard]] bool is_content(const std::filesystem::path& path);

// One plugin: a folder with plugin.toml, or a .py file.
[[nodiscard]] Result<PluginInfo> read_plugin(const std::filesystem::path& path, Trust trust);

// The same, with what may run marked; an error if nobody knows what may run.
[[nodiscard]] Result<PluginInfo> read_users_plugin(const std::filesystem::path& path, Trust trust);

}  // namespace conclave::scripting
