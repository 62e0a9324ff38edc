// Any bytes as what a server answers, in any pieces, to every conversation, to the client of TLS, and to what judges bodies: none
// may crash, hang or keep more than its bounds, and what is learned must be JSON.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/scan/probe/greeting.h"
#include "engine/scan/probe/http.h"
#include "engine/scan/probe/json_path.h"
#include "engine/scan/probe/needs.h"
#include "engine/scan/probe/protocols.h"
#include "engine/scan/probe/tls_stream.h"

namespace {

using namespace conclave::scan;

void check(const Facts& facts) {
  static_cast<void>(to_json(facts.service).dump());  // throws for what is no UTF-8
  if (facts.http) static_cast<void>(to_json(*facts.http).dump());
  static_cast<void>(nlohmann::json(summary_of(facts)).dump());
}

void converse(const Protocol& protocol, std::string_view bytes, std::size_t piece, bool quiet) {
  const auto talk = protocol.start({"host", 80, protocol.carrier != Protocol::Carrier::plain, "/"});
  Step step = talk->begin();
  if (quiet) step = talk->quiet();
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    if (step.next == Step::Next::found || step.next == Step::Next::not_mine) break;
    if (step.next == Step::Next::start_tls)
      step = talk->secured();
    else
      step = talk->take(bytes.substr(at, piece));
  }
  if (step.next == Step::Next::listen || step.next == Step::Next::mine) step = talk->ended();
  if (step.next == Step::Next::found) check(talk->facts());
  if (talk->body().size() > most_http_body) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t piece = data[0] % 64 + 1;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  if (const auto greeting = greeting_of(bytes)) check({greeting->service, {}, {}, {}});
  const Attempts attempts = attempts_for("auto", 1);
  for (const auto* list : {&attempts.first, &attempts.later})
    for (const Protocol* protocol : *list) converse(*protocol, bytes, piece, (data[1] & 1) != 0);
  for (const std::string_view name : {"smtp", "banner", "http"})
    for (const Protocol* protocol : attempts_for(name, 1).first) converse(*protocol, bytes, piece, false);

  static const TlsClient client;
  TlsStream tls(client, "host", "http/1.1");
  static_cast<void>(tls.take_to_send());
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += piece) tls.take(bytes.substr(at, piece), text);
  static_cast<void>(to_json(tls.facts()).dump());

  static_cast<void>(pointer_of_path(bytes));
  const auto in = nlohmann::json::parse(bytes, nullptr, false);
  if (const auto needs = in.is_discarded() ? conclave::Result<Needs>(Needs{}) : needs_from_json(in)) {
    if (*needs_from_json(to_json(*needs)) != *needs) std::abort();
  }
  HttpNeeds wanted;
  wanted.json = {{"$.a", 1}, {"$[0]", nullptr}};
  wanted.body_matches = "(a|b)*c";
  Facts facts;
  facts.http.emplace();
  static_cast<void>(unmet({{}, wanted}, facts, bytes));
  return 0;
}
