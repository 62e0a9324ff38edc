#include "scripting/line_input.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

namespace conclave::scripting {

LineInput::LineInput() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void LineInput::attach(std::function<void(Asks)> asks) {
  const std::lock_guard lock(mutex_);
  asks_ = std::move(asks);
}

void LineInput::answer(std::optional<std::string> line) {
  const std::lock_guard lock(mutex_);
  if (!waits_) return;
  waits_ = false;
  line_ = std::move(line);
  const std::uint64_t one = 1;
  (void)!::write(descriptor_, &one, sizeof one);
}

bool LineInput::ask(Asks what) {
  std::function<void(Asks)> asks;
  {
    const std::lock_guard lock(mutex_);
    if (!asks_ || descriptor_ < 0) return false;
    std::uint64_t count = 0;
    (void)!::read(descriptor_, &count, sizeof count);  // of an answer to what was interrupted
    waits_ = true;
    asks = asks_;
  }
  asks(what);
  return true;
}

std::optional<std::string> LineInput::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(line_, std::nullopt);
}

void LineInput::forget() {
  std::function<void(Asks)> asks;
  {
    const std::lock_guard lock(mutex_);
    line_.reset();
    if (!std::exchange(waits_, false)) return;
    asks = asks_;
  }
  asks(Asks::nothing);
}

bool LineInput::waits() const {
  const std::lock_guard lock(mutex_);
  return waits_;
}

}  // namespace conclave::scripting
