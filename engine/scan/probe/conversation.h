// One protocol, spoken over bytes that somebody else carries: no sockets, no clocks, so that tests and fuzzers can drive it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/scan/probe/facts.h"

namespace conclave::scan {

// Whom a conversation is held with.
struct Place {
  std::string host;
  std::uint16_t port = 0;
  bool tls = false;        // the bytes are carried by TLS
  std::string path = "/";  // to ask an HTTP server for
};

struct Step {
  enum class Next {
    listen,     // more bytes are needed to say anything
    mine,       // it is this protocol, and there is more to learn
    found,      // facts() are complete
    not_mine,   // it speaks something else
    start_tls,  // TLS begins once `send` is sent
  };
  Next next = Next::listen;
  std::string send = {};  // at once, whatever is next
};

// Owned by one connection, used by one thread. Whatever bytes come, a call returns in time proportional to their number, and
// keeps no more than a bounded piece of them.
class Conversation {
 public:
  Conversation() = default;
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;
  virtual ~Conversation() = default;

  // Connected; with TLS once that stands.
  virtual Step begin() { return {}; }
  virtual Step take(std::string_view bytes) = 0;
  // The server said nothing for a while, once.
  virtual Step quiet() { return {}; }
  // After start_tls.
  virtual Step secured() { return {Step::Next::found, {}}; }
  // No more will come: the server closed the connection, or its time is over.
  virtual Step ended() { return {Step::Next::not_mine, {}}; }

  [[nodiscard]] const Facts& facts() const { return facts_; }
  // Of an HTTP answer, as far as it was read.
  [[nodiscard]] virtual std::string_view body() const { return {}; }

 protected:
  Facts facts_;
};

using ConversationPtr = std::unique_ptr<Conversation>;

}  // namespace conclave::scan
