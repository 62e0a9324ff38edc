// What a long computation sees of the world: progress out, a stop in. It knows neither window nor terminal.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

namespace conclave {

// Progress as a reader sees it; `total` is 0 while unknown.
struct Progress {
  std::string phase;
  std::string unit;  // "B", "targets", "experts", ...
  std::uint64_t done = 0;
  std::uint64_t total = 0;
};

// Owner: whoever starts the work (a shared_ptr where reader and worker may outlive each other).
// Threads: every member may be called from any thread. A worker checks stopped() at least every 50 ms.
class Job {
 public:
  explicit Job(std::string title = {});
  // Whether what a child job advances counts for its parent as well.
  enum class Counts { alone, for_parent };
  // Also stops when `parent` does; may outlive it.
  Job(std::string title, Job& parent, Counts counts = Counts::alone);
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  [[nodiscard]] const std::string& title() const noexcept { return title_; }

  void request_stop() noexcept { stop_.request_stop(); }
  [[nodiscard]] bool stopped() const noexcept { return stop_.stop_requested(); }
  [[nodiscard]] std::stop_token token() const noexcept { return stop_.get_token(); }

  // Starts a new phase: `done` returns to 0. Called by the function that does the work.
  void begin(std::string phase, std::uint64_t total, std::string unit);
  void advance(std::uint64_t amount = 1) noexcept {
    counters_->done.fetch_add(amount, std::memory_order_relaxed);
    if (parent_counters_) parent_counters_->done.fetch_add(amount, std::memory_order_relaxed);
  }
  void grow_total(std::uint64_t amount) noexcept { counters_->total.fetch_add(amount, std::memory_order_relaxed); }
  [[nodiscard]] Progress progress() const;

 private:
  std::uint64_t id_;
  std::string title_;
  std::stop_source stop_;
  struct Counters {
    std::atomic<std::uint64_t> done{0};
    std::atomic<std::uint64_t> total{0};
  };
  std::shared_ptr<Counters> counters_ = std::make_shared<Counters>();
  std::shared_ptr<Counters> parent_counters_;  // null unless this job counts for its parent
  mutable std::mutex names_mutex_;
  std::string phase_;
  std::string unit_;
  struct ParentLink;
  std::shared_ptr<ParentLink> parent_;
};

using JobPtr = std::shared_ptr<Job>;

}  // namespace conclave
