#include "engine/config/read_file.h"

#include <algorithm>

#include "engine/base/text_file.h"
#include "engine/config/tree.h"

namespace conclave::config {

Result<Node> read_yaml_file(const std::filesystem::path& path, const TreeLimits& limits) {
  return read_text_file(path, limits.max_bytes).and_then([&](const std::string& text) {
    return read_yaml(text, path.native(), limits);
  });
}

Result<std::filesystem::path> path_beside(const std::filesystem::path& folder, const std::string& name) {
  if (folder.empty()) return fail(ErrorKind::unsupported, "a text has no files beside it", name);
  std::error_code error;
  const std::filesystem::path home = std::filesystem::canonical(folder, error);
  if (error) return fail_io("cannot look at", folder.native(), error.value());
  const std::filesystem::path path = std::filesystem::weakly_canonical(home / name, error);
  if (error) return fail_io("cannot look at", name, error.value());
  const auto [end_of_home, unused] = std::mismatch(home.begin(), home.end(), path.begin(), path.end());
  if (end_of_home != home.end()) return fail(ErrorKind::unsupported, "outside the folder of the file that names it", name);
  return path;
}

Result<std::string> read_beside(const std::filesystem::path& folder, const std::string& name, std::size_t max_bytes) {
  return path_beside(folder, name).and_then([&](const auto& path) { return read_text_file(path, max_bytes); });
}

}  // namespace conclave::config
