#include "engine/scan/proc_net.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <tuple>

#include "engine/scan/scanner.h"
#include "engine/scan/services.h"

namespace conclave::scan {
namespace {

constexpr std::string_view state_listen = "0A";

std::optional<std::string> read_proc(const char* path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

template <class Number>
bool parse_hex(std::string_view digits, Number& out) {
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out, 16);
  return error == std::errc{} && end == digits.data() + digits.size();
}

// The kernel prints each 32-bit word of the address as a number of the machine's own byte order, the port as a plain number.
std::optional<Address> parse_address(std::string_view hex, bool v6) {
  sockaddr_in6 address6{};
  sockaddr_in address4{};
  std::array<std::uint32_t, 4> words{};
  const std::size_t count = v6 ? 4 : 1;
  if (hex.size() != count * 8) return std::nullopt;
  for (std::size_t i = 0; i < count; ++i)
    if (!parse_hex(hex.substr(i * 8, 8), words[i])) return std::nullopt;
  const bool mapped = v6 && words[0] == 0 && words[1] == 0 && words[2] == htonl(0xFFFF);
  if (!v6 || mapped) {
    address4.sin_family = AF_INET;
    address4.sin_addr.s_addr = words[mapped ? 3 : 0];
    return Address::from(reinterpret_cast<const sockaddr*>(&address4));
  }
  address6.sin6_family = AF_INET6;
  std::memcpy(&address6.sin6_addr, words.data(), sizeof address6.sin6_addr);
  return Address::from(reinterpret_cast<const sockaddr*>(&address6));
}

// Where a socket that listens on every address can be reached from here.
std::string reachable(const Address& address, bool has_v6_loopback) {
  std::string text = address.text();
  if (text == "0.0.0.0") return "127.0.0.1";
  if (text == "::") return has_v6_loopback ? "::1" : "127.0.0.1";
  return text;
}

bool has_v6_loopback() {
  const auto addresses = read_proc("/proc/net/if_inet6");
  return addresses && addresses->find("00000000000000000000000000000001") != std::string::npos;
}

}  // namespace

std::vector<std::pair<Address, std::uint16_t>> parse_listening(std::string_view text, bool v6) {
  std::vector<std::pair<Address, std::uint16_t>> out;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string number;
    std::string local;
    std::string remote;
    std::string state;
    if (!(fields >> number >> local >> remote >> state) || state != state_listen) continue;
    const std::size_t colon = local.find(':');
    std::uint16_t port = 0;
    if (colon == std::string::npos || !parse_hex(std::string_view(local).substr(colon + 1), port) || port == 0) continue;
    if (const auto address = parse_address(std::string_view(local).substr(0, colon), v6)) out.emplace_back(*address, port);
  }
  return out;
}

bool machine_has_ipv6() {
  const auto addresses = read_proc("/proc/net/if_inet6");
  return addresses && !addresses->empty();
}

Result<std::vector<Target>> listening_sockets() {
  const auto v4 = read_proc("/proc/net/tcp");
  const int os_error = errno;
  const auto v6 = read_proc("/proc/net/tcp6");  // not there where IPv6 is off
  if (!v4 && !v6) return fail_io("cannot read the list of sockets", "/proc/net/tcp", os_error);

  auto listening = parse_listening(v4.value_or(""), false);
  const auto more = parse_listening(v6.value_or(""), true);
  listening.insert(listening.end(), more.begin(), more.end());

  const bool v6_loopback = has_v6_loopback();
  std::vector<Target> out;
  std::map<std::string, int> uses;
  for (const auto& [address, port] : listening) {
    Target target;
    target.host = reachable(address, v6_loopback);
    target.port = port;
    const bool known =
        std::ranges::any_of(out, [&](const Target& other) { return other.port == target.port && other.host == target.host; });
    if (known) continue;
    target.name = service_of_port(port).value_or("port " + std::to_string(port));
    ++uses[target.name];
    out.push_back(std::move(target));
  }
  // A name means one socket: where several addresses serve the port, they say which.
  for (Target& target : out)
    if (uses[target.name] > 1) target.name += " on " + target.host;
  std::ranges::sort(out, {}, [](const Target& target) { return std::tie(target.port, target.host); });
  return out;
}

}  // namespace conclave::scan
