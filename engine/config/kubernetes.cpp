#include "engine/config/kubernetes.h"

#include <algorithm>
#include <array>

#include "engine/base/text.h"

namespace conclave::config {
namespace {

// A name goes into that of every container below, and has at most 253 letters.
std::string name_in(const Node& node, std::string_view key) {
  constexpr std::size_t longest = 253;
  const std::string name = text_below(&node, {"metadata", key});
  return name.size() <= longest ? name : valid_utf8(name.substr(0, longest));
}

void collect(const Node& node, const std::string& path, std::vector<Manifest>& out) {
  Manifest manifest{&node, path, text_below(&node, {"kind"}), name_in(node, "name"), name_in(node, "namespace")};
  if (manifest.space.empty()) manifest.space = "default";
  const Node* items = node.find("items");
  if (manifest.kind.ends_with("List") && items != nullptr && items->kind == NodeKind::list) {
    const std::string below_items = path_of_key(path, "items");
    for (std::size_t i = 0; i < items->items.size(); ++i) collect(items->items[i], path_of_item(below_items, i), out);
    return;
  }
  out.push_back(std::move(manifest));
}

// Kinds that make pods, and where their template stands.
bool is_workload(std::string_view kind) {
  constexpr std::array<std::string_view, 8> kinds = {
      "Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob"};
  return std::ranges::find(kinds, kind) != kinds.end();
}

}  // namespace

const Node* below(const Node* node, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (node == nullptr) return nullptr;
    node = node->find(key);
  }
  return node == nullptr || node->kind == NodeKind::null ? nullptr : node;
}

std::string text_below(const Node* node, std::initializer_list<std::string_view> keys) {
  const Node* found = below(node, keys);
  return found == nullptr ? std::string() : found->scalar;
}

std::map<std::string, std::string, std::less<>> labels_of(const Node* map) {
  std::map<std::string, std::string, std::less<>> labels;
  if (map == nullptr) return labels;
  for (const auto& [key, value] : map->entries) labels[key.scalar] = value.scalar;
  return labels;
}

std::vector<Manifest> manifests_of(std::span<const Node> documents) {
  std::vector<Manifest> out;
  for (std::size_t i = 0; i < documents.size(); ++i) collect(documents[i], documents.size() == 1 ? "" : path_of_item("", i), out);
  return out;
}

const Node* pod_template_of(const Manifest& manifest) {
  if (!is_workload(manifest.kind)) return nullptr;
  if (manifest.kind == "Pod") return manifest.node;
  if (manifest.kind == "CronJob") return below(manifest.node, {"spec", "jobTemplate", "spec", "template"});
  return below(manifest.node, {"spec", "template"});
}

void Manifests::add(std::span<const Node> documents) {
  for (const Manifest& manifest : manifests_of(documents)) {
    objects_.try_emplace({manifest.kind, manifest.space, manifest.name}, manifest.node);
    const Node* pod = pod_template_of(manifest);
    if (pod == nullptr) continue;
    PodTemplate made{manifest.space, labels_of(below(pod, {"metadata", "labels"})), {}};
    if (const Node* containers = below(pod, {"spec", "containers"})) {
      for (const Node& container : containers->items) {
        if (const Node* ports = container.find("ports"))
          for (const Node& port : ports->items) made.port_names.insert(text_below(&port, {"name"}));
      }
    }
    pods_.push_back(std::move(made));
  }
}

const Node* Manifests::find(const std::string& kind, const std::string& space, const std::string& name) const {
  const auto found = objects_.find({kind, space, name});
  return found == objects_.end() ? nullptr : found->second;
}

void read_kubernetes(std::span<const Node> documents, const Manifests& all, Reading& reading) {
  std::map<std::string, std::string> kinds;  // of the names that are taken
  for (const Manifest& manifest : manifests_of(documents)) {
    const Node& node = *manifest.node;
    if (manifest.kind.empty() || node.find("apiVersion") == nullptr) {
      reading.error(node, "wrong-type",
                    "this is no Kubernetes object: it has no " + std::string(manifest.kind.empty() ? "kind" : "apiVersion"));
      continue;
    }
    if (manifest.name.empty() && below(&node, {"metadata", "generateName"}) == nullptr)
      reading.error(node, "missing-name", "an object of kind " + shown(*node.find("kind")) + " has no metadata.name",
                    "give it a name");
    if (is_workload(manifest.kind)) {
      // Objects of several kinds may share a name, services of the model may not.
      std::string name = manifest.space == "default" ? manifest.name : manifest.space + "/" + manifest.name;
      const auto [taken, fresh] = kinds.try_emplace(name, manifest.kind);
      if (!fresh && taken->second != manifest.kind) name += " (" + manifest.kind + ")";
      read_workload(manifest, name, all, reading);
    } else if (manifest.kind == "Service") {
      check_service(manifest, all, reading);
    } else if (manifest.kind == "Ingress") {
      check_ingress(manifest, all, reading);
    } else if (manifest.kind != "ConfigMap" && manifest.kind != "Secret") {
      reading.pass_over(manifest.path, node.location,
                        "objects of kind " + shown(*node.find("kind")) + " are not part of what is checked");
    }
  }
}

}  // namespace conclave::config
