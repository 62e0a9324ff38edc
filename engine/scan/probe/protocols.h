// Which protocols there are, and which are tried where. A new one is a conversation, a line in protocols.cpp and perhaps its
// ports.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/scan/probe/conversation.h"

namespace conclave::scan {

struct Protocol {
  enum class Carrier { plain, tls, tls_with_h2 };
  std::string_view name;
  ConversationPtr (*start)(const Place& place);
  Carrier carrier = Carrier::plain;
  std::vector<std::uint16_t> ports = {};  // where it is tried before the others
};

// What is tried on a port: `first` at once, `later` when that was not answered for a while. Each on a connection of its own.
struct Attempts {
  std::vector<const Protocol*> first;
  std::vector<const Protocol*> later;
};

// Names for `--probe=`, sorted: "auto", "banner", "http", "tls", ...
[[nodiscard]] std::span<const std::string_view> probe_names();
[[nodiscard]] bool is_probe_name(std::string_view name);
// `name` is one of those.
[[nodiscard]] Attempts attempts_for(std::string_view name, std::uint16_t port);
// HTTP/2 inside TLS, for servers that speak nothing else there.
[[nodiscard]] const Protocol& grpc_over_tls();

}  // namespace conclave::scan
