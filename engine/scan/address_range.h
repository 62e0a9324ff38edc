// A range of IP addresses, as networks are written.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "engine/base/error.h"
#include "engine/scan/address.h"

namespace conclave::scan {

// IPv4 addresses count as the IPv6 addresses they are mapped to (RFC 4291, section 2.5.5.2), so that a range of either kind holds
// both forms of an address.
class AddressRange {
 public:
  // "10.0.0.0/8", "2001:db8::/32", or one address. Kind invalid_argument for anything else; bits after the prefix must be 0,
  // since whoever sets them means something else.
  [[nodiscard]] static Result<AddressRange> parse(const std::string& text);
  [[nodiscard]] const std::string& text() const { return text_; }  // as it was written
  [[nodiscard]] bool contains(const Address& address) const;
  // How many addresses of hosts there are, 2^63 for more: all of them, without those of an IPv4 network and its broadcasts where
  // the prefix is shorter than 31 (RFC 3021).
  [[nodiscard]] std::uint64_t hosts() const;
  [[nodiscard]] Address host(std::uint64_t index) const;  // below hosts(); port 0

 private:
  [[nodiscard]] bool is_v4() const { return text_.find(':') == std::string::npos; }

  std::string text_;
  std::array<std::uint8_t, 16> bytes_{};
  unsigned bits_ = 128;
};

}  // namespace conclave::scan
