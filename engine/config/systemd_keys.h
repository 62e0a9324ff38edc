// Names of the keys of systemd units.
#pragma once

#include <span>
#include <string_view>

namespace conclave::config {

// Of Unit, Service, Socket, Timer and Install; of other sections none.
[[nodiscard]] std::span<const std::string_view> keys_of_section(std::string_view section);

}  // namespace conclave::config
