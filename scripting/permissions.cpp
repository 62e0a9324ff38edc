#include "scripting/permissions.h"

#include <array>
#include <cstdio>

namespace conclave::scripting {
namespace {

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

std::string number(double value) {
  std::array<char, 32> text{};
  (void)std::snprintf(text.data(), text.size(), "%.6g", value);
  return text.data();
}

}  // namespace

std::vector<std::string> permission_lines(const PluginInfo& plugin) {
  std::vector<std::string> lines;
  if (!plugin.forbidden.empty()) lines.push_back("Does not run: " + plugin.forbidden + ".");
  lines.emplace_back(runs_isolated(plugin)
                         ? "Runs in a process of its own, where the system keeps it to the following."
                         : "Runs in Conclave itself and could do what you can; the following is what it says it needs.");
  lines.push_back(plugin.network.empty() ? "No network." : "Connects to " + joined(plugin.network) + ".");
  if (!plugin.network.empty()) {
    lines.emplace_back(plugin.raw_evidence ? "Sees the evidence as it is."
                                           : "Sees the evidence with secrets and personal data redacted.");
  }
  if (!plugin.read.empty()) lines.push_back("Reads " + joined(plugin.read) + ", besides itself and the logs of the case.");
  lines.push_back(plugin.write.empty() ? "Writes no files." : "Writes " + joined(plugin.write) + ".");
  lines.emplace_back(plugin.subprocess ? "May start programs." : "Starts no programs.");
  if (!plugin.secrets.empty()) lines.push_back("May ask for the secrets " + joined(plugin.secrets) + ".");
  lines.push_back("At most " + number(plugin.time_s) + " s, " + number(plugin.memory_mb) + " MB of memory and " +
                  number(plugin.output_kb) + " KB of output.");
  if (!plugin.requirements.empty()) lines.push_back("Needs " + joined(plugin.requirements) + ".");
  return lines;
}

}  // namespace conclave::scripting
