// What leads from object to object: Services to pods, Ingresses to Services.
#include <algorithm>

#include "engine/config/kubernetes.h"
#include "engine/config/letters.h"

namespace conclave::config {
namespace {

// Labels compared per file, so that a million Services times a million pods end.
constexpr std::size_t label_cost = 4;

bool is_number(std::string_view text) { return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos; }

bool selects(const std::map<std::string, std::string, std::less<>>& selector, const PodTemplate& pod) {
  return std::ranges::all_of(selector, [&](const auto& wanted) {
    const auto found = pod.labels.find(wanted.first);
    return found != pod.labels.end() && found->second == wanted.second;
  });
}

void check_port_of(const Node* service, const Node& at, const std::string& name, Reading& reading) {
  const Node* ports = below(service, {"spec", "ports"});
  if (ports == nullptr) return;
  const bool known = std::ranges::any_of(
      ports->items, [&](const Node& port) { return text_below(&port, {is_number(at.scalar) ? "port" : "name"}) == at.scalar; });
  if (!known)
    reading.error(at, "undefined-port", "Service " + shown_name(name) + " has no port " + shown(at),
                  "use a port or a name that it lists");
}

void check_backend(const Node& backend, const Manifest& ingress, const Manifests& all, Reading& reading) {
  const Node* name = below(&backend, {"service", "name"});
  const Node* port = below(&backend, {"service", "port", "name"});
  if (port == nullptr) port = below(&backend, {"service", "port", "number"});
  if (name == nullptr) {  // networking.k8s.io/v1beta1
    name = below(&backend, {"serviceName"});
    port = below(&backend, {"servicePort"});
  }
  if (name == nullptr || name->kind != NodeKind::scalar) return;
  const Node* service = all.find("Service", ingress.space, name->scalar);
  if (service == nullptr)
    return reading.warn(*name, "undefined-service", "no Service " + shown(*name) + " stands in the files that were read",
                        "read its file along with this one, or mend the name");
  if (port != nullptr && port->kind == NodeKind::scalar) check_port_of(service, *port, name->scalar, reading);
}

}  // namespace

void check_service(const Manifest& manifest, const Manifests& all, Reading& reading) {
  const Node* selector = below(manifest.node, {"spec", "selector"});
  if (selector == nullptr || selector->kind != NodeKind::map || selector->entries.empty()) return;
  const auto wanted = labels_of(selector);
  if (!reading.afford(label_cost * (all.pods().size() + 1) * wanted.size(), selector->location)) return;
  std::vector<const PodTemplate*> chosen;
  for (const PodTemplate& pod : all.pods())
    if (pod.space == manifest.space && selects(wanted, pod)) chosen.push_back(&pod);
  if (chosen.empty())
    return reading.warn(*selector, "selects-nothing",
                        "Service " + shown_name(manifest.name) + " selects no pods of the files that were read",
                        "read the file of its pods along with this one, or mend the labels");
  const Node* ports = below(manifest.node, {"spec", "ports"});
  if (ports == nullptr) return;
  for (const Node& port : ports->items) {
    const Node* target = below(&port, {"targetPort"});
    if (target == nullptr || target->kind != NodeKind::scalar || is_number(target->scalar)) continue;
    if (!reading.afford(label_cost * chosen.size(), target->location)) return;
    if (std::ranges::none_of(chosen, [&](const PodTemplate* pod) { return pod->port_names.contains(target->scalar); }))
      reading.error(*target, "undefined-port",
                    "no container that Service " + shown_name(manifest.name) + " selects has a port named " + shown(*target),
                    "name a port of the container so, or use its number");
  }
}

void check_ingress(const Manifest& manifest, const Manifests& all, Reading& reading) {
  for (const char* key : {"defaultBackend", "backend"})
    if (const Node* backend = below(manifest.node, {"spec", key})) check_backend(*backend, manifest, all, reading);
  const Node* rules = below(manifest.node, {"spec", "rules"});
  if (rules == nullptr) return;
  for (const Node& rule : rules->items) {
    const Node* paths = below(&rule, {"http", "paths"});
    if (paths == nullptr) continue;
    for (const Node& path : paths->items)
      if (const Node* backend = below(&path, {"backend"})) check_backend(*backend, manifest, all, reading);
  }
}

}  // namespace conclave::config
