// The file is JSON:
//
//     {"conclave_keys": 1, "opened_by": "key_file" or "passphrase", "check": HEX, "keys": {NAME: HEX, ...}}
//
// Each HEX is a message of a Vault whose associated data is a fixed word and the name, so that a value cannot be moved to another
// name. "check" is an empty message of no name: it tells a wrong passphrase from a damaged value, and carries the salt.
#include "engine/security/key_ring.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/base/folders.h"
#include "engine/base/text.h"
#include "engine/security/private_file.h"
#include "engine/security/vault.h"

namespace conclave::security {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_name = 128;
constexpr std::size_t longest_value = 64U << 10U;
constexpr std::size_t largest_ring = 16U << 20U;
constexpr const char* key_file_word = "key_file";
constexpr const char* passphrase_word = "passphrase";

std::string associated(std::string_view name) { return "conclave key ring 1:" + std::string(name); }

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    text += digits[static_cast<unsigned char>(byte) >> 4U];
    text += digits[static_cast<unsigned char>(byte) & 15U];
  }
  return text;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::optional<std::string> from_hex(const nlohmann::json& value) {
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  if (text.size() % 2 != 0) return std::nullopt;
  return bytes;
}

struct Ring {
  OpenedBy opened_by = OpenedBy::key_file;
  std::string check;
  std::map<std::string, std::string, std::less<>> sealed;
};

std::optional<Ring> ring_of(const nlohmann::json& json) {
  const auto opened_by = json.find("opened_by");
  const auto check = json.find("check");
  const auto keys = json.find("keys");
  if (opened_by == json.end() || check == json.end() || keys == json.end() || !keys->is_object()) return std::nullopt;
  if (*opened_by != key_file_word && *opened_by != passphrase_word) return std::nullopt;
  Ring ring;
  ring.opened_by = *opened_by == key_file_word ? OpenedBy::key_file : OpenedBy::passphrase;
  auto bytes = from_hex(*check);
  if (!bytes || Vault::opened_bytes(*bytes) != 0U) return std::nullopt;
  ring.check = std::move(*bytes);
  for (const auto& [name, value] : keys->items()) {
    auto sealed = from_hex(value);
    if (!is_secret_name(name) || !sealed) return std::nullopt;
    ring.sealed[name] = std::move(*sealed);
  }
  return ring;
}

Result<std::optional<Ring>> read_ring(const fs::path& path) {
  const auto text = read_private_file(path, largest_ring);
  if (!text) return tl::unexpected(text.error());
  if (!*text) return std::nullopt;
  const auto json = nlohmann::json::parse(**text, nullptr, false);
  if (json.is_object() && json.contains("conclave_keys") && json["conclave_keys"] != 1) {
    return fail(ErrorKind::security, "is a key ring of another version of Conclave", path.string());
  }
  auto ring = json.is_object() && json.contains("conclave_keys") ? ring_of(json) : std::nullopt;
  if (!ring) {
    return fail(ErrorKind::security,
                "is damaged or no key ring; restore it, or move it away and set the keys again (conclave keys set NAME)",
                path.string());
  }
  return ring;
}

Result<void> write_ring(const fs::path& path, const Ring& ring) {
  nlohmann::ordered_json json;
  json["conclave_keys"] = 1;
  json["opened_by"] = ring.opened_by == OpenedBy::key_file ? key_file_word : passphrase_word;
  json["check"] = to_hex(ring.check);
  json["keys"] = nlohmann::ordered_json::object();
  for (const auto& [name, sealed] : ring.sealed) json["keys"][name] = to_hex(sealed);
  return write_private_file(path, json.dump(1) + "\n");
}

template <class T>
Result<T> placed(Result<T> result, const fs::path& path) {
  if (!result && result.error().where.empty()) result.error().where = path.string();
  return result;
}

class Opener {
 public:
  Opener(const RingPlaces& places, const PassphraseSource& passphrase) : places_(places), passphrase_(passphrase) {}

  // The vault of a ring, after it opened the ring's check.
  [[nodiscard]] Result<Vault> open(const Ring& ring) const {
    const bool by_key = ring.opened_by == OpenedBy::key_file;
    auto vault = by_key ? by_key_file() : by_passphrase(Vault::salt_of(ring.check));
    if (!vault) return placed(std::move(vault), places_.ring);
    if (const auto opened = vault->decrypt(ring.check, associated("")); !opened) {
      return fail(ErrorKind::security,
                  by_key ? "the key in " + places_.key_file.string() + " does not open it"
                         : std::string("the passphrase does not open it"),
                  places_.ring.string());
    }
    return vault;
  }

  // For a new ring. A key file that is there already is used: it may open a ring that was moved away.
  [[nodiscard]] Result<Vault> make(OpenedBy how) const {
    if (how == OpenedBy::passphrase) return placed(by_passphrase({}), places_.ring);
    const auto there = read_private_file(places_.key_file, Vault::key_bytes);
    if (there && !*there) {
      auto key = random_key();
      if (!key) return tl::unexpected(std::move(key.error()));
      if (auto written = write_private_file(places_.key_file, key->view()); !written) return tl::unexpected(written.error());
    }
    return by_key_file();
  }

 private:
  [[nodiscard]] static Result<Secret> random_key() {
    Secret key(Vault::key_bytes);
    if (auto drawn = draw_random(key.bytes()); !drawn) return tl::unexpected(std::move(drawn.error()));
    return key;
  }

  [[nodiscard]] Result<Vault> by_key_file() const {
    auto key = read_private_file(places_.key_file, Vault::key_bytes);
    const std::string file = places_.key_file.string();
    if (!key) return tl::unexpected(std::move(key.error()));
    if (!*key) {
      return fail(ErrorKind::security,
                  "the file with its key, " + file +
                      ", is not there; restore it, or move the ring away and set the keys again (conclave keys set NAME)",
                  places_.ring.string());
    }
    auto vault = Vault::with_key(**key);
    wipe(**key);
    if (!vault) return fail(ErrorKind::security, "is damaged: " + vault.error().message, file);
    return vault;
  }

  [[nodiscard]] Result<Vault> by_passphrase(std::string_view salt) const {
    const auto passphrase = passphrase_(places_.ring);
    if (!passphrase) return tl::unexpected(passphrase.error());
    return Vault::from_passphrase(passphrase->view(), salt);
  }

  const RingPlaces& places_;
  const PassphraseSource& passphrase_;
};

Result<void> check_value(std::string_view value) {
  if (value.empty()) return fail(ErrorKind::invalid_argument, "the value is empty");
  if (value.size() > longest_value) return fail(ErrorKind::invalid_argument, "the value is longer than 64 KiB");
  if (value.find('\0') != std::string_view::npos || find_invalid_utf8(value) != std::string_view::npos) {
    return fail(ErrorKind::invalid_argument, "the value is not text (UTF-8)");
  }
  return {};
}

}  // namespace

bool is_secret_name(std::string_view name) {
  return !name.empty() && name.size() <= longest_name && (name.front() < '0' || name.front() > '9') &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

RingPlaces RingPlaces::of_this_user() { return {user_config_folder() / "keys.vault", user_state_folder() / "keys.key"}; }

Result<Secret> passphrase_of_environment(const fs::path& file) {
  const char* value = std::getenv("CONCLAVE_PASSPHRASE");  // NOLINT(concurrency-mt-unsafe): nobody here sets the environment
  if (value != nullptr && *value != '\0') return Secret(std::string_view(value));
  return fail(ErrorKind::security, "the key ring has a passphrase; set the environment variable CONCLAVE_PASSPHRASE to it",
              file.string());
}

KeyRing::KeyRing(RingPlaces places, PassphraseSource passphrase)
    : places_(std::move(places)), passphrase_(std::move(passphrase)) {}

Result<std::optional<OpenedBy>> KeyRing::opened_by() const {
  const auto ring = read_ring(places_.ring);
  if (!ring) return tl::unexpected(ring.error());
  return *ring ? std::optional((*ring)->opened_by) : std::nullopt;
}

Result<std::vector<std::string>> KeyRing::names() const {
  const auto ring = read_ring(places_.ring);
  if (!ring) return tl::unexpected(ring.error());
  std::vector<std::string> names;
  if (*ring) {
    for (const auto& [name, sealed] : (*ring)->sealed) names.push_back(name);
  }
  return names;
}

Result<void> KeyRing::check() const {
  const auto ring = read_ring(places_.ring);
  if (!ring) return tl::unexpected(ring.error());
  if (!*ring) return {};
  const auto vault = Opener(places_, passphrase_).open(**ring);
  return vault ? Result<void>() : tl::unexpected(vault.error());
}

Result<std::optional<std::string>> KeyRing::find(std::string_view name) const {
  const auto ring = read_ring(places_.ring);
  if (!ring) return tl::unexpected(ring.error());
  if (!*ring) return std::nullopt;
  const auto sealed = (*ring)->sealed.find(name);
  if (sealed == (*ring)->sealed.end()) return std::nullopt;
  const auto vault = Opener(places_, passphrase_).open(**ring);
  if (!vault) return tl::unexpected(vault.error());
  auto value = vault->decrypt(sealed->second, associated(name));
  if (!value)
    return fail(ErrorKind::security, "the value of " + std::string(name) + " is damaged; set it again", places_.ring.string());
  return std::move(*value);
}

Result<bool> KeyRing::set(std::string_view name, std::string_view value, OpenedBy when_made) const {
  if (!is_secret_name(name)) {
    return fail(ErrorKind::invalid_argument,
                "'" + std::string(name) + "' is no name for a key: letters, digits and '_' only, as in OPENAI_API_KEY");
  }
  if (auto fine = check_value(value); !fine) return tl::unexpected(std::move(fine.error()));
  const auto lock = FileLock::take(places_.ring);
  if (!lock) return tl::unexpected(lock.error());
  auto ring = read_ring(places_.ring);
  if (!ring) return tl::unexpected(std::move(ring.error()));
  const Opener opener(places_, passphrase_);
  const auto vault = *ring ? opener.open(**ring) : opener.make(when_made);
  if (!vault) return tl::unexpected(vault.error());
  if (!*ring) {
    auto check = vault->encrypt("", associated(""));
    if (!check) return tl::unexpected(std::move(check.error()));
    *ring = Ring{when_made, std::move(*check), {}};
  }
  auto sealed = vault->encrypt(value, associated(name));
  if (!sealed) return tl::unexpected(std::move(sealed.error()));
  const bool replaced = !(*ring)->sealed.insert_or_assign(std::string(name), std::move(*sealed)).second;
  if (auto written = write_ring(places_.ring, **ring); !written) return tl::unexpected(std::move(written.error()));
  return replaced;
}

Result<bool> KeyRing::remove(std::string_view name) const {
  if (auto there = read_ring(places_.ring); !there || !*there) {
    return there ? Result<bool>(false) : tl::unexpected(std::move(there.error()));
  }
  const auto lock = FileLock::take(places_.ring);
  if (!lock) return tl::unexpected(lock.error());
  auto ring = read_ring(places_.ring);
  if (!ring) return tl::unexpected(std::move(ring.error()));
  if (!*ring) return false;
  const auto found = (*ring)->sealed.find(name);
  if (found == (*ring)->sealed.end()) return false;
  (*ring)->sealed.erase(found);
  if (auto written = write_ring(places_.ring, **ring); !written) return tl::unexpected(std::move(written.error()));
  return true;
}

Result<std::optional<std::string>> find_secret(std::string_view name, const KeyRing& ring) {
  const char* value = std::getenv(std::string(name).c_str());  // NOLINT(concurrency-mt-unsafe): nobody here sets the environment
  if (value != nullptr && *value != '\0') return std::string(value);
  return ring.find(name);
}

}  // namespace conclave::security
