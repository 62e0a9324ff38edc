// Memory, processors and copies of a Compose service, in the old keys and under deploy.
#include <algorithm>

#include "engine/config/compose.h"
#include "engine/config/quantity.h"

namespace conclave::config {
namespace {

class ResourceReader {
 public:
  ResourceReader(Section& section, Service& service, ServicePlaces& places, Reading& reading)
      : of_service_(section), service_(service), places_(places), reading_(reading) {}

  void run() {
    Amounts limits;
    Amounts wanted;
    if (const Node* deploy = of_service_.any("deploy")) {
      const std::string path = of_service_.path_of("deploy");
      Section section(*deploy, "deploy of " + of_service_.what(), path, reading_);
      read_replicas(section, "replicas");
      if (const Node* resources = section.any("resources")) {
        const std::string below = path_of_key(path, "resources");
        Section inner(*resources, "resources of " + of_service_.what(), below, reading_);
        if (const Node* found = inner.any("limits"))
          limits = read_amounts(*found, "limits of " + of_service_.what(), below + ".limits");
        if (const Node* found = inner.any("reservations"))
          wanted = read_amounts(*found, "reservations of " + of_service_.what(), below + ".reservations");
        inner.finish();
      }
      section.passes({"endpoint_mode", "labels", "mode", "placement", "restart_policy", "rollback_config", "update_config"});
      section.finish();
    }
    read_replicas(of_service_, "scale");
    amount(of_service_, "mem_limit", true, limits.memory, limits.memory_place);
    amount(of_service_, "mem_reservation", true, wanted.memory, wanted.memory_place);
    amount(of_service_, "cpus", false, limits.cpu, limits.cpu_place);
    if (limits.memory > 0 && wanted.memory > limits.memory) below(wanted.memory_place, "memory");
    if (limits.cpu > 0 && wanted.cpu > limits.cpu) below(wanted.cpu_place, "processors");
    take(limits.memory > 0 ? limits.memory : wanted.memory, limits.memory > 0 ? limits.memory_place : wanted.memory_place,
         mebibytes, service_.memory_mb, places_.memory);
    take(limits.cpu > 0 ? limits.cpu : wanted.cpu, limits.cpu > 0 ? limits.cpu_place : wanted.cpu_place, millicores,
         service_.cpu_millicores, places_.cpu);
  }

 private:
  struct Amounts {
    double cpu = 0;
    double memory = 0;
    Location cpu_place;
    Location memory_place;
  };

  // `out` and `place` are set to what the key holds, in bytes or processors.
  void amount(Section& section, const char* key, bool memory, double& out, Location& place) {
    std::string text;
    if (!section.text(key, text)) return;
    const Node& at = *section.any(key);
    const auto value = memory ? compose_bytes(text) : plain_number(text);
    if (!value)
      return reading_.error(at, "bad-quantity",
                            std::string(key) + " of " + of_service_.what() + " must be " +
                                (memory ? "an amount such as 256m" : "a number such as 0.5") + ", not " + shown(at));
    out = *value;
    place = at.location;
  }

  Amounts read_amounts(const Node& node, const std::string& what, const std::string& path) {
    Amounts amounts;
    Section section(node, what, path, reading_);
    amount(section, "cpus", false, amounts.cpu, amounts.cpu_place);
    amount(section, "memory", true, amounts.memory, amounts.memory_place);
    section.passes({"pids", "devices", "generic_resources"});
    section.finish();
    return amounts;
  }

  void below(const Location& at, const std::string& what) {
    reading_.problem(Severity::error, at, "limit-below-request",
                     of_service_.what() + " reserves more " + what + " than its limit", "raise the limit");
  }

  void take(double amount, const Location& at, std::optional<int> (*convert)(double), int& out, Location& place) {
    if (amount <= 0) return;
    if (const auto value = convert(amount)) {
      out = *value;
      place = at;
    } else {
      reading_.problem(Severity::error, at, "bad-quantity", of_service_.what() + " asks for more than any machine has");
    }
  }

  void read_replicas(Section& section, const char* key) {
    std::string text;
    if (!section.text(key, text)) return;
    const Node& at = *section.any(key);
    const auto count = plain_number(text);
    if (!count || *count != static_cast<double>(static_cast<int>(std::min(*count, 1e9))))
      return reading_.error(at, "bad-replicas",
                            std::string(key) + " of " + of_service_.what() + " must be a whole number, not " + shown(at));
    service_.replicas = static_cast<int>(*count);
    places_.replicas = at.location;
  }

  Section& of_service_;
  Service& service_;
  ServicePlaces& places_;
  Reading& reading_;
};

}  // namespace

void read_compose_resources(Section& section, Service& service, ServicePlaces& places, Reading& reading) {
  ResourceReader(section, service, places, reading).run();
}

}  // namespace conclave::config
