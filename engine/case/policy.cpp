#include "engine/case/policy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <utility>

#include "engine/base/folders.h"
#include "engine/base/toml_table.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_policy = 1U << 20U;
constexpr double longest_time_s = 86'400;
constexpr std::size_t digest_digits = 64;
constexpr int http_port = 80;
constexpr int https_port = 443;

class File {
 public:
  explicit File(const fs::path& path) : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

// Nothing if there is no such file.
Result<std::optional<std::string>> text_of(const fs::path& path) {
  const File file(path);
  if (file.descriptor() < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    return fail_io("cannot read the policy", path.string(), errno);
  }
  struct stat info {};
  if (::fstat(file.descriptor(), &info) != 0) return fail_io("cannot read the policy", path.string(), errno);
  if (!S_ISREG(info.st_mode) || static_cast<std::uintmax_t>(info.st_size) > largest_policy)
    return fail(ErrorKind::parse, "is no policy: not a file of at most 1 MiB", path.string());
  if ((info.st_uid != ::geteuid() && info.st_uid != 0) || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fail(ErrorKind::security, "others than its user or root may write this policy (chown root, chmod go-w)",
                path.string());
  }
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t count = ::read(file.descriptor(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_io("cannot read the policy", path.string(), errno);
    if (count == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > largest_policy) return fail(ErrorKind::parse, "is no policy: longer than 1 MiB", path.string());
  }
}

// "sha256:AB..." or 64 digits; nothing for other texts.
std::optional<std::string> digest_of(std::string_view text) {
  if (text.starts_with("sha256:")) text.remove_prefix(7);
  if (text.size() != digest_digits) return std::nullopt;
  std::string digest;
  for (const unsigned char c : text) {
    if (std::isxdigit(c) == 0) return std::nullopt;
    digest += static_cast<char>(std::tolower(c));
  }
  return digest;
}

// What a list says, each item through `read`; findings for those that it does not understand. Nothing if there is no list.
template <class T, class Read>
std::optional<std::vector<T>> list_of(TomlTable& table, std::string_view key, TomlFindings& findings, const Read& read) {
  std::vector<std::string> texts;
  const toml::node* node = table.texts(key, texts);
  if (node == nullptr) return std::nullopt;
  std::vector<T> values;
  for (const std::string& text : texts) {
    Result<T> value = read(text);
    if (value)
      values.push_back(std::move(*value));
    else
      findings.add(node->source(), value.error().message);
  }
  return values;
}

std::optional<double> limit_of(TomlTable& table, std::string_view key, double min, double max) {
  double value = 0;
  return table.number(key, value, min, max) != nullptr ? std::optional(value) : std::nullopt;
}

void read_plugins(const toml::table& said, PolicyFile::Plugins& plugins, TomlFindings& findings) {
  TomlTable table(said, "plugins.", findings);
  plugins.allow = list_of<std::string>(table, "allow", findings, [](const std::string& text) -> Result<std::string> {
    // A name proves nothing: whoever writes a plugin chooses it.
    if (auto digest = digest_of(text)) return std::move(*digest);
    return fail(ErrorKind::parse,
                "plugins.allow: '" + text + "' is no SHA-256; conclave plugins list --json shows those of plugins");
  });
  if (auto deny = list_of<std::string>(table, "deny", findings, [](const std::string& text) -> Result<std::string> {
        return digest_of(text).value_or(text);
      })) {
    plugins.deny = std::move(*deny);
  }
  plugins.network = list_of<std::string>(table, "network", findings, [](std::string text) -> Result<std::string> {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (scan::parse_targets(text)) return text;
    return fail(ErrorKind::parse, "plugins.network: '" + text + "' must be host:port");
  });
  table.boolean("trust", plugins.trust);
  table.boolean("write", plugins.write);
  table.boolean("subprocess", plugins.subprocess);
  table.boolean("raw_evidence", plugins.raw_evidence);
  table.boolean("install", plugins.install);
  plugins.max_time_s = limit_of(table, "max_time_s", 0.01, longest_time_s);
  plugins.max_memory_mb = limit_of(table, "max_memory_mb", 1, 1U << 20U);
  table.finish();
}

void read_scan(const toml::table& said, PolicyFile& policy, TomlFindings& findings) {
  TomlTable table(said, "scan.", findings);
  policy.scan_allow = list_of<scan::AddressRange>(table, "allow", findings, &scan::AddressRange::parse);
  if (auto deny = list_of<scan::AddressRange>(table, "deny", findings, &scan::AddressRange::parse))
    policy.scan_deny = std::move(*deny);
  table.finish();
}

bool holds(const std::vector<scan::AddressRange>& ranges, const scan::Address& address) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const scan::AddressRange& range) { return range.contains(address); });
}

}  // namespace

Result<PolicyFile> read_policy(std::string_view toml, const fs::path& path) {
  const auto parsed = parse_toml(toml, path.string());
  if (!parsed) return tl::unexpected(parsed.error());
  PolicyFile policy;
  policy.path = path;
  TomlFindings findings(path.string());
  TomlTable top(*parsed, "", findings);
  if (const auto* plugins = top.table("plugins")) read_plugins(*plugins, policy.plugins, findings);
  if (const auto* endpoints = top.table("endpoints")) {
    TomlTable table(*endpoints, "endpoints.", findings);
    policy.endpoints = list_of<std::string>(table, "allow", findings, [](const std::string& text) { return endpoint_of(text); });
    table.finish();
  }
  if (const auto* commands = top.table("commands")) {
    TomlTable table(*commands, "commands.", findings);
    policy.commands =
        list_of<std::string>(table, "allow", findings, [](std::string text) -> Result<std::string> { return text; });
    table.finish();
  }
  if (const auto* scan = top.table("scan")) read_scan(*scan, policy, findings);
  top.finish();
  if (auto fine = findings.result(); !fine) return tl::unexpected(std::move(fine.error()));
  return policy;
}

std::string Policy::forbids_endpoint(std::string_view endpoint) const {
  const auto wanted = endpoint_of(endpoint);
  for (const PolicyFile& file : files) {
    if (!file.endpoints) continue;
    if (!wanted || std::find(file.endpoints->begin(), file.endpoints->end(), *wanted) == file.endpoints->end())
      return file.path.string() + " does not allow to send evidence to " + std::string(endpoint);
  }
  return {};
}

std::string Policy::forbids_command(std::string_view line) const {
  for (const PolicyFile& file : files) {
    if (!file.commands || std::find(file.commands->begin(), file.commands->end(), line) != file.commands->end()) continue;
    return file.path.string() + " does not allow " + (file.commands->empty() ? "commands" : "this command");
  }
  return {};
}

std::string Policy::forbids_address(const scan::Address& address) const {
  for (const PolicyFile& file : files) {
    if ((!file.scan_allow || holds(*file.scan_allow, address)) && !holds(file.scan_deny, address)) continue;
    return "not tried: " + file.path.string() + " does not allow to scan " + address.text();
  }
  return {};
}

scan::ScanOptions Policy::within(scan::ScanOptions options) const {
  const bool bounds =
      std::any_of(files.begin(), files.end(), [](const PolicyFile& file) { return file.scan_allow || !file.scan_deny.empty(); });
  if (bounds) options.forbids = [policy = *this](const scan::Address& address) { return policy.forbids_address(address); };
  return options;
}

std::vector<fs::path> policy_places() {
  std::vector<fs::path> places{"/etc/conclave/policy.toml", user_config_folder() / "policy.toml"};
  if (const char* named = std::getenv("CONCLAVE_POLICY"); named != nullptr && *named != '\0') places.emplace_back(named);
  return places;
}

Result<Policy> policy_in_force() {
  Policy policy;
  const auto places = policy_places();
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto text = text_of(places[i]);
    if (!text) return tl::unexpected(text.error());
    if (!*text && i >= 2) return fail_io("cannot read the policy that CONCLAVE_POLICY names", places[i].string(), ENOENT);
    if (!*text) continue;
    auto file = read_policy(**text, places[i]);
    if (!file) return tl::unexpected(std::move(file.error()));
    policy.files.push_back(std::move(*file));
  }
  return policy;
}

Result<std::string> endpoint_of(std::string_view url) {
  const auto wrong = [&] {
    return fail(ErrorKind::invalid_argument,
                "'" + std::string(url) + "' is no endpoint such as https://api.example.com or http://127.0.0.1:8080");
  };
  std::string text(url);
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool secure = text.starts_with("https://");
  if (!secure && !text.starts_with("http://")) return wrong();
  const std::string scheme = secure ? "https" : "http";
  std::string host = text.substr(scheme.size() + 3);
  host.resize(std::min(host.find_first_of("/?#"), host.size()));
  if (std::any_of(host.begin(), host.end(), [](unsigned char c) { return c <= 0x20 || c > 0x7e || c == '@' || c == '\\'; }))
    return wrong();
  int port = secure ? https_port : http_port;
  const auto colon = host.rfind(':');
  const auto bracket = host.rfind(']');
  if (colon != std::string::npos && (bracket == std::string::npos || colon > bracket)) {
    const std::string digits = host.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc() || end != digits.data() + digits.size() || port < 1 || port > 65'535) return wrong();
    host.resize(colon);
  }
  if (host.empty() || (host.find(':') != std::string::npos && (host.front() != '[' || host.back() != ']'))) return wrong();
  return scheme + "://" + host + ":" + std::to_string(port);
}

}  // namespace conclave
