#include "scripting/worker/zygote.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <vector>

#include "scripting/worker/message.h"
#include "scripting/worker/pointers.h"

namespace conclave::scripting {
namespace {

constexpr int control_file = 3;  // in the zygote
constexpr const char* start_code =
    "import sys; sys.path.insert(0, sys.argv[1]); from conclave._worker import serve; serve(int(sys.argv[2]), int(sys.argv[3]))";

// Not the program's own: that may hold keys.
std::vector<std::string> environment() {
  std::vector<std::string> variables{"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "OPENBLAS_NUM_THREADS=1", "OMP_NUM_THREADS=1"};
  for (const char* name : {"HOME", "TZ", "ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS", "LD_PRELOAD"}) {
    if (const char* value = std::getenv(name)) variables.push_back(std::string(name) + "=" + value);
  }
#ifdef CONCLAVE_WORKER_PRELOAD
  variables.emplace_back("LD_PRELOAD=" CONCLAVE_WORKER_PRELOAD);
#endif
  return variables;
}

// Away from 0 to 3, which the child is given anew: this process may have been started with those closed.
Descriptor out_of_the_way(Descriptor file) { return Descriptor(::fcntl(file.get(), F_DUPFD_CLOEXEC, 10)); }

int spawn(const WorkerPython& python, Zygote::Packages packages, int socket, int words, int null, pid_t& pid) {
  std::vector<std::string> arguments{python.python.string(), "-I", "-B"};
  if (packages == Zygote::Packages::none) arguments.emplace_back("-S");
  for (const std::string& more : {std::string("-c"), std::string(start_code), python.package_folder.string(),
                                  std::to_string(control_file), std::to_string(::getpid())}) {
    arguments.push_back(more);
  }
  std::vector<std::string> variables = environment();
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, null, 0);
  posix_spawn_file_actions_adddup2(&files, words, 1);
  posix_spawn_file_actions_adddup2(&files, words, 2);
  posix_spawn_file_actions_adddup2(&files, socket, control_file);
  posix_spawn_file_actions_addclosefrom_np(&files, control_file + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);  // Ctrl-C in the terminal is the program's business
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  const int error =
      ::posix_spawn(&pid, arguments[0].c_str(), &files, &attributes, pointers(arguments).data(), pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return error;
}

}  // namespace

Result<Zygote> Zygote::start(const WorkerPython& python, Packages packages) {
  Zygote zygote;
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return fail_io("cannot start workers: socketpair", {}, errno);
  zygote.socket_ = out_of_the_way(Descriptor(ends[0]));
  const Descriptor theirs = out_of_the_way(Descriptor(ends[1]));
  zygote.words_ = out_of_the_way(Descriptor(::memfd_create("conclave-zygote", MFD_CLOEXEC)));
  const Descriptor null = out_of_the_way(Descriptor(::open("/dev/null", O_RDWR | O_CLOEXEC)));
  if (!zygote.socket_ || !theirs || !zygote.words_ || !null) return fail_io("cannot start workers", {}, errno);
  if (const int error = spawn(python, packages, theirs.get(), zygote.words_.get(), null.get(), zygote.pid_); error != 0) {
    zygote.pid_ = -1;
    return fail_io("cannot start workers", python.python.string(), error);
  }
  return zygote;
}

Zygote::Zygote(Zygote&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), socket_(std::move(other.socket_)), words_(std::move(other.words_)) {}

Zygote::~Zygote() {
  if (pid_ < 0) return;
  // On its own end of file it kills its workers and leaves; should it hang, the workers end with it.
  socket_.reset();
  for (int wait_ms = 0; wait_ms < 500; ++wait_ms) {
    if (::waitpid(pid_, nullptr, WNOHANG) != 0) return;
    ::usleep(1000);
  }
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

Result<void> Zygote::fork_worker(std::uint64_t id, const WorkerFiles& files) {
  const std::string text = nlohmann::json{{"fork", id}}.dump();
  if (send_with(socket_.get(), text, files) < 0) return fail_io("cannot start a worker", {}, errno);
  return {};
}

Result<std::optional<Zygote::Event>> Zygote::next() {
  std::array<char, 4096> buffer;
  std::vector<Descriptor> files;
  const ssize_t count = receive_with(socket_.get(), buffer, files);
  if (count < 0 && errno == EAGAIN) return std::nullopt;
  if (count <= 0) return fail(ErrorKind::script, "the process that starts workers ended: " + last_words());
  const auto message = nlohmann::json::parse(buffer.data(), buffer.data() + count, nullptr, false);
  if (!message.is_object() || !message.contains("event"))
    return fail(ErrorKind::script, "the process that starts workers speaks nonsense");
  using Kind = Event::Kind;
  const std::string kind = message.value("event", "");
  Event event{kind == "ready"    ? Kind::ready
              : kind == "forked" ? Kind::forked
              : kind == "exited" ? Kind::exited
                                 : Kind::not_forked};
  event.id = message.value("id", std::uint64_t{0});
  event.status = message.value("status", 0);
  event.pid = message.value("pid", 0);
  event.text = message.value("text", "");
  if (!files.empty()) event.process = std::move(files.front());
  return event;
}

std::string Zygote::last_words() const {
  std::string text(4096, '\0');
  const off_t end = ::lseek(words_.get(), 0, SEEK_END);
  const ssize_t count =
      ::pread(words_.get(), text.data(), text.size(), std::max<off_t>(0, end - static_cast<off_t>(text.size())));
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  while (text.ends_with('\n')) text.pop_back();
  return text.empty() ? "it said nothing" : text;
}

}  // namespace conclave::scripting
