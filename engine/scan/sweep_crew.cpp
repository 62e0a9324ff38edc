#include "engine/scan/sweep_crew.h"

#include <csignal>

#include <algorithm>
#include <system_error>

#include "engine/scan/descriptors.h"

namespace conclave::scan {
namespace {

constexpr std::size_t few_targets = 256;
constexpr std::size_t few_in_flight = 64;
constexpr std::size_t targets_per_worker = 4096;  // worth the start of a thread
constexpr std::size_t max_workers = 8;
constexpr std::size_t max_in_flight = 200'000;
constexpr std::size_t reserved_descriptors = 16;  // of a table of one's own
constexpr std::chrono::milliseconds worker_wait{10};

}  // namespace

std::size_t in_flight_limit(const ScanOptions& options) {
  const std::size_t possible = std::min(max_in_flight, sockets_in_memory());
  return options.max_in_flight == 0 ? possible : std::min(options.max_in_flight, possible);
}

SweepCrew::SweepCrew(SweepTerms& terms, std::size_t targets, std::size_t in_flight_limit)
    : terms_(terms), limit_(in_flight_limit), spare_(std::max<std::size_t>(spare_descriptors(), 1)) {
  if (targets > few_targets && limit_ > few_in_flight) {
    const std::size_t cores = std::max(std::thread::hardware_concurrency(), 1U);
    const std::size_t wanted = std::clamp<std::size_t>(targets / targets_per_worker, 1, std::min(cores, max_workers));
    while (members_.size() < wanted && add_member()) {
    }
  }
  if (members_.empty()) here_.emplace(terms_, std::min(spare_, limit_));
}

SweepCrew::~SweepCrew() { stop(); }

void SweepCrew::work(std::chrono::milliseconds wait, int wake) {
  if (here_) return here_->round(wait, wake);
  const bool all_full = std::ranges::all_of(members_, [](const Member& member) { return member.full.load(); });
  if (all_full && !share_descriptors_ && members_.size() < max_workers && terms_.queue.has_more()) add_member();
}

void SweepCrew::stop() {
  terms_.stopped = true;
  here_.reset();
  for (Member& member : members_)
    if (member.thread.joinable()) member.thread.join();
}

// Handlers of signals write to descriptors of the program, which mean something else on a thread with a table of its own.
bool SweepCrew::add_member() {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  Member& member = members_.emplace_back();
  bool started = true;
  try {
    member.thread = std::thread([this, &member] { run(member); });
  } catch (const std::system_error&) {
    members_.pop_back();
    started = false;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

void SweepCrew::run(Member& member) {
  std::size_t window = descriptor_limit() - std::min(descriptor_limit() / 2, reserved_descriptors);
  if (!take_own_descriptors()) {
    share_descriptors_ = true;
    terms_.queue.lower_limit(spare_);
    window = spare_;
  }
  SweepWorker worker(terms_, std::min(window, limit_));
  while (!terms_.stopped) {
    worker.round(worker_wait);
    member.full = worker.is_full();
  }
}

}  // namespace conclave::scan
