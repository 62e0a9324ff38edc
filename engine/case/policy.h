// What may be run, asked and contacted here: policy.toml of the administrator, and of the user who wants less still. A policy
// bounds and never grants: what several files say holds together, and consent is asked for all the same.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/scan/address_range.h"
#include "engine/scan/scanner.h"

namespace conclave {

// One file. A list that is not there bounds nothing; an empty one allows nothing.
struct PolicyFile {
  struct Plugins {
    std::optional<std::vector<std::string>> allow;    // SHA-256 of plugins besides the shipped ones, in small letters
    std::vector<std::string> deny;                    // names or SHA-256, shipped ones too
    std::optional<std::vector<std::string>> network;  // "host:port" that plugins may ask for
    bool trust = true;                                // false: what is not shipped runs in a worker, even if the user trusts it
    bool write = true;                                // false: not if it asks to write files
    bool subprocess = true;                           // false: not if it asks to start programs
    bool raw_evidence = true;                         // false: not if it asks for evidence that is not redacted
    bool install = true;                              // false: not if it needs packages
    std::optional<double> max_time_s;
    std::optional<double> max_memory_mb;
  };
  std::filesystem::path path;
  Plugins plugins;
  std::optional<std::vector<std::string>> endpoints;  // as endpoint_of() writes them
  std::optional<std::vector<std::string>> commands;   // exact lines that logs of cases may come from
  std::optional<std::vector<scan::AddressRange>> scan_allow;
  std::vector<scan::AddressRange> scan_deny;
};

// Kind parse with everything that is wrong, each with file:line:column.
[[nodiscard]] Result<PolicyFile> read_policy(std::string_view toml, const std::filesystem::path& path);

// Immutable; any thread.
struct Policy {
  std::vector<PolicyFile> files;

  // Why evidence may not be sent there; empty: it may, if the user agrees.
  [[nodiscard]] std::string forbids_endpoint(std::string_view endpoint) const;
  // Why a log may not be what this command prints; empty: it may, if the user agrees.
  [[nodiscard]] std::string forbids_command(std::string_view line) const;
  [[nodiscard]] std::string forbids_address(const scan::Address& address) const;
  // `options` that forbid what this does.
  [[nodiscard]] scan::ScanOptions within(scan::ScanOptions options) const;
};

// /etc/conclave/policy.toml, policy.toml in the user's settings folder, and the file that $CONCLAVE_POLICY names. None of the
// first two needs to be there. Any that cannot be understood, or that others than its user or root may write (kind security), is
// an error, since nobody knows then what is allowed.
[[nodiscard]] Result<Policy> policy_in_force();
[[nodiscard]] std::vector<std::filesystem::path> policy_places();

// "HTTPS://Api.example.com/v1" -> "https://api.example.com:443". Kind invalid_argument unless it is http or https, without a
// user name.
[[nodiscard]] Result<std::string> endpoint_of(std::string_view url);

}  // namespace conclave
