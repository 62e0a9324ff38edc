// What was learned of a service by talking with it. Plain values; texts of a server are valid UTF-8 without control characters.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"

namespace conclave::scan {

// What speaks there. Empty texts are not known.
struct Service {
  std::string name;     // the protocol: "ssh", "http", "redis", ...; empty if nobody recognised it
  std::string product;  // "OpenSSH"
  std::string version;  // "9.2p1"
  std::string detail;   // what else it said of itself, or why it was not recognised
  std::string banner;   // its first words, where it spoke first or was not recognised
};

struct Certificate {
  std::string subject;  // RFC 2253
  std::string issuer;
  TimeUs not_before = 0;
  TimeUs not_after = 0;
  std::string sha256;  // of its DER form, lower case hexadecimal
};

// A handshake, also one that no browser would accept. `error` says why there is no more than that.
struct Tls {
  std::string version;  // "TLSv1.3"
  std::string cipher;
  std::string alpn;
  std::string start_tls;                  // protocol in which encryption was asked for; empty: from the first byte
  bool verified = false;                  // trusted by this machine, in time, and for this host
  std::string verify_error;               // every reason why not
  std::vector<std::string> names;         // of the certificate, DNS and IP; at most 100
  std::string key;                        // "RSA 2048"
  std::string signature;                  // "sha256WithRSAEncryption"
  std::optional<std::int64_t> days_left;  // whole days until the certificate ends; negative: since
  std::vector<Certificate> chain;         // as the server sent it, its own first; at most 10
  std::optional<double> handshake_ms;
  std::string error;
};

// The answer to one GET. A redirect is told and not followed: where it leads nobody allowed.
struct Http {
  std::string scheme;  // "http" or "https"
  std::string path;    // what was asked for
  int status = 0;
  std::string reason;
  std::string version;  // "1.1"
  std::string server;
  std::string redirect;
  std::string content_type;
  std::uint64_t body_bytes = 0;  // that were read
  bool truncated = false;        // there is more than was read
  double connect_ms = 0;
  std::optional<double> tls_ms;  // handshake
  double first_byte_ms = 0;      // from the request to the first byte of the answer
  double total_ms = 0;           // from the first packet to the last
  std::string error;             // what is wrong with the answer
};

struct Facts {
  Service service;
  std::optional<Tls> tls;
  std::optional<Http> http;
  std::vector<std::string> unmet;  // what should be and is not (needs.h), a sentence each
};

// Null for what is missing or empty.
[[nodiscard]] nlohmann::json to_json(const Service& service);
[[nodiscard]] nlohmann::json to_json(const Tls& tls);
[[nodiscard]] nlohmann::json to_json(const Http& http);

// {"service", "tls", "http"} of those back, as evidence and reports hold them. A report is a file from anywhere: what does not
// fit is left out. Nothing if there is no service.
[[nodiscard]] std::optional<Facts> facts_from_json(const nlohmann::json& in);

// Of what a server sent: valid UTF-8, control characters as spaces, without white space at the ends, cut after `most` bytes.
[[nodiscard]] std::string words_of(std::string_view bytes, std::size_t most = 256);

// "http OpenSSH 9.2p1, TLS 1.3" for a table; empty for nothing.
[[nodiscard]] std::string summary_of(const Facts& facts);

}  // namespace conclave::scan
