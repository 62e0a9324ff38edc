#include "scripting/consent.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "scripting/replace_file.h"

namespace conclave::scripting {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::uintmax_t largest_lock = 1U << 20U;

tl::unexpected<Error> wrong(const fs::path& file, const std::string& why) {
  return fail(ErrorKind::parse, "is no lock of this program: " + why, file.string());
}

}  // namespace

fs::path lock_file(const fs::path& folder) { return (folder.empty() ? fs::path(".") : folder) / "conclave.lock"; }

Result<std::vector<Consent>> read_lock(const fs::path& folder) {
  const fs::path file = lock_file(folder);
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::vector<Consent>{};
    return fail_io("cannot read", file.string(), errno);
  }
  if (!S_ISREG(info.st_mode) || static_cast<std::uintmax_t>(info.st_size) > largest_lock) return wrong(file, "not a small file");
  if ((info.st_uid != ::geteuid() && info.st_uid != 0) || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fail(ErrorKind::security, "others than you may write it, and it lets code run: make it your own (chmod go-w)",
                file.string());
  }
  std::ifstream stream(file, std::ios::binary);
  const json lock = json::parse(std::string(std::istreambuf_iterator<char>(stream), {}), nullptr, false);
  if (!lock.is_object() || lock.value("lock", json()) != 1) return wrong(file, "expected {\"lock\": 1, \"plugins\": [...]}");
  const json plugins = lock.value("plugins", json());
  if (!plugins.is_array()) return wrong(file, "'plugins' must be a list");
  std::vector<Consent> consents;
  for (const json& entry : plugins) {
    if (!entry.is_object() || !entry.value("name", json()).is_string() || !entry.value("sha256", json()).is_string()) {
      return wrong(file, "each plugin needs a name and a sha256");
    }
    consents.push_back({entry["name"], entry["sha256"]});
  }
  return consents;
}

Result<void> write_lock(const fs::path& folder, const std::vector<PluginInfo>& plugins) {
  json entries = json::array();
  for (const PluginInfo& plugin : plugins) {
    entries.push_back({{"name", plugin.name}, {"version", plugin.version}, {"sha256", plugin.sha256}});
  }
  const std::string text = json{{"lock", 1}, {"plugins", std::move(entries)}}.dump(2) + "\n";
  return replace_file(lock_file(folder), text, 0644);
}

bool agreed(const std::vector<Consent>& lock, const PluginInfo& plugin) {
  return std::any_of(lock.begin(), lock.end(), [&](const Consent& one) { return one.sha256 == plugin.sha256; });
}

}  // namespace conclave::scripting
