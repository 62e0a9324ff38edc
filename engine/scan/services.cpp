#include "engine/scan/services.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <array>

namespace conclave::scan {
namespace {

using Buffer = std::array<char, 4096>;  // one entry with its aliases; a longer one counts as unknown

}  // namespace

std::optional<std::uint16_t> port_of_service(const std::string& name) {
  servent entry{};
  servent* found = nullptr;
  Buffer buffer{};
  if (::getservbyname_r(name.c_str(), "tcp", &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
    return std::nullopt;
  return ntohs(static_cast<std::uint16_t>(found->s_port));
}

std::optional<std::string> service_of_port(std::uint16_t port) {
  servent entry{};
  servent* found = nullptr;
  Buffer buffer{};
  if (::getservbyport_r(htons(port), "tcp", &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
    return std::nullopt;
  return std::string(found->s_name);
}

}  // namespace conclave::scan
