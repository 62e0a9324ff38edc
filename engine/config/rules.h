// The rules an infrastructure configuration must keep, with the exact places where they are known.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "engine/config/infrastructure.h"

namespace conclave::config {

// Where the values of one service stand in the file; line 0 where they do not.
struct ServicePlaces {
  Location name;
  Location replicas;
  Location cpu;
  Location memory;
  Location image;
  std::vector<Location> ports;  // one per port of the service
};

// `places` has one element per service, or none.
[[nodiscard]] std::vector<Problem> check(const InfrastructureConfig& config, std::span<const ServicePlaces> places);

// Ports of services that services of other projects have already, each with the number of its service. `places` and `projects`,
// the number of the project, have one element per service.
[[nodiscard]] std::vector<std::pair<std::size_t, Problem>> ports_used_across(const InfrastructureConfig& config,
                                                                             std::span<const ServicePlaces> places,
                                                                             std::span<const std::size_t> projects);

// How port i of the service is bound.
[[nodiscard]] Binding binding_of(const Service& service, std::size_t i);

// Rules on the values of a file, whatever its kind: secrets in plain text, insecure addresses, weak encryption. Tells no value.
void check_values(const Node& root, std::vector<Problem>& problems);

// Numbers that JSON, and so the tree of the file, does not have.
void check_numbers(const Node& root, std::vector<Problem>& problems);

void sort_by_place(std::vector<Problem>& problems);

}  // namespace conclave::config
