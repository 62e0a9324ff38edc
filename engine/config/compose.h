// Docker Compose files: https://github.com/compose-spec/compose-spec/blob/main/spec.md
#pragma once

#include <functional>
#include <string>

#include "engine/config/reader.h"
#include "engine/config/variables.h"

namespace conclave::config {

// `root` is interpolated in place, with what stands in .env beside the file.
void read_compose(Node root, Reading& reading);

// One service, extended already. What it names elsewhere in the file is told to `refers`: the section ("services", "volumes",
// ...), the name and where it stands.
using Refers = std::function<void(const std::string& section, const std::string& name, const Node& at)>;
void read_compose_service(const Node& name, const Node& node, const Variables& variables, Reading& reading, const Refers& refers);

// Its memory, processors and copies.
void read_compose_resources(Section& section, Service& service, ServicePlaces& places, Reading& reading);

// An item of `ports`: "8080:80", "127.0.0.1:5000-5010:5000-5010/udp", or a map. Ports of the container that are bound to any free
// port of the machine are not ports of the service.
void read_compose_port(const Node& item, const std::string& what, Service& service, ServicePlaces& places, Reading& reading);

// The service with what it extends, from this file or another one beside it, in its place.
class Extensions {
 public:
  Extensions(const Node& services, const Variables& variables, Reading& reading)
      : services_(services), variables_(variables), reading_(reading) {}

  [[nodiscard]] Node resolved(const std::string& name, const Node& service);

 private:
  struct Step {
    std::filesystem::path file;  // empty: the file itself
    std::string service;
    bool operator==(const Step&) const = default;
  };
  Node resolve(const Node& service, std::vector<Step>& chain);
  const Node* services_of(const std::filesystem::path& file, const Node& at);

  const Node& services_;
  const Variables& variables_;
  Reading& reading_;
  std::map<std::filesystem::path, Node> files_;
};

}  // namespace conclave::config
