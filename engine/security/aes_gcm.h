// AES-256-GCM (NIST SP 800-38D) as OpenSSL has it, with the nonce given: internal to the room and its tests. A nonce used twice
// under one key gives both messages away, so everyone else goes through Vault, which draws them.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "engine/base/error.h"

namespace conclave::security {

inline constexpr std::size_t gcm_key_bytes = 32;
inline constexpr std::size_t gcm_nonce_bytes = 12;
inline constexpr std::size_t gcm_tag_bytes = 16;

// Both authenticate `header` and then `associated`. `out` has the size of the ciphertext, tag included, or of the plaintext.
[[nodiscard]] Result<void> gcm_seal(std::string_view key, std::string_view nonce, std::string_view header,
                                    std::string_view associated, std::string_view plaintext, std::span<char> out);
// Kind security if key, nonce, header, associated data or any byte is not what was sealed; `out` is wiped then.
[[nodiscard]] Result<void> gcm_open(std::string_view key, std::string_view nonce, std::string_view header,
                                    std::string_view associated, std::string_view ciphertext, std::span<char> out);

}  // namespace conclave::security
