#include "app/desktop/opened_hooks.h"

#include <chrono>

namespace conclave::desktop {

Result<OpenedCase> OpenedHooks::call(const Case& subject, const Hooks& hooks, Job& job) {
  if (!hooks.on_case_opened) return OpenedCase{};
  std::unique_lock lock(mutex_);
  while (running_) {
    if (job.stopped()) return fail_cancelled();
    changed_.wait_for(lock, std::chrono::milliseconds(50));
  }
  if (said_) return *said_;
  running_ = true;
  lock.unlock();
  auto said = open_case(subject, hooks, job);
  lock.lock();
  running_ = false;
  if (said) said_ = *said;
  changed_.notify_all();
  return said;
}

}  // namespace conclave::desktop
