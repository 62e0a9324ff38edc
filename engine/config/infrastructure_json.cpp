#include <limits>
#include <set>

#include "engine/config/infrastructure.h"

namespace conclave::config {
namespace {

using Json = nlohmann::json;

struct Unreadable {
  Error error;
};

[[noreturn]] void refuse(const std::string& where, const std::string& message) {
  throw Unreadable{Error{ErrorKind::serialization, message, where, 0, 0}};
}

const Json& object_with(const Json& json, const std::string& where, const std::set<std::string_view>& keys) {
  if (!json.is_object()) refuse(where, "must be an object");
  for (const auto& [key, value] : json.items())
    if (!keys.contains(key)) refuse(where, "unknown key '" + key + "'");
  return json;
}

const Json* member(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found == json.end() || found->is_null() ? nullptr : &*found;
}

std::string text_of(const Json& json, const std::string& where) {
  if (!json.is_string()) refuse(where, "must be text");
  return json.get<std::string>();
}

int whole_of(const Json& json, const std::string& where, int max = std::numeric_limits<int>::max()) {
  if (!json.is_number_integer()) refuse(where, "must be a whole number");
  const bool fits =
      json.is_number_unsigned() ? json.get<std::uint64_t>() <= static_cast<std::uint64_t>(max) : json.get<std::int64_t>() >= 0;
  if (!fits || json.get<std::int64_t>() > max) refuse(where, "must be from 0 to " + std::to_string(max));
  return json.get<int>();
}

std::map<std::string, std::string> texts_of(const Json& json, const std::string& where) {
  if (!json.is_object()) refuse(where, "must be an object");
  std::map<std::string, std::string> out;
  for (const auto& [key, value] : json.items()) out[key] = text_of(value, std::string(where).append(".").append(key));
  return out;
}

Location location_of(const Json& json, const std::string& where) {
  object_with(json, where, {"file", "line", "column"});
  Location out;
  if (const Json* file = member(json, "file")) out.file = text_of(*file, where + ".file");
  if (const Json* line = member(json, "line")) out.line = whole_of(*line, where + ".line");
  if (const Json* column = member(json, "column")) out.column = whole_of(*column, where + ".column");
  return out;
}

Service service_of(const Json& json, const std::string& where) {
  object_with(json, where, {"name", "replicas", "cpu_millicores", "memory_mb", "ports", "environment", "location"});
  Service out;
  const Json* name = member(json, "name");
  if (name == nullptr) refuse(where, "has no name");
  out.name = text_of(*name, where + ".name");
  if (const Json* value = member(json, "replicas")) out.replicas = whole_of(*value, where + ".replicas");
  if (const Json* value = member(json, "cpu_millicores")) out.cpu_millicores = whole_of(*value, where + ".cpu_millicores");
  if (const Json* value = member(json, "memory_mb")) out.memory_mb = whole_of(*value, where + ".memory_mb");
  if (const Json* ports = member(json, "ports")) {
    if (!ports->is_array()) refuse(where + ".ports", "must be an array");
    for (const Json& port : *ports) out.ports.push_back(static_cast<std::uint16_t>(whole_of(port, where + ".ports", 65535)));
  }
  if (const Json* value = member(json, "environment")) out.environment = texts_of(*value, where + ".environment");
  if (const Json* value = member(json, "location")) out.location = location_of(*value, where + ".location");
  return out;
}

}  // namespace

Json to_json(const InfrastructureConfig& config) {
  Json services = Json::array();
  for (const Service& service : config.services) {
    services.push_back(
        {{"name", service.name},
         {"replicas", service.replicas},
         {"cpu_millicores", service.cpu_millicores},
         {"memory_mb", service.memory_mb},
         {"ports", service.ports},
         {"environment", Json::object()},
         {"location", {{"file", service.location.file}, {"line", service.location.line}, {"column", service.location.column}}}});
    for (const auto& [key, value] : service.environment) services.back()["environment"][key] = value;
  }
  Json settings = Json::object();
  for (const auto& [key, value] : config.global_settings) settings[key] = value;
  return {{"services", std::move(services)}, {"global_settings", std::move(settings)}};
}

Result<InfrastructureConfig> config_from_json(const Json& json) {
  try {
    object_with(json, "configuration", {"services", "global_settings"});
    InfrastructureConfig out;
    if (const Json* services = member(json, "services")) {
      if (!services->is_array()) refuse("services", "must be an array");
      for (std::size_t i = 0; i < services->size(); ++i)
        out.services.push_back(service_of((*services)[i], "services[" + std::to_string(i) + "]"));
    }
    if (const Json* settings = member(json, "global_settings")) out.global_settings = texts_of(*settings, "global_settings");
    return out;
  } catch (Unreadable& unreadable) {
    return tl::unexpected<Error>(std::move(unreadable.error));
  }
}

}  // namespace conclave::config
