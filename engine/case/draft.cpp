// Cases that nobody wrote by hand: a draft over dropped files, and this machine.

#include <algorithm>
#include <cerrno>

#include "engine/case/case.h"
#include "engine/config/infrastructure.h"
#include "engine/logs/journal.h"
#include "engine/logs/source.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

bool looks_like_yaml(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".yaml" || extension == ".yml";
}

// A configuration has services; other YAML files are left out of a draft.
bool is_configuration(const fs::path& path) {
  const auto config = config::read_config_file(path);
  return config && !config->model.services.empty();
}

// A JSON string is a YAML string, whatever the path contains.
std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

struct Draft {
  std::vector<std::string> logs;
  std::string config;
  std::vector<std::string> left_out;
};

std::string relative_to(const fs::path& path, const fs::path& base) {
  std::error_code error;
  const fs::path relative = fs::relative(path, base, error);
  return error || relative.empty() ? fs::absolute(path, error).string() : relative.string();
}

void add_yaml(const fs::path& path, const fs::path& base, Draft& draft) {
  if (draft.config.empty() && is_configuration(path)) {
    draft.config = relative_to(path, base);
  } else {
    draft.left_out.push_back(relative_to(path, base));
  }
}

Result<void> add(const fs::path& path, const fs::path& base, Draft& draft) {
  std::error_code error;
  if (!fs::exists(path, error)) return fail_io("cannot open", path.string(), error ? error.value() : ENOENT);
  const fs::file_status status = fs::status(path, error);
  if (!fs::is_directory(status) && !fs::is_regular_file(status)) {
    const char* what = fs::is_fifo(status) ? "a named pipe" : fs::is_socket(status) ? "a socket" : "a device";
    return fail(ErrorKind::unsupported, std::string(what) + ", where a file or folder is wanted", path.string());
  }
  if (!fs::is_directory(status)) {
    if (looks_like_yaml(path)) {
      add_yaml(path, base, draft);
    } else {
      draft.logs.push_back(relative_to(path, base));
    }
    return {};
  }
  const auto found = logs::find_files(path.string(), base);
  if (found && !found->files.empty()) draft.logs.push_back(relative_to(path, base));
  std::vector<fs::path> yaml_files;
  for (auto entry = fs::directory_iterator(path, fs::directory_options::skip_permission_denied, error);
       !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (entry->is_regular_file(error) && looks_like_yaml(entry->path())) yaml_files.push_back(entry->path());
  }
  std::sort(yaml_files.begin(), yaml_files.end());
  for (const fs::path& file : yaml_files) add_yaml(file, base, draft);
  return {};
}

std::string to_yaml(const Draft& draft) {
  std::string text =
      "# A case: what to look at, and what to ask. Paths are relative to this file.\n"
      "version: 1\n"
      "question: Is it safe to go on?\n"
      "# verdicts: [healthy, degraded, failing]   # best first\n"
      "# change_time: 2026-03-01T12:00:00Z         # when the deploy happened; experts compare before and after\n"
      "# gate: {min_confidence: 0.6}               # what a pass needs\n";
  if (!draft.logs.empty()) {
    text += "logs:\n";
    for (const std::string& log : draft.logs) text += "  - " + quoted(log) + "\n";
  }
  text += "# services: [127.0.0.1:8080]                # what should be up\n";
  if (!draft.config.empty()) text += "config: " + quoted(draft.config) + "\n";
  text += "# experts: [error_bursts, config_audit]     # default: all shipped ones\n";
  for (const std::string& file : draft.left_out) text += "# left out, no services in it: " + quoted(file) + "\n";
  return text;
}

}  // namespace

Result<std::string> draft_case(const std::vector<fs::path>& paths, const fs::path& base) {
  Draft draft;
  for (const fs::path& path : paths) {
    if (const auto added = add(path, base, draft); !added) return tl::unexpected(added.error());
  }
  if (draft.logs.empty() && draft.config.empty()) {
    return fail(ErrorKind::not_found, "no logs and no configuration found in what was given");
  }
  return to_yaml(draft);
}

Case case_of_this_machine(Job& job) {
  Case subject;
  subject.name = "this machine";
  subject.base = "/";
  subject.question_text = "Is this machine healthy?";
  subject.logs = {"/var/log"};
  if (logs::machine_has_journal(job)) subject.logs.emplace_back("journal:boot,lines=200000");
  if (auto sockets = scan::listening_sockets()) subject.services = std::move(*sockets);
  subject.whole_machine = true;
  subject.keep_going = true;
  return subject;
}

}  // namespace conclave
