#include "scripting/worker/connections.h"

#include <fcntl.h>
#include <poll.h>
#include <seccomp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "engine/scan/scanner.h"

namespace conclave::scripting {
namespace {

constexpr std::size_t resolver_threads = 4;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  while (text.ends_with('.')) text.pop_back();
  return text;
}

nlohmann::json as_json(const scan::Lookup& lookup) {
  if (lookup.addresses.empty()) return {{"error", lookup.error.empty() ? "it has no address" : lookup.error}};
  nlohmann::json addresses = nlohmann::json::array();
  for (const auto& address : lookup.addresses) addresses.push_back(address.text());
  return {{"addresses", std::move(addresses)}};
}

int process_of(int thread) {
  std::ifstream status("/proc/" + std::to_string(thread) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Tgid:")) return std::stoi(line.substr(5));
  }
  return -1;
}

bool is_tcp(int socket) {
  const auto option = [&](int name) {
    int value = -1;
    socklen_t size = sizeof value;
    return ::getsockopt(socket, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
  };
  const int domain = option(SO_DOMAIN);
  return (domain == AF_INET || domain == AF_INET6) && option(SO_TYPE) == SOCK_STREAM && option(SO_PROTOCOL) == IPPROTO_TCP;
}

}  // namespace

Result<Connections> Connections::allow(const std::vector<std::string>& network) {
  Connections connections;
  for (const std::string& text : network) {
    const auto targets = scan::parse_targets(text);
    if (!targets || text.find('*') != std::string::npos) {
      return fail(
          ErrorKind::invalid_argument,
          "permissions.network: an isolated plugin must name hosts and ports, for example \"api.example.com:443\", not \"" +
              text + "\"");
    }
    for (const scan::Target& target : *targets) {
      Host& host = connections.hosts_[lower(target.host)];
      host.ports.push_back(target.port);
      if (!host.lookup) host.lookup = scan::look_up_directly(target.host);
    }
  }
  return connections;
}

void Connections::resolve(const std::string& host, std::function<void(nlohmann::json)> answer) {
  const auto found = hosts_.find(lower(host));
  if (found == hosts_.end()) return answer({{"error", "not allowed"}});
  if (found->second.lookup) return answer(as_json(*found->second.lookup));
  if (!resolver_) resolver_ = std::make_unique<scan::Resolver>(scan::ResolverOptions{.max_threads = resolver_threads});
  questions_[++last_question_] = {found->first, std::move(answer)};
  resolver_->ask(last_question_, found->first);
  look(Clock::now());
}

std::vector<std::pair<int, short>> Connections::interests() const {
  std::vector<std::pair<int, short>> list;
  if (listener_) list.emplace_back(listener_.get(), POLLIN);
  if (resolver_ && !questions_.empty() && resolver_->wake_fd() >= 0) list.emplace_back(resolver_->wake_fd(), POLLIN);
  for (const Pending& pending : pending_) list.emplace_back(pending.socket.get(), POLLOUT);
  return list;
}

void Connections::ready(int file) {
  if (file == listener_.get()) return decide();
  const auto found = std::find_if(pending_.begin(), pending_.end(), [&](const Pending& one) { return one.socket.get() == file; });
  if (found == pending_.end()) return look(Clock::now());
  Pending pending = std::move(*found);
  pending_.erase(found);
  finish(std::move(pending));
}

void Connections::look(Clock::time_point now) {
  if (!resolver_) return;
  for (auto& found : resolver_->collect(now)) {
    auto question = questions_.extract(found.id);
    if (question.empty()) continue;
    auto& lookup = hosts_[question.mapped().host].lookup;
    if (!found.lookup.addresses.empty()) lookup = found.lookup;
    question.mapped().answer(as_json(found.lookup));
  }
}

void Connections::decide() {
  struct pollfd state {
    listener_.get(), POLLIN, 0
  };
  if (::poll(&state, 1, 0) > 0 && (state.revents & POLLIN) == 0) return listener_.reset();  // nobody is left to ask
  seccomp_notif* request = nullptr;
  seccomp_notif_resp* response = nullptr;
  if (seccomp_notify_alloc(&request, &response) != 0) return;
  if (seccomp_notify_receive(listener_.get(), request) == 0) {
    const auto& call = request->data;
    if (const auto error = connect(request->id, static_cast<int>(request->pid), static_cast<int>(call.args[0]), call.args[1],
                                   static_cast<std::size_t>(call.args[2]))) {
      respond(request->id, *error);
    }
  }
  seccomp_notify_free(request, response);
}

std::optional<int> Connections::connect(std::uint64_t id, int thread, int file, std::uint64_t address, std::size_t size) {
  sockaddr_storage storage{};
  if (size < sizeof(sa_family_t) || size > sizeof storage) return EINVAL;
  iovec here{&storage, size};
  iovec there{reinterpret_cast<void*>(address), size};  // in the worker  NOLINT(performance-no-int-to-ptr)
  if (::process_vm_readv(thread, &here, 1, &there, 1, 0) != static_cast<ssize_t>(size)) return EFAULT;
  const auto* wanted = reinterpret_cast<const sockaddr*>(&storage);
  const std::size_t needed = wanted->sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  if ((wanted->sa_family != AF_INET && wanted->sa_family != AF_INET6) || size < needed) return EACCES;
  const auto target = scan::Address::from(wanted);
  const std::uint16_t port = ntohs(wanted->sa_family == AF_INET ? reinterpret_cast<const sockaddr_in*>(wanted)->sin_port
                                                                : reinterpret_cast<const sockaddr_in6*>(wanted)->sin6_port);
  if (!target || !allowed(*target, port)) return EACCES;

  const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, process_of(thread), 0)));
  if (!process) return EACCES;
  Descriptor socket(static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), file, 0)));
  // Only now it is sure that all this was still the one who asked.
  if (seccomp_notify_id_valid(listener_.get(), id) != 0) return std::nullopt;
  if (!socket || !is_tcp(socket.get())) return socket ? EACCES : EBADF;
  const int flags = ::fcntl(socket.get(), F_GETFL);
  const bool blocking = (flags & O_NONBLOCK) == 0;
  if (blocking) ::fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK);
  const int error = ::connect(socket.get(), wanted, static_cast<socklen_t>(size)) == 0 ? 0 : errno;
  if (blocking) ::fcntl(socket.get(), F_SETFL, flags);
  if (!blocking || (error != EINPROGRESS && error != EALREADY)) return error;
  pending_.push_back({id, std::move(socket)});
  return std::nullopt;
}

void Connections::finish(Pending pending) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(pending.socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  respond(pending.id, error);
}

void Connections::respond(std::uint64_t id, int error) {
  seccomp_notif_resp response{};
  response.id = id;
  response.error = -error;
  (void)seccomp_notify_respond(listener_.get(), &response);  // who asked may be gone
}

bool Connections::allowed(const scan::Address& address, std::uint16_t port) const {
  return std::any_of(hosts_.begin(), hosts_.end(), [&](const auto& entry) {
    const Host& host = entry.second;
    if (!host.lookup || std::find(host.ports.begin(), host.ports.end(), port) == host.ports.end()) return false;
    return std::any_of(host.lookup->addresses.begin(), host.lookup->addresses.end(),
                       [&](const scan::Address& one) { return one.text() == address.text(); });
  });
}

}  // namespace conclave::scripting
