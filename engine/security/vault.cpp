// A message is
//
//     version (1 byte) | salt (16, version 2 only) | nonce (12) | ciphertext | tag (16)
//
// Version 1 is sealed with a key that the caller has, version 2 with one derived from a passphrase and the salt. Everything
// before the ciphertext is authenticated: version and salt as the first part of GCM's associated data, the nonce by its use. The
// parts before the caller's associated data have a length that the version fixes, so no two divisions of the bytes mean the same.
//
// AES-GCM: NIST SP 800-38D. Argon2id: RFC 9106, section 4, second recommended option.
#include "engine/security/vault.h"

#include <argon2.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <utility>

#include "engine/base/parallel.h"
#include "engine/security/aes_gcm.h"
#include "engine/security/secret.h"

namespace conclave::security {
namespace {

constexpr char version_key = 1;
constexpr char version_passphrase = 2;
constexpr std::size_t most_derived = 8;

constexpr std::uint32_t argon2_passes = 3;
constexpr std::uint32_t argon2_kib = 64U << 10U;
constexpr std::uint32_t argon2_lanes = 4;

std::size_t header_bytes(char version) { return version == version_key ? 1 : 1 + Vault::salt_bytes; }
std::size_t overhead_bytes(char version) { return header_bytes(version) + gcm_nonce_bytes + gcm_tag_bytes; }

Result<Secret> derive(std::string_view passphrase, std::string_view salt) {
  Secret key(Vault::key_bytes);
  const int code = argon2id_hash_raw(argon2_passes, argon2_kib, argon2_lanes, passphrase.data(), passphrase.size(), salt.data(),
                                     salt.size(), key.bytes().data(), key.bytes().size());
  if (code != ARGON2_OK) {
    return fail(ErrorKind::security, std::string("cannot derive a key from the passphrase: ") + argon2_error_message(code));
  }
  return key;
}

}  // namespace

struct Vault::Keys {
  struct Derived {
    std::string salt;
    std::shared_ptr<const Secret> key;
  };
  char version = version_key;
  std::string salt;
  Secret passphrase;
  std::shared_ptr<const Secret> own;
  std::mutex mutex;           // held while deriving, so that a batch derives each key once and 64 MiB are in use once
  std::list<Derived> others;  // for messages of other salts, latest first

  Result<std::shared_ptr<const Secret>> key_for(std::string_view wanted) {
    if (wanted == salt) return own;
    const std::lock_guard lock(mutex);
    const auto found = std::find_if(others.begin(), others.end(), [&](const Derived& other) { return other.salt == wanted; });
    if (found != others.end()) {
      others.splice(others.begin(), others, found);
    } else {
      auto key = derive(passphrase.view(), wanted);
      if (!key) return tl::unexpected(std::move(key.error()));
      others.push_front({std::string(wanted), std::make_shared<const Secret>(std::move(*key))});
      if (others.size() > most_derived) others.pop_back();
    }
    return others.front().key;
  }
};

Vault::Vault(std::unique_ptr<Keys> keys) : keys_(std::move(keys)) {}
Vault::Vault(Vault&& other) noexcept = default;
Vault& Vault::operator=(Vault&& other) noexcept = default;
Vault::~Vault() = default;

Result<Vault> Vault::with_key(std::string_view key) {
  if (key.size() != key_bytes) {
    return fail(ErrorKind::security, "a key has exactly 32 bytes, not " + std::to_string(key.size()));
  }
  auto keys = std::make_unique<Keys>();
  keys->own = std::make_shared<const Secret>(key);
  return Vault(std::move(keys));
}

Result<Vault> Vault::from_passphrase(std::string_view passphrase, std::string_view salt) {
  if (passphrase.empty()) return fail(ErrorKind::security, "the passphrase is empty");
  if (!salt.empty() && salt.size() != salt_bytes) {
    return fail(ErrorKind::security, "a salt has exactly 16 bytes, not " + std::to_string(salt.size()));
  }
  auto keys = std::make_unique<Keys>();
  keys->version = version_passphrase;
  keys->salt.assign(salt_bytes, '\0');
  if (salt.empty()) {
    if (auto drawn = draw_random(keys->salt); !drawn) return tl::unexpected(std::move(drawn.error()));
  } else {
    keys->salt = salt;
  }
  keys->passphrase = Secret(passphrase);
  auto key = derive(passphrase, keys->salt);
  if (!key) return tl::unexpected(std::move(key.error()));
  keys->own = std::make_shared<const Secret>(std::move(*key));
  return Vault(std::move(keys));
}

std::string_view Vault::salt() const { return keys_->salt; }

std::string_view Vault::salt_of(std::string_view message) {
  return opened_bytes(message) && message.front() == version_passphrase ? message.substr(1, salt_bytes) : std::string_view();
}

std::size_t Vault::sealed_bytes(std::size_t data_bytes) const { return data_bytes + overhead_bytes(keys_->version); }

Result<std::size_t> Vault::opened_bytes(std::string_view message) {
  if (message.empty()) return fail(ErrorKind::security, "an empty message was not sealed by a vault");
  const char version = message.front();
  if (version != version_key && version != version_passphrase) {
    return fail(ErrorKind::security, "this was not sealed by a vault, or by a newer one");
  }
  if (message.size() < overhead_bytes(version)) return fail(ErrorKind::security, "the message is cut off");
  return message.size() - overhead_bytes(version);
}

Result<void> Vault::encrypt_into(const Item& item, std::string_view associated_data) const {
  const std::size_t header_size = header_bytes(keys_->version);
  item.to[0] = keys_->version;
  std::copy(keys_->salt.begin(), keys_->salt.end(), item.to.begin() + 1);
  const auto nonce = item.to.subspan(header_size, gcm_nonce_bytes);
  if (auto drawn = draw_random(nonce); !drawn) return drawn;
  return gcm_seal(keys_->own->view(), {nonce.data(), nonce.size()}, {item.to.data(), header_size}, associated_data, item.from,
                  item.to.subspan(header_size + gcm_nonce_bytes));
}

Result<void> Vault::decrypt_into(const Item& item, std::string_view associated_data) const {
  const auto size = opened_bytes(item.from);
  if (!size) return tl::unexpected(size.error());
  if (item.from.front() != keys_->version) {
    return fail(ErrorKind::security, keys_->version == version_key ? "the message was sealed with a passphrase, not with a key"
                                                                   : "the message was sealed with a key, not with a passphrase");
  }
  const std::string_view header = item.from.substr(0, header_bytes(keys_->version));
  const auto key = keys_->key_for(header.substr(1));
  if (!key) return tl::unexpected(key.error());
  return gcm_open((*key)->view(), item.from.substr(header.size(), gcm_nonce_bytes), header, associated_data,
                  item.from.substr(header.size() + gcm_nonce_bytes), item.to);
}

Result<std::string> Vault::encrypt(std::string_view data, std::string_view associated_data) const {
  std::string message(sealed_bytes(data.size()), '\0');
  if (auto done = encrypt_into({data, message}, associated_data); !done) return tl::unexpected(std::move(done.error()));
  return message;
}

Result<std::string> Vault::decrypt(std::string_view message, std::string_view associated_data) const {
  const auto size = opened_bytes(message);
  if (!size) return tl::unexpected(size.error());
  std::string data(*size, '\0');
  if (auto done = decrypt_into({message, data}, associated_data); !done) return tl::unexpected(std::move(done.error()));
  return data;
}

namespace {

Result<void> for_each_item(std::span<const Vault::Item> items, Job& job,
                           const std::function<Result<void>(const Vault::Item&)>& work) {
  job.begin("vault", items.size(), "messages");
  std::mutex mutex;
  std::size_t first = items.size();
  Error error;
  std::atomic<bool> failed = false;
  parallel_for(items.size(), [&](std::size_t i) {
    if (job.stopped()) return;
    // Behind a failure nothing matters; before it there may be another, which is then the first.
    if (failed.load(std::memory_order_relaxed)) {
      const std::lock_guard lock(mutex);
      if (i > first) return;
    }
    auto done = work(items[i]);
    job.advance();
    if (done) return;
    const std::lock_guard lock(mutex);
    failed = true;
    if (i < first) {
      first = i;
      error = std::move(done.error());
    }
  });
  if (job.stopped()) return fail_cancelled();
  if (!failed) return {};
  error.where = "message " + std::to_string(first);
  return tl::unexpected(std::move(error));
}

}  // namespace

Result<void> Vault::encrypt_batch(std::span<const Item> items, std::string_view associated_data, Job& job) const {
  return for_each_item(items, job, [&](const Item& item) { return encrypt_into(item, associated_data); });
}

Result<void> Vault::decrypt_batch(std::span<const Item> items, std::string_view associated_data, Job& job) const {
  return for_each_item(items, job, [&](const Item& item) { return decrypt_into(item, associated_data); });
}

}  // namespace conclave::security
