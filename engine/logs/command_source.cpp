#include "engine/logs/command_source.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "engine/base/text.h"
#include "engine/logs/descriptor.h"

namespace conclave::logs {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t piece = std::size_t{256} << 10U;
constexpr std::size_t most_errors = 4096;
constexpr int tick_ms = 20;
constexpr auto patience_with_children = std::chrono::seconds(1);
constexpr auto patience_with_the_killed = std::chrono::seconds(2);  // one may hang in a file system that is gone
constexpr std::uint64_t most_left_in_pipe = std::uint64_t{2} << 20U;

// Above those that the child gets anew: this process may have been started with 0 to 2 closed.
Descriptor out_of_the_way(Descriptor file) { return Descriptor(::fcntl(file.get(), F_DUPFD_CLOEXEC, 10)); }

struct Pipe {
  Descriptor read;  // never blocks
  Descriptor write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_io("cannot make a pipe", {}, errno);
  Pipe pipe{Descriptor(ends[0]), out_of_the_way(Descriptor(ends[1]))};
  if (!pipe.write.open() || ::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK) != 0) return fail_io("cannot make a pipe", {}, errno);
  return pipe;
}

std::vector<std::string> environment_without(const std::vector<std::string>& withheld) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const std::string_view name = text.substr(0, text.find('='));
    if (std::find(withheld.begin(), withheld.end(), name) == withheld.end()) variables.emplace_back(text);
  }
  return variables;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

Result<pid_t> spawn(const CommandOrder& order, int input, int output, int errors) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, input, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output, 1);
  ::posix_spawn_file_actions_adddup2(&actions, errors, 2);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  ::posix_spawn_file_actions_addchdir_np(&actions, order.folder.c_str());
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  std::vector<std::string> arguments{"/bin/sh", "-c", order.line};
  std::vector<std::string> variables = environment_without(order.withheld);
  pid_t process = -1;
  const int error =
      ::posix_spawn(&process, "/bin/sh", &actions, &attributes, pointers(arguments).data(), pointers(variables).data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return fail_io("cannot run a command in " + order.folder.string(), order.line, error);
  return process;
}

// One run: pumps both pipes until the shell has ended, or has to.
class Run {
 public:
  Run(const CommandOrder& order, pid_t leader, Descriptor out, Descriptor errors, int output, Job& job)
      : order_(order), leader_(leader), out_(std::move(out)), errors_(std::move(errors)), output_(output), job_(job) {}
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() { end_group(); }

  Result<CommandResult> pump() {
    const auto start = Clock::now();
    const auto deadline = start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(order_.timeout_s));
    std::optional<Clock::time_point> last_moment;  // for children that hold the pipe
    for (;;) {
      const auto now = Clock::now();
      if (job_.stopped()) {
        result_.end = CommandEnd::cancelled;
        break;
      }
      if (!last_moment && has_ended()) last_moment = now + patience_with_children;
      if (last_moment && (!out_.open() || now >= *last_moment)) break;
      if (!last_moment && now >= deadline) {
        result_.end = CommandEnd::timed_out;
        break;
      }
      wait_for_output();
      if (auto took = take_output(); !took) return tl::unexpected(std::move(took.error()));
      if (result_.end == CommandEnd::too_large) break;
      take_errors();
    }
    result_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    end_group();
    if (auto rest = take_rest(); !rest) return tl::unexpected(std::move(rest.error()));
    if (auto cut = drop_unfinished_line(); !cut) return tl::unexpected(std::move(cut.error()));
    result_.errors = valid_utf8(result_.errors);
    return std::move(result_);
  }

 private:
  // Without reaping it: until then its process group cannot become somebody else's.
  bool has_ended() {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(leader_), &info, WEXITED | WNOHANG | WNOWAIT) != 0) return errno != EINTR;
    if (info.si_pid == 0) return false;
    result_.end = info.si_code == CLD_EXITED ? CommandEnd::exited : CommandEnd::killed;
    result_.code = info.si_status;
    return true;
  }

  void end_group() {
    if (leader_ < 0) return;
    ::kill(-leader_, SIGKILL);
    const auto end = Clock::now() + patience_with_the_killed;
    int status = 0;
    for (;;) {
      const pid_t ended = ::waitpid(leader_, &status, WNOHANG);
      if (ended == leader_ || (ended < 0 && errno != EINTR) || Clock::now() > end) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    leader_ = -1;
  }

  void wait_for_output() {
    std::array<pollfd, 2> files{pollfd{out_.get(), POLLIN, 0}, pollfd{errors_.get(), POLLIN, 0}};  // negative ones are ignored
    (void)::poll(files.data(), files.size(), tick_ms);
  }

  // Bytes read; 0: nothing there now, or the end, which closes `file`.
  std::size_t read_from(Descriptor& file) {
    if (!file.open()) return 0;
    const ssize_t count = ::read(file.get(), buffer_.data(), buffer_.size());
    if (count > 0) return static_cast<std::size_t>(count);
    if (count == 0 || (errno != EAGAIN && errno != EINTR)) file.close();
    return 0;
  }

  Result<std::size_t> take_output() {
    const std::size_t count = read_from(out_);
    std::string_view bytes(buffer_.data(), count);
    if (bytes.size() > order_.max_bytes - result_.bytes) {
      bytes = bytes.substr(0, order_.max_bytes - result_.bytes);
      result_.end = CommandEnd::too_large;
    }
    if (const auto line_end = bytes.rfind('\n'); line_end != std::string_view::npos) whole_lines_ = result_.bytes + line_end + 1;
    result_.bytes += bytes.size();
    job_.advance(bytes.size());
    while (!bytes.empty()) {
      const ssize_t written = ::write(output_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return fail_io("cannot keep what the command prints", order_.line, errno);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return count;
  }

  std::size_t take_errors() {
    const std::size_t count = read_from(errors_);
    result_.errors.append(buffer_.data(), count);
    if (result_.errors.size() > most_errors) result_.errors.erase(0, result_.errors.size() - most_errors);
    return count;
  }

  // What is still in the pipes; no more than fits into one, in case that somebody who got away goes on writing.
  Result<void> take_rest() {
    for (std::uint64_t taken = 0; result_.end == CommandEnd::exited || result_.end == CommandEnd::killed;) {
      const auto count = take_output();
      if (!count) return tl::unexpected(count.error());
      taken += *count;
      if (*count == 0 || taken >= most_left_in_pipe) break;
    }
    for (std::size_t taken = 0; taken < most_left_in_pipe;) {
      const std::size_t count = take_errors();
      if (count == 0) break;
      taken += count;
    }
    return {};
  }

  Result<void> drop_unfinished_line() {
    const bool cut = result_.end == CommandEnd::timed_out || result_.end == CommandEnd::too_large;
    if (!cut || whole_lines_ == 0 || whole_lines_ == result_.bytes) return {};
    if (::ftruncate(output_, static_cast<off_t>(whole_lines_)) != 0)
      return fail_io("cannot keep what the command prints", order_.line, errno);
    result_.bytes = whole_lines_;
    return {};
  }

  const CommandOrder& order_;
  pid_t leader_;
  Descriptor out_;
  Descriptor errors_;
  int output_;
  Job& job_;
  CommandResult result_;
  std::uint64_t whole_lines_ = 0;  // bytes up to the last line end
  std::vector<char> buffer_ = std::vector<char>(piece);
};

}  // namespace

Result<CommandResult> run_command(const CommandOrder& order, int output, Job& job) {
  const Descriptor nothing = out_of_the_way(Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)));
  auto out = make_pipe();
  if (!out) return tl::unexpected(std::move(out.error()));
  auto errors = make_pipe();
  if (!errors) return tl::unexpected(std::move(errors.error()));
  (void)::fcntl(out->read.get(), F_SETPIPE_SZ, static_cast<int>(piece) * 4);  // fewer switches; the default will do, too
  const auto leader = spawn(order, nothing.get(), out->write.get(), errors->write.get());
  if (!leader) return tl::unexpected(leader.error());
  out->write.close();
  errors->write.close();
  return Run(order, *leader, std::move(out->read), std::move(errors->read), output, job).pump();
}

}  // namespace conclave::logs
