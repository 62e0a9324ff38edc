#include "scripting/plugin_bounds.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace conclave::scripting {
namespace {

bool has(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

std::string in_small_letters(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// Why it may not run; empty: it may. What is shipped may ask for whatever it asks for, since its network use is consented to by
// endpoint.
std::string objection(const PolicyFile::Plugins& policy, const PluginInfo& plugin) {
  if (has(policy.deny, plugin.name) || has(policy.deny, plugin.sha256)) return "denies plugin '" + plugin.name + "'";
  if (plugin.trust == Trust::shipped) return {};
  if (policy.allow && !has(*policy.allow, plugin.sha256)) return "does not allow plugin '" + plugin.name + "' with this content";
  if (policy.network) {
    for (const std::string& place : plugin.network) {
      if (!has(*policy.network, in_small_letters(place))) return "does not allow plugins to connect to " + place;
    }
  }
  if (!policy.write && !plugin.write.empty()) return "does not allow plugins to write files";
  if (!policy.subprocess && plugin.subprocess) return "does not allow plugins to start programs";
  if (!policy.raw_evidence && plugin.raw_evidence) return "does not allow plugins to see evidence that is not redacted";
  if (!policy.install && !plugin.requirements.empty()) return "does not allow plugins that need packages";
  return {};
}

}  // namespace

PluginInfo within(const Policy& policy, PluginInfo plugin) {
  for (const PolicyFile& file : policy.files) {
    if (const std::string why = objection(file.plugins, plugin); !why.empty() && plugin.forbidden.empty())
      plugin.forbidden = file.path.string() + " " + why;
    plugin.trustable = plugin.trustable && file.plugins.trust;
    plugin.time_s = std::min(plugin.time_s, file.plugins.max_time_s.value_or(plugin.time_s));
    plugin.memory_mb = std::min(plugin.memory_mb, file.plugins.max_memory_mb.value_or(plugin.memory_mb));
  }
  return plugin;
}

}  // namespace conclave::scripting
