#include "engine/config/rules.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "engine/config/image.h"
#include "engine/config/letters.h"

namespace conclave::config {
namespace {

constexpr int min_cpu_millicores = 100;
constexpr int min_memory_mb = 128;
constexpr std::string_view first_in = " (first in ";

std::string title(const Service& service) { return service.name.empty() ? "a service" : "service " + shown_name(service.name); }

class Checker {
 public:
  Checker(const InfrastructureConfig& config, std::span<const ServicePlaces> places) : config_(config), places_(places) {}

  std::vector<Problem> run() {
    for (index_ = 0; index_ < config_.services.size(); ++index_) {
      const Service& service = config_.services[index_];
      check_name(service);
      check_resources(service);
      check_ports(service);
      if (!service.image.empty() || service.built) check_container(service);
    }
    return std::move(problems_);
  }

  // As ports_used_across().
  std::vector<std::pair<std::size_t, Problem>> across(std::span<const std::size_t> projects) {
    std::vector<std::pair<std::size_t, Problem>> found;
    for (index_ = 0; index_ < config_.services.size(); ++index_) {
      const Service& service = config_.services[index_];
      for (std::size_t i = 0; i < service.ports.size(); ++i) {
        const Location at = place_of_port(i);
        const auto first = service.ports[i] == 0 ? std::nullopt : earlier_use(service, binding_of(service, i), at);
        if (!first || projects[first->service] == projects[index_]) continue;
        found.emplace_back(
            index_, Problem{Severity::error, "duplicate-port",
                            "port " + std::to_string(service.ports[i]) + " of " + title(service) + " is already used by " +
                                title(config_.services[first->service]) + std::string(first_in) + first->location.text() + ")",
                            "give one of them another port", at});
      }
    }
    return found;
  }

 private:
  struct PortUse {
    std::size_t service;
    Location location;
  };
  // Protocol, port, address, and whose: a service with an address of its own is in nobody's way but its own.
  using PortKey = std::tuple<bool, std::uint16_t, std::string, std::size_t>;
  static constexpr std::size_t everybody = static_cast<std::size_t>(-1);

  Location place(Location ServicePlaces::*member) const {
    if (!places_.empty() && (places_[index_].*member).line > 0) return places_[index_].*member;
    return config_.services[index_].location;
  }

  Location place_of_port(std::size_t port) const {
    if (!places_.empty() && port < places_[index_].ports.size()) return places_[index_].ports[port];
    return config_.services[index_].location;
  }

  void report(Severity severity, std::string rule, std::string message, std::string fix, Location at) {
    problems_.push_back({severity, std::move(rule), std::move(message), std::move(fix), std::move(at)});
  }

  void check_name(const Service& service) {
    if (service.name.empty()) {
      report(Severity::error, "missing-name", "a service without a name", "give it a name", service.location);
      return;
    }
    const auto [first, fresh] = names_.try_emplace(service.name, service.location);
    if (!fresh)
      report(Severity::error, "duplicate-service", title(service) + " is defined twice" + also_at(first->second),
             "rename or remove one of them", place(&ServicePlaces::name));
  }

  void check_resources(const Service& service) {
    if (service.replicas < 0)
      report(Severity::error, "bad-replicas",
             "replicas of " + title(service) + " must not be negative, and is " + std::to_string(service.replicas),
             "write 0 or more", place(&ServicePlaces::replicas));
    if (service.cpu_millicores != 0 && service.cpu_millicores < min_cpu_millicores)
      report(Severity::warning, "cpu-too-low",
             title(service) + " gets " + std::to_string(service.cpu_millicores) + " millicores, less than " +
                 std::to_string(min_cpu_millicores),
             "give it at least " + std::to_string(min_cpu_millicores), place(&ServicePlaces::cpu));
    if (service.memory_mb != 0 && service.memory_mb < min_memory_mb)
      report(Severity::warning, "memory-too-low",
             title(service) + " gets " + std::to_string(service.memory_mb) + " MiB of memory, less than " +
                 std::to_string(min_memory_mb),
             "give it at least " + std::to_string(min_memory_mb), place(&ServicePlaces::memory));
  }

  void check_ports(const Service& service) {
    for (std::size_t i = 0; i < service.ports.size(); ++i) {
      const std::uint16_t port = service.ports[i];
      const Location at = place_of_port(i);
      if (port == 0) {
        report(Severity::error, "bad-port", "port 0 of " + title(service) + " is not a port", "use 1 to 65535", at);
        continue;
      }
      const auto first = earlier_use(service, binding_of(service, i), at);
      if (!first) continue;
      const bool same = first->service == index_;
      report(Severity::error, "duplicate-port",
             "port " + std::to_string(port) + " of " + title(service) +
                 (same ? " is listed twice" : " is already used by " + title(config_.services[first->service])) +
                 also_at(first->location),
             same ? "remove one of them" : "give one of them another port", at);
    }
  }

  // Who had the port before, if anybody; notes the use. An address is in the way of itself and of "every address".
  std::optional<PortUse> earlier_use(const Service& service, const Binding& binding, const Location& at) {
    const std::size_t owner = service.own_address ? index_ : everybody;
    const std::string any = "*";
    const bool wild = binding.address.empty() || binding.address == "0.0.0.0" || binding.address == "::";
    const PortUse use{index_, at};
    const auto note = [&](const std::string& address) {
      return ports_.try_emplace(PortKey{binding.udp, binding.port, address, owner}, use);
    };
    const auto [own, fresh] = note(wild ? any : binding.address);
    std::optional<PortUse> found;
    if (!fresh) found = own->second;
    // The first use on any address is noted as "some", so that one on every address meets it.
    const auto [some, first] = note("some");
    if (!found && wild && !first) found = some->second;
    if (!found && !wild)
      if (const auto all = ports_.find(PortKey{binding.udp, binding.port, any, owner}); all != ports_.end()) found = all->second;
    if (found && never_together(service, config_.services[found->service])) return std::nullopt;
    return found;
  }

  static bool never_together(const Service& a, const Service& b) {
    constexpr std::size_t most = 100;
    if (&a == &b || a.profiles.empty() || b.profiles.empty() || a.profiles.size() > most || b.profiles.size() > most)
      return false;
    return std::ranges::none_of(a.profiles,
                                [&](const auto& profile) { return std::ranges::find(b.profiles, profile) != b.profiles.end(); });
  }

  void check_container(const Service& service) {
    const Location at = place(&ServicePlaces::image);
    if (!service.built) {
      const ImageTag tag = tag_of(service.image);
      if (tag == ImageTag::none)
        report(Severity::warning, "image-without-tag", "the image of " + title(service) + " has no tag, which means latest",
               "name a version, or better a digest", at);
      if (tag == ImageTag::latest)
        report(Severity::warning, "image-latest", "the image of " + title(service) + " is latest, another one tomorrow",
               "name a version, or better a digest", at);
    }
    if (service.memory_mb == 0)
      report(Severity::note, "missing-resources",
             title(service) + " may take all memory" + (service.cpu_millicores == 0 ? " and processors" : "") + " there is",
             "set a limit", service.location);
    if (service.health_check.empty() && !service.runs_once)
      report(Severity::note, "missing-health-check", title(service) + " has no health check: that it hangs is seen by nobody",
             "say how to ask it", service.location);
  }

  static std::string also_at(const Location& first) {
    return first.line > 0 ? std::string(first_in) + "line " + std::to_string(first.line) + ")" : "";
  }

  const InfrastructureConfig& config_;
  std::span<const ServicePlaces> places_;
  std::size_t index_ = 0;
  std::map<std::string, Location> names_;
  std::map<PortKey, PortUse> ports_;
  std::vector<Problem> problems_;
};

// What makes a finding the same wherever it stands: how much of the places is known differs between a file and a model.
std::pair<std::string, std::string> finding(const Problem& problem) {
  return {problem.rule, problem.message.substr(0, problem.message.find(first_in))};
}

std::set<std::pair<std::string, std::string>> findings(const std::vector<Problem>& problems) {
  std::set<std::pair<std::string, std::string>> all;
  for (const Problem& problem : problems) all.insert(finding(problem));
  return all;
}

}  // namespace

std::vector<Problem> check(const InfrastructureConfig& config, std::span<const ServicePlaces> places) {
  return Checker(config, places).run();
}

std::vector<std::pair<std::size_t, Problem>> ports_used_across(const InfrastructureConfig& config,
                                                               std::span<const ServicePlaces> places,
                                                               std::span<const std::size_t> projects) {
  return Checker(config, places).across(projects);
}

Binding binding_of(const Service& service, std::size_t i) {
  const std::uint16_t port = service.ports[i];
  if (i < service.bindings.size() && service.bindings[i].port == port) return service.bindings[i];
  const auto found = std::ranges::find(service.bindings, port, &Binding::port);
  return found == service.bindings.end() ? Binding{port, {}, false} : *found;
}

std::vector<Problem> check(const InfrastructureConfig& config) { return check(config, {}); }

ConfigFile with_model(ConfigFile file, InfrastructureConfig model) {
  const auto old_findings = findings(check(file.model));
  const auto new_problems = check(model);
  const auto new_findings = findings(new_problems);
  std::erase_if(file.problems, [&](const Problem& problem) {
    return old_findings.contains(finding(problem)) && !new_findings.contains(finding(problem));
  });
  // One that the old model has and the file does not is ignored by a comment.
  std::ranges::copy_if(new_problems, std::back_inserter(file.problems),
                       [&](const Problem& problem) { return !old_findings.contains(finding(problem)); });
  file.model = std::move(model);
  return file;
}

void sort_by_place(std::vector<Problem>& problems) {
  std::ranges::stable_sort(problems, {}, [](const Problem& p) { return std::tuple(p.location.line, p.location.column); });
}

}  // namespace conclave::config
