// Names of TCP services as this machine's services database (/etc/services) has them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace conclave::scan {

[[nodiscard]] std::optional<std::uint16_t> port_of_service(const std::string& name);
[[nodiscard]] std::optional<std::string> service_of_port(std::uint16_t port);

}  // namespace conclave::scan
