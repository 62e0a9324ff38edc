#include "engine/config/rules.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace conclave::config {
namespace {

constexpr int min_cpu_millicores = 100;
constexpr int min_memory_mb = 128;
constexpr std::string_view first_in_line = " (first in line ";

std::string title(const Service& service) { return service.name.empty() ? "a service" : "service '" + service.name + "'"; }

class Checker {
 public:
  Checker(const InfrastructureConfig& config, std::span<const ServicePlaces> places) : config_(config), places_(places) {}

  std::vector<Problem> run() {
    for (index_ = 0; index_ < config_.services.size(); ++index_) {
      const Service& service = config_.services[index_];
      check_name(service);
      check_resources(service);
      check_ports(service);
    }
    return std::move(problems_);
  }

 private:
  struct PortUse {
    std::size_t service;
    Location location;
  };

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
      const auto [first, fresh] = ports_.try_emplace(port, PortUse{index_, at});
      if (fresh) continue;
      const bool same = first->second.service == index_;
      report(Severity::error, "duplicate-port",
             "port " + std::to_string(port) + " of " + title(service) +
                 (same ? " is listed twice" : " is already used by " + title(config_.services[first->second.service])) +
                 also_at(first->second.location),
             same ? "remove one of them" : "give one of them another port", at);
    }
  }

  static std::string also_at(const Location& first) {
    return first.line > 0 ? std::string(first_in_line) + std::to_string(first.line) + ")" : "";
  }

  const InfrastructureConfig& config_;
  std::span<const ServicePlaces> places_;
  std::size_t index_ = 0;
  std::map<std::string, Location> names_;
  std::map<std::uint16_t, PortUse> ports_;
  std::vector<Problem> problems_;
};

// The same finding, wherever it stands: how much of the places is known differs between a file and a model.
bool same_finding(const Problem& a, const Problem& b) {
  const auto text = [](const Problem& problem) {
    return std::string_view(problem.message).substr(0, problem.message.find(first_in_line));
  };
  return a.rule == b.rule && text(a) == text(b);
}

}  // namespace

std::vector<Problem> check(const InfrastructureConfig& config, std::span<const ServicePlaces> places) {
  return Checker(config, places).run();
}

std::vector<Problem> check(const InfrastructureConfig& config) { return check(config, {}); }

ConfigFile with_model(ConfigFile file, InfrastructureConfig model) {
  const auto find_in = [](const std::vector<Problem>& problems, const Problem& wanted) {
    return std::ranges::any_of(problems, [&](const Problem& problem) { return same_finding(problem, wanted); });
  };
  const auto old_findings = check(file.model);
  const auto new_findings = check(model);
  std::erase_if(file.problems,
                [&](const Problem& problem) { return find_in(old_findings, problem) && !find_in(new_findings, problem); });
  for (const Problem& problem : new_findings) {
    if (!find_in(file.problems, problem)) file.problems.push_back(problem);
  }
  file.model = std::move(model);
  return file;
}

void sort_by_place(std::vector<Problem>& problems) {
  std::ranges::stable_sort(problems, {}, [](const Problem& p) { return std::tuple(p.location.line, p.location.column); });
}

}  // namespace conclave::config
