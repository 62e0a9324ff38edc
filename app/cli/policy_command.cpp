// policy.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "app/cli/commands.h"
#include "app/cli/program.h"
#include "engine/case/policy.h"

namespace conclave::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::vector<std::string> files;
  bool json = false;
};

nlohmann::json as_json(const std::optional<std::vector<std::string>>& list) {
  return list ? nlohmann::json(*list) : nlohmann::json(nullptr);
}

nlohmann::json as_json(const PolicyFile& file) {
  const PolicyFile::Plugins& plugins = file.plugins;
  const auto number = [](const std::optional<double>& value) { return value ? nlohmann::json(*value) : nlohmann::json(nullptr); };
  const auto texts = [](const std::vector<scan::AddressRange>& ranges) {
    auto all = nlohmann::json::array();
    for (const scan::AddressRange& range : ranges) all.push_back(range.text());
    return all;
  };
  return {{"path", file.path.string()},
          {"plugins",
           {{"allow", as_json(plugins.allow)},
            {"deny", plugins.deny},
            {"network", as_json(plugins.network)},
            {"trust", plugins.trust},
            {"write", plugins.write},
            {"subprocess", plugins.subprocess},
            {"raw_evidence", plugins.raw_evidence},
            {"install", plugins.install},
            {"max_time_s", number(plugins.max_time_s)},
            {"max_memory_mb", number(plugins.max_memory_mb)}}},
          {"endpoints", {{"allow", as_json(file.endpoints)}}},
          {"commands", {{"allow", as_json(file.commands)}}},
          {"scan",
           {{"allow", file.scan_allow ? texts(*file.scan_allow) : nlohmann::json(nullptr)}, {"deny", texts(file.scan_deny)}}}};
}

// One line for each bound, as sentences.
std::string as_text(const PolicyFile& file) {
  std::string text = file.path.string() + "\n";
  const auto say = [&](const std::string& sentence) { text += "  " + sentence + "\n"; };
  const auto joined = [](const std::vector<std::string>& list) {
    std::string all;
    for (const std::string& item : list) all += (all.empty() ? "" : ", ") + item;
    return all.empty() ? "nothing" : all;
  };
  const auto ranges = [&](const std::vector<scan::AddressRange>& list) {
    std::vector<std::string> texts;
    for (const scan::AddressRange& range : list) texts.push_back(range.text());
    return joined(texts);
  };
  const PolicyFile::Plugins& plugins = file.plugins;
  if (plugins.allow) say("besides the shipped plugins runs: " + joined(*plugins.allow));
  if (!plugins.deny.empty()) say("does not run: " + joined(plugins.deny));
  if (plugins.network) say("plugins may ask to connect to: " + joined(*plugins.network));
  if (!plugins.trust) say("what is not shipped runs in a process of its own, even with --trust");
  if (!plugins.write) say("no plugin that writes files");
  if (!plugins.subprocess) say("no plugin that starts programs");
  if (!plugins.raw_evidence) say("no plugin that wants evidence not redacted");
  if (!plugins.install) say("no plugin that needs packages");
  if (plugins.max_time_s) say("a plugin gets at most " + nlohmann::json(*plugins.max_time_s).dump() + " s");
  if (plugins.max_memory_mb) say("a plugin gets at most " + nlohmann::json(*plugins.max_memory_mb).dump() + " MB of memory");
  if (file.endpoints) say("evidence may be sent to: " + joined(*file.endpoints));
  if (file.commands) say("logs may come from these commands: " + joined(*file.commands));
  if (file.scan_allow) say("may be scanned: " + ranges(*file.scan_allow));
  if (!file.scan_deny.empty()) say("may not be scanned: " + ranges(file.scan_deny));
  return text;
}

Result<Policy> read_files(const std::vector<std::string>& paths) {
  Policy policy;
  for (const std::string& path : paths) {
    std::ifstream stream(path, std::ios::binary);
    std::error_code error;
    if (!stream || fs::is_directory(path, error)) return fail_io("cannot read", path, stream ? EISDIR : errno);
    auto file = read_policy(std::string(std::istreambuf_iterator<char>(stream), {}), path);
    if (!file) return tl::unexpected(std::move(file.error()));
    policy.files.push_back(std::move(*file));
  }
  return policy;
}

int show_policy(Program& program, const Arguments& arguments) {
  const auto policy = arguments.files.empty() ? policy_in_force() : read_files(arguments.files);
  if (!policy) return program.failed(policy.error());
  auto json = nlohmann::json::array();
  std::string text;
  for (const PolicyFile& file : policy->files) {
    json.push_back(as_json(file));
    text += as_text(file);
  }
  if (policy->files.empty()) {
    text = "nothing bounds you: there is no policy at";
    for (const fs::path& place : policy_places()) text += " " + place.string();
    text += "\n";
  }
  program.out.write(arguments.json ? json_text({{"policies", json}}) : text);
  return exit_passed;
}

}  // namespace

void add_policy_command(CLI::App& app, Program& program) {
  auto* policy = app.add_subcommand("policy", "Say what may be run, asked and scanned here, or check files that shall say so");
  const auto arguments = std::make_shared<Arguments>();
  policy->add_option("FILE", arguments->files, "Policies to check; without any, those in force");
  policy->add_flag("--json", arguments->json, "Print JSON");
  policy->callback(
      [&program, arguments] { program.chosen = [&program, arguments] { return show_policy(program, *arguments); }; });
}

}  // namespace conclave::cli
