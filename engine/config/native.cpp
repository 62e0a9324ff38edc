// The native form: `services`, a map by name or a list, and `global_settings`.
#include <limits>

#include "engine/config/reader.h"

namespace conclave::config {
namespace {

constexpr int max_number = std::numeric_limits<int>::max();

class NativeReader {
 public:
  explicit NativeReader(Reading& reading) : reading_(reading) {}

  void read(const Node& root) {
    Section reader(root, "the configuration", "", reading_);
    reader.any("version");
    for (const auto& [key, value] : root.entries)
      if (key.scalar.starts_with("x-")) reader.any(key.scalar);  // as in Compose: for anchors, and nobody's business
    if (const Node* settings = reader.any("global_settings")) read_settings(*settings);
    const Node* services = reader.any("services");
    if (services != nullptr) {
      read_services(*services);
    } else if (root.kind == NodeKind::map || root.kind == NodeKind::null) {
      reading_.warn(root, "no-services", "the configuration names no services", "add the key services");
    }
    reader.finish();
  }

 private:
  void error(const Node& at, std::string rule, std::string message, std::string fix = {}) {
    reading_.error(at, std::move(rule), std::move(message), std::move(fix));
  }

  void read_settings(const Node& settings) {
    if (settings.kind != NodeKind::map)
      return error(settings, "wrong-type", "global_settings must be a map of keys and values, not " + shown(settings));
    for (const auto& [key, value] : settings.entries) {
      // What stands at the top keeps its name, dots and all.
      const bool nested = value.kind == NodeKind::list || value.kind == NodeKind::map;
      for_each_scalar(value, nested ? path_of_key("", key.scalar) : key.scalar, [&](const std::string& path, const Node& scalar) {
        reading_.file.model.global_settings[path] = scalar.scalar;
      });
    }
  }

  void read_services(const Node& services) {
    if (services.kind == NodeKind::list) {
      for (std::size_t i = 0; i < services.items.size(); ++i)
        read_service(services.items[i], nullptr, path_of_item("services", i));
    } else if (services.kind == NodeKind::map) {
      for (const auto& [name, value] : services.entries) read_service(value, &name, path_of_key("services", name.scalar));
    } else {
      error(services, "wrong-type", "services must be a map by name or a list, not " + shown(services));
    }
  }

  void read_service(const Node& node, const Node* key, const std::string& path) {
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
    Section reader(node, what, path, reading_);
    if (std::string name; reader.text("name", name) && name != service.name)
      error(*node.find("name"), "wrong-type", "the name of " + what + " is said twice, and differently: '" + name + "'",
            "remove one of them");
    read_number(reader, "replicas", service.replicas, places.replicas, what);
    read_number(reader, "cpu_millicores", service.cpu_millicores, places.cpu, what);
    read_number(reader, "memory_mb", service.memory_mb, places.memory, what);
    if (const Node* ports = reader.any("ports")) read_ports(*ports, what, service, places);
    if (const Node* environment = reader.any("environment")) read_environment(*environment, what, reading_, service.environment);
    if (reader.text("image", service.image)) places.image = node.find("image")->location;
    reader.text("health_check", service.health_check);
    reader.texts("depends_on", service.depends_on);
    reader.texts("profiles", service.profiles);
    reader.boolean("own_address", service.own_address);
    reader.boolean("built", service.built);
    reader.boolean("runs_once", service.runs_once);
    reader.finish();
    if (node.kind != NodeKind::scalar && node.kind != NodeKind::list) reading_.add(std::move(service), std::move(places));
  }

  void read_number(Section& reader, std::string_view key, int& out, Location& place, const std::string& what) {
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

  Reading& reading_;
};

}  // namespace

void read_native(const Node& root, Reading& reading) { NativeReader(reading).read(root); }

}  // namespace conclave::config
