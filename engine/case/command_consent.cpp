#include "engine/case/command_consent.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/base/byte_text.h"
#include "engine/base/folders.h"
#include "engine/security/private_file.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t largest_file = std::size_t{4} << 20U;

struct Agreed {
  std::string folder;  // each byte one character: a path may be no UTF-8
  std::string line;
  bool operator==(const Agreed&) const = default;
};

Agreed agreed_to(const fs::path& folder, std::string_view line) {
  return {bytes_as_text(command_folder(folder).string()), std::string(line)};
}

Result<std::vector<Agreed>> read(const fs::path& file) {
  const auto text = security::read_private_file(file, largest_file);
  if (!text) return tl::unexpected(text.error());
  std::vector<Agreed> all;
  if (!*text) return all;
  const json said = json::parse(**text, nullptr, false);
  const auto damaged = [&] { return fail(ErrorKind::serialization, "is damaged; remove it to agree anew", file.string()); };
  if (!said.is_object() || !said.contains("agreed") || !said["agreed"].is_array()) return damaged();
  for (const json& item : said["agreed"]) {
    if (!item.is_object() || !item.contains("folder") || !item.contains("line")) return damaged();
    if (!item["folder"].is_string() || !item["line"].is_string()) return damaged();
    all.push_back({item["folder"], item["line"]});
  }
  return all;
}

Result<void> write(const std::vector<Agreed>& all, const fs::path& file) {
  json agreed = json::array();
  for (const Agreed& one : all) agreed.push_back({{"folder", one.folder}, {"line", one.line}});
  return security::write_private_file(file, json{{"agreed", std::move(agreed)}}.dump(2) + "\n");
}

}  // namespace

fs::path default_command_consents() { return user_state_folder() / "commands.json"; }

fs::path command_folder(const fs::path& base) {
  std::error_code error;
  const fs::path named = base.empty() ? fs::path(".") : base;
  fs::path folder = fs::weakly_canonical(fs::absolute(named, error), error);
  if (error) folder = fs::absolute(named, error).lexically_normal();
  return folder.has_filename() ? folder : folder.parent_path();
}

Result<std::vector<std::string>> agreed_commands(const fs::path& folder, const fs::path& file) {
  const auto all = read(file);
  if (!all) return tl::unexpected(all.error());
  const std::string here = agreed_to(folder, {}).folder;
  std::vector<std::string> lines;
  for (const Agreed& one : *all) {
    if (one.folder == here) lines.push_back(one.line);
  }
  return lines;
}

Result<void> agree_to_command(const fs::path& folder, std::string_view line, const fs::path& file) {
  const auto lock = security::FileLock::take(file);
  if (!lock) return tl::unexpected(lock.error());
  auto all = read(file);
  if (!all) return tl::unexpected(all.error());
  Agreed wanted = agreed_to(folder, line);
  if (std::find(all->begin(), all->end(), wanted) != all->end()) return {};
  all->push_back(std::move(wanted));
  return write(*all, file);
}

Result<bool> withdraw_command(const fs::path& folder, std::string_view line, const fs::path& file) {
  const auto lock = security::FileLock::take(file);
  if (!lock) return tl::unexpected(lock.error());
  auto all = read(file);
  if (!all) return tl::unexpected(all.error());
  if (std::erase(*all, agreed_to(folder, line)) == 0) return false;
  if (auto written = write(*all, file); !written) return tl::unexpected(std::move(written.error()));
  return true;
}

}  // namespace conclave
