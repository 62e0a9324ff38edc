// Long engine work called from Python: it runs on a thread of its own, while the calling thread waits without the GIL and looks
// for signals (Ctrl-C, the interrupt of an expert) every 50 ms. A signal stops the job, waits for the work to end and raises.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "engine/base/job.h"

namespace conclave::scripting {

// Called with the GIL held, returns with it held. `poll` runs on the calling thread with the GIL about every 50 ms and once after
// the work ended; what it throws stops the job too. Throws py::error_already_set, or what `work` threw.
void run_and_wait(Job& job, const std::function<void()>& work, const std::function<void()>& poll = {});

template <class Work>
auto blocking(Job& job, Work work, const std::function<void()>& poll = {}) {
  std::optional<std::invoke_result_t<Work>> result;
  run_and_wait(
      job, [&] { result.emplace(work()); }, poll);
  return std::move(*result);
}

// The caller's job, or a new one.
[[nodiscard]] inline JobPtr job_or_new(JobPtr job, const char* title) {
  return job ? std::move(job) : std::make_shared<Job>(title);
}

}  // namespace conclave::scripting
