#define PCRE2_CODE_UNIT_WIDTH 8
#include "engine/scan/probe/needs.h"

#include <pcre2.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <span>

#include "engine/base/text.h"
#include "engine/scan/probe/json_path.h"

namespace conclave::scan {
namespace {

using nlohmann::json;

constexpr std::uint32_t match_limit = 1'000'000;  // steps: an expression cannot hold a scan up
constexpr int most_days = 36'500;
constexpr double most_ms = 600'000;
constexpr int most_depth = 64;  // of JSON

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
using Code = std::unique_ptr<pcre2_code, FreeCode>;

Result<Code> compiled(const std::string& pattern) {
  int error = 0;
  std::size_t at = 0;
  Code code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), PCRE2_UTF | PCRE2_MATCH_INVALID_UTF,
                          &error, &at, nullptr));
  if (code) return code;
  std::array<PCRE2_UCHAR, 256> words{};
  pcre2_get_error_message(error, words.data(), words.size());
  return fail(ErrorKind::parse, "body_matches: " + std::string(reinterpret_cast<const char*>(words.data())) + " at character " +
                                    std::to_string(at + 1));
}

// An empty text if it is found.
std::string flaw_of_match(const std::string& pattern, std::string_view body) {
  const auto code = compiled(pattern);
  if (!code) return code.error().message;
  const std::unique_ptr<pcre2_match_context, void (*)(pcre2_match_context*)> context(pcre2_match_context_create(nullptr),
                                                                                     &pcre2_match_context_free);
  const std::unique_ptr<pcre2_match_data, void (*)(pcre2_match_data*)> found(
      pcre2_match_data_create_from_pattern(code->get(), nullptr), &pcre2_match_data_free);
  if (!context || !found) return "no memory to look for '" + pattern + "'";
  pcre2_set_match_limit(context.get(), match_limit);
  const int matched =
      pcre2_match(code->get(), reinterpret_cast<PCRE2_SPTR>(body.data()), body.size(), 0, 0, found.get(), context.get());
  if (matched >= 0) return {};
  if (matched == PCRE2_ERROR_NOMATCH) return "the body does not match '" + pattern + "'";
  return "looking for '" + pattern + "' in the body takes too long";
}

template <std::size_t n>
std::string unknown_key(const json& in, const std::array<std::string_view, n>& known, std::string_view where) {
  for (const auto& [key, value] : in.items()) {
    if (std::ranges::find(known, key) == known.end())
      return std::string(where) + " has no '" + valid_utf8(key) + "'" + did_you_mean(valid_utf8(key), known);
  }
  return {};
}

Result<double> number_in(const json& in, const std::string& name, double least, double most) {
  if (in.is_number() && in.get<double>() >= least && in.get<double>() <= most) return in.get<double>();
  return fail(ErrorKind::parse, name + " is a number from " + json(least).dump() + " to " + json(most).dump());
}

Result<int> integer_in(const json& in, const std::string& name, int least, int most) {
  if (in.is_number_integer() && in.get<double>() >= least && in.get<double>() <= most) return in.get<int>();
  return fail(ErrorKind::parse, name + " is a whole number from " + std::to_string(least) + " to " + std::to_string(most));
}

Result<HttpNeeds> http_from_json(const json& in) {
  if (!in.is_object()) return fail(ErrorKind::parse, "http is a map such as {status: 200}");
  constexpr std::array<std::string_view, 5> known = {"path", "status", "within_ms", "body_matches", "json"};
  if (std::string wrong = unknown_key(in, known, "http"); !wrong.empty()) return fail(ErrorKind::parse, std::move(wrong));
  HttpNeeds out;
  if (const auto path = in.find("path"); path != in.end()) {
    const bool is_path = path->is_string() && path->get_ref<const std::string&>().starts_with('/') &&
                         std::ranges::all_of(path->get_ref<const std::string&>(), [](char c) { return c > 0x20 && c < 0x7f; });
    if (!is_path) return fail(ErrorKind::parse, "path begins with / and has no spaces, such as /health");
    out.path = path->get<std::string>();
  }
  if (const auto status = in.find("status"); status != in.end()) {
    const auto value = integer_in(*status, "status", 100, 599);
    if (!value) return tl::unexpected(value.error());
    out.status = *value;
  }
  if (const auto within = in.find("within_ms"); within != in.end()) {
    const auto value = number_in(*within, "within_ms", 0, most_ms);
    if (!value) return tl::unexpected(value.error());
    out.within_ms = *value;
  }
  if (const auto pattern = in.find("body_matches"); pattern != in.end()) {
    if (!pattern->is_string()) return fail(ErrorKind::parse, "body_matches is a regular expression");
    out.body_matches = pattern->get<std::string>();
    if (const auto code = compiled(out.body_matches); !code) return tl::unexpected(code.error());
  }
  if (const auto values = in.find("json"); values != in.end()) {
    if (!values->is_object()) return fail(ErrorKind::parse, "json is a map such as {$.status: up}");
    for (const auto& [path, value] : values->items()) {
      if (const auto pointer = pointer_of_path(path); !pointer) return tl::unexpected(pointer.error());
      out.json.emplace(path, value);
    }
  }
  return out;
}

std::string fixed(double value) {
  const auto tenths = std::llround(value * 10);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

std::string short_json(const json& value) { return words_of(value.dump(-1, ' ', false, json::error_handler_t::replace), 80); }

void judge_json(const HttpNeeds& needs, std::string_view body, std::vector<std::string>& out) {
  if (needs.json.empty()) return;
  // What lies deeper is left out: values are compared and printed by recursion.
  const json document = json::parse(
      body, [](int depth, json::parse_event_t, json&) { return depth < most_depth; }, false);
  if (document.is_discarded()) return out.push_back("the body is not JSON");
  for (const auto& [path, wanted] : needs.json) {
    const auto pointer = pointer_of_path(path);
    if (!pointer || !document.contains(*pointer)) {
      out.push_back("the body has no " + path);
    } else if (document.at(*pointer) != wanted) {
      out.push_back(path + " is " + short_json(document.at(*pointer)) + ", not " + short_json(wanted));
    }
  }
}

void judge_http(const HttpNeeds& needs, const Facts& facts, std::string_view body, std::vector<std::string>& out) {
  if (!facts.http) return out.push_back("no answer by HTTP");
  const Http& http = *facts.http;
  if (!http.error.empty()) out.push_back(http.error);
  if (needs.status && http.status != *needs.status)
    out.push_back("status " + std::to_string(http.status) + ", not " + std::to_string(*needs.status));
  if (needs.within_ms && http.total_ms > *needs.within_ms)
    out.push_back("took " + fixed(http.total_ms) + " ms, not " + fixed(*needs.within_ms));
  if (!needs.body_matches.empty()) {
    if (std::string flaw = flaw_of_match(needs.body_matches, body); !flaw.empty()) out.push_back(std::move(flaw));
  }
  judge_json(needs, body, out);
}

void judge_tls(int days, const Facts& facts, std::vector<std::string>& out) {
  if (!facts.tls) return out.push_back("no TLS");
  if (!facts.tls->error.empty() && facts.tls->chain.empty()) return out.push_back("TLS failed: " + facts.tls->error);
  if (!facts.tls->verified) out.push_back("certificate: " + facts.tls->verify_error);
  if (!facts.tls->days_left) return;
  if (*facts.tls->days_left < days)
    out.push_back("certificate valid for " + std::to_string(*facts.tls->days_left) + " days, not " + std::to_string(days));
}

}  // namespace

Result<Needs> needs_from_json(const json& in) {
  if (!in.is_object()) return fail(ErrorKind::parse, "write a map such as {\"tls_valid_days\": 14}");
  constexpr std::array<std::string_view, 2> known = {"tls_valid_days", "http"};
  if (std::string wrong = unknown_key(in, known, "what a service needs"); !wrong.empty())
    return fail(ErrorKind::parse, std::move(wrong));
  Needs out;
  if (const auto days = in.find("tls_valid_days"); days != in.end()) {
    const auto value = integer_in(*days, "tls_valid_days", 0, most_days);
    if (!value) return tl::unexpected(value.error());
    out.tls_valid_days = *value;
  }
  if (const auto http = in.find("http"); http != in.end()) {
    auto value = http_from_json(*http);
    if (!value) return tl::unexpected(value.error());
    out.http = std::move(*value);
  }
  return out;
}

json to_json(const Needs& needs) {
  auto out = json::object();
  if (needs.tls_valid_days) out["tls_valid_days"] = *needs.tls_valid_days;
  if (!needs.http) return out;
  json& http = out["http"] = json{{"path", needs.http->path}};
  if (needs.http->status) http["status"] = *needs.http->status;
  if (needs.http->within_ms) http["within_ms"] = *needs.http->within_ms;
  if (!needs.http->body_matches.empty()) http["body_matches"] = needs.http->body_matches;
  if (!needs.http->json.empty()) http["json"] = needs.http->json;
  return out;
}

std::vector<std::string> unmet(const Needs& needs, const Facts& facts, std::string_view body) {
  std::vector<std::string> out;
  if (needs.tls_valid_days) judge_tls(*needs.tls_valid_days, facts, out);
  if (needs.http) judge_http(*needs.http, facts, body, out);
  return out;
}

}  // namespace conclave::scan
