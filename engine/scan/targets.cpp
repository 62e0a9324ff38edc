#include "engine/scan/targets.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "engine/base/text.h"
#include "engine/scan/address_range.h"
#include "engine/scan/services.h"

// targets = target { (space | ",") target } ; target = host ":" ports ; ports = port { "," port }
// port = number | number "-" number | service name ; host = name | IPv4 [ "/" bits ] | "[" IPv6 [ "/" bits ] "]"
// After a comma, a piece without a host belongs to the host before it, unless that one got the ports that are for all.

namespace conclave::scan {
namespace {

constexpr std::size_t max_targets = 1'000'000;
constexpr std::uint64_t max_network = 65'536;
constexpr std::size_t max_file_bytes = std::size_t{64} << 20U;
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

// A host as it is looked up, however it was spelled: RFC 4343, section 3, and the canonical text of an address.
std::string canonical(const std::string& host) {
  if (const auto address = Address::from_text(host)) return address->text();
  std::string out = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

std::string in_brackets(std::string_view address) { return std::string("[").append(address).append("]"); }

class TargetParser {
 public:
  // What hosts without a port get. Before the first add().
  void use_ports(std::string_view text) {
    while (!text.empty()) {
      const std::size_t length = std::min(text.find_first_of(separators), text.size());
      if (length > 0) {
        if (const auto some = ports_of(text.substr(0, length), text.substr(0, length)))
          default_ports_.insert(default_ports_.end(), some->begin(), some->end());
      }
      text.remove_prefix(std::min(length + 1, text.size()));
    }
  }

  // `where`: goes before the problems.
  void add(std::string_view text, std::string where = {}) {
    where_ = std::move(where);
    begin_nothing();
    while (!text.empty() && !too_many_) {
      const std::size_t length = std::min(text.find_first_of(separators), text.size());
      if (length > 0) piece(text.substr(0, length));
      if (length == text.size()) break;
      // White space ends the list of ports, unless a comma stands beside it.
      const std::size_t next = std::min(text.find_first_not_of(separators, length), text.size());
      if (text.substr(length, next - length).find(',') == std::string_view::npos) begin_nothing();
      text.remove_prefix(next);
    }
  }

  void add_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const int os_error = errno;
    std::error_code no_size;
    if (!file || std::filesystem::is_directory(path, no_size)) {
      if (!unreadable_) unreadable_ = fail_io("cannot read targets", path, file ? EISDIR : os_error).value();
      return;
    }
    std::string text;
    std::array<char, 65536> part{};
    while (text.size() <= max_file_bytes && (file.read(part.data(), part.size()) || file.gcount() > 0))
      text.append(part.data(), static_cast<std::size_t>(file.gcount()));
    if (text.size() > max_file_bytes) return problem(path, "a file of targets is at most 64 MiB large");
    if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
    std::size_t line = 0;
    for (std::string_view rest = text; !rest.empty() && !too_many_;) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      const std::string_view content = rest.substr(0, end);
      add(content.substr(0, content.find('#')), path + ":" + std::to_string(++line) + ": ");
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }

  Result<std::vector<Target>> targets() {
    if (unreadable_) return tl::unexpected<Error>(*unreadable_);
    if (too_many_) return fail(ErrorKind::limit, "more than " + std::to_string(max_targets) + " targets in one scan");
    if (!problems_.empty()) return fail(ErrorKind::invalid_argument, problems_text());
    if (targets_.empty()) return fail(ErrorKind::invalid_argument, "no target; write host:port, for example localhost:22,80");
    return std::move(targets_);
  }

 private:
  static constexpr std::string_view separators = ", \t\r\n\f\v";
  using Ports = std::vector<std::uint16_t>;

  void problem(std::string_view piece, const std::string& message) {
    ++problem_count_;
    if (problems_.size() < max_reported) problems_.push_back(where_ + quoted(piece) + ": " + message);
  }

  [[nodiscard]] std::string problems_text() const {
    std::string out;
    for (const std::string& line : problems_) out += (out.empty() ? "" : "; ") + line;
    if (problem_count_ > problems_.size()) out += "; and " + std::to_string(problem_count_ - problems_.size()) + " more";
    return out;
  }

  void piece(std::string_view text) {
    if (text.find("://") != std::string_view::npos) return refuse(text, "a URL; write host:port");
    if (text.starts_with('[')) return bracketed(text);
    const std::size_t colon = text.find(':');
    if (colon != text.rfind(':')) {
      if (!Address::from_text(std::string(text)))
        return refuse(text, "more than one colon; write an IPv6 address in brackets, [::1]:443");
      if (default_ports_.empty()) return refuse(text, "no port; write " + in_brackets(text) + ":port");
      begin_host(text, in_brackets(text));
      return add_defaults();
    }
    if (colon != std::string_view::npos) {
      if (begin(text.substr(0, colon), text)) add_ports(text.substr(colon + 1), text);
      return;
    }
    if (has_host_) return skip_ports_ ? void() : add_ports(text, text);
    if (is_digits(text)) return problem(text, "a port without a host; write host:" + std::string(text));
    if (default_ports_.empty()) return problem(text, "no port; write " + std::string(text) + ":port");
    if (begin(text, text)) add_defaults();
  }

  void bracketed(std::string_view text) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return refuse(text, "'[' is not closed");
    const std::string host(text.substr(1, close - 1));
    const std::string_view after = text.substr(close + 1);
    const auto address = Address::from_text(host.substr(0, host.find('/')));
    if (!address || !address->is_v6()) return refuse(text, "not an IPv6 address in the brackets");
    const bool no_port = after.empty() && !default_ports_.empty();
    if (!after.starts_with(':') && !no_port) return refuse(text, "no port; write " + in_brackets(host) + ":port");
    if (host.find('/') == std::string::npos) {
      begin_host(host, std::string(text.substr(0, close + 1)));
    } else if (!begin_network(host, text)) {
      return;
    }
    no_port ? add_defaults() : add_ports(after.substr(1), text);
  }

  // A name, an IPv4 address, or a network of them. False if it was refused.
  bool begin(std::string_view host, std::string_view whole) {
    if (host.find('/') != std::string_view::npos && Address::from_text(std::string(host.substr(0, host.find('/')))))
      return begin_network(std::string(host), whole);
    if (std::string wrong = problem_of_host(host); !wrong.empty()) {
      refuse(whole, wrong);
      return false;
    }
    begin_host(host, std::string(host));
    return true;
  }

  bool begin_network(const std::string& text, std::string_view whole) {
    const auto range = AddressRange::parse(text);
    if (!range) {
      refuse(whole, range.error().message);
      return false;
    }
    if (range->hosts() > max_network) {
      refuse(whole, "a network of more than " + std::to_string(max_network) + " addresses");
      return false;
    }
    begin_nothing();
    has_host_ = true;
    for (std::uint64_t i = 0; i < range->hosts(); ++i) {
      const Address address = range->host(i);
      const std::string host = address.text();
      hosts_.push_back({host, address.is_v6() ? in_brackets(host) : host, id_of(host)});
    }
    return true;
  }

  void refuse(std::string_view text, const std::string& message) {
    begin_nothing();
    has_host_ = skip_ports_ = true;
    problem(text, message);
  }

  void begin_nothing() {
    has_host_ = skip_ports_ = false;
    hosts_.clear();
  }

  void begin_host(std::string_view host, std::string shown) {
    begin_nothing();
    has_host_ = true;
    hosts_.push_back({std::string(host), std::move(shown), id_of(canonical(std::string(host)))});
  }

  std::uint64_t id_of(std::string host) { return ids_.try_emplace(std::move(host), ids_.size()).first->second; }

  std::optional<Ports> ports_of(std::string_view text, std::string_view whole) {
    const std::size_t dash = text.find('-');
    if (text.empty()) {
      problem(whole, "no port after the colon");
    } else if (dash != std::string_view::npos && is_digits(text.substr(0, dash)) && is_digits(text.substr(dash + 1))) {
      const auto first = number(text.substr(0, dash));
      const auto last = number(text.substr(dash + 1));
      if (first && last && *first <= *last) {
        Ports out(std::size_t{*last} - *first + 1);
        std::iota(out.begin(), out.end(), *first);
        return out;
      }
      problem(whole, first && last ? "the range runs backwards" : "ports go from 1 to 65535");
    } else if (is_digits(text)) {
      if (const auto port = number(text)) return Ports{*port};
      problem(whole, "ports go from 1 to 65535");
    } else {
      if (const auto port = port_of_service(std::string(text))) return Ports{*port};
      problem(whole, "no port or service called " + quoted(text));
    }
    return std::nullopt;
  }

  static std::optional<std::uint16_t> number(std::string_view digits) {
    std::uint16_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || value == 0) return std::nullopt;
    return value;
  }

  void add_ports(std::string_view text, std::string_view whole) {
    if (const auto ports = ports_of(text, whole)) add_all(*ports);
  }

  // What comes after a comma then is another host.
  void add_defaults() {
    add_all(default_ports_);
    begin_nothing();
  }

  void add_all(const Ports& ports) {
    for (const Host& host : hosts_) {
      for (const std::uint16_t port : ports) {
        if (!seen_.insert(host.id << 16U | port).second) continue;
        if (targets_.size() == max_targets) too_many_ = true;
        if (too_many_) return;
        targets_.push_back({host.shown + ":" + std::to_string(port), host.name, port, std::nullopt});
      }
    }
  }

  struct Host {
    std::string name;
    std::string shown;  // with brackets
    std::uint64_t id;
  };
  bool has_host_ = false;
  bool skip_ports_ = false;  // the host was wrong and has been reported
  bool too_many_ = false;
  std::vector<Host> hosts_;  // those that ports belong to
  Ports default_ports_;
  std::string where_;
  std::vector<Target> targets_;
  std::unordered_map<std::string, std::uint64_t> ids_;  // by canonical name
  std::unordered_set<std::uint64_t> seen_;              // id and port
  std::vector<std::string> problems_;
  std::size_t problem_count_ = 0;
  std::optional<Error> unreadable_;
};

}  // namespace

Result<std::vector<Target>> parse_targets(std::string_view text) {
  TargetParser parser;
  parser.add(text);
  return parser.targets();
}

Result<std::vector<Target>> targets_of(std::span<const std::string> words, std::string_view ports) {
  TargetParser parser;
  parser.use_ports(ports);
  for (const std::string& word : words) word.starts_with('@') ? parser.add_file(word.substr(1)) : parser.add(word);
  return parser.targets();
}

}  // namespace conclave::scan
