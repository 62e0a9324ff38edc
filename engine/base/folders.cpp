#include "engine/base/folders.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace conclave {
namespace {

namespace fs = std::filesystem;

fs::path variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody here sets the environment
  return value == nullptr ? "" : value;
}

fs::path home() {
  fs::path home = variable("HOME");
  if (home.is_absolute()) return home;
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  ::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? "/" : found->pw_dir;
}

fs::path folder(const char* name, const char* otherwise) {
  const fs::path said = variable(name);
  return (said.is_absolute() ? said : home() / otherwise) / "conclave";  // the specification ignores relative ones
}

}  // namespace

fs::path user_config_folder() { return folder("XDG_CONFIG_HOME", ".config"); }
fs::path user_state_folder() { return folder("XDG_STATE_HOME", ".local/state"); }
fs::path user_data_folder() { return folder("XDG_DATA_HOME", ".local/share"); }

}  // namespace conclave
