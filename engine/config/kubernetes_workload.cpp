#include <algorithm>

#include "engine/config/kubernetes.h"
#include "engine/config/quantity.h"

namespace conclave::config {
namespace {

// One container of a pod becomes one service.
class ContainerReader {
 public:
  ContainerReader(const Manifest& manifest, const Node& node, std::string path, Service service, const Manifests& all,
                  Reading& reading)
      : manifest_(manifest),
        node_(node),
        service_(std::move(service)),
        all_(all),
        reading_(reading),
        section_(node, "container '" + service_.name + "'", std::move(path), reading) {}

  // `volumes` are those of the pod; `used` the ports that its containers have so far.
  void run(const std::set<std::string, std::less<>>& volumes, std::map<std::pair<bool, std::uint16_t>, std::string>& used) {
    service_.location = places_.name = node_.location;
    section_.any("name");
    if (section_.text("image", service_.image))
      places_.image = node_.find("image")->location;
    else
      reading_.error(node_, "missing-image", section_.what() + " has no image", "name the image it runs");
    read_resources();
    if (const Node* ports = section_.list("ports"))
      for (const Node& port : ports->items) read_port(port, used);
    if (const Node* from = section_.list("envFrom"))
      for (const Node& source : from->items) read_source(source);
    if (const Node* variables = section_.list("env"))
      for (const Node& variable : variables->items) read_variable(variable);
    for (const char* probe : {"readinessProbe", "livenessProbe", "startupProbe"})
      if (const Node* found = section_.any(probe)) read_probe(*found, probe);
    if (const Node* mounts = section_.list("volumeMounts")) {
      for (const Node& mount : mounts->items)
        if (const Node* name = below(&mount, {"name"}); name != nullptr && !volumes.contains(name->scalar))
          reading_.error(*name, "undefined-reference", "the pod has no volume " + shown(*name), "add it to volumes");
    }
    section_.passes({"args", "command", "imagePullPolicy", "lifecycle", "resizePolicy", "restartPolicy", "securityContext",
                     "stdin", "stdinOnce", "terminationMessagePath", "terminationMessagePolicy", "tty", "volumeDevices",
                     "workingDir"});
    section_.finish();
    if (node_.kind == NodeKind::map) reading_.add(std::move(service_), std::move(places_));
  }

 private:
  void read_resources() {
    const Node* resources = section_.any("resources");
    if (resources == nullptr) return;
    const auto cpu = read_amount(*resources, "cpu");
    const auto memory = read_amount(*resources, "memory");
    take(cpu, millicores, service_.cpu_millicores, places_.cpu);
    take(memory, mebibytes, service_.memory_mb, places_.memory);
  }

  struct Amount {
    double value = 0;
    const Node* at = nullptr;
  };

  // The limit, or what is requested.
  Amount read_amount(const Node& resources, std::string_view key) {
    const Amount limit = quantity(below(&resources, {"limits", key}), key);
    const Amount request = quantity(below(&resources, {"requests", key}), key);
    if (limit.at != nullptr && request.at != nullptr && request.value > limit.value)
      reading_.error(*request.at, "limit-below-request",
                     section_.what() + " requests more " + std::string(key) + " than its limit", "raise the limit");
    return limit.at != nullptr ? limit : request;
  }

  Amount quantity(const Node* node, std::string_view key) {
    if (node == nullptr) return {};
    const auto value = node->kind == NodeKind::scalar ? kubernetes_quantity(node->scalar) : std::nullopt;
    if (value) return {*value, node};
    reading_.error(*node, "bad-quantity",
                   std::string(key) + " of " + section_.what() + " must be an amount such as " +
                       (key == "cpu" ? "250m" : "256Mi") + ", not " + shown(*node));
    return {};
  }

  void take(const Amount& amount, std::optional<int> (*convert)(double), int& out, Location& place) {
    if (amount.at == nullptr || amount.value <= 0) return;
    const auto value = convert(amount.value);
    if (!value) return reading_.error(*amount.at, "bad-quantity", section_.what() + " asks for more than any machine has");
    out = *value;
    place = amount.at->location;
  }

  void read_port(const Node& port, std::map<std::pair<bool, std::uint16_t>, std::string>& used) {
    const Node* number = below(&port, {"containerPort"});
    const auto value = number == nullptr ? std::nullopt : plain_number(number->scalar);
    if (!value || *value < 1 || *value > 65535 || *value != static_cast<int>(*value)) {
      const Node& at = number == nullptr ? port : *number;
      return reading_.error(at, "bad-port",
                            "containerPort of " + section_.what() + " must be a number from 1 to 65535, not " + shown(at));
    }
    const std::string name = text_below(&port, {"name"});
    if (!name.empty()) port_names_.insert(name);
    const bool udp = text_below(&port, {"protocol"}) == "UDP";
    const auto [first, fresh] = used.try_emplace({udp, static_cast<std::uint16_t>(*value)}, service_.name);
    if (!fresh && first->second != service_.name)
      reading_.error(*number, "duplicate-port",
                     "port " + number->scalar + " of the pod is already used by container '" + first->second + "'",
                     "containers of a pod share its address; give one of them another port");
    service_.ports.push_back(static_cast<std::uint16_t>(*value));
    service_.bindings.push_back({service_.ports.back(), {}, udp});
    places_.ports.push_back(number->location);
  }

  void set(const std::string& name, const std::string& value, const Location& at) {
    if (reading_.afford(name.size() + value.size() + 64, at)) service_.environment[name] = value;
  }

  // {configMapRef or secretRef: {name}, prefix}
  void read_source(const Node& source) {
    const std::string prefix = text_below(&source, {"prefix"});
    if (const Node* data = data_of(source, "configMapRef", "ConfigMap"))
      for (const auto& [key, value] : data->entries) set(prefix + key.scalar, value.scalar, source.location);
    data_of(source, "secretRef", "Secret");
  }

  // The data of the object that `key` names; null where it is not in these files, which is listed.
  const Node* data_of(const Node& source, std::string_view key, const char* kind) {
    const Node* name = below(&source, {key, "name"});
    if (name == nullptr) return nullptr;
    const Node* object = all_.find(kind, manifest_.space, name->scalar);
    if (object == nullptr) {
      reading_.pass_over(section_.path_of("env"), name->location,
                         std::string(kind) + " " + shown(*name) + " is in none of the files");
      return nullptr;
    }
    const Node* data = object->find("data");
    return data == nullptr && kind == std::string_view("Secret") ? object->find("stringData") : data;
  }

  void read_variable(const Node& variable) {
    const Node* name = below(&variable, {"name"});
    if (name == nullptr || name->kind != NodeKind::scalar)
      return reading_.error(variable, "wrong-type", "an environment variable of " + section_.what() + " has no name");
    if (!own_variables_.insert(name->scalar).second)
      reading_.error(*name, "duplicate-variable",
                     "environment variable " + shown(*name) + " of " + section_.what() + " is set twice", "remove one of them");
    const Node* from = below(&variable, {"valueFrom"});
    if (from == nullptr) return set(name->scalar, text_below(&variable, {"value"}), name->location);
    if (const Node* value = entry_of(*from, "configMapKeyRef", "ConfigMap")) set(name->scalar, value->scalar, name->location);
    entry_of(*from, "secretKeyRef", "Secret");  // whose value is nobody's business
    for (const char* other : {"fieldRef", "resourceFieldRef"})
      if (const Node* field = from->find(other))
        reading_.pass_over(section_.path_of("env"), field->location, "known only to the running pod");
  }

  const Node* entry_of(const Node& from, std::string_view ref, const char* kind) {
    const Node* data = data_of(from, ref, kind);
    const Node* key = below(&from, {ref, "key"});
    if (data == nullptr || key == nullptr || !reading_.afford(data->entries.size(), key->location)) return nullptr;
    const Node* found = data->find(key->scalar);
    if (found == nullptr && text_below(&from, {ref, "optional"}) != "true")
      reading_.error(*key, "undefined-reference",
                     std::string(kind) + " '" + text_below(&from, {ref, "name"}) + "' has no key " + shown(*key));
    return found;
  }

  void read_probe(const Node& probe, std::string_view kind) {
    Section section(probe, std::string(kind) + " of " + section_.what(), section_.path_of(kind), reading_);
    std::string asks;
    for (const char* way : {"httpGet", "tcpSocket", "grpc"}) {
      const Node* found = section.any(way);
      if (found == nullptr) continue;
      asks = std::string(way) + " " + text_below(found, {"path"}) + ":" + text_below(found, {"port"});
      const Node* port = below(found, {"port"});
      const bool named = port != nullptr && port->kind == NodeKind::scalar && !plain_number(port->scalar);
      if (named && !port_names_.contains(port->scalar))
        reading_.error(*port, "undefined-port", section_.what() + " has no port named " + shown(*port),
                       "name one so, or use its number");
    }
    if (const Node* exec = section.any("exec")) {
      asks = "exec";
      if (const Node* command = below(exec, {"command"}))
        for (const Node& word : command->items) asks += " " + word.scalar;
    }
    for (const char* key : {"initialDelaySeconds", "periodSeconds", "timeoutSeconds", "successThreshold", "failureThreshold",
                            "terminationGracePeriodSeconds"})
      section.any(key);
    section.finish();
    if (asks.empty())
      return reading_.error(probe, "missing-health-check", section.what() + " asks nothing",
                            "add httpGet, tcpSocket, grpc or exec");
    service_.health_check +=
        (service_.health_check.empty() ? "" : ", ") + std::string(kind.substr(0, kind.size() - 5)) + ": " + asks;
  }

  const Manifest& manifest_;
  const Node& node_;
  Service service_;
  const Manifests& all_;
  Reading& reading_;
  Section section_;
  ServicePlaces places_;
  std::set<std::string, std::less<>> port_names_;
  std::set<std::string> own_variables_;
};

std::set<std::string, std::less<>> volumes_of(const Manifest& manifest, const Node& pod) {
  std::set<std::string, std::less<>> names;
  if (const Node* volumes = pod.find("volumes"))
    for (const Node& volume : volumes->items) names.insert(text_below(&volume, {"name"}));
  if (const Node* claims = below(manifest.node, {"spec", "volumeClaimTemplates"}))
    for (const Node& claim : claims->items) names.insert(text_below(&claim, {"metadata", "name"}));
  return names;
}

void check_selector(const Manifest& manifest, const Node& pod, Reading& reading) {
  const Node* selector = below(manifest.node, {"spec", "selector", "matchLabels"});
  if (selector == nullptr || manifest.kind == "Job") return;
  const auto labels = labels_of(below(&pod, {"metadata", "labels"}));
  for (const auto& [key, value] : selector->entries) {
    const auto found = labels.find(key.scalar);
    if (found == labels.end() || found->second != value.scalar)
      reading.error(key, "selector-mismatch", "label " + shown(key) + " of the selector is not that of the pods that are made",
                    "give selector and template the same labels");
  }
}

}  // namespace

void read_workload(const Manifest& manifest, const std::string& name, const Manifests& all, Reading& reading) {
  const Node* pod = pod_template_of(manifest);
  const Node* spec = below(pod, {"spec"});
  const Node* containers = below(spec, {"containers"});
  if (containers == nullptr || containers->kind != NodeKind::list || containers->items.empty())
    return reading.error(*manifest.node, "wrong-type", "'" + name + "' has no list of containers");
  check_selector(manifest, *pod, reading);

  Service common;
  common.runs_once = manifest.kind == "Job" || manifest.kind == "CronJob";
  common.own_address = text_below(spec, {"hostNetwork"}) != "true";
  if (const Node* replicas = below(manifest.node, {"spec", "replicas"})) {
    const auto count = plain_number(replicas->scalar);
    if (count && *count <= 1e9 && *count == static_cast<int>(*count))
      common.replicas = static_cast<int>(*count);
    else
      reading.error(*replicas, "bad-replicas", "replicas of '" + name + "' must be a whole number, not " + shown(*replicas));
  }
  const auto volumes = volumes_of(manifest, *spec);
  std::map<std::pair<bool, std::uint16_t>, std::string> ports;
  std::string spec_path = manifest.path;
  if (manifest.kind == "CronJob") spec_path = path_of_key(path_of_key(spec_path, "spec"), "jobTemplate");
  if (manifest.kind != "Pod") spec_path = path_of_key(path_of_key(spec_path, "spec"), "template");
  spec_path = path_of_key(spec_path, "spec");
  const std::size_t count = containers->items.size();
  for (const char* key : {"containers", "initContainers"}) {
    const Node* list = spec->find(key);
    if (list == nullptr) continue;
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      const Node& container = list->items[i];
      Service service = common;
      const bool first = key == std::string_view("initContainers");
      service.name = count == 1 && !first ? name : name + "/" + text_below(&container, {"name"});
      if (first) service.runs_once = text_below(&container, {"restartPolicy"}) != "Always";
      ContainerReader(manifest, container, path_of_item(path_of_key(spec_path, key), i), std::move(service), all, reading)
          .run(volumes, ports);
    }
  }
}

}  // namespace conclave::config
