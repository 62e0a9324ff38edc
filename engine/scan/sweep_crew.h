// How many workers a sweep has, and where they run.
#pragma once

#include <deque>
#include <optional>
#include <thread>

#include "engine/scan/scanner.h"
#include "engine/scan/sweep_worker.h"

namespace conclave::scan {

[[nodiscard]] std::size_t in_flight_limit(const ScanOptions& options);

// A few targets are scanned by the thread that asks. Many get threads of their own, each with its own table of descriptors where
// that is allowed, and more of them once all descriptors are in use. Owned by the thread that scans.
class SweepCrew {
 public:
  SweepCrew(SweepTerms& terms, std::size_t targets, std::size_t in_flight_limit);
  ~SweepCrew();
  SweepCrew(const SweepCrew&) = delete;
  SweepCrew& operator=(const SweepCrew&) = delete;

  [[nodiscard]] bool works_elsewhere() const { return !here_; }
  // One round on this thread, for at most `wait` or until `wake` is readable; or a look at whether the threads need another one.
  void work(std::chrono::milliseconds wait, int wake);
  void stop();  // closes all that is under way; may be called again

 private:
  struct Member {
    std::atomic<bool> full{false};
    std::thread thread;
  };
  bool add_member();
  void run(Member& member);

  SweepTerms& terms_;
  const std::size_t limit_;
  const std::size_t spare_;  // descriptors beside the rest of the program
  std::atomic<bool> share_descriptors_{false};
  std::optional<SweepWorker> here_;
  std::deque<Member> members_;
};

}  // namespace conclave::scan
