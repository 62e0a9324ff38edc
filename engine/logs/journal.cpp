#include "engine/logs/journal.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <thread>

namespace conclave::logs {
namespace {

namespace fs = std::filesystem;

// Waits for the child; kills it when the job is stopped or the time is up. The exit code, or -1.
int wait_for(pid_t child, Job& job) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  int status = 0;
  for (;;) {
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child) return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (ended < 0 && errno != EINTR) return -1;
    if (job.stopped() || std::chrono::steady_clock::now() > deadline) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
      return -1;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace

Result<std::optional<fs::path>> snapshot_journal(const fs::path& file, Job& job) {
  std::error_code error;
  if (!fs::exists("/run/systemd/journal", error) && !fs::exists("/var/log/journal", error)) return std::nullopt;
  fs::create_directories(file.parent_path(), error);
  if (error) return fail_io("cannot create folder", file.parent_path().string(), error.value());

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 1, file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  std::array<std::string, 9> words = {"journalctl",    "--no-pager",         "--quiet",        "--boot", "--utc",
                                      "--no-hostname", "--output=short-iso", "--lines=200000", "--all"};
  std::array<char*, words.size() + 1> arguments{};
  for (std::size_t i = 0; i < words.size(); ++i) arguments[i] = words[i].data();
  pid_t child = 0;
  const int spawned = ::posix_spawnp(&child, "journalctl", &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (spawned == ENOENT) return std::nullopt;
  if (spawned != 0) return fail_io("cannot run journalctl", {}, spawned);

  const int code = wait_for(child, job);
  if (job.stopped()) return fail_cancelled();
  if (code != 0 || fs::file_size(file, error) == 0 || error) {
    fs::remove(file, error);
    if (code < 0) return fail(ErrorKind::io, "journalctl did not end by itself", "journal");
    return std::nullopt;
  }
  return file;
}

}  // namespace conclave::logs
