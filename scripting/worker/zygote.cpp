#include "scripting/worker/zygote.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <vector>

#include "scripting/spawn.h"
#include "scripting/worker/message.h"

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

std::vector<std::string> arguments_of(const WorkerPython& python, Zygote::Packages packages) {
  std::vector<std::string> arguments{python.python.string(), "-I", "-B"};
  if (packages == Zygote::Packages::none) arguments.emplace_back("-S");
  for (const std::string& more : {std::string("-c"), std::string(start_code), python.package_folder.string(),
                                  std::to_string(control_file), std::to_string(::getpid())}) {
    arguments.push_back(more);
  }
  return arguments;
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
  const auto pid = spawn(arguments_of(python, packages), environment(),
                         std::array{null.get(), zygote.words_.get(), zygote.words_.get(), theirs.get()});
  if (!pid) return fail_io("cannot start workers", python.python.string(), pid.error().os_error);
  zygote.pid_ = *pid;
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
