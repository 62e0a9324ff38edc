#include "engine/scan/dns_client.h"

#include <ares.h>
#include <arpa/inet.h>
#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <utility>

// A channel of c-ares for each server, because one for all of them does not say who answered what: it takes SERVFAIL and REFUSED
// for "could not contact DNS servers". A channel with ARES_FLAG_NOCHECKRESP hands on what its server said, and which server is
// asked next is decided here.

namespace conclave::scan {
namespace {

constexpr int tries = 2;  // of a question at one server, the second with twice the patience
constexpr int patience_of_tries = 3;
constexpr double share_of_time = 0.9;  // so that what one family has to say is here before the name is given up
constexpr std::size_t most_servers = 8;

struct FreeServers {
  void operator()(ares_addr_port_node* list) const { ares_free_data(list); }
};
using ServerList = std::unique_ptr<ares_addr_port_node, FreeServers>;

std::string text_of(const ares_addr_port_node& server) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  ::inet_ntop(server.family, &server.addr, buffer.data(), buffer.size());
  const std::string address = buffer.data();
  if (server.udp_port == 0 || server.udp_port == 53) return address;
  return (server.family == AF_INET6 ? "[" + address + "]" : address) + ":" + std::to_string(server.udp_port);
}

// Whether another server may know better.
bool is_of_this_server(int status) {
  switch (status) {
    case ARES_ESERVFAIL:
    case ARES_ENOTIMP:
    case ARES_EREFUSED:
    case ARES_EFORMERR:
    case ARES_EBADRESP:
    case ARES_ECONNREFUSED:
    case ARES_ETIMEOUT:
    case ARES_EOF:
      return true;
    default:
      return false;
  }
}

}  // namespace

struct DnsClient::Server {
  Server(DnsClient& client) : owner(client) {}
  ~Server() {
    if (channel != nullptr) ares_destroy(channel);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // 0, or what c-ares has against it.
  int open(std::chrono::milliseconds patience) {
    ares_options options{};
    options.flags = ARES_FLAG_NOCHECKRESP;
    options.timeout = static_cast<int>(std::max<std::int64_t>(patience.count(), 1));
    options.tries = tries;
    std::string lookups = "b";  // only name servers
    options.lookups = lookups.data();
    options.sock_state_cb = [](void* own, ares_socket_t socket, int readable, int writable) {
      static_cast<Server*>(own)->watch(socket, readable != 0, writable != 0);
    };
    options.sock_state_cb_data = this;
    return ares_init_options(&channel, &options,
                             ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB);
  }

  void watch(int socket, bool readable, bool writable) const {
    epoll_event event{};
    event.events = (readable ? EPOLLIN : 0U) | (writable ? EPOLLOUT : 0U);
    event.data.fd = socket;
    if (!readable && !writable) {
      owner.sockets_.erase(socket);
      ::epoll_ctl(owner.epoll_, EPOLL_CTL_DEL, socket, nullptr);
      return;
    }
    const bool is_new =
        owner.sockets_.insert_or_assign(socket, static_cast<short>((readable ? POLLIN : 0) | (writable ? POLLOUT : 0))).second;
    ::epoll_ctl(owner.epoll_, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event);
  }

  DnsClient& owner;
  ares_channel channel = nullptr;
  std::string text;
};

struct DnsClient::Question {
  DnsClient& owner;
  std::size_t id;
  std::string name;
  std::size_t server;
  std::size_t asked = 1;   // servers
  int family = AF_UNSPEC;  // another one if an answer for both made no sense
  std::string errors = {};
  bool is_silence = true;
};

DnsClient::DnsClient(const std::string& servers, std::chrono::milliseconds timeout, int epoll)
    : timeout_(timeout), epoll_(epoll) {
  static const int library = ares_library_init(ARES_LIB_INIT_ALL);  // for the life of the process, as it is not thread-safe
  Server known(*this);
  int code = library != ARES_SUCCESS ? library : known.open(timeout);
  if (code == ARES_SUCCESS && !servers.empty()) code = ares_set_servers_ports_csv(known.channel, servers.c_str());
  ares_addr_port_node* list = nullptr;
  if (code == ARES_SUCCESS) code = ares_get_servers_ports(known.channel, &list);
  const ServerList owned(list);
  std::size_t count = 0;
  for (const auto* each = list; each != nullptr && count < most_servers; each = each->next) ++count;
  const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(
      timeout * share_of_time / (patience_of_tries * std::max<std::size_t>(count, 1)));
  for (const auto* each = list; code == ARES_SUCCESS && servers_.size() < count; each = each->next) {
    ares_addr_port_node only = *each;
    only.next = nullptr;
    auto server = std::make_unique<Server>(*this);
    code = server->open(patience);
    if (code == ARES_SUCCESS) code = ares_set_servers_ports(server->channel, &only);
    server->text = text_of(only);
    all_servers_ += (all_servers_.empty() ? "" : ", ") + server->text;
    servers_.push_back(std::move(server));
  }
  if (code != ARES_SUCCESS || servers_.empty())
    problem_ = "cannot ask name servers: " + std::string(code == ARES_SUCCESS ? "none is known" : ares_strerror(code));
}

DnsClient::~DnsClient() {
  is_closing_ = true;
  servers_.clear();
}

void DnsClient::ask(std::size_t id, const std::string& name) {
  if (!problem_.empty()) {
    answers_.push_back({id, {{}, problem_}});
    return;
  }
  ++under_way_;
  send(std::make_unique<Question>(Question{*this, id, name, first_}));
}

void DnsClient::send(std::unique_ptr<Question> question) {
  ares_addrinfo_hints hints{};
  hints.ai_family = question->family;
  hints.ai_socktype = SOCK_STREAM;
  ares_channel channel = servers_[question->server]->channel;
  const std::string name = question->name;  // the question may be gone before the call returns
  ares_getaddrinfo(
      channel, name.c_str(), nullptr, &hints,
      [](void* own, int status, int, ares_addrinfo* found) {
        std::unique_ptr<Question> asked(static_cast<Question*>(own));
        Lookup lookup;
        for (const auto* node = found != nullptr ? found->nodes : nullptr; node != nullptr; node = node->ai_next) {
          const auto address = Address::from(node->ai_addr);
          if (!address || lookup.addresses.size() == most_addresses) continue;
          if (std::ranges::find(lookup.addresses, *address) == lookup.addresses.end()) lookup.addresses.push_back(*address);
        }
        if (found != nullptr) ares_freeaddrinfo(found);
        DnsClient& owner = asked->owner;
        if (!owner.is_closing_) owner.take(std::move(asked), status, std::move(lookup));
      },
      question.release());
}

void DnsClient::take(std::unique_ptr<Question> question, int status, Lookup lookup) {
  const bool is_silence = status == ARES_ETIMEOUT;
  if (!is_silence && status != ARES_ECONNREFUSED) first_ = question->server;
  question->is_silence = question->is_silence && is_silence;
  const bool makes_no_sense = status == ARES_EBADRESP && question->family == AF_UNSPEC;
  if (makes_no_sense || (question->family == AF_INET && lookup.addresses.empty())) {
    question->family = makes_no_sense ? AF_INET : AF_INET6;
    return send(std::move(question));
  }
  if (lookup.addresses.empty()) {
    const std::string words = words_of(status, *servers_[question->server]);
    lookup.error = question->errors.empty() || !is_of_this_server(status) ? words : question->errors + "; " + words;
    if (is_of_this_server(status) && question->asked < servers_.size()) {
      question->errors = std::move(lookup.error);
      question->server = (question->server + 1) % servers_.size();
      question->family = AF_UNSPEC;
      ++question->asked;
      return send(std::move(question));
    }
  }
  --under_way_;
  answers_.push_back({question->id, std::move(lookup), question->is_silence});
}

std::string DnsClient::words_of(int status, const Server& server) const {
  switch (status) {
    case ARES_ENOTFOUND:
      return "no such name (NXDOMAIN from " + server.text + ")";
    case ARES_SUCCESS:
    case ARES_ENODATA:
      return "the name has no address (neither A nor AAAA at " + server.text + ")";
    case ARES_ESERVFAIL:
      return server.text + " failed to look it up (SERVFAIL)";
    case ARES_EREFUSED:
      return server.text + " refused to answer (REFUSED)";
    case ARES_ENOTIMP:
      return server.text + " does not answer such questions (NOTIMP)";
    case ARES_EFORMERR:
      return server.text + " did not understand the question (FORMERR)";
    case ARES_EBADRESP:
      return "the answer of " + server.text + " makes no sense";
    case ARES_EBADNAME:
      return "no name that DNS could have: each part has 1 to 63 letters, all together 253";
    case ARES_ECONNREFUSED:
      return "no name server can be reached at " + server.text;
    case ARES_ETIMEOUT:
      return "no answer from " + server.text;
    case ARES_EOF:
      return server.text + " hung up before its answer was complete";
    default:
      return "the name server " + server.text + ": " + ares_strerror(status);
  }
}

std::vector<DnsClient::Answer> DnsClient::collect() {
  std::vector<pollfd> files;
  files.reserve(sockets_.size());
  for (const auto& [socket, events] : sockets_) files.push_back({socket, events, 0});
  if (!files.empty() && ::poll(files.data(), files.size(), 0) > 0) {
    for (const pollfd& file : files) {
      if (file.revents == 0) continue;
      const int reads = (file.revents & ~POLLOUT) != 0 ? file.fd : ARES_SOCKET_BAD;
      const int writes = (file.revents & POLLOUT) != 0 ? file.fd : ARES_SOCKET_BAD;
      for (const auto& server : servers_) ares_process_fd(server->channel, reads, writes);
    }
  }
  for (const auto& server : servers_) ares_process_fd(server->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  return std::exchange(answers_, {});
}

}  // namespace conclave::scan
