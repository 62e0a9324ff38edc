#include "engine/scan/probe/facts.h"

#include <algorithm>

#include "engine/base/text.h"

namespace conclave::scan {
namespace {

using nlohmann::json;

json text_or_null(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

template <class T>
json value_or_null(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

}  // namespace

json to_json(const Service& service) {
  return {{"name", text_or_null(service.name)},
          {"product", text_or_null(service.product)},
          {"version", text_or_null(service.version)},
          {"detail", text_or_null(service.detail)},
          {"banner", text_or_null(service.banner)}};
}

json to_json(const Tls& tls) {
  auto chain = json::array();
  for (const Certificate& each : tls.chain) {
    chain.push_back({{"subject", each.subject},
                     {"issuer", each.issuer},
                     {"not_before", format_time(each.not_before)},
                     {"not_after", format_time(each.not_after)},
                     {"sha256", each.sha256}});
  }
  const Certificate* own = tls.chain.empty() ? nullptr : &tls.chain.front();
  return {{"version", text_or_null(tls.version)},
          {"cipher", text_or_null(tls.cipher)},
          {"alpn", text_or_null(tls.alpn)},
          {"start_tls", text_or_null(tls.start_tls)},
          {"verified", tls.verified},
          {"verify_error", text_or_null(tls.verify_error)},
          {"names", tls.names},
          {"subject", own == nullptr ? json(nullptr) : json(own->subject)},
          {"issuer", own == nullptr ? json(nullptr) : json(own->issuer)},
          {"not_before", own == nullptr ? json(nullptr) : json(format_time(own->not_before))},
          {"not_after", own == nullptr ? json(nullptr) : json(format_time(own->not_after))},
          {"days_left", value_or_null(tls.days_left)},
          {"key", text_or_null(tls.key)},
          {"signature", text_or_null(tls.signature)},
          {"chain", chain},
          {"handshake_ms", value_or_null(tls.handshake_ms)},
          {"error", text_or_null(tls.error)}};
}

json to_json(const Http& http) {
  return {{"scheme", http.scheme},
          {"path", http.path},
          {"status", http.status},
          {"reason", text_or_null(http.reason)},
          {"version", http.version},
          {"server", text_or_null(http.server)},
          {"redirect", text_or_null(http.redirect)},
          {"content_type", text_or_null(http.content_type)},
          {"body_bytes", http.body_bytes},
          {"truncated", http.truncated},
          {"connect_ms", http.connect_ms},
          {"tls_ms", value_or_null(http.tls_ms)},
          {"first_byte_ms", http.first_byte_ms},
          {"total_ms", http.total_ms},
          {"error", text_or_null(http.error)}};
}

std::string words_of(std::string_view bytes, std::size_t most) {
  std::string text = valid_utf8(bytes.substr(0, most));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  text.erase(text.find_last_not_of(' ') + 1);
  text.erase(0, text.find_first_not_of(' '));
  return text;
}

std::string summary_of(const Facts& facts) {
  const auto add = [](std::string& to, const std::string& more, std::string_view gap) {
    if (!more.empty()) to += (to.empty() ? "" : std::string(gap)) + more;
  };
  std::string out = facts.service.name;
  add(out, facts.service.product, " ");
  add(out, facts.service.version, " ");
  if (facts.http && facts.http->status != 0) {
    add(out, std::to_string(facts.http->status), ", ");
    add(out, facts.http->redirect, " to ");
  }
  if (facts.tls) {
    add(out, facts.tls->version.empty() ? "TLS" : facts.tls->version, ", ");
    if (facts.tls->days_left) add(out, std::to_string(*facts.tls->days_left) + " days left", ", ");
    add(out, facts.tls->verify_error, ", ");
    add(out, facts.tls->error, ", ");
  }
  add(out, facts.service.detail, ", ");
  if (facts.service.name.empty()) add(out, facts.service.banner, ": ");
  return out;
}

}  // namespace conclave::scan
