#include <algorithm>
#include <array>
#include <utility>

#include "engine/scan/scanner.h"

namespace conclave::scan {
namespace {

constexpr std::array<std::pair<State, std::string_view>, 9> names = {{{State::open, "open"},
                                                                      {State::closed, "closed"},
                                                                      {State::rejected, "rejected"},
                                                                      {State::filtered, "filtered"},
                                                                      {State::unreachable, "unreachable"},
                                                                      {State::dns_error, "dns_error"},
                                                                      {State::local_error, "local_error"},
                                                                      {State::cancelled, "cancelled"},
                                                                      {State::suspect, "suspect"}}};

}  // namespace

std::string_view state_name(State state) {
  const auto found = std::ranges::find(names, state, &std::pair<State, std::string_view>::first);
  return found == names.end() ? "unknown" : found->second;
}

std::optional<State> state_from_name(std::string_view name) {
  const auto found = std::ranges::find(names, name, &std::pair<State, std::string_view>::second);
  if (found == names.end()) return std::nullopt;
  return found->first;
}

}  // namespace conclave::scan
