#include "engine/config/infrastructure.h"

#include <limits>
#include <optional>

#include "engine/base/text.h"
#include "engine/config/path.h"
#include "engine/config/rules.h"

namespace conclave::config {
namespace {

constexpr int max_number = std::numeric_limits<int>::max();

// Every scalar below `node`, null included, with its path. Depth is bounded by TreeLimits::max_depth.
template <class Visit>
void for_each_scalar(const Node& node, const std::string& path, const Visit& visit) {
  switch (node.kind) {
    case NodeKind::null:
    case NodeKind::scalar:
      visit(path, node);
      break;
    case NodeKind::list:
      for (std::size_t i = 0; i < node.items.size(); ++i) for_each_scalar(node.items[i], path_of_item(path, i), visit);
      break;
    case NodeKind::map:
      for (const auto& [key, value] : node.entries) for_each_scalar(value, path_of_key(path, key.scalar), visit);
      break;
  }
}

// Adds up the bytes of all those paths, about; stops soon after `enough`.
void measure_paths(const Node& node, std::size_t path, std::size_t& total, std::size_t enough) {
  total += path;
  if (total > enough) return;
  for (const Node& item : node.items) measure_paths(item, path + 4, total, enough);
  for (const auto& [key, value] : node.entries) measure_paths(value, path + key.scalar.size() + 3, total, enough);
}

class ConfigReader {
 public:
  ConfigReader(InfrastructureConfig& model, std::vector<Problem>& problems) : model_(model), problems_(problems) {}

  void read(const Node& root) {
    MapReader reader(root, "the configuration", problems_, Severity::warning);
    reader.any("version");
    for (const auto& [key, value] : root.entries)
      if (key.scalar.starts_with("x-")) reader.any(key.scalar);  // as in Compose: for anchors, and nobody's business
    if (const Node* settings = reader.any("global_settings")) read_settings(*settings);
    const Node* services = reader.any("services");
    if (services != nullptr) {
      read_services(*services);
    } else if (root.kind == NodeKind::map || root.kind == NodeKind::null) {
      problems_.push_back(
          {Severity::warning, "no-services", "the configuration names no services", "add the key services", root.location});
    }
    reader.finish();
    const auto found = check(model_, places_);
    problems_.insert(problems_.end(), found.begin(), found.end());
  }

 private:
  void error(const Node& at, std::string rule, std::string message, std::string fix = {}) {
    problems_.push_back({Severity::error, std::move(rule), std::move(message), std::move(fix), at.location});
  }

  void read_settings(const Node& settings) {
    if (settings.kind != NodeKind::map)
      return error(settings, "wrong-type", "global_settings must be a map of keys and values, not " + shown(settings));
    for (const auto& [key, value] : settings.entries) {
      // What stands at the top keeps its name, dots and all.
      const bool nested = value.kind == NodeKind::list || value.kind == NodeKind::map;
      for_each_scalar(value, nested ? path_of_key("", key.scalar) : key.scalar,
                      [&](const std::string& path, const Node& scalar) { model_.global_settings[path] = scalar.scalar; });
    }
  }

  void read_services(const Node& services) {
    if (services.kind == NodeKind::list) {
      for (const Node& item : services.items) read_service(item, nullptr);
    } else if (services.kind == NodeKind::map) {
      for (const auto& [name, value] : services.entries) read_service(value, &name);
    } else {
      error(services, "wrong-type", "services must be a map by name or a list, not " + shown(services));
    }
  }

  void read_service(const Node& node, const Node* key) {
    Service service;
    ServicePlaces places;
    service.location = key != nullptr ? key->location : node.location;
    places.name = service.location;
    if (key != nullptr) service.name = key->scalar;
    if (const Node* name = node.find("name"); name != nullptr && key == nullptr) {
      service.name = name->scalar;
      places.name = name->location;
    }
    const std::string what = service.name.empty() ? "a service without a name" : "service '" + service.name + "'";
    MapReader reader(node, what, problems_, Severity::warning);
    if (std::string name; reader.text("name", name) && name != service.name)
      error(*node.find("name"), "wrong-type", "the name of " + what + " is said twice, and differently: '" + name + "'",
            "remove one of them");
    read_number(reader, "replicas", service.replicas, places.replicas, what);
    read_number(reader, "cpu_millicores", service.cpu_millicores, places.cpu, what);
    read_number(reader, "memory_mb", service.memory_mb, places.memory, what);
    if (const Node* ports = reader.any("ports")) read_ports(*ports, what, service, places);
    if (const Node* environment = reader.any("environment")) read_environment(*environment, what, service);
    reader.finish();
    if (node.kind == NodeKind::scalar || node.kind == NodeKind::list) return;
    model_.services.push_back(std::move(service));
    places_.push_back(std::move(places));
  }

  void read_number(MapReader& reader, std::string_view key, int& out, Location& place, const std::string& what) {
    const Node* node = reader.any(key);
    if (node == nullptr) return;
    const bool is_replicas = key == "replicas";
    const nlohmann::json value = node->to_json();
    if (!value.is_number_integer()) {
      error(*node, is_replicas ? "bad-replicas" : "wrong-type",
            std::string(key) + " of " + what + " must be a whole number, not " + shown(*node), hint(*node));
      return;
    }
    const bool huge = value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(max_number);
    const std::int64_t number = huge ? -1 : value.get<std::int64_t>();
    if (number < 0 || number > max_number || (number == 0 && !is_replicas)) {
      error(*node,
            is_replicas          ? "bad-replicas"
            : key == "memory_mb" ? "memory-too-low"
                                 : "cpu-too-low",
            std::string(key) + " of " + what + " must be " + (is_replicas ? "0" : "1") + " to " + std::to_string(max_number) +
                ", not " + shown(*node));
      return;
    }
    out = static_cast<int>(number);
    place = node->location;
  }

  // "500m", "512Mi" and "'3'" are what people write out of habit.
  static std::string hint(const Node& node) {
    const std::size_t digits = node.scalar.find_first_not_of("0123456789");
    if (node.kind != NodeKind::scalar || digits == 0) return {};
    const std::string_view unit = digits == std::string::npos ? std::string_view{} : std::string_view(node.scalar).substr(digits);
    if (unit.empty() || unit == "m" || unit == "M" || unit == "Mi" || unit == "MB" || unit == "MiB")
      return "write " + node.scalar.substr(0, digits);
    return {};
  }

  void read_ports(const Node& node, const std::string& what, Service& service, ServicePlaces& places) {
    const auto take = [&](const Node& item) {
      Node plain = item;
      plain.quoted = false;
      const nlohmann::json value = plain.to_json();
      if (value.is_number_unsigned() || (value.is_number_integer() && value.get<std::int64_t>() >= 0)) {
        const auto number = value.get<std::uint64_t>();
        if (number >= 1 && number <= 65535) {
          service.ports.push_back(static_cast<std::uint16_t>(number));
          places.ports.push_back(item.location);
          return;
        }
      }
      error(item, "bad-port", "a port of " + what + " must be a number from 1 to 65535, not " + shown(item), port_hint(item));
    };
    if (node.kind == NodeKind::list) {
      for (const Node& item : node.items) take(item);
    } else {
      take(node);
    }
  }

  // Compose writes "HOST:CONTAINER"; the port that others see is the first.
  static std::string port_hint(const Node& item) {
    const std::size_t colon = item.scalar.find(':');
    if (colon == 0 || colon == std::string::npos || item.scalar.find_first_not_of("0123456789") != colon) return {};
    return "write " + item.scalar.substr(0, colon);
  }

  void read_environment(const Node& node, const std::string& what, Service& service) {
    if (node.kind == NodeKind::map) {
      for (const auto& [key, value] : node.entries) {
        if (value.kind == NodeKind::list || value.kind == NodeKind::map)
          error(value, "wrong-type",
                "environment variable '" + key.scalar + "' of " + what + " must be text, not " + shown(value));
        else
          service.environment[key.scalar] = value.scalar;
      }
    } else if (node.kind == NodeKind::list) {
      for (const Node& item : node.items) {
        const std::size_t equals = item.scalar.find('=');
        if (item.kind != NodeKind::scalar || equals == std::string::npos || equals == 0)
          error(item, "wrong-type", "an environment variable of " + what + " must be written NAME=value, not " + shown(item));
        else if (!service.environment.try_emplace(item.scalar.substr(0, equals), item.scalar.substr(equals + 1)).second)
          error(item, "duplicate-variable",
                "environment variable '" + item.scalar.substr(0, equals) + "' of " + what + " is set twice",
                "remove one of them");
      }
    } else {
      error(node, "wrong-type", "environment of " + what + " must be a map or a list of NAME=value, not " + shown(node));
    }
  }

  InfrastructureConfig& model_;
  std::vector<Problem>& problems_;
  std::vector<ServicePlaces> places_;
};

Result<ConfigFile> from_tree(const Node& root, const std::string& file_name) {
  // A long key is repeated in the path of everything below it.
  constexpr std::size_t max_path_bytes = std::size_t{256} << 20U;
  std::size_t path_bytes = 0;
  measure_paths(root, 0, path_bytes, max_path_bytes);
  if (path_bytes > max_path_bytes) return fail(ErrorKind::limit, "keys too long for the number of values below them", file_name);

  ConfigFile file;
  file.file = file_name;
  file.tree = root.to_json();
  for_each_scalar(root, "", [&](const std::string& path, const Node& value) {
    if (!path.empty() || value.kind == NodeKind::scalar)
      file.values.push_back({path, value.scalar, value.location.line, value.location.column});
  });
  ConfigReader(file.model, file.problems).read(root);
  sort_by_place(file.problems);
  return file;
}

}  // namespace

Result<ConfigFile> read_config(std::string_view text, const std::string& file_name) {
  return read_yaml(text, file_name).and_then([&](const Node& root) { return from_tree(root, file_name); });
}

Result<ConfigFile> read_config_file(const std::filesystem::path& path) {
  return read_yaml_file(path).and_then([&](const Node& root) { return from_tree(root, path.native()); });
}

}  // namespace conclave::config
