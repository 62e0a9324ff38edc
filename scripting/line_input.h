// input() and getpass() of the console: asks whoever sits at the window, and waits on a descriptor, so that an interrupt ends the
// waiting.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>

namespace conclave::scripting {

// What a script waits for: nothing any more, a line, or one that nobody shall see.
enum class Asks { nothing, line, secret };

// Owner: ScriptThread; lives as long as the process. Nothing here takes the GIL; no lock is held while calling out.
class LineInput {
 public:
  LineInput();
  LineInput(const LineInput&) = delete;
  LineInput& operator=(const LineInput&) = delete;

  // Called with what answer() is waited for, and with `nothing` when it is no longer. Without it, input is at its end.
  void attach(std::function<void(Asks)> asks);
  void answer(std::optional<std::string> line);  // any thread; nothing: end of input; dropped if nobody waits

  // Script thread. ask(), then wait for the eventfd, then take(); or forget() if the waiting was interrupted.
  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] bool ask(Asks what);
  [[nodiscard]] std::optional<std::string> take();
  void forget();
  [[nodiscard]] bool waits() const;

 private:
  const int descriptor_;  // eventfd, never closed
  mutable std::mutex mutex_;
  std::function<void(Asks)> asks_;
  bool waits_ = false;
  std::optional<std::string> line_;
};

}  // namespace conclave::scripting
