#include "app/cli/typed_secret.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include "app/cli/interrupts.h"
#include "app/cli/screen.h"
#include "app/cli/terminal.h"

namespace conclave::cli {
namespace {

constexpr std::size_t longest_typed = 4096;             // a terminal's own limit for a line
constexpr std::size_t longest_read = (64U << 10U) + 3;  // what a key ring takes, and a line end

// While it lives what is typed at the terminal is not shown. It begins before a prompt appears, which a fast typist can beat.
class Silence {
 public:
  Silence() : terminal_(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {
    there_ = terminal_ >= 0 && ::tcgetattr(terminal_, &before_) == 0;
    if (!there_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(terminal_, TCSANOW, &silent);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  ~Silence() {
    if (there_) ::tcsetattr(terminal_, TCSANOW, &before_);
    if (terminal_ >= 0) ::close(terminal_);
  }
  [[nodiscard]] bool there() const { return there_; }
  [[nodiscard]] int terminal() const { return terminal_; }

 private:
  int terminal_;
  termios before_{};
  bool there_ = false;
};

bool has_terminal() {
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (terminal >= 0) ::close(terminal);
  return terminal >= 0;
}

security::Secret first_of(const security::Secret& buffer, std::size_t size) {
  return security::Secret(buffer.view().substr(0, size));
}

// One line, without its end.
Result<security::Secret> typed_line(int terminal, int interrupted, const std::string& prompt) {
  if (const int error = write_all(terminal, prompt); error != 0) return fail_io("cannot ask on the terminal", {}, error);
  std::array<pollfd, 2> waiting{pollfd{terminal, POLLIN, 0}, pollfd{interrupted, POLLIN, 0}};
  while (::poll(waiting.data(), waiting.size(), -1) < 0) {
    if (errno != EINTR) return fail_io("cannot wait for what is typed", {}, errno);
  }
  security::Secret buffer(longest_typed);
  const bool stopped = waiting[1].revents != 0;
  const ssize_t count = stopped ? 0 : ::read(terminal, buffer.bytes().data(), longest_typed);
  const int error = count < 0 ? errno : 0;
  (void)write_all(terminal, "\n");
  if (stopped) return fail_cancelled();
  if (error != 0) return fail_io("cannot read what is typed", {}, error);
  const std::string_view line = buffer.view().substr(0, static_cast<std::size_t>(count));
  const std::size_t size = std::min(line.find('\n'), line.size());
  if (size == 0) return fail(ErrorKind::invalid_argument, "nothing was typed");
  return first_of(buffer, size);
}

}  // namespace

Result<security::Secret> ask_secret(const std::string& prompt, bool twice) {
  // An event and not a signal ends the waiting, so that Ctrl-C is not lost between prompt and poll, whichever thread it meets.
  const int event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event < 0) return fail_io("cannot wait for what is typed", {}, errno);
  const auto close_event = [](const int* fd) { ::close(*fd); };
  const std::unique_ptr<const int, decltype(close_event)> closer(&event, close_event);
  const Interrupts interrupts([event] { ::eventfd_write(event, 1); }, false);
  const Silence silence;
  if (!silence.there()) return fail(ErrorKind::unsupported, "there is no terminal to type at");
  auto typed = typed_line(silence.terminal(), event, prompt);
  if (!typed || !twice) return typed;
  const auto again = typed_line(silence.terminal(), event, "Again: ");
  if (!again) return tl::unexpected(again.error());
  if (again->view() != typed->view()) return fail(ErrorKind::invalid_argument, "the two were not the same");
  return typed;
}

Result<security::Secret> read_secret() {
  security::Secret buffer(longest_read);
  std::size_t size = 0;
  while (size < longest_read) {
    const ssize_t count = ::read(STDIN_FILENO, buffer.bytes().data() + size, longest_read - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_io("cannot read", "standard input", errno);
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size == longest_read) return fail(ErrorKind::limit, "is longer than 64 KiB", "standard input");
  if (size > 0 && buffer.view()[size - 1] == '\n') --size;
  if (size > 0 && buffer.view()[size - 1] == '\r') --size;
  if (size == 0) return fail(ErrorKind::invalid_argument, "is empty; the value is expected there", "standard input");
  return first_of(buffer, size);
}

Result<security::Secret> ask_passphrase(const std::filesystem::path& ring, bool fresh) {
  auto said = security::passphrase_of_environment(ring);
  if (said || !has_terminal()) return said;
  return ask_secret(fresh ? "New passphrase for " + ring.string() + ": " : "Passphrase of " + ring.string() + ": ", fresh);
}

RunKeys::RunKeys() : passphrase_(std::make_shared<security::Secret>()) {
  const auto source = [typed = passphrase_](const std::filesystem::path& file) -> Result<security::Secret> {
    if (typed->empty()) return security::passphrase_of_environment(file);
    return security::Secret(typed->view());
  };
  ring_ = std::make_shared<security::KeyRing>(security::RingPlaces::of_this_user(), source);
}

Result<void> RunKeys::open(const std::vector<std::string>& names) {
  const auto& file = ring_->places().ring;
  const auto how = ring_->opened_by();
  if (!how || *how != security::OpenedBy::passphrase) return {};  // what is wrong with it is said to the expert that asks
  if (security::passphrase_of_environment(file) || !is_terminal(STDIN_FILENO) || !has_terminal()) return {};
  const auto kept = ring_->names().value_or(std::vector<std::string>());
  const auto wanted = [&](const std::string& name) {
    return std::getenv(name.c_str()) == nullptr &&  // NOLINT(concurrency-mt-unsafe): nobody here sets the environment
           std::find(kept.begin(), kept.end(), name) != kept.end();
  };
  if (std::none_of(names.begin(), names.end(), wanted)) return {};
  auto typed = ask_secret("Passphrase of " + file.string() + " (nothing: go on without): ");
  if (!typed && typed.error().kind == ErrorKind::cancelled) return tl::unexpected(std::move(typed.error()));
  if (typed) *passphrase_ = std::move(*typed);
  return {};
}

}  // namespace conclave::cli
