#include "engine/config/compose.h"

#include <cerrno>
#include <set>
#include <unordered_map>
#include <utility>

#include "engine/base/text.h"
#include "engine/config/letters.h"

namespace conclave::config {
namespace {

struct Reference {
  std::string section;
  std::string name;
  Location at;
};

Variables variables_beside(Reading& reading) {
  Variables variables;
  const Location at{reading.file.file, 1, 1};
  auto found = read_variables_beside(".env", at, reading);
  if (!found && found.error().kind != ErrorKind::unsupported && found.error().os_error != ENOENT)
    reading.problem(Severity::warning, at, "missing-env-file", ".env beside this file cannot be read: " + found.error().message);
  if (found)
    for (Variable& variable : *found) variables[variable.name] = std::move(variable.value);
  return variables;
}

std::string singular(const std::string& section) { return section.substr(0, section.size() - 1); }

// What services may name: of every section its names.
class Names {
 public:
  explicit Names(const Node& root) {
    for (const char* section : {"services", "volumes", "networks", "secrets", "configs"}) {
      std::set<std::string, std::less<>>& names = names_[section];
      if (const Node* map = root.find(section))
        for (const auto& [name, value] : map->entries) names.insert(name.scalar);
    }
    names_["networks"].insert("default");
  }

  void check(const Reference& reference, Reading& reading) {
    const auto& names = names_.at(reference.section);
    if (names.contains(reference.name)) return;
    constexpr std::size_t most_compared = 1000;
    std::vector<std::string_view> known;
    if (names.size() <= most_compared && ++suggested_ <= most_compared) known.assign(names.begin(), names.end());
    const bool service = reference.section == "services";
    reading.problem(
        Severity::error, reference.at, service ? "undefined-service" : "undefined-reference",
        singular(reference.section) + " " + shown_name(reference.name) + " is not defined" + did_you_mean(reference.name, known),
        service ? "" : "add it to " + reference.section);
  }

 private:
  std::map<std::string, std::set<std::string, std::less<>>> names_;
  std::size_t suggested_ = 0;
};

// Depth first, without recursion: a chain may be as long as the file.
void check_cycles(Reading& reading) {
  const auto& services = reading.file.model.services;
  std::unordered_map<std::string_view, std::size_t> index;
  for (std::size_t i = 0; i < services.size(); ++i) index.emplace(services[i].name, i);
  enum class State { fresh, open, done };
  std::vector<State> states(services.size(), State::fresh);
  for (std::size_t start = 0; start < services.size(); ++start) {
    if (states[start] != State::fresh) continue;
    std::vector<std::pair<std::size_t, std::size_t>> path = {{start, 0}};  // service, next of its dependencies
    states[start] = State::open;
    while (!path.empty()) {
      auto& [at, next] = path.back();
      if (next == services[at].depends_on.size()) {
        states[at] = State::done;
        path.pop_back();
        continue;
      }
      const auto found = index.find(services[at].depends_on[next++]);
      if (found == index.end()) continue;
      if (states[found->second] == State::open)
        reading.problem(Severity::error, services[at].location, "dependency-cycle",
                        "service " + shown_name(services[at].name) + " depends on " + shown_name(services[found->second].name) +
                            ", which waits for it",
                        "remove one depends_on");
      if (states[found->second] != State::fresh) continue;
      states[found->second] = State::open;
      path.emplace_back(found->second, 0);
    }
  }
}

}  // namespace

void read_compose(Node root, Reading& reading) {
  const Variables variables = variables_beside(reading);
  interpolate(root, variables, reading);
  Section section(root, "the configuration", "", reading);
  section.any("version");
  section.any("name");
  for (const auto& [key, value] : root.entries)
    if (key.scalar.starts_with("x-")) section.any(key.scalar);
  for (const char* key : {"volumes", "networks", "secrets", "configs"}) section.any(key);
  section.passes({"include", "models"});

  std::vector<Reference> references;
  const Refers refers = [&](const std::string& in, const std::string& name, const Node& at) {
    references.push_back({in, name, at.location});
  };
  const Node* services = section.any("services");
  if (services == nullptr && section.any("include") == nullptr)
    reading.warn(root, "no-services", "the configuration names no services", "add the key services");
  if (services != nullptr && services->kind != NodeKind::map)
    reading.error(*services, "wrong-type", "services must be a map by name, not " + shown(*services));
  if (services != nullptr) {
    Extensions extensions(*services, variables, reading);
    for (const auto& [name, service] : services->entries)
      read_compose_service(name, extensions.resolved(name.scalar, service), variables, reading, refers);
  }
  section.finish();
  if (section.any("include") == nullptr) {  // what is included may define them
    Names names(root);
    for (const Reference& reference : references) names.check(reference, reading);
  }
  check_cycles(reading);
}

}  // namespace conclave::config
