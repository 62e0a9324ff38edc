#include <charconv>

#include "engine/config/compose.h"

namespace conclave::config {
namespace {

struct Range {
  int first = 0;  // 0: none
  int last = 0;
  [[nodiscard]] int size() const { return last - first + 1; }
};

// "80", "8000-8100"; false for anything else. Empty is no range.
bool read_range(std::string_view text, Range& range) {
  if (text.empty()) return true;
  const std::size_t dash = text.find('-');
  const auto number = [](std::string_view digits, int& out) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
    return error == std::errc{} && end == digits.data() + digits.size() && out >= 1 && out <= 65535;
  };
  if (!number(text.substr(0, dash), range.first)) return false;
  if (dash == std::string_view::npos) return range.last = range.first, true;
  return number(text.substr(dash + 1), range.last) && range.last >= range.first;
}

struct Published {
  std::string address;
  Range host;
  Range container;
  std::string protocol = "tcp";
};

// [[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]
bool read_short(std::string_view text, Published& out) {
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    out.protocol = text.substr(slash + 1);
    text = text.substr(0, slash);
  }
  const std::size_t colon = text.rfind(':');
  if (!read_range(text.substr(colon == std::string_view::npos ? 0 : colon + 1), out.container) || out.container.first == 0)
    return false;
  if (colon == std::string_view::npos) return true;
  text = text.substr(0, colon);
  const std::size_t second = text.rfind(':');
  if (second != std::string_view::npos && text.find(']') != text.size() - 1) {
    out.address = text.substr(0, second);
    text = text.substr(second + 1);
    if (out.address.starts_with('[') && out.address.ends_with(']')) out.address = out.address.substr(1, out.address.size() - 2);
  }
  return read_range(text, out.host);
}

bool read_long(const Node& item, const std::string& what, Reading& reading, Published& out) {
  Section section(item, "a port of " + what, "", reading);
  std::string target;
  std::string published;
  section.text("target", target);
  section.text("published", published);
  section.text("host_ip", out.address);
  section.text("protocol", out.protocol);
  for (const char* key : {"mode", "name", "app_protocol"}) section.any(key);
  section.finish();
  return read_range(target, out.container) && out.container.first > 0 && read_range(published, out.host);
}

}  // namespace

void read_compose_port(const Node& item, const std::string& what, Service& service, ServicePlaces& places, Reading& reading) {
  Published port;
  const bool good = item.kind == NodeKind::map ? read_long(item, what, reading, port)
                                               : item.kind == NodeKind::scalar && read_short(item.scalar, port);
  const bool known = port.protocol == "tcp" || port.protocol == "udp" || port.protocol == "sctp";
  const bool fits = port.host.first == 0 || port.container.size() == 1 || port.host.size() == port.container.size();
  if (!good || !known || !fits) {
    return reading.error(
        item, "bad-port",
        !good    ? "a port of " + what + " must be written HOST:CONTAINER with numbers from 1 to 65535, not " + shown(item)
        : !known ? "the protocol of a port of " + what + " must be tcp, udp or sctp"
                 : "a port of " + what + " maps " + std::to_string(port.host.size()) + " ports to " +
                       std::to_string(port.container.size()));
  }
  if (port.host.first == 0 || port.protocol == "sctp") return;
  for (int number = port.host.first; number <= port.host.last; ++number) {
    constexpr std::size_t about = 1000;  // with the problem that it may become
    if (!reading.afford(about, item.location)) return;
    service.ports.push_back(static_cast<std::uint16_t>(number));
    service.bindings.push_back({static_cast<std::uint16_t>(number), port.address, port.protocol == "udp"});
    places.ports.push_back(item.location);
    // HOST-HOST:CONTAINER means any one free port of those.
    if (port.container.size() == 1 && port.host.size() > 1) break;
  }
}

}  // namespace conclave::config
