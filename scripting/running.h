// Scripts that run or wait for their turn, as somebody sees them who may want to stop one.
#pragma once

#include <cstdint>
#include <string>

namespace conclave::scripting {

// The ladder: it is asked (job.cancelled()), interrupted (an exception, also out of sleep and locks), and, in a worker only,
// killed. A script thread cannot be killed without the program: what ignores everything is given up, which means that its answer
// is dropped when it comes.
struct RunningScript {
  enum class State { waiting, running, awaiting, asked, interrupted, given_up };

  std::uint64_t id = 0;  // of this host, as long as it runs
  std::string who;       // "expert disk", "hook NAME", "console"
  bool in_worker = false;
  State state = State::waiting;
  double seconds = 0;  // since it began; 0 while it waits
};

enum class StopHow { ask, interrupt, kill };

}  // namespace conclave::scripting
