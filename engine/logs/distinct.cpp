// HyperLogLog (Flajolet, Fusy, Gandouet, Meunier, AofA 2007): the position of the first one bit in a hash, its greatest value
// kept in one of 1,024 registers that the other bits choose; their harmonic mean tells how many different hashes there were. Few
// values leave registers empty, and how many are is the better estimate then (linear counting, Whang et al., TODS 1990).
#include "engine/logs/distinct.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>

namespace conclave::logs {
namespace {

constexpr std::size_t most_exact = 32;
constexpr unsigned index_bits = 10;
constexpr std::size_t register_count = std::size_t{1} << index_bits;

}  // namespace

void DistinctCount::add(std::uint64_t hash) {
  if (!registers_.empty()) return add_to_registers(hash);
  const auto place = std::lower_bound(few_.begin(), few_.end(), hash);
  if (place != few_.end() && *place == hash) return;
  few_.insert(place, hash);
  if (few_.size() > most_exact) overflow();
}

void DistinctCount::merge(const DistinctCount& other) {
  for (const std::uint64_t hash : other.few_) add(hash);
  if (other.registers_.empty()) return;
  if (registers_.empty()) overflow();
  for (std::size_t i = 0; i < register_count; ++i) registers_[i] = std::max(registers_[i], other.registers_[i]);
}

std::uint64_t DistinctCount::estimate() const {
  if (registers_.empty()) return few_.size();
  constexpr auto m = static_cast<double>(register_count);
  double sum = 0;
  for (const std::uint8_t rank : registers_) sum += std::ldexp(1.0, -rank);
  const double raw = 0.7213 / (1 + 1.079 / m) * m * m / sum;
  const auto empty = static_cast<double>(std::count(registers_.begin(), registers_.end(), 0));
  const double estimate = raw <= 2.5 * m && empty > 0 ? m * std::log(m / empty) : raw;
  return static_cast<std::uint64_t>(std::llround(estimate));
}

void DistinctCount::add_to_registers(std::uint64_t hash) {
  const std::size_t index = hash >> (64U - index_bits);
  const auto rank = static_cast<std::uint8_t>(std::countl_zero((hash << index_bits) | (register_count - 1)) + 1);
  registers_[index] = std::max(registers_[index], rank);
}

void DistinctCount::overflow() {
  registers_.assign(register_count, 0);
  for (const std::uint64_t hash : few_) add_to_registers(hash);
  few_ = {};
}

}  // namespace conclave::logs
