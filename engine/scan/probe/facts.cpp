#include "engine/scan/probe/facts.h"

#include <algorithm>
#include <limits>
#include <span>

#include "engine/base/text.h"

namespace conclave::scan {
namespace {

using nlohmann::json;

json text_or_null(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

template <class T>
json value_or_null(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

// Members of an object by name; their empty values where they are missing or of another type.
class Members {
 public:
  explicit Members(const json& in) : in_(in) {}
  [[nodiscard]] std::string text(const char* name) const {
    const json* found = find(name);
    return found != nullptr && found->is_string() ? words_of(found->get_ref<const std::string&>(), most_text) : std::string();
  }
  [[nodiscard]] std::optional<double> number(const char* name) const {
    const json* found = find(name);
    return found != nullptr && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
  }
  template <class T>
  [[nodiscard]] std::optional<T> integer(const char* name) const {
    const auto value = number(name);
    const bool fits = value && *value >= static_cast<double>(std::numeric_limits<T>::min()) &&
                      *value < static_cast<double>(std::numeric_limits<T>::max());
    return fits ? std::optional(static_cast<T>(*value)) : std::nullopt;
  }
  [[nodiscard]] bool flag(const char* name) const {
    const json* found = find(name);
    return found != nullptr && found->is_boolean() && found->get<bool>();
  }
  [[nodiscard]] TimeUs time(const char* name) const { return parse_time(text(name)).value_or(0); }
  // The first of a list.
  [[nodiscard]] std::span<const json> list(const char* name, std::size_t most) const {
    const json* found = find(name);
    if (found == nullptr || !found->is_array()) return {};
    const auto& items = found->get_ref<const json::array_t&>();
    return std::span(items).first(std::min(items.size(), most));
  }
  // Null if it is none.
  [[nodiscard]] const json* object(const char* name) const {
    const json* found = find(name);
    return found != nullptr && found->is_object() ? found : nullptr;
  }

 private:
  static constexpr std::size_t most_text = 4096;
  [[nodiscard]] const json* find(const char* name) const {
    const auto found = in_.find(name);
    return found == in_.end() ? nullptr : &*found;
  }
  const json& in_;
};

Tls tls_from(const Members& in) {
  Tls tls;
  tls.version = in.text("version");
  tls.cipher = in.text("cipher");
  tls.alpn = in.text("alpn");
  tls.start_tls = in.text("start_tls");
  tls.verified = in.flag("verified");
  tls.verify_error = in.text("verify_error");
  for (const json& name : in.list("names", 100))
    if (name.is_string()) tls.names.push_back(words_of(name.get_ref<const std::string&>()));
  tls.key = in.text("key");
  tls.signature = in.text("signature");
  tls.days_left = in.integer<std::int64_t>("days_left");
  for (const json& entry : in.list("chain", 10)) {
    if (!entry.is_object()) continue;
    const Members each(entry);
    tls.chain.push_back(
        {each.text("subject"), each.text("issuer"), each.time("not_before"), each.time("not_after"), each.text("sha256")});
  }
  tls.handshake_ms = in.number("handshake_ms");
  tls.error = in.text("error");
  return tls;
}

Http http_from(const Members& in) {
  Http http;
  http.scheme = in.text("scheme");
  http.path = in.text("path");
  http.status = in.integer<int>("status").value_or(0);
  http.reason = in.text("reason");
  http.version = in.text("version");
  http.server = in.text("server");
  http.redirect = in.text("redirect");
  http.content_type = in.text("content_type");
  http.body_bytes = in.integer<std::uint64_t>("body_bytes").value_or(0);
  http.truncated = in.flag("truncated");
  http.connect_ms = in.number("connect_ms").value_or(0);
  http.tls_ms = in.number("tls_ms");
  http.first_byte_ms = in.number("first_byte_ms").value_or(0);
  http.total_ms = in.number("total_ms").value_or(0);
  http.error = in.text("error");
  return http;
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

std::optional<Facts> facts_from_json(const json& in) {
  if (!in.is_object()) return std::nullopt;
  const Members members(in);
  const json* service = members.object("service");
  if (service == nullptr) return std::nullopt;
  const Members said(*service);
  Facts facts;
  facts.service = {said.text("name"), said.text("product"), said.text("version"), said.text("detail"), said.text("banner")};
  if (const json* tls = members.object("tls")) facts.tls = tls_from(Members(*tls));
  if (const json* http = members.object("http")) facts.http = http_from(Members(*http));
  return facts;
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
