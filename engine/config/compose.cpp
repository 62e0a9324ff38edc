#include "engine/config/compose.h"

#include <cerrno>
#include <memory>
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

// Those of the file, and of .env where it does not have them.
Variables with_variables_beside(Variables variables, const Location& at, Reading& reading) {
  auto found = read_variables_beside(".env", at, reading);
  if (!found && found.error().kind != ErrorKind::unsupported && found.error().os_error != ENOENT)
    reading.problem(Severity::warning, at, "missing-env-file", ".env beside this file cannot be read: " + found.error().message);
  if (found)
    for (Variable& variable : *found) variables.try_emplace(variable.name, std::move(variable.value));
  return variables;
}

constexpr int name_levels = 2;  // sections, and what they name
constexpr int all_levels = static_cast<int>(TreeLimits{}.max_depth);

std::string singular(const std::string& section) { return section.substr(0, section.size() - 1); }

// What services may name: of every section its names.
class Names {
 public:
  Names() { names_["networks"].insert("default"); }

  void add(const Node& root) {
    for (const char* section : {"services", "volumes", "networks", "secrets", "configs"}) {
      std::set<std::string, std::less<>>& names = names_[section];
      if (const Node* map = root.find(section))
        for (const auto& [name, value] : map->entries) names.insert(name.scalar);
    }
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

// All files of a project: the main one and what it includes.
class Project {
 public:
  explicit Project(Reading& reading) : reading_(reading), includes_(reading) {}

  // Of a main file, interpolated in place; what it includes comes before its own.
  void add(Node& root, Variables variables, const std::vector<std::filesystem::path>& chain) {
    const std::string& file = root.location.file.empty() ? reading_.file.file : root.location.file;
    variables = with_variables_beside(std::move(variables), {file, 1, 1}, reading_);
    interpolate(root, variables, reading_);
    settle(root, name_levels);
    for (Included& included : includes_.of(root, variables, chain)) {
      const std::filesystem::path outer = std::exchange(reading_.within, included.within);
      check_values(included.root, reading_.file.problems);
      add(included.root, std::move(included.variables), included.chain);
      reading_.within = outer;
    }
    add_own(root, variables);
  }

  void finish() {
    std::vector<Reference> references;
    const Refers refers = [&](const std::string& in, const std::string& name, const Node& at) {
      references.push_back({in, name, at.location});
    };
    for (Entry& entry : entries_) {
      reading_.within = entry.within;
      settle(entry.service, all_levels);
      read_compose_service(entry.name, entry.service, *entry.variables, reading_, refers);
    }
    reading_.within.clear();
    if (includes_.complete())  // what was not read may define them
      for (const Reference& reference : references) names_.check(reference, reading_);
    check_cycles(reading_);
  }

 private:
  struct Entry {
    Node name;
    Node service;
    std::filesystem::path within;
    std::shared_ptr<const Variables> variables;
  };

  void add_own(const Node& root, const Variables& variables) {
    Section section(root, "the configuration", "", reading_);
    section.any("version");
    section.any("name");
    for (const auto& [key, value] : root.entries)
      if (key.scalar.starts_with("x-")) section.any(key.scalar);
    for (const char* key : {"include", "volumes", "networks", "secrets", "configs"}) section.any(key);
    section.passes({"models"});
    const Node* services = section.any("services");
    if (services == nullptr && section.any("include") == nullptr)
      reading_.warn(root, "no-services", "the configuration names no services", "add the key services");
    if (services != nullptr && services->kind != NodeKind::map)
      reading_.error(*services, "wrong-type", "services must be a map by name, not " + shown(*services));
    if (services != nullptr) {
      Extensions extensions(*services, variables, reading_);
      const auto shared = std::make_shared<const Variables>(variables);
      for (const auto& [name, service] : services->entries)
        add_service(name, extensions.resolved(name.scalar, service), root.location.file, shared);
    }
    section.finish();
    names_.add(root);
  }

  // What an override file says of an included service is put over it; that the main file itself has another one of the same name
  // is a mistake, which check() finds.
  void add_service(const Node& name, Node service, const std::string& main_file,
                   const std::shared_ptr<const Variables>& variables) {
    const auto [found, fresh] = index_.emplace(name.scalar, entries_.size());
    if (!fresh && name.location.file != main_file) {
      Node& included = entries_[found->second].service;
      included = merged_service(std::move(included), service);
      return;
    }
    entries_.push_back({name, std::move(service), reading_.within, variables});
  }

  Reading& reading_;
  Includes includes_;
  Names names_;
  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::size_t> index_;  // of entries_ by name
};

}  // namespace

void read_compose(Node root, Reading& reading) {
  Project project(reading);
  project.add(root, {}, {std::filesystem::path(reading.file.file).filename()});
  project.finish();
}

}  // namespace conclave::config
