// on_case_opened of hooks, called once for a case that was opened here: in a job of its own, or in a consultation that comes
// before that has ended.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>

#include "engine/case/consult.h"

namespace conclave::desktop {

// One for each case that is opened. Called in jobs.
class OpenedHooks {
 public:
  // What they said. Calls them unless they were called before; while another job does so, waits for that, or until `job` is
  // stopped.
  [[nodiscard]] Result<OpenedCase> call(const Case& subject, const Hooks& hooks, Job& job);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool running_ = false;
  std::optional<OpenedCase> said_;
};

}  // namespace conclave::desktop
