// What the workers of a sweep found, on its way to the thread that called scan().
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/time.h"
#include "engine/scan/cause.h"

namespace conclave::scan {

struct Finding {
  std::uint32_t target = 0;
  std::uint32_t host = 0;
  Cause cause;
  std::optional<double> latency_ms;
  TimeUs time = 0;
};

class Findings {
 public:
  // Takes all of `findings` and leaves it empty. From any thread.
  void put(std::vector<Finding>& findings) {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) {
      waiting_.swap(findings);
      ready_.notify_one();
    } else {
      waiting_.insert(waiting_.end(), std::make_move_iterator(findings.begin()), std::make_move_iterator(findings.end()));
    }
    findings.clear();
  }
  // What has come, or after `wait` nothing. One thread.
  [[nodiscard]] std::vector<Finding> take(std::chrono::milliseconds wait) {
    std::unique_lock lock(mutex_);
    ready_.wait_for(lock, wait, [this] { return !waiting_.empty(); });
    return std::exchange(waiting_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::vector<Finding> waiting_;
};

}  // namespace conclave::scan
