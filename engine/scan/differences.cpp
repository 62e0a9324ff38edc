#include "engine/scan/differences.h"

#include <cmath>
#include <limits>
#include <unordered_map>

#include "engine/scan/history.h"
#include "engine/scan/probe/facts.h"
#include "engine/scan/probe/needs.h"

namespace conclave::scan {
namespace {

// By host and port.
using Known = std::unordered_map<std::string, const ScanResult*>;

std::string key_of(const Target& target) { return target.host + " " + std::to_string(target.port); }

bool says_something(State state) { return state != State::cancelled && state != State::local_error && state != State::suspect; }

Known known(std::span<const ScanResult> results) {
  Known out;
  out.reserve(results.size());
  for (const ScanResult& result : results)
    if (result.state != State::cancelled) out.insert_or_assign(key_of(result.target), &result);
  return out;
}

}  // namespace

std::vector<Difference> differences(std::span<const ScanResult> before, std::span<const ScanResult> after) {
  const Known earlier = known(before);
  const Known later = known(after);
  std::vector<Difference> out;
  for (const ScanResult& result : after) {
    const auto found = earlier.find(key_of(result.target));
    const ScanResult* old = found == earlier.end() ? nullptr : found->second;
    if (!says_something(result.state) || (old != nullptr && !says_something(old->state))) continue;
    if (old == nullptr || old->state != result.state)
      out.push_back({result.target, old == nullptr ? std::nullopt : std::optional(old->state), result.state, result.detail});
  }
  for (const ScanResult& result : before)
    if (says_something(result.state) && !later.contains(key_of(result.target)))
      out.push_back({result.target, result.state, std::nullopt, ""});
  return out;
}

std::optional<double> p95_ms(const ScanResult& result) {
  if (result.history) return result.history->p95_ms;
  return result.state == State::open ? result.latency_ms : std::nullopt;
}

std::string p95_flaw(const std::optional<double>& bound, const std::optional<double>& known) {
  if (!bound || (known && *known <= *bound)) return {};
  const auto hundredths = [](double ms) {
    const auto whole = std::llround(ms * 100);
    return std::to_string(whole / 100) + (whole % 100 < 10 ? ".0" : ".") + std::to_string(whole % 100) + " ms";
  };
  return known ? "p95 " + hundredths(*known) + ", above " + hundredths(*bound) : "p95 not known";
}

std::optional<bool> as_expected(const ScanResult& result) {
  const bool needs_more = result.target.needs && !result.target.needs->empty();
  if (!result.target.expect && !needs_more) return std::nullopt;
  if (result.state != result.target.expect.value_or(State::open)) return false;
  if (needs_more && !(result.facts && result.facts->unmet.empty())) return false;
  return !result.target.p95_ms || p95_ms(result).value_or(std::numeric_limits<double>::infinity()) <= *result.target.p95_ms;
}

std::vector<ScanResult> merged(std::span<const Target> targets, std::span<const ScanResult> earlier,
                               std::span<const ScanResult> later) {
  const Known old = known(earlier);
  const Known fresh = known(later);
  std::vector<ScanResult> out;
  for (const Target& target : targets) {
    const std::string key = key_of(target);
    const Known& where = fresh.contains(key) ? fresh : old;
    const auto found = where.find(key);
    ScanResult& result = out.emplace_back();
    if (found != where.end()) result = *found->second;
    result.target = target;
  }
  return out;
}

}  // namespace conclave::scan
