#include <algorithm>

#include "engine/config/compose.h"

namespace conclave::config {
namespace {

std::string joined(const Node& node) {
  if (node.kind == NodeKind::scalar) return node.scalar;
  std::string text;
  for (const Node& item : node.items) {
    if (&item == &node.items.front() && (item.scalar == "CMD" || item.scalar == "CMD-SHELL")) continue;
    text += (text.empty() ? "" : " ") + item.scalar;
  }
  return text;
}

class ServiceReader {
 public:
  ServiceReader(const Node& name, const Node& node, const Variables& variables, Reading& reading, const Refers& refers)
      : name_(name),
        node_(node),
        variables_(variables),
        reading_(reading),
        refers_(refers),
        section_(node, "service '" + name.scalar + "'", path_of_key("services", name.scalar), reading) {}

  void run() {
    service_.name = name_.scalar;
    service_.location = places_.name = name_.location;
    read_image();
    read_compose_resources(section_, service_, places_, reading_);
    if (const Node* ports = section_.list("ports"))
      for (const Node& port : ports->items) read_compose_port(port, section_.what(), service_, places_, reading_);
    read_variables_of_service();
    if (const Node* check = section_.any("healthcheck")) read_health(*check);
    read_dependencies();
    section_.texts("profiles", service_.profiles);
    read_references();
    check_copies();
    pass_the_rest();
    section_.finish();
    if (node_.kind == NodeKind::map || node_.kind == NodeKind::null) reading_.add(std::move(service_), std::move(places_));
  }

 private:
  void read_image() {
    const Node* build = section_.any("build");
    service_.built = build != nullptr;
    if (section_.text("image", service_.image)) places_.image = node_.find("image")->location;
    if (build == nullptr && service_.image.empty() && section_.any("provider") == nullptr)
      reading_.problem(Severity::error, name_.location, "missing-image", section_.what() + " has neither image nor build",
                       "name the image it runs");
  }

  void read_variables_of_service() {
    if (const Node* files = section_.any("env_file")) {
      if (files->kind == NodeKind::list)
        for (const Node& file : files->items) read_env_file(file);
      else
        read_env_file(*files);
    }
    if (const Node* environment = section_.any("environment")) {
      read_environment(*environment, section_.what(), reading_, service_.environment,
                       [&](const Node& at, const std::string& name) {
                         if (const auto found = variables_.find(name); found != variables_.end())
                           service_.environment[name] = found->second;
                         else
                           reading_.pass_over(path_of_key(section_.path_of("environment"), name), at.location,
                                              "handed on from the environment of whoever starts it");
                       });
    }
  }

  void read_env_file(const Node& node) {
    const Node* path = node.kind == NodeKind::map ? node.find("path") : &node;
    const Node* required = node.find("required");
    if (path == nullptr || path->kind != NodeKind::scalar)
      return reading_.error(node, "wrong-type",
                            "env_file of " + section_.what() + " must be the path of a file, not " + shown(node));
    auto found = read_variables_beside(path->scalar, path->location, reading_);
    if (found) {
      for (Variable& variable : *found) service_.environment[variable.name] = std::move(variable.value);
    } else if (found.error().kind == ErrorKind::unsupported) {
      reading_.pass_over(section_.path_of("env_file"), path->location, "not read: " + found.error().text());
    } else if (required == nullptr || required->scalar != "false") {
      reading_.error(*path, "missing-env-file",
                     "the env_file of " + section_.what() + " cannot be read: " + found.error().message);
    }
  }

  void read_health(const Node& node) {
    Section section(node, "healthcheck of " + section_.what(), section_.path_of("healthcheck"), reading_);
    bool disabled = false;
    section.boolean("disable", disabled);
    if (const Node* test = section.any("test")) service_.health_check = joined(*test);
    for (const char* key : {"interval", "timeout", "retries", "start_period", "start_interval"}) section.any(key);
    section.finish();
    if (disabled || service_.health_check == "NONE") service_.health_check.clear();
  }

  void read_dependencies() {
    const Node* node = section_.any("depends_on");
    if (node == nullptr) return;
    const auto take = [&](const Node& name) {
      service_.depends_on.push_back(name.scalar);
      refers_("services", name.scalar, name);
    };
    if (node->kind == NodeKind::map) {
      for (const auto& [name, how] : node->entries) {
        const Node* required = how.find("required");
        if (required == nullptr || required->scalar != "false") take(name);
      }
    } else if (node->kind == NodeKind::list) {
      for (const Node& name : node->items)
        if (name.kind == NodeKind::scalar) take(name);
    } else {
      reading_.error(*node, "wrong-type", "depends_on of " + section_.what() + " must be a list or a map, not " + shown(*node));
    }
  }

  // Named volumes, networks, secrets and configs. A path is no name.
  void read_references() {
    if (const Node* volumes = section_.list("volumes")) {
      for (const Node& volume : volumes->items) {
        const Node* type = volume.find("type");
        const Node* source = volume.find("source");
        if (volume.kind == NodeKind::map && source != nullptr && (type == nullptr || type->scalar == "volume"))
          refers_("volumes", source->scalar, *source);
        const std::size_t colon = volume.scalar.find(':');
        if (volume.kind == NodeKind::scalar && colon != std::string::npos && colon > 1 &&
            std::string_view("./~$\\").find(volume.scalar.front()) == std::string_view::npos)
          refers_("volumes", volume.scalar.substr(0, colon), volume);
      }
    }
    if (const Node* networks = section_.any("networks")) {
      for (const Node& network : networks->items) refers_("networks", network.scalar, network);
      for (const auto& [network, settings] : networks->entries) refers_("networks", network.scalar, network);
    }
    for (const char* key : {"secrets", "configs"}) {
      const Node* items = section_.list(key);
      if (items == nullptr) continue;
      for (const Node& item : items->items) {
        const Node* source = item.kind == NodeKind::map ? item.find("source") : &item;
        if (source != nullptr && source->kind == NodeKind::scalar) refers_(key, source->scalar, *source);
      }
    }
  }

  void check_copies() {
    const Node* name = section_.any("container_name");
    if (service_.replicas <= 1) return;
    if (name != nullptr)
      reading_.error(*name, "container-name-shared",
                     std::to_string(service_.replicas) + " copies of " + section_.what() + " cannot have one container_name",
                     "remove it");
    if (!service_.ports.empty())
      reading_.problem(Severity::error, places_.ports.front(), "port-shared",
                       std::to_string(service_.replicas) + " copies of " + section_.what() + " cannot all bind port " +
                           std::to_string(service_.ports.front()),
                       "publish the port of the container alone, or put a proxy in front");
  }

  void pass_the_rest() {
    for (const auto& [key, value] : node_.entries)
      if (key.scalar.starts_with("x-")) section_.any(key.scalar);
    section_.passes({"annotations",
                     "attach",
                     "blkio_config",
                     "cap_add",
                     "cap_drop",
                     "cgroup",
                     "cgroup_parent",
                     "command",
                     "configs",
                     "cpu_count",
                     "cpu_percent",
                     "cpu_period",
                     "cpu_quota",
                     "cpu_rt_period",
                     "cpu_rt_runtime",
                     "cpu_shares",
                     "cpuset",
                     "credential_spec",
                     "develop",
                     "device_cgroup_rules",
                     "devices",
                     "dns",
                     "dns_opt",
                     "dns_search",
                     "domainname",
                     "driver_opts",
                     "entrypoint",
                     "expose",
                     "external_links",
                     "extra_hosts",
                     "gpus",
                     "group_add",
                     "hostname",
                     "init",
                     "ipc",
                     "isolation",
                     "label_file",
                     "labels",
                     "links",
                     "logging",
                     "mac_address",
                     "mem_swappiness",
                     "memswap_limit",
                     "models",
                     "network_mode",
                     "oom_kill_disable",
                     "oom_score_adj",
                     "pid",
                     "pids_limit",
                     "platform",
                     "post_start",
                     "pre_stop",
                     "privileged",
                     "pull_policy",
                     "read_only",
                     "restart",
                     "runtime",
                     "security_opt",
                     "shm_size",
                     "stdin_open",
                     "stop_grace_period",
                     "stop_signal",
                     "storage_opt",
                     "sysctls",
                     "tmpfs",
                     "tty",
                     "ulimits",
                     "use_api_socket",
                     "user",
                     "userns_mode",
                     "uts",
                     "volumes_from",
                     "working_dir"});
  }

  const Node& name_;
  const Node& node_;
  const Variables& variables_;
  Reading& reading_;
  const Refers& refers_;
  Section section_;
  Service service_;
  ServicePlaces places_;
};

}  // namespace

void read_compose_service(const Node& name, const Node& node, const Variables& variables, Reading& reading,
                          const Refers& refers) {
  ServiceReader(name, node, variables, reading, refers).run();
}

}  // namespace conclave::config
