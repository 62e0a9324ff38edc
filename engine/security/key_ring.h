// The user's secrets by name, such as the API keys that experts ask for: one sealed file.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/security/secret.h"

namespace conclave::security {

// As an environment variable is named: letters, digits and '_', no digit first, at most 128.
[[nodiscard]] bool is_secret_name(std::string_view name);

// What protects a ring; chosen when it is made. A random key in a file of another folder protects copies and backups of the
// configuration folder, but not from somebody who can read all of the user's files.
enum class OpenedBy { key_file, passphrase };

struct RingPlaces {
  std::filesystem::path ring;
  std::filesystem::path key_file;
  // keys.vault in the configuration folder, keys.key in the state folder.
  [[nodiscard]] static RingPlaces of_this_user();
};

// The passphrase of a ring that has one; must not block, because others may wait for the ring. `file` is for the message.
using PassphraseSource = std::function<Result<Secret>(const std::filesystem::path& file)>;
// CONCLAVE_PASSPHRASE; kind security if it is not set, saying what to do.
[[nodiscard]] Result<Secret> passphrase_of_environment(const std::filesystem::path& file);

// Names are readable in the file and authenticated; values are sealed, each by itself. Both files are for their owner alone, and
// refused when they are not. Every call reads the ring anew, changes replace it whole under a lock (several processes may share
// it), and a ring that is damaged is left as it is. Threads: any. Failures: kind security, or io; Error::where is the file.
class KeyRing {
 public:
  explicit KeyRing(RingPlaces places = RingPlaces::of_this_user(), PassphraseSource passphrase = passphrase_of_environment);

  [[nodiscard]] const RingPlaces& places() const { return places_; }
  [[nodiscard]] Result<std::optional<OpenedBy>> opened_by() const;  // nothing: there is no ring yet
  [[nodiscard]] Result<std::vector<std::string>> names() const;     // sorted; opens nothing
  [[nodiscard]] Result<void> check() const;                         // whether it can be opened; fine if there is none
  [[nodiscard]] Result<std::optional<std::string>> find(std::string_view name) const;
  // Whether it replaced one. A ring that is not there is made as `when_made` says. Kind invalid_argument for a name that is none,
  // and for a value that is empty, longer than 64 KiB or not text.
  [[nodiscard]] Result<bool> set(std::string_view name, std::string_view value, OpenedBy when_made = OpenedBy::key_file) const;
  [[nodiscard]] Result<bool> remove(std::string_view name) const;  // whether there was one; opens nothing

 private:
  RingPlaces places_;
  PassphraseSource passphrase_;
};

// The environment variable of that name unless it is empty, else what the ring has.
[[nodiscard]] Result<std::optional<std::string>> find_secret(std::string_view name, const KeyRing& ring = KeyRing());

}  // namespace conclave::security
