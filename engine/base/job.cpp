#include "engine/base/job.h"

#include <functional>

namespace conclave {

struct Job::ParentLink {
  ParentLink(const std::stop_token& token, const std::stop_source& own)
      : callback(token, [source = own]() mutable { source.request_stop(); }) {}
  std::stop_callback<std::function<void()>> callback;
};

namespace {
std::uint64_t next_job_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}
}  // namespace

Job::Job(std::string title) : id_(next_job_id()), title_(std::move(title)) {}

Job::Job(std::string title, Job& parent, Counts counts) : Job(std::move(title)) {
  if (counts == Counts::for_parent) parent_counters_ = parent.counters_;
  parent_ = std::make_shared<ParentLink>(parent.token(), stop_);
}

void Job::begin(std::string phase, std::uint64_t total, std::string unit) {
  const std::lock_guard lock(names_mutex_);
  phase_ = std::move(phase);
  unit_ = std::move(unit);
  counters_->done.store(0, std::memory_order_relaxed);
  counters_->total.store(total, std::memory_order_relaxed);
}

Progress Job::progress() const {
  const std::lock_guard lock(names_mutex_);
  return {phase_, unit_, counters_->done.load(std::memory_order_relaxed), counters_->total.load(std::memory_order_relaxed)};
}

}  // namespace conclave
