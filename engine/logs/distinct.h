// How many different values there were. Internal to the room.
#pragma once

#include <cstdint>
#include <vector>

namespace conclave::logs {

// Exact up to 32 values, then within about 3 % (HyperLogLog of 1,024 registers). merge() is associative and commutative, and a
// value counts once however often it is added: the result depends on the set of values alone.
class DistinctCount {
 public:
  void add(std::uint64_t hash);  // of a value; its bits have to be well mixed
  void merge(const DistinctCount& other);
  [[nodiscard]] std::uint64_t estimate() const;

 private:
  void add_to_registers(std::uint64_t hash);
  void overflow();

  std::vector<std::uint64_t> few_;       // sorted; empty once there are registers
  std::vector<std::uint8_t> registers_;  // empty at first
};

}  // namespace conclave::logs
