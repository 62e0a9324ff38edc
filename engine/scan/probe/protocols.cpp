#include "engine/scan/probe/protocols.h"

#include <algorithm>

#include "engine/scan/probe/databases.h"
#include "engine/scan/probe/dns.h"
#include "engine/scan/probe/greeting.h"
#include "engine/scan/probe/grpc.h"
#include "engine/scan/probe/http.h"
#include "engine/scan/probe/one_answer.h"
#include "engine/scan/probe/smtp.h"

namespace conclave::scan {
namespace {

using Carrier = Protocol::Carrier;

// Has learned all it wants when TLS stands.
class Handshake final : public Conversation {
 public:
  Step begin() override { return {Step::Next::found, {}}; }
  Step take(std::string_view) override { return {Step::Next::found, {}}; }
};

ConversationPtr listen(const Place& place) { return listen_for_greeting(place, false); }
ConversationPtr listen_or_ask(const Place& place) { return listen_for_greeting(place, true); }
ConversationPtr shake_hands(const Place&) { return std::make_unique<Handshake>(); }

// In the order in which connections are made.
const std::vector<Protocol>& protocols() {
  static const std::vector<Protocol> all = {
      {"banner", &listen, Carrier::plain, {21, 22, 23, 110, 119, 143, 873, 2222, 3306, 3307, 4222, 5900, 5901, 6667}},
      {"smtp", &talk_smtp, Carrier::plain, {25, 587, 2525}},
      {"http", &talk_http, Carrier::plain, {80, 3000, 5000, 8000, 8008, 8080, 8081, 8888, 9090, 9100, 9200}},
      {"https", &talk_http, Carrier::tls, {443, 4443, 6443, 8443, 9443}},
      {"banner over TLS", &listen, Carrier::tls, {465, 563, 990, 992, 993, 995, 6697}},
      {"handshake", &shake_hands, Carrier::tls, {636, 853, 5671, 6380, 8883}},
      {"redis", &talk_redis, Carrier::plain, {6379, 26379}},
      {"postgresql", &talk_postgresql, Carrier::plain, {5432, 5433, 6432}},
      {"grpc", &talk_grpc, Carrier::plain, {50051}},
      {"grpc over TLS", &talk_grpc, Carrier::tls_with_h2, {}},
      {"dns", &talk_dns, Carrier::plain, {53}},
      {"memcached", &talk_memcached, Carrier::plain, {11211}},
      {"mongodb", &talk_mongodb, Carrier::plain, {27017, 27018, 27019}},
      {"amqp", &talk_amqp, Carrier::plain, {5672}},
      {"mqtt", &talk_mqtt, Carrier::plain, {1883}},
      {"zookeeper", &talk_zookeeper, Carrier::plain, {2181}},
  };
  return all;
}

// The first connection of auto listens, and becomes that of HTTP when nothing comes: a server that serves one connection after
// the other would not look at a second one before.
const Protocol listening_then_http{"banner, then http", &listen_or_ask};

struct Probe {
  std::string_view name;
  std::vector<std::string_view> protocols;  // the first one before the others, but for their own ports; empty: all
};

const std::vector<Probe>& probes() {
  static const std::vector<Probe> all = {{"amqp", {"amqp"}},
                                         {"auto", {}},
                                         {"banner", {"banner"}},
                                         {"dns", {"dns"}},
                                         {"grpc", {"grpc", "grpc over TLS"}},
                                         {"http", {"http", "https"}},
                                         {"https", {"https"}},
                                         {"memcached", {"memcached"}},
                                         {"mongodb", {"mongodb"}},
                                         {"mqtt", {"mqtt"}},
                                         {"mysql", {"banner"}},
                                         {"postgresql", {"postgresql"}},
                                         {"redis", {"redis"}},
                                         {"smtp", {"smtp"}},
                                         {"ssh", {"banner"}},
                                         {"tls", {"handshake", "smtp", "postgresql"}},
                                         {"zookeeper", {"zookeeper"}}};
  return all;
}

bool is_tried_in_auto(const Protocol& protocol) {
  return protocol.name != "banner" && protocol.name != "smtp" && protocol.name != "http" && protocol.name != "banner over TLS" &&
         protocol.name != "handshake" && protocol.name != "grpc over TLS";
}

Attempts attempts_of_auto(std::uint16_t port) {
  Attempts out;
  for (const Protocol& protocol : protocols())
    if (std::ranges::find(protocol.ports, port) != protocol.ports.end()) out.first.push_back(&protocol);
  if (out.first.empty())
    out.first.push_back(&listening_then_http);
  else
    out.later.push_back(&listening_then_http);
  for (const Protocol& protocol : protocols())
    if (is_tried_in_auto(protocol) && std::ranges::find(out.first, &protocol) == out.first.end()) out.later.push_back(&protocol);
  return out;
}

}  // namespace

std::span<const std::string_view> probe_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> out;
    for (const Probe& probe : probes()) out.push_back(probe.name);
    return out;
  }();
  return names;
}

bool is_probe_name(std::string_view name) { return std::ranges::find(probe_names(), name) != probe_names().end(); }

Attempts attempts_for(std::string_view name, std::uint16_t port) {
  const auto probe = std::ranges::find(probes(), name, &Probe::name);
  if (probe == probes().end() || probe->protocols.empty()) return attempts_of_auto(port);
  Attempts out;
  Attempts usual;  // of this port
  for (const std::string_view wanted : probe->protocols) {
    const Protocol& protocol = *std::ranges::find(protocols(), wanted, &Protocol::name);
    (out.first.empty() ? out.first : out.later).push_back(&protocol);
    (std::ranges::find(protocol.ports, port) != protocol.ports.end() ? usual.first : usual.later).push_back(&protocol);
  }
  return usual.first.empty() ? out : usual;
}

const Protocol& grpc_over_tls() { return *std::ranges::find(protocols(), "grpc over TLS", &Protocol::name); }

}  // namespace conclave::scan
