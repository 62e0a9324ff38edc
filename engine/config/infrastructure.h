// What should run, and with what: the one model of an infrastructure configuration.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/config/problem.h"

namespace conclave::config {

enum class ConfigKind { native, compose, kubernetes, systemd };
[[nodiscard]] std::string_view kind_name(ConfigKind kind);

// How a port is bound. Of a port without one: TCP, on every address of the machine.
struct Binding {
  std::uint16_t port = 0;
  std::string address;  // empty: every one
  bool udp = false;
  bool operator==(const Binding&) const = default;
};

struct Service {
  std::string name;
  int replicas = 1;
  int cpu_millicores = 0;  // 0: not said
  int memory_mb = 0;       // MiB; 0: not said
  std::vector<std::uint16_t> ports;
  std::vector<Binding> bindings;  // of those ports of which there is more to say
  bool own_address = false;       // as a pod has it: its ports are in nobody's way
  std::map<std::string, std::string> environment;
  std::string image;         // of its container
  bool built = false;        // the image is built, not fetched
  std::string health_check;  // what is asked, in a few words; empty: nothing
  bool runs_once = false;    // a job, which has no health to ask for
  std::vector<std::string> depends_on;
  std::vector<std::string> profiles;  // empty: always runs; else where one of them is chosen
  Location location;
  bool operator==(const Service&) const = default;
};

struct InfrastructureConfig {
  std::vector<Service> services;                       // in the order of the file
  std::map<std::string, std::string> global_settings;  // by name; what is nested by its path (see path.h)
  bool operator==(const InfrastructureConfig&) const = default;
};

// One scalar of the file with its path ("services.api.memory_mb", see path.h), for experts and citations.
struct FlatValue {
  std::string path;
  std::string value;
  int line = 0;
  int column = 0;
};

// What a reader did not take into the model, on purpose or because it does not know it.
struct NotUnderstood {
  std::string path;
  std::string why;
  Location location;
  bool operator==(const NotUnderstood&) const = default;
};

// "# conclave: ignore RULE" in a file.
struct Ignore {
  std::string rule;
  int line = 0;       // whose problems are ignored; 0: of the whole file
  int also_line = 0;  // the line below a comment that stands alone
  Location location;
  bool operator==(const Ignore&) const = default;
};

// A configuration file, read once: tree, model and every problem. Immutable afterwards.
struct ConfigFile {
  std::string file;
  ConfigKind kind = ConfigKind::native;
  InfrastructureConfig model;
  nlohmann::json tree;            // the whole file as JSON; of several documents a list
  std::vector<FlatValue> values;  // every scalar, in order
  std::vector<Problem> problems;  // in order of place, without those that a comment ignores
  std::vector<NotUnderstood> not_understood;
  std::vector<Ignore> ignores;  // also of problems that rules of users find later
};

// The kind is seen by the content; the name of the file decides only where that fits several. Native: `services` may be a map by
// name or a list of maps with `name`. A file that is neither YAML nor a systemd unit is an error; everything else is a problem.
// Of a text nothing else is read. For a file also what it names beside itself or below: .env, env_file, extends, include, other
// units, and the override file of Compose. Problems and services of those have their location.
[[nodiscard]] Result<ConfigFile> read_config(std::string_view text, const std::string& file_name);
[[nodiscard]] Result<ConfigFile> read_config_file(const std::filesystem::path& path);

// Files that are one configuration, such as the manifests of an application: what one names may stand in another, and a port of
// the machine is used once. Compose files of one folder are merged in their order; each service belongs to the file that names it
// first. One result per path, in their order.
[[nodiscard]] std::vector<Result<ConfigFile>> read_config_files(std::span<const std::filesystem::path> paths);

// cpu below 100 millicores, memory below 128 MiB, ports used twice within or across services, images without a fixed tag,
// containers without resources or health check.
[[nodiscard]] std::vector<Problem> check(const InfrastructureConfig& config);

// The same file with the model that a hook made of its own, checked again: problems of the old model that the new one does not
// have go, those it brings come, problems of the file itself stay. What is in both keeps its place in the file, which the model
// alone does not know.
[[nodiscard]] ConfigFile with_model(ConfigFile file, InfrastructureConfig model);

[[nodiscard]] nlohmann::json to_json(const InfrastructureConfig& config);
[[nodiscard]] nlohmann::json to_json(std::span<const NotUnderstood> passed);
[[nodiscard]] Result<InfrastructureConfig> config_from_json(const nlohmann::json& json);

}  // namespace conclave::config
