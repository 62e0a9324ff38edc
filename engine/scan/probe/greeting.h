// Fingerprints of our own: which service says such a thing as its first words, whatever it was asked.
#pragma once

#include <optional>
#include <string_view>

#include "engine/scan/probe/conversation.h"

namespace conclave::scan {

struct Greeting {
  Service service;
  // What is only said before anything is asked. Else it may be the answer to what another service would have understood, and
  // whoever speaks its protocol learns more.
  bool is_certain = true;
};

// Of the first bytes of a server, at most 4 KiB of which are looked at. Nothing if they are too few or unknown.
[[nodiscard]] std::optional<Greeting> greeting_of(std::string_view bytes);

// Waits for a greeting; goes on with SMTP where that is what it is, and asks for "/" by HTTP where nothing comes, if `then_http`.
[[nodiscard]] ConversationPtr listen_for_greeting(const Place& place, bool then_http);

// "OpenSSH_9.2p1 Debian-2" or "nginx/1.22.1 (Debian)": product and version of a word with one of `separators` between them.
void name_product(Service& service, std::string_view text, std::string_view separators);

}  // namespace conclave::scan
