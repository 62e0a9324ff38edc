// Ctrl-C: the first asks for an end, the second ends at once.
#pragma once

#include <functional>
#include <thread>

namespace conclave::cli {

inline constexpr int exit_interrupted = 130;

// While one lives, SIGINT calls `on_interrupt` on a thread of its own (the signal handler only writes a byte to a pipe). With
// `second_leaves` a second SIGINT ends the process with 130 there and then. A SIGINT that was ignored when the program started
// (nohup, a job in the background) stays ignored. One at a time; created and destroyed by the main thread.
class Interrupts {
 public:
  Interrupts(std::function<void()> on_interrupt, bool second_leaves);
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  [[nodiscard]] bool happened() const;

 private:
  std::thread listener_;
};

}  // namespace conclave::cli
