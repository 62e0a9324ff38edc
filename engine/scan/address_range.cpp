#include "engine/scan/address_range.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace conclave::scan {
namespace {

using Bytes = std::array<std::uint8_t, 16>;

Bytes bytes_of(const Address& address) {
  Bytes bytes{};
  if (address.is_v6()) {
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(address.raw())->sin6_addr, bytes.size());
  } else {
    bytes[10] = bytes[11] = 0xFF;
    std::memcpy(&bytes[12], &reinterpret_cast<const sockaddr_in*>(address.raw())->sin_addr, 4);
  }
  return bytes;
}

bool same_prefix(const Bytes& a, const Bytes& b, unsigned bits) {
  if (std::memcmp(a.data(), b.data(), bits / 8) != 0) return false;
  if (bits % 8 == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xFF00U >> (bits % 8));
  return ((a[bits / 8] ^ b[bits / 8]) & mask) == 0;
}

std::optional<unsigned> prefix_length(std::string_view text, unsigned most) {
  unsigned length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error != std::errc() || end != text.data() + text.size() || length > most) return std::nullopt;
  return length;
}

}  // namespace

Result<AddressRange> AddressRange::parse(const std::string& text) {
  const auto slash = text.find('/');
  const auto address = Address::from_text(text.substr(0, slash));
  if (!address || text.find('%') != std::string::npos) {
    return fail(ErrorKind::invalid_argument, "'" + text + "' is no address or network such as 10.0.0.0/8 or 2001:db8::/32");
  }
  const unsigned width = address->is_v6() ? 128 : 32;
  AddressRange range;
  range.text_ = text;
  range.bytes_ = bytes_of(*address);
  if (slash == std::string::npos) return range;
  const auto length = prefix_length(std::string_view(text).substr(slash + 1), width);
  if (!length) {
    return fail(ErrorKind::invalid_argument, "'" + text + "': after the slash goes a number from 0 to " + std::to_string(width));
  }
  range.bits_ = *length + (128 - width);
  for (unsigned bit = range.bits_; bit < 128; ++bit) {
    if ((range.bytes_[bit / 8] & (0x80U >> (bit % 8))) != 0) {
      return fail(ErrorKind::invalid_argument,
                  "'" + text + "' names a host and a network at once: bits after the prefix are set");
    }
  }
  return range;
}

std::uint64_t AddressRange::hosts() const {
  constexpr unsigned most = 63;
  const unsigned free = std::min(128 - bits_, most);
  const std::uint64_t all = std::uint64_t{1} << free;
  return is_v4() && free > 1 ? all - 2 : all;
}

Address AddressRange::host(std::uint64_t index) const {
  if (is_v4() && 128 - bits_ > 1) ++index;
  std::array<std::uint8_t, 16> bytes = bytes_;
  for (std::size_t i = bytes.size(); index > 0; index >>= 8U) bytes[--i] |= static_cast<std::uint8_t>(index);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  std::memcpy(&v6.sin6_addr, bytes.data(), bytes.size());
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  std::memcpy(&v4.sin_addr, &bytes[12], 4);
  return *Address::from(is_v4() ? reinterpret_cast<const sockaddr*>(&v4) : reinterpret_cast<const sockaddr*>(&v6));
}

bool AddressRange::contains(const Address& address) const { return same_prefix(bytes_, bytes_of(address), bits_); }

}  // namespace conclave::scan
