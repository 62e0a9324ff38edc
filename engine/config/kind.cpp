#include "engine/config/kind.h"

#include <algorithm>
#include <array>

#include "engine/config/letters.h"

namespace conclave::config {
namespace {

bool has_any(const Node& map, std::initializer_list<std::string_view> keys) {
  return std::ranges::any_of(keys, [&](std::string_view key) { return map.find(key) != nullptr; });
}

bool is_unit_name(std::string_view file) {
  return ends_with_any(file, {".service", ".socket", ".timer", ".path", ".mount", ".target", ".slice"}) ||
         (file.ends_with(".conf") && file.find(".d/") != std::string_view::npos);
}

bool is_native(const Node& root) {
  if (has_any(root, {"global_settings"})) return true;
  const Node* services = root.find("services");
  if (services == nullptr) return false;
  return services->kind == NodeKind::list || std::ranges::any_of(services->entries, [](const auto& entry) {
           return has_any(entry.second, {"replicas", "cpu_millicores", "memory_mb", "health_check"});
         });
}

bool is_compose(const Node& root, std::string_view file_name) {
  if (is_native(root)) return false;
  const std::string_view name = file_name.substr(file_name.find_last_of('/') + 1);
  const Node* services = root.find("services");
  if (name.starts_with("compose.") || name.starts_with("docker-compose")) return true;
  if (services == nullptr) return false;
  if (has_any(root, {"volumes", "networks", "secrets", "configs", "include", "name"})) return true;
  return std::ranges::any_of(services->entries, [](const auto& entry) {
    return has_any(entry.second,
                   {"image", "build", "extends", "deploy", "healthcheck", "env_file", "volumes", "networks", "restart", "command",
                    "entrypoint", "container_name", "profiles", "network_mode", "mem_limit", "cpus"});
  });
}

}  // namespace

bool is_unit(std::string_view text, std::string_view file_name) {
  constexpr std::array<std::string_view, 11> sections = {"Unit", "Install", "Service", "Socket", "Timer",    "Mount",
                                                         "Path", "Slice",   "Scope",   "Swap",   "Automount"};
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos || line[begin] == '#' || line[begin] == ';') continue;
    const std::string_view head = line.substr(begin, line.find_last_not_of(" \t\r") + 1 - begin);
    if (!head.starts_with('[') || !head.ends_with(']')) return false;
    const bool known = std::ranges::find(sections, head.substr(1, head.size() - 2)) != sections.end();
    return known || is_unit_name(file_name);
  }
  return is_unit_name(file_name);
}

ConfigKind kind_of(std::span<const Node> documents, std::string_view file_name) {
  const auto is_manifest = [](const Node& root) { return root.find("apiVersion") != nullptr && root.find("kind") != nullptr; };
  if (std::ranges::any_of(documents, is_manifest)) return ConfigKind::kubernetes;
  return is_compose(documents.front(), file_name) ? ConfigKind::compose : ConfigKind::native;
}

}  // namespace conclave::config
