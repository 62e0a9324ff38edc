#include "scripting/plugin_switches.h"

#include <cerrno>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "engine/base/folders.h"
#include "scripting/replace_file.h"

namespace conclave::scripting {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t longest_name = 255;

Result<json> read_file(const fs::path& file) {
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (!fs::exists(status)) {
    if (error && error != std::errc::no_such_file_or_directory && error != std::errc::not_a_directory)
      return fail_io("cannot read", file.string(), error.value());
    return json::object();
  }
  if (!fs::is_regular_file(status)) return fail(ErrorKind::unsupported, "not a regular file", file.string());
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return fail_io("cannot read", file.string(), errno);
  json said = json::parse(std::string(std::istreambuf_iterator<char>(stream), {}), nullptr, false);
  if (!said.is_object() || said.value("plugins", json()) != 1) {
    return fail(ErrorKind::parse, "is no list of switched off plugins: expected {\"plugins\": 1, \"disabled\": [names]}",
                file.string());
  }
  return said;
}

}  // namespace

fs::path switches_file() { return user_config_folder() / "plugins.json"; }

Result<PluginNames> read_disabled() {
  const fs::path file = switches_file();
  const auto said = read_file(file);
  if (!said) return tl::unexpected(said.error());
  const json disabled = said->value("disabled", json::array());
  if (!disabled.is_array()) return fail(ErrorKind::parse, "'disabled' must be a list of names", file.string());
  PluginNames names;
  for (const json& name : disabled) {
    if (!name.is_string()) return fail(ErrorKind::parse, "'disabled' must be a list of names", file.string());
    names.insert(name.get<std::string>());
  }
  return names;
}

Result<void> set_enabled(const std::string& name, bool enabled) {
  if (name.empty() || name.size() > longest_name || name.find('/') != std::string::npos) {
    return fail(ErrorKind::invalid_argument, "'" + name + "' is no name of a plugin");
  }
  auto names = read_disabled();
  if (!names) return tl::unexpected(std::move(names.error()));
  if (enabled)
    names->erase(name);
  else
    names->insert(name);
  const fs::path file = switches_file();
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (error) return fail_io("cannot make", file.parent_path().string(), error.value());
  const json text{{"plugins", 1}, {"disabled", *names}};
  return replace_file(file, text.dump(2, ' ', false, json::error_handler_t::replace) + "\n", 0644);
}

}  // namespace conclave::scripting
