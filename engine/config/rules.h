// The rules an infrastructure configuration must keep, with the exact places where they are known.
#pragma once

#include <span>
#include <vector>

#include "engine/config/infrastructure.h"

namespace conclave::config {

// Where the values of one service stand in the file; line 0 where they do not.
struct ServicePlaces {
  Location name;
  Location replicas;
  Location cpu;
  Location memory;
  std::vector<Location> ports;  // one per port of the service
};

// `places` has one element per service, or none.
[[nodiscard]] std::vector<Problem> check(const InfrastructureConfig& config, std::span<const ServicePlaces> places);

void sort_by_place(std::vector<Problem>& problems);

}  // namespace conclave::config
