// Seals bytes so that only the holder of a key reads them, and nobody changes them unnoticed.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/job.h"

namespace conclave::security {

// AES-256-GCM with a fresh random nonce of 96 bits for each message. Under one key seal at most 2^32 messages (NIST SP 800-38D,
// section 8.3). Owner: whoever made it; moved, never copied; key and passphrase are wiped at the end. Threads: any.
// Failures to open are of kind security: wrong key, wrong associated data, changed, cut off or foreign messages.
class Vault {
 public:
  static constexpr std::size_t key_bytes = 32;
  static constexpr std::size_t salt_bytes = 16;

  // Kind security unless `key` has exactly 32 bytes.
  [[nodiscard]] static Result<Vault> with_key(std::string_view key);
  // Argon2id with the second recommended parameters of RFC 9106: 3 passes over 64 MiB in 4 lanes, some 0.1 s. An empty salt is
  // drawn at random. Messages carry their salt, so that the passphrase alone opens them again; for a salt that this vault has
  // not met the key is derived anew, and the last few are kept. Kind security for an empty passphrase or a salt of another size.
  [[nodiscard]] static Result<Vault> from_passphrase(std::string_view passphrase, std::string_view salt = {});

  Vault(Vault&& other) noexcept;
  Vault& operator=(Vault&& other) noexcept;
  Vault(const Vault&) = delete;
  Vault& operator=(const Vault&) = delete;
  ~Vault();

  [[nodiscard]] std::string_view salt() const;                              // empty for a vault with a key
  [[nodiscard]] static std::string_view salt_of(std::string_view message);  // empty if it has none or is no message

  [[nodiscard]] Result<std::string> encrypt(std::string_view data, std::string_view associated_data = {}) const;
  [[nodiscard]] Result<std::string> decrypt(std::string_view message, std::string_view associated_data = {}) const;

  // The same into memory of the caller's, and many at once on oneTBB. `to` has the size that the two functions below give.
  struct Item {
    std::string_view from;
    std::span<char> to;
  };
  [[nodiscard]] std::size_t sealed_bytes(std::size_t data_bytes) const;
  [[nodiscard]] static Result<std::size_t> opened_bytes(std::string_view message);  // kind security if it is no message
  [[nodiscard]] Result<void> encrypt_into(const Item& item, std::string_view associated_data) const;
  [[nodiscard]] Result<void> decrypt_into(const Item& item, std::string_view associated_data) const;
  // The first failure by position, which Error::where names ("message 3", from 0); then every `to` is to be thrown away.
  [[nodiscard]] Result<void> encrypt_batch(std::span<const Item> items, std::string_view associated_data, Job& job) const;
  [[nodiscard]] Result<void> decrypt_batch(std::span<const Item> items, std::string_view associated_data, Job& job) const;

 private:
  struct Keys;
  explicit Vault(std::unique_ptr<Keys> keys);
  std::unique_ptr<Keys> keys_;
};

}  // namespace conclave::security
