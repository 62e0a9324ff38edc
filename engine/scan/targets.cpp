#include <algorithm>
#include <charconv>
#include <set>

#include "engine/base/text.h"
#include "engine/scan/address.h"
#include "engine/scan/scanner.h"
#include "engine/scan/services.h"

// targets = target { (space | ",") target } ; target = host ":" ports ; ports = port { "," port }
// port = number | number "-" number | service name ; host = name | IPv4 | "[" IPv6 "]"
// After a comma, a piece without a host belongs to the host before it.

namespace conclave::scan {
namespace {

constexpr std::size_t max_targets = 1'000'000;
constexpr std::size_t max_reported = 20;

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::string quoted(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string out = "'";
  for (const char c : valid_utf8(text.substr(0, longest))) out += (c >= 0 && c < 0x20) || c == 0x7F ? '?' : c;
  return out + (text.size() > longest ? "...'" : "'");
}

// Empty if the host can be looked up, else what is wrong with it (RFC 1123, section 2.1, and underscores).
std::string problem_of_host(std::string_view host) {
  if (host.empty()) return "no host before the port";
  if (host.size() > 253) return "the host name is longer than 253 characters";
  std::string_view rest = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
  std::string_view label;
  while (true) {
    const std::size_t dot = rest.find('.');
    label = rest.substr(0, dot);
    if (label.empty()) return "an empty part in the host name";
    if (label.size() > 63) return "a part of the host name is longer than 63 characters";
    const bool clean = std::ranges::all_of(label, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
    if (!clean) return "a character that host names cannot have";
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  // No top-level domain is a number (RFC 3696, section 2), so this was meant as an address.
  if (is_digits(label) && !Address::from_text(std::string(host))) return "not an IPv4 address";
  return {};
}

class TargetParser {
 public:
  Result<std::vector<Target>> parse(std::string_view text) {
    while (!text.empty()) {
      const std::size_t length = std::min(text.find_first_of(separators), text.size());
      if (length > 0) piece(text.substr(0, length));
      if (length == text.size()) break;
      // White space ends the list of ports, unless a comma stands beside it.
      const std::size_t next = std::min(text.find_first_not_of(separators, length), text.size());
      if (text.substr(length, next - length).find(',') == std::string_view::npos) has_host_ = false;
      text.remove_prefix(next);
      if (targets_.size() > max_targets)
        return fail(ErrorKind::limit, "more than " + std::to_string(max_targets) + " targets in one scan");
    }
    if (!problems_.empty()) return fail(ErrorKind::invalid_argument, problems_text());
    if (targets_.empty()) return fail(ErrorKind::invalid_argument, "no target; write host:port, for example localhost:22,80");
    return std::move(targets_);
  }

 private:
  static constexpr std::string_view separators = ", \t\r\n\f\v";

  void problem(std::string_view piece, const std::string& message) {
    ++problem_count_;
    if (problems_.size() < max_reported) problems_.push_back(quoted(piece) + ": " + message);
  }

  [[nodiscard]] std::string problems_text() const {
    std::string out;
    for (const std::string& line : problems_) out += (out.empty() ? "" : "; ") + line;
    if (problem_count_ > problems_.size()) out += "; and " + std::to_string(problem_count_ - problems_.size()) + " more";
    return out;
  }

  void piece(std::string_view text) {
    if (text.find("://") != std::string_view::npos) {
      has_host_ = skip_ports_ = true;
      return problem(text, "a URL; write host:port");
    }
    if (text.starts_with('[')) return bracketed(text);
    const std::size_t colon = text.find(':');
    if (colon != text.rfind(':')) {
      has_host_ = skip_ports_ = true;
      return problem(text, Address::from_text(std::string(text))
                               ? "no port; write [" + std::string(text) + "]:port"
                               : "more than one colon; write an IPv6 address in brackets, [::1]:443");
    }
    if (colon != std::string_view::npos) {
      const std::string_view host = text.substr(0, colon);
      const std::string wrong = problem_of_host(host);
      begin_host(host, host, wrong.empty());
      if (!wrong.empty()) return problem(text, wrong);
      return ports(text.substr(colon + 1), text);
    }
    if (has_host_) return skip_ports_ ? void() : ports(text, text);
    problem(text, is_digits(text) ? "a port without a host; write host:" + std::string(text)
                                  : "no port; write " + std::string(text) + ":port");
  }

  void bracketed(std::string_view text) {
    const std::size_t close = text.find(']');
    has_host_ = skip_ports_ = true;
    if (close == std::string_view::npos) return problem(text, "'[' is not closed");
    const std::string host(text.substr(1, close - 1));
    const auto address = Address::from_text(host);
    if (!address || !address->is_v6()) return problem(text, "not an IPv6 address in the brackets");
    if (text.substr(close + 1, 1) != ":") return problem(text, "no port; write [" + host + "]:port");
    begin_host(host, text.substr(0, close + 1), true);
    ports(text.substr(close + 2), text);
  }

  void begin_host(std::string_view host, std::string_view shown, bool good) {
    has_host_ = true;
    skip_ports_ = !good;
    host_ = host;
    shown_ = shown;
  }

  void ports(std::string_view text, std::string_view whole) {
    const std::size_t dash = text.find('-');
    if (text.empty()) return problem(whole, "no port after the colon");
    if (dash != std::string_view::npos && is_digits(text.substr(0, dash)) && is_digits(text.substr(dash + 1))) {
      const auto first = number(text.substr(0, dash));
      const auto last = number(text.substr(dash + 1));
      if (!first || !last) return problem(whole, "ports go from 1 to 65535");
      if (*first > *last) return problem(whole, "the range runs backwards");
      for (unsigned port = *first; port <= *last; ++port) add(static_cast<std::uint16_t>(port));
    } else if (is_digits(text)) {
      const auto port = number(text);
      if (!port) return problem(whole, "ports go from 1 to 65535");
      add(*port);
    } else if (const auto port = port_of_service(std::string(text))) {
      add(*port);
    } else {
      problem(whole, "no port or service called " + quoted(text));
    }
  }

  static std::optional<std::uint16_t> number(std::string_view digits) {
    std::uint16_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || value == 0) return std::nullopt;
    return value;
  }

  void add(std::uint16_t port) {
    if (targets_.size() > max_targets || !seen_.emplace(host_, port).second) return;
    targets_.push_back({shown_ + ":" + std::to_string(port), host_, port, std::nullopt});
  }

  bool has_host_ = false;
  bool skip_ports_ = false;  // the host was wrong and has been reported
  std::string host_;
  std::string shown_;  // with brackets
  std::vector<Target> targets_;
  std::set<std::pair<std::string, std::uint16_t>> seen_;
  std::vector<std::string> problems_;
  std::size_t problem_count_ = 0;
};

}  // namespace

Result<std::vector<Target>> parse_targets(std::string_view text) { return TargetParser().parse(text); }

}  // namespace conclave::scan
