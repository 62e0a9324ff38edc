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

bool flag_of(const Json& json, const std::string& where) {
  if (!json.is_boolean()) refuse(where, "must be true or false");
  return json.get<bool>();
}

std::vector<std::string> list_of(const Json& json, const std::string& where) {
  if (!json.is_array()) refuse(where, "must be an array");
  std::vector<std::string> out;
  for (const Json& item : json) out.push_back(text_of(item, where));
  return out;
}

Binding binding_of(const Json& json, const std::string& where) {
  object_with(json, where, {"port", "address", "protocol"});
  Binding out;
  if (const Json* port = member(json, "port")) out.port = static_cast<std::uint16_t>(whole_of(*port, where + ".port", 65535));
  if (const Json* address = member(json, "address")) out.address = text_of(*address, where + ".address");
  if (const Json* protocol = member(json, "protocol")) {
    const std::string name = text_of(*protocol, where + ".protocol");
    if (name != "tcp" && name != "udp") refuse(where + ".protocol", "must be tcp or udp");
    out.udp = name == "udp";
  }
  return out;
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
  object_with(json, where,
              {"name", "replicas", "cpu_millicores", "memory_mb", "ports", "bindings", "own_address", "environment", "image",
               "built", "health_check", "runs_once", "depends_on", "profiles", "location"});
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
  if (const Json* bindings = member(json, "bindings")) {
    if (!bindings->is_array()) refuse(where + ".bindings", "must be an array");
    for (const Json& binding : *bindings) out.bindings.push_back(binding_of(binding, where + ".bindings"));
  }
  for (const auto& [key, text] : {std::pair("image", &out.image), std::pair("health_check", &out.health_check)})
    if (const Json* value = member(json, key)) *text = text_of(*value, where + "." + key);
  for (const auto& [key, flag] :
       {std::pair("own_address", &out.own_address), std::pair("built", &out.built), std::pair("runs_once", &out.runs_once)})
    if (const Json* value = member(json, key)) *flag = flag_of(*value, where + "." + key);
  for (const auto& [key, list] : {std::pair("depends_on", &out.depends_on), std::pair("profiles", &out.profiles)})
    if (const Json* value = member(json, key)) *list = list_of(*value, where + "." + key);
  if (const Json* value = member(json, "environment")) out.environment = texts_of(*value, where + ".environment");
  if (const Json* value = member(json, "location")) out.location = location_of(*value, where + ".location");
  return out;
}

Json json_of(const Location& location) { return {{"file", location.file}, {"line", location.line}, {"column", location.column}}; }

}  // namespace

Json to_json(std::span<const NotUnderstood> passed) {
  Json all = Json::array();
  for (const NotUnderstood& one : passed) {
    Json json = json_of(one.location);
    json["path"] = one.path;
    json["why"] = one.why;
    all.push_back(std::move(json));
  }
  return all;
}

Json to_json(const InfrastructureConfig& config) {
  Json services = Json::array();
  for (const Service& service : config.services) {
    services.push_back({{"name", service.name},
                        {"replicas", service.replicas},
                        {"cpu_millicores", service.cpu_millicores},
                        {"memory_mb", service.memory_mb},
                        {"ports", service.ports},
                        {"bindings", Json::array()},
                        {"own_address", service.own_address},
                        {"environment", Json::object()},
                        {"image", service.image},
                        {"built", service.built},
                        {"health_check", service.health_check},
                        {"runs_once", service.runs_once},
                        {"depends_on", service.depends_on},
                        {"profiles", service.profiles},
                        {"location", json_of(service.location)}});
    for (const auto& [port, address, udp] : service.bindings)
      services.back()["bindings"].push_back({{"port", port}, {"address", address}, {"protocol", udp ? "udp" : "tcp"}});
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
