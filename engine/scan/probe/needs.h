// What a service should say, beyond being open: written in a case or in a file of expectations, judged on what a probe learned.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/scan/probe/facts.h"

namespace conclave::scan {

struct HttpNeeds {
  std::string path = "/";
  std::optional<int> status;
  std::optional<double> within_ms;             // from the first packet to the last
  std::string body_matches;                    // regular expression (PCRE2), found anywhere in the first 256 KiB
  std::map<std::string, nlohmann::json> json;  // values at places of the body, by JSONPath
  bool operator==(const HttpNeeds&) const = default;
};

struct Needs {
  std::optional<int> tls_valid_days;  // and trusted by this machine, for this host
  std::optional<HttpNeeds> http;
  bool operator==(const Needs&) const = default;
  [[nodiscard]] bool empty() const { return !tls_valid_days && !http; }
};

// {"tls_valid_days": 14, "http": {"path": "/health", "status": 200, "within_ms": 300, "body_matches": "ok", "json": {"$.db":
// "up"}}}, in which everything may be left out. Kind parse names what is wrong.
[[nodiscard]] Result<Needs> needs_from_json(const nlohmann::json& in);
[[nodiscard]] nlohmann::json to_json(const Needs& needs);

// A sentence for each that is not so. `body`: of the HTTP answer.
[[nodiscard]] std::vector<std::string> unmet(const Needs& needs, const Facts& facts, std::string_view body);

}  // namespace conclave::scan
