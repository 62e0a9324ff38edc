// Kubernetes manifests: https://kubernetes.io/docs/reference/kubernetes-api/
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "engine/config/reader.h"

namespace conclave::config {

struct Manifest {
  const Node* node = nullptr;
  std::string path;  // in its file
  std::string kind;
  std::string name;
  std::string space;  // the namespace; "default" if it names none
};

// What makes pods, as others see it.
struct PodTemplate {
  std::string space;
  std::map<std::string, std::string, std::less<>> labels;
  std::set<std::string, std::less<>> port_names;
};

// What follows `keys` down from a map; null where it ends early.
[[nodiscard]] const Node* below(const Node* node, std::initializer_list<std::string_view> keys);
[[nodiscard]] std::string text_below(const Node* node, std::initializer_list<std::string_view> keys);
[[nodiscard]] std::map<std::string, std::string, std::less<>> labels_of(const Node* map);

// The objects of one file, those in lists included.
[[nodiscard]] std::vector<Manifest> manifests_of(std::span<const Node> documents);
// The template of the pods of a workload (of a Pod itself), or null: with `metadata` and `spec`.
[[nodiscard]] const Node* pod_template_of(const Manifest& manifest);

// Every object of the files that are read together. The nodes must outlive it.
class Manifests {
 public:
  void add(std::span<const Node> documents);

  [[nodiscard]] const Node* find(const std::string& kind, const std::string& space, const std::string& name) const;
  [[nodiscard]] const std::vector<PodTemplate>& pods() const { return pods_; }

 private:
  std::map<std::tuple<std::string, std::string, std::string>, const Node*> objects_;
  std::vector<PodTemplate> pods_;
};

void read_kubernetes(std::span<const Node> documents, const Manifests& all, Reading& reading);

// The steps of read_kubernetes: a workload becomes one service per container; a Service or an Ingress must lead somewhere.
void read_workload(const Manifest& manifest, const std::string& name, const Manifests& all, Reading& reading);
void check_service(const Manifest& manifest, const Manifests& all, Reading& reading);
void check_ingress(const Manifest& manifest, const Manifests& all, Reading& reading);

}  // namespace conclave::config
