#include "scripting/new_plugin.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <utility>

#include "scripting/replace_file.h"

namespace conclave::scripting {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_name = 64;
constexpr std::string_view placeholder = "@NAME@";
// Keywords of Python in lower case, which no module may be called; and the package that the plugin imports.
constexpr std::array<std::string_view, 34> not_modules{
    "and",  "as",     "assert",  "async", "await",  "break",  "class", "conclave", "continue", "def", "del",    "elif",
    "else", "except", "finally", "for",   "from",   "global", "if",    "import",   "in",       "is",  "lambda", "nonlocal",
    "not",  "or",     "pass",    "raise", "return", "try",    "while", "with",     "yield",    "test"};

Result<void> check_name(const std::string& name) {
  const bool fine = !name.empty() && name.size() <= longest_name && std::isalpha(static_cast<unsigned char>(name.front())) != 0 &&
                    std::all_of(name.begin(), name.end(), [](unsigned char c) {
                      return c < 0x80 && (std::islower(c) != 0 || std::isdigit(c) != 0 || c == '_');
                    });
  if (!fine) {
    return fail(
        ErrorKind::invalid_argument,
        "a plugin's name is that of its Python module: 1 to 64 lower-case letters, digits and '_', a letter first; not '" + name +
            "'");
  }
  if (std::find(not_modules.begin(), not_modules.end(), name) != not_modules.end()) {
    return fail(ErrorKind::invalid_argument, "'" + name + "' means something else in Python; choose another name");
  }
  return {};
}

Result<std::string> filled_in(const fs::path& file, const std::string& name) {
  std::ifstream stream(file, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(stream), {});
  if (!stream || text.empty()) return fail_io("cannot read", file.string(), errno != 0 ? errno : EIO);
  for (std::size_t at = 0; (at = text.find(placeholder, at)) != std::string::npos; at += name.size()) {
    text.replace(at, placeholder.size(), name);
  }
  return text;
}

}  // namespace

Result<fs::path> make_plugin(const fs::path& templates, const fs::path& parent, const std::string& name) {
  if (auto fine = check_name(name); !fine) return tl::unexpected(std::move(fine.error()));
  const fs::path folder = parent / name;
  if (::mkdir(folder.c_str(), 0777) != 0) return fail_io("cannot make the plugin", folder.string(), errno);
  const std::array<std::pair<std::string, std::string>, 3> files{
      {{"plugin.toml", "plugin.toml"}, {"expert.py", name + ".py"}, {"test_expert.py", "test_" + name + ".py"}}};
  for (const auto& [from, to] : files) {
    auto text = filled_in(templates / from, name);
    Result<void> written;
    if (text)
      written = replace_file(folder / to, *text, 0644);
    else
      written = tl::unexpected(std::move(text.error()));
    if (!written) {
      std::error_code ignored;
      fs::remove_all(folder, ignored);
      return tl::unexpected(std::move(written.error()));
    }
  }
  return folder;
}

}  // namespace conclave::scripting
