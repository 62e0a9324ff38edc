// What the program and its workers say to each other: JSON with a u32 of its length before it, descriptors beside it.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "scripting/worker/descriptor.h"

namespace conclave::scripting {

inline constexpr std::size_t largest_message = std::size_t{16} << 20U;

[[nodiscard]] std::string framed(const nlohmann::json& message);

// Cuts what a socket brought into messages. The other side is not trusted: an error (kind limit or serialization) for what is
// larger than largest_message, nested too deep, or no JSON; after that nothing more can be read.
class MessageReader {
 public:
  void append(std::string_view bytes) { buffer_ += bytes; }
  [[nodiscard]] Result<std::optional<nlohmann::json>> next();

 private:
  std::string buffer_;
};

// One sendmsg or recvmsg on a Unix socket that does not block; as those, -1 with errno. At most one descriptor
// is received with each.
[[nodiscard]] ssize_t send_with(int socket, std::string_view bytes, std::span<const int> descriptors);
[[nodiscard]] ssize_t receive_with(int socket, std::span<char> buffer, std::vector<Descriptor>& descriptors);

}  // namespace conclave::scripting
