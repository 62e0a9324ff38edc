// Where this machine looks for host names (nsswitch.conf), and the names that it has in a file (hosts).
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/scan/address.h"

namespace conclave::scan {

struct NameSources {
  bool files = true;
  bool dns = true;
  bool others = false;  // only the C library knows how to ask these: mdns, resolve, myhostname, ldap, ...
  bool operator==(const NameSources&) const = default;
};

// Of the `hosts:` line, whatever its order; as the C library has it where there is none.
[[nodiscard]] NameSources read_name_sources(std::string_view text);

// Read once, because a file that blocks advertisements has a hundred thousand lines.
class HostsFile {
 public:
  explicit HostsFile(std::string_view text);
  // In the order of the file; empty for names that are not there.
  [[nodiscard]] std::vector<Address> find(std::string_view name) const;

 private:
  std::unordered_map<std::string, std::vector<Address>> names_;  // in small letters
};

// As names are compared: in small letters, without the dot of the root.
[[nodiscard]] std::string plain_name(std::string_view name);

}  // namespace conclave::scan
