// How Compose puts files together: https://github.com/compose-spec/compose-spec/blob/main/13-merge.md

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "engine/config/compose.h"

namespace conclave::config {
namespace {

// NAME=value, NAME or NAME:value as a map, so that lists and maps can be merged. What is no list of scalars stays.
Node as_map(const Node& node, std::string_view parts = "=") {
  if (node.kind != NodeKind::list) return node;
  Node map;
  map.kind = NodeKind::map;
  map.location = node.location;
  for (const Node& item : node.items) {
    Node key = item;
    Node value = item;
    const std::size_t split = item.scalar.find_first_of(parts);
    key.scalar = item.scalar.substr(0, split);
    if (split == std::string::npos) value.kind = NodeKind::null;
    value.scalar = split == std::string::npos ? std::string() : item.scalar.substr(split + 1);
    map.entries.emplace_back(std::move(key), std::move(value));
  }
  return map;
}

std::string text_at(const Node& map, std::string_view key) {
  const Node* value = map.find(key);
  return value == nullptr ? std::string() : value->scalar;
}

// What may be there once: of a port everything about it, of what is mounted its place in the container.
std::string identity(const std::string& list, const Node& item) {
  if (list == "ports") {
    if (item.kind == NodeKind::scalar)
      return item.scalar.ends_with("/tcp") ? item.scalar.substr(0, item.scalar.size() - 4) : item.scalar;
    std::string text = text_at(item, "host_ip");
    if (!text.empty()) text += ':';
    if (const std::string published = text_at(item, "published"); !published.empty()) text.append(published).append(":");
    text += text_at(item, "target");
    const std::string protocol = text_at(item, "protocol");
    return protocol.empty() || protocol == "tcp" ? text : text + "/" + protocol;
  }
  if (item.kind == NodeKind::map) {
    const std::string target = text_at(item, "target");
    return target.empty() ? text_at(item, "source") : target;
  }
  if (list != "volumes") return item.scalar;
  const std::size_t first = item.scalar.find(':');
  if (first == std::string::npos) return item.scalar;
  return item.scalar.substr(first + 1, item.scalar.find(':', first + 1) - first - 1);
}

// One after the other; of what may be there once the later one, in the place of the earlier.
Node appended(Node base, const Node& own, const std::string& name) {
  const bool unique = name == "ports" || name == "volumes" || name == "secrets" || name == "configs";
  std::unordered_map<std::string, std::size_t> places;
  if (unique)
    for (std::size_t i = 0; i < base.items.size(); ++i) places.emplace(identity(name, base.items[i]), i);
  for (const Node& item : own.items) {
    const auto found = unique ? places.find(identity(name, item)) : places.end();
    if (found == places.end())
      base.items.push_back(item);
    else
      base.items[found->second] = item;
  }
  return base;
}

// A later one may have something else to say of what was reset, so it stays until settle().
bool stands_alone(const Node& base, const Node& own) { return own.merging != Merging::usual || base.merging == Merging::reset; }

Node merged_maps(Node base, const Node& own, Node (*merge)(const std::string& name, Node base, const Node& own)) {
  if (stands_alone(base, own)) return own;
  if (base.kind == NodeKind::map && own.kind == NodeKind::null) return base;
  if (base.kind != NodeKind::map || own.kind != NodeKind::map) return own;
  std::unordered_map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < base.entries.size(); ++i) places.emplace(base.entries[i].first.scalar, i);
  for (const auto& [key, value] : own.entries) {
    const auto found = places.find(key.scalar);
    if (found == places.end()) {
      places.emplace(key.scalar, base.entries.size());
      base.entries.emplace_back(key, value);
    } else {
      Node& old = base.entries[found->second].second;
      old = stands_alone(old, value) ? value : merge(key.scalar, std::move(old), value);
    }
  }
  return base;
}

Node merged_value(const std::string& name, Node base, const Node& own) {
  if (name == "command" || name == "entrypoint" || name == "test") return own;
  if (base.kind == NodeKind::list && own.kind == NodeKind::list && name != "environment" && name != "labels" && name != "args")
    return appended(std::move(base), own, name);
  if (base.kind != own.kind || base.kind == NodeKind::list) {
    if (name == "environment" || name == "labels" || name == "args" || name == "annotations" || name == "sysctls" ||
        name == "depends_on" || name == "networks")
      return merged_maps(as_map(base), as_map(own), &merged_value);
    if (name == "extra_hosts") return merged_maps(as_map(base, "=:"), as_map(own, "=:"), &merged_value);
  }
  return merged_maps(std::move(base), own, &merged_value);
}

Node merged_named_service(const std::string&, Node base, const Node& own) { return merged_service(std::move(base), own); }

Node merged_section(const std::string& name, Node base, const Node& own) {
  if (name == "services") return merged_maps(std::move(base), own, &merged_named_service);
  if (name == "include" && base.kind == NodeKind::list && own.kind == NodeKind::list) return appended(std::move(base), own, name);
  return merged_maps(std::move(base), own, &merged_value);
}

}  // namespace

Node merged_service(Node base, const Node& own) { return merged_maps(std::move(base), own, &merged_value); }

void settle(Node& node, int depth) {
  if (depth == 0) return;
  std::erase_if(node.entries, [](const auto& entry) { return entry.second.merging == Merging::reset; });
  std::erase_if(node.items, [](const Node& item) { return item.merging == Merging::reset; });
  for (auto& [key, value] : node.entries) settle(value, depth - 1);
  for (Node& item : node.items) settle(item, depth - 1);
}

Node merged_project(Node base, const Node& own) { return merged_maps(std::move(base), own, &merged_section); }

}  // namespace conclave::config
