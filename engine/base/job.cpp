#include "engine/base/job.h"

#include <functional>

namespace conclave {

struct Job::ParentLink {
  ParentLink(const std::stop_token& token, std::stop_source own) : callback(token, [own]() mutable { own.request_stop(); }) {}
  std::stop_callback<std::function<void()>> callback;
};

namespace {
std::uint64_t next_job_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}
}  // namespace

Job::Job(std::string title) : id_(next_job_id()), title_(std::move(title)) {}

Job::Job(std::string title, Job& parent) : Job(std::move(title)) {
  parent_ = std::make_shared<ParentLink>(parent.token(), stop_);
}

void Job::begin(std::string phase, std::uint64_t total, std::string unit) {
  const std::lock_guard lock(names_mutex_);
  phase_ = std::move(phase);
  unit_ = std::move(unit);
  done_.store(0, std::memory_order_relaxed);
  total_.store(total, std::memory_order_relaxed);
}

Progress Job::progress() const {
  const std::lock_guard lock(names_mutex_);
  return {phase_, unit_, done_.load(std::memory_order_relaxed), total_.load(std::memory_order_relaxed)};
}

}  // namespace conclave
