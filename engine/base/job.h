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
  // Also stops when `parent` does; may outlive it.
  Job(std::string title, Job& parent);
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  [[nodiscard]] const std::string& title() const noexcept { return title_; }

  void request_stop() noexcept { stop_.request_stop(); }
  [[nodiscard]] bool stopped() const noexcept { return stop_.stop_requested(); }
  [[nodiscard]] std::stop_token token() const noexcept { return stop_.get_token(); }

  // Starts a new phase: `done` returns to 0.
  void begin(std::string phase, std::uint64_t total, std::string unit);
  void advance(std::uint64_t amount = 1) noexcept { done_.fetch_add(amount, std::memory_order_relaxed); }
  void grow_total(std::uint64_t amount) noexcept { total_.fetch_add(amount, std::memory_order_relaxed); }
  [[nodiscard]] Progress progress() const;

 private:
  std::uint64_t id_;
  std::string title_;
  std::stop_source stop_;
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::uint64_t> total_{0};
  mutable std::mutex names_mutex_;
  std::string phase_;
  std::string unit_;
  struct ParentLink;
  std::shared_ptr<ParentLink> parent_;
};

using JobPtr = std::shared_ptr<Job>;

}  // namespace conclave
