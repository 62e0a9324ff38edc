#include "app/cli/places.h"

#include "engine/base/folders.h"

namespace conclave::cli {

namespace fs = std::filesystem;

fs::path program_folder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path() : program.parent_path();
}

fs::path shipped_plugins() { return program_folder().parent_path() / "share" / "conclave" / "plugins"; }

fs::path plugin_templates() { return program_folder().parent_path() / "share" / "conclave" / "resources" / "plugin"; }

fs::path state_folder() { return user_state_folder(); }

}  // namespace conclave::cli
