// Docker Compose files: https://github.com/compose-spec/compose-spec/blob/main/spec.md
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/config/reader.h"
#include "engine/config/variables.h"

namespace conclave::config {

// `root` is interpolated in place, with what stands in .env beside the file. What it includes is read, too.
void read_compose(Node root, Reading& reading);

// A later file over an earlier one, and the same for one service: maps key by key, lists one after the other, but commands as a
// whole, and ports, volumes, secrets and configs each once (https://github.com/compose-spec/compose-spec/blob/main/13-merge.md).
[[nodiscard]] Node merged_project(Node base, const Node& own);
[[nodiscard]] Node merged_service(Node base, const Node& own);
// Takes out what is tagged !reset, so many levels deep. Merging keeps it, for a service may yet extend another, or be put over
// it.
void settle(Node& node, int depth);

// One service, extended already. What it names elsewhere in the file is told to `refers`: the section ("services", "volumes",
// ...), the name and where it stands.
using Refers = std::function<void(const std::string& section, const std::string& name, const Node& at)>;
void read_compose_service(const Node& name, const Node& node, const Variables& variables, Reading& reading, const Refers& refers);

// Its memory, processors and copies.
void read_compose_resources(Section& section, Service& service, ServicePlaces& places, Reading& reading);

// An item of `ports`: "8080:80", "127.0.0.1:5000-5010:5000-5010/udp", or a map. Ports of the container that are bound to any free
// port of the machine are not ports of the service.
void read_compose_port(const Node& item, const std::string& what, Service& service, ServicePlaces& places, Reading& reading);

// A file that another one includes, several merged already, with the variables it has put in.
struct Included {
  Node root;
  std::filesystem::path within;  // its folder, below that of the main file
  Variables variables;
  std::vector<std::filesystem::path> chain;  // the files that include one another down to this one
};

// What a file includes: https://github.com/compose-spec/compose-spec/blob/main/14-include.md
class Includes {
 public:
  explicit Includes(Reading& reading) : reading_(reading) {}

  // Each file once, in the order in which they are named. What cannot be read is reported.
  [[nodiscard]] std::vector<Included> of(const Node& root, const Variables& variables,
                                         const std::vector<std::filesystem::path>& chain);
  // Whether everything was read that was named so far.
  [[nodiscard]] bool complete() const { return complete_; }

 private:
  std::optional<Included> read(const Node& item, const Variables& variables, const std::vector<std::filesystem::path>& chain);
  std::optional<Node> read_file(const std::filesystem::path& path, const Node& at);

  Reading& reading_;
  std::set<std::filesystem::path> seen_;
  bool complete_ = true;
};

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
