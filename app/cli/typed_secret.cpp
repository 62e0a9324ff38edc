#include "app/cli/typed_secret.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "app/cli/terminal.h"

namespace conclave::cli {
namespace {

constexpr std::size_t longest_typed = 4096;             // a terminal's own limit for a line
constexpr std::size_t longest_read = (64U << 10U) + 3;  // what a key ring takes, and a line end

// While it lives what is typed at the terminal is not shown. OpenSSL begins with that only after it has shown its prompt, which a
// fast typist can beat.
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

}  // namespace

Result<security::Secret> ask_secret(const std::string& prompt, bool twice) {
  const Silence silence;
  if (!silence.there())
    return fail(ErrorKind::unsupported, "there is no terminal to type at");  // OpenSSL would read standard input
  security::Secret buffer(longest_typed);
  constexpr int interrupted = -2;
  const int code = EVP_read_pw_string(buffer.bytes().data(), static_cast<int>(longest_typed), prompt.c_str(), twice ? 1 : 0);
  if (code == interrupted) return fail_cancelled();
  if (code != 0)
    return fail(ErrorKind::invalid_argument, twice ? "the two were not the same, or too long" : "nothing was typed, or too much");
  const std::size_t size = ::strnlen(buffer.view().data(), longest_typed);
  if (size == 0) return fail(ErrorKind::invalid_argument, "nothing was typed");
  return first_of(buffer, size);
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
