#include "engine/scan/probe/mysql.h"

namespace conclave::scan {
namespace {

unsigned byte_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

}  // namespace

std::optional<Service> mysql_greeting(std::string_view bytes) {
  constexpr std::size_t head = 4;  // three bytes of length, a sequence number
  if (bytes.size() < head + 2) return std::nullopt;
  const std::size_t length = byte_at(bytes, 0) | byte_at(bytes, 1) << 8 | byte_at(bytes, 2) << 16;
  if (length < 8 || length > 1024 || byte_at(bytes, 3) != 0) return std::nullopt;
  const std::string_view packet = bytes.substr(head, length);
  Service service{"mysql", "MySQL", {}, {}, {}};
  if (byte_at(packet, 0) == 0xff && packet.size() > 3) {
    const unsigned code = byte_at(packet, 1) | byte_at(packet, 2) << 8;
    if (code < 1000 || code > 5000) return std::nullopt;
    const std::string_view words = packet.substr(3);
    if (words.find("MariaDB") != std::string_view::npos) service.product = "MariaDB";
    service.detail = "refuses this host: " + words_of(words);
    return service;
  }
  if (byte_at(packet, 0) != 10) return std::nullopt;
  const std::size_t end = packet.find('\0', 1);
  if (end == std::string_view::npos || end < 4 || end > 128) return std::nullopt;
  std::string version = words_of(packet.substr(1, end - 1));
  if (const std::size_t maria = version.find("-MariaDB"); maria != std::string::npos) {
    service.product = "MariaDB";
    version.resize(maria);
    if (version.starts_with("5.5.5-")) version.erase(0, 6);  // put before it for old replicas
  }
  if (version.empty() || version[0] < '0' || version[0] > '9') return std::nullopt;
  service.version = std::move(version);
  return service;
}

}  // namespace conclave::scan
