// What should run, and with what: the one model of an infrastructure configuration.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/config/problem.h"

namespace conclave::config {

struct Service {
  std::string name;
  int replicas = 1;
  int cpu_millicores = 0;  // 0: not said
  int memory_mb = 0;       // MiB; 0: not said
  std::vector<std::uint16_t> ports;
  std::map<std::string, std::string> environment;
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

// A configuration file, read once: tree, model and every problem. Immutable afterwards.
struct ConfigFile {
  std::string file;
  InfrastructureConfig model;
  nlohmann::json tree;            // the whole file as JSON
  std::vector<FlatValue> values;  // every scalar, in order
  std::vector<Problem> problems;  // in order of place
};

// `services` may be a map by name or a list of maps with `name`. A file that is not YAML is an error; everything else is a
// problem.
[[nodiscard]] Result<ConfigFile> read_config(std::string_view text, const std::string& file_name);
[[nodiscard]] Result<ConfigFile> read_config_file(const std::filesystem::path& path);

// cpu below 100 millicores, memory below 128 MiB, ports used twice within or across services.
[[nodiscard]] std::vector<Problem> check(const InfrastructureConfig& config);

// The same file with the model that a hook made of its own, checked again: problems of the old model that the new one does not
// have go, those it brings come, problems of the file itself stay. What is in both keeps its place in the file, which the model
// alone does not know.
[[nodiscard]] ConfigFile with_model(ConfigFile file, InfrastructureConfig model);

[[nodiscard]] nlohmann::json to_json(const InfrastructureConfig& config);
[[nodiscard]] Result<InfrastructureConfig> config_from_json(const nlohmann::json& json);

}  // namespace conclave::config
