#include "app/cli/text_file.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace conclave::cli {

Result<std::string> read_text_file(const std::string& path, const std::string& what) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return fail_io("cannot read", path, EISDIR);
  const auto size = std::filesystem::file_size(path, error);
  if (error) return fail_io("cannot open", path, error.value());
  if (size > largest_text_file) return fail(ErrorKind::limit, "too large for " + what, path);
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail_io("cannot open", path, errno);
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

}  // namespace conclave::cli
