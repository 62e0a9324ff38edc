#include "engine/scan/cause.h"

// clang-format off: linux/errqueue.h needs time.h and does not include it
#include <linux/errqueue.h>
#include <ctime>
// clang-format on
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

#include "engine/scan/address.h"

namespace conclave::scan {
namespace {

struct Icmp {
  bool v6 = false;
  int type = 0;
  int code = 0;
  std::string from;
};

std::optional<Icmp> read_icmp(int fd) {
  alignas(cmsghdr) std::array<char, 512> control{};
  msghdr message{};
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (::recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return std::nullopt;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    const bool v4 = part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_RECVERR;
    const bool v6 = part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_RECVERR;
    if (!v4 && !v6) continue;
    sock_extended_err error{};
    std::memcpy(&error, CMSG_DATA(part), sizeof error);
    if (error.ee_origin != SO_EE_ORIGIN_ICMP && error.ee_origin != SO_EE_ORIGIN_ICMP6) continue;
    // The sender's address follows the error itself.
    sockaddr_storage sender{};
    const std::size_t room = part->cmsg_len - CMSG_LEN(sizeof error);
    std::memcpy(&sender, CMSG_DATA(part) + sizeof error, std::min(room, sizeof sender));
    const auto address = Address::from(reinterpret_cast<const sockaddr*>(&sender));
    return Icmp{error.ee_origin == SO_EE_ORIGIN_ICMP6, error.ee_type, error.ee_code, address ? address->text() : ""};
  }
  return std::nullopt;
}

// A device that takes the trouble to say no is an administrator's rule: "prohibited" by name, and "port unreachable", which
// hosts send for UDP only but packet filters also for TCP. RFC 1812, section 5.2.7.1; RFC 4443, section 3.1.
bool is_refusal(const Icmp& icmp) {
  if (icmp.v6)
    return icmp.type == ICMPV6_DEST_UNREACH && (icmp.code == ICMPV6_ADM_PROHIBITED || icmp.code >= ICMPV6_PORT_UNREACH);
  if (icmp.type != ICMP_DEST_UNREACH) return false;
  return icmp.code == ICMP_PORT_UNREACH || icmp.code == ICMP_PROT_UNREACH || icmp.code == ICMP_NET_ANO ||
         icmp.code == ICMP_HOST_ANO || icmp.code == ICMP_PKT_FILTERED;
}

}  // namespace

Cause cause_of(int os_error) {
  const std::string text = std::generic_category().message(os_error);
  switch (os_error) {
    case ECONNREFUSED:
    case ECONNRESET:
      return {State::closed, text};
    case EACCES:
    case EPERM:
    case ENOPROTOOPT:
      return {State::rejected, text};
    case ETIMEDOUT:
      return {State::filtered, text};
    case EINVAL:  // a blackhole route
      return {State::unreachable, "no route to it"};
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETUNREACH:
    case ENETDOWN:
    case ENONET:
    case ENODEV:
    case ENXIO:
    case EAFNOSUPPORT:
      return {State::unreachable, text};
    default:
      return {State::local_error, text};
  }
}

Cause cause_of(int os_error, int fd) {
  Cause cause = cause_of(os_error);
  if (const auto icmp = read_icmp(fd)) {
    if (is_refusal(*icmp)) cause.state = State::rejected;
    cause.detail += " (ICMP" + std::string(icmp->v6 ? "v6" : "") + " type " + std::to_string(icmp->type) + " code " +
                    std::to_string(icmp->code);
    cause.detail += icmp->from.empty() ? ")" : " from " + icmp->from + ")";
  }
  return cause;
}

void ask_for_icmp(int fd, bool v6) {
  const int on = 1;
  ::setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVERR : IP_RECVERR, &on, sizeof on);
}

bool is_self_connected(int fd) {
  sockaddr_storage own{};
  sockaddr_storage peer{};
  socklen_t own_size = sizeof own;
  socklen_t peer_size = sizeof peer;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &own_size) != 0) return false;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) return false;
  const auto a = Address::from(reinterpret_cast<const sockaddr*>(&own));
  const auto b = Address::from(reinterpret_cast<const sockaddr*>(&peer));
  return a && b && *a == *b;
}

bool is_shortage(int os_error) {
  return os_error == EMFILE || os_error == ENFILE || os_error == ENOBUFS || os_error == ENOMEM || os_error == EADDRNOTAVAIL ||
         os_error == EAGAIN || os_error == ENOSPC;
}

}  // namespace conclave::scan
