#include "scripting/environment_making.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "engine/base/text.h"
#include "scripting/spawn.h"
#include "scripting/worker/descriptor.h"

namespace conclave::scripting {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr auto longest = std::chrono::minutes(30);
constexpr auto time_to_die = std::chrono::milliseconds(500);
constexpr int look_ms = 50;
constexpr std::size_t longest_line = std::size_t{1} << 20U;

// Where indexes are and how to reach them; keys of the program stay in the program.
constexpr std::array kept{"HOME",
                          "PIP_INDEX_URL",
                          "PIP_EXTRA_INDEX_URL",
                          "PIP_FIND_LINKS",
                          "PIP_NO_INDEX",
                          "PIP_TRUSTED_HOST",
                          "PIP_CERT",
                          "PIP_CLIENT_CERT",
                          "PIP_PROXY",
                          "PIP_CACHE_DIR",
                          "PIP_NO_CACHE_DIR",
                          "PIP_CONFIG_FILE",
                          "XDG_CACHE_HOME",
                          "XDG_CONFIG_HOME",
                          "http_proxy",
                          "https_proxy",
                          "all_proxy",
                          "no_proxy",
                          "HTTP_PROXY",
                          "HTTPS_PROXY",
                          "ALL_PROXY",
                          "NO_PROXY",
                          "SSL_CERT_FILE",
                          "SSL_CERT_DIR",
                          "REQUESTS_CA_BUNDLE"};

std::vector<std::string> variables_of(const EnvironmentOrder& order) {
  std::vector<std::string> variables{"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "PIP_USER=0",
                                     "TMPDIR=" + (order.folder / "tmp").string()};
  for (const char* name : kept) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody here sets the environment
    if (value != nullptr) variables.push_back(std::string(name) + "=" + value);
  }
  return variables;
}

// A process in a group of its own; what is left of it is killed with this.
class Child {
 public:
  [[nodiscard]] static Result<Child> start(const EnvironmentOrder& order) {
    const std::filesystem::path package = order.package_folder / "conclave";
    std::vector<std::string> arguments{order.python.string(),
                                       "-I",
                                       "-S",
                                       "-B",
                                       (package / "_environment.py").string(),
                                       order.folder.string(),
                                       order.final_folder.string(),
                                       (package / "constraints.txt").string(),
                                       std::to_string(::getpid())};
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return fail_io("cannot start pip", {}, errno);
    Child child;
    child.said_ = out_of_the_way(Descriptor(ends[0]));
    const Descriptor theirs = out_of_the_way(Descriptor(ends[1]));
    const Descriptor null = out_of_the_way(Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)));
    const Descriptor log =
        out_of_the_way(Descriptor(::open(order.log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)));
    if (!child.said_ || !theirs || !null || !log) return fail_io("cannot start pip", order.log.string(), errno);
    const auto process = spawn(std::move(arguments), variables_of(order), std::array{null.get(), theirs.get(), log.get()});
    if (!process) return fail_io("cannot start pip", order.python.string(), process.error().os_error);
    child.process_ = *process;
    return child;
  }
  Child(Child&& other) noexcept : process_(std::exchange(other.process_, -1)), said_(std::move(other.said_)) {}
  Child& operator=(Child&&) = delete;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { end(); }

  [[nodiscard]] int said() const { return said_.get(); }
  // What it ended with, as of waitpid, after giving it time to do so by itself; whatever it started is killed.
  int end(std::chrono::milliseconds patience = {}) {
    if (process_ < 0) return 0;
    siginfo_t info{};
    for (const auto until = Clock::now() + patience; Clock::now() < until; ::usleep(1000)) {
      if (::waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0) break;
    }
    ::kill(-process_, SIGKILL);  // its number is not given to another before it is waited for
    int status = 0;
    while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    // What it started is waited for by init; until it is gone it may still write where files are about to be removed.
    for (const auto until = Clock::now() + time_to_die; ::kill(-process_, 0) == 0 && Clock::now() < until; ::usleep(1000)) {
    }
    process_ = -1;
    return status;
  }

 private:
  Child() = default;
  pid_t process_ = -1;
  Descriptor said_;
};

// What it said at last.
struct Said {
  std::optional<MadeEnvironment> made;
  std::string error;
};

std::vector<std::string> texts(const json& list) {
  std::vector<std::string> result;
  for (const json& item : list.is_array() ? list : json::array()) {
    if (item.is_string()) result.push_back(item);
  }
  return result;
}

void hear(const std::string& line, const std::string& who, Job& job, Said& said) {
  const json message = json::parse(line, nullptr, false);
  if (!message.is_object()) return;
  const json phase = message.value("phase", json());
  if (phase.is_string()) {
    const auto number = [&](const char* name) {
      const json value = message.value(name, json());
      return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
    };
    job.begin(phase.get<std::string>() + " for " + who, number("total"), "packages");
    job.advance(number("done"));
  } else if (message.contains("packages")) {
    said.made = MadeEnvironment{texts(message["packages"]), texts(message.value("folders", json()))};
  } else if (message.value("error", json()).is_string()) {
    said.error = message["error"];
  }
}

}  // namespace

Result<MadeEnvironment> fill_environment(const EnvironmentOrder& order, Job& job) {
  auto child = Child::start(order);
  if (!child) return tl::unexpected(std::move(child.error()));
  const auto deadline = Clock::now() + longest;
  Said said;
  std::string begun;
  std::array<char, 4096> buffer;
  for (;;) {
    if (job.stopped()) return fail_cancelled();
    if (Clock::now() > deadline) return fail(ErrorKind::circle, "pip did not end within 30 minutes");
    pollfd file{child->said(), POLLIN, 0};
    if (::poll(&file, 1, look_ms) <= 0) continue;
    const ssize_t count = ::read(child->said(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    begun.append(buffer.data(), static_cast<std::size_t>(count));
    for (std::size_t end = begun.find('\n'); end != std::string::npos; end = begun.find('\n')) {
      hear(begun.substr(0, end), order.who, job, said);
      begun.erase(0, end + 1);
    }
    if (begun.size() > longest_line) break;
  }
  if (said.made) return std::move(*said.made);
  if (!said.error.empty()) return fail(ErrorKind::circle, valid_utf8(said.error));
  const int status = child->end(std::chrono::seconds(2));
  return fail(ErrorKind::circle, WIFSIGNALED(status) ? "pip was ended by signal " + std::to_string(WTERMSIG(status))
                                                     : "pip ended with exit code " + std::to_string(WEXITSTATUS(status)));
}

}  // namespace conclave::scripting
