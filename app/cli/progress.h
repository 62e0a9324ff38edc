// A progress bar with rate and remaining time, drawn on standard error while a job runs.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "app/cli/screen.h"
#include "engine/base/job.h"

namespace conclave::cli {

// The bar as text, at most `width` columns. `seconds` is how long the phase has been going on.
[[nodiscard]] std::string progress_line(const Progress& progress, double seconds, int width);

// Has a thread of its own, draws at most 20 times a second and not before 200 ms have passed, and leaves nothing behind. Screen
// and job must outlive it.
class ProgressBar {
 public:
  ProgressBar(Screen& screen, const Job& job);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

 private:
  void run();

  Screen& screen_;
  const Job& job_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace conclave::cli
