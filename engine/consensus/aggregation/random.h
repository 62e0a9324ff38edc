// Random numbers that are the same on every machine and with any number of threads: each task draws from a stream of its own.
// Internal to this room.
#pragma once

#include <cstddef>
#include <cstdint>

namespace conclave::consensus {

// SplitMix64 (G. Steele, D. Lea and C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t stream) : state_(mixed(seed + golden) ^ mixed((stream + 1) * golden)) {}

  std::uint64_t bits() { return mixed(state_ += golden); }
  double inside_unit() { return (static_cast<double>(bits() >> 12U) + 0.5) * 0x1p-52; }  // inside (0, 1)
  std::size_t below(std::size_t count) {                                                 // count > 0
    return static_cast<std::size_t>(inside_unit() * static_cast<double>(count));
  }

 private:
  static constexpr std::uint64_t golden = 0x9e3779b97f4a7c15U;
  static constexpr std::uint64_t mixed(std::uint64_t z) {
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }
  std::uint64_t state_;
};

}  // namespace conclave::consensus
