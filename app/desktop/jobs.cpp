#include "app/desktop/jobs.h"

#include <QDateTime>
#include <algorithm>
#include <thread>

namespace conclave::desktop {

namespace {
// Consulting blocks a pool thread while experts think, so that a machine with two cores still needs room for reading a log.
constexpr int least_threads = 4;
constexpr int progress_interval_ms = 50;
}  // namespace

Jobs::Jobs(QObject* parent)
    : QObject(parent),
      executor_(std::make_unique<tasks::Executor>(
          std::max<int>(least_threads, static_cast<int>(std::thread::hardware_concurrency())))) {
  timer_.setInterval(progress_interval_ms);
  connect(&timer_, &QTimer::timeout, this, &Jobs::progressed);
}

Jobs::~Jobs() {
  for (auto& [id, entry] : running_) entry.job->request_stop();
  executor_.reset();
}

Jobs::Id Jobs::start(const Spec& spec, tasks::Executor::Work work, std::function<void(Result<void>)> deliver) {
  if (!spec.replaces.isEmpty()) {
    for (auto& [id, entry] : running_) {
      if (entry.owner == spec.owner && entry.replaces == spec.replaces) drop(id);
    }
  }
  auto job = std::make_shared<Job>(spec.title.toStdString());
  const Id id = job->id();
  Entry entry{
      job, spec.owner, {}, spec.replaces, spec.title, spec.quiet, false, QDateTime::currentMSecsSinceEpoch(), std::move(deliver)};
  if (spec.owner) entry.ownerGone = connect(spec.owner, &QObject::destroyed, this, [this, id] { drop(id); });
  running_.emplace(id, std::move(entry));
  timer_.start();
  executor_->submit(job, std::move(work), [this, id](Result<void> ended) {
    QMetaObject::invokeMethod(
        this, [this, id, ended = std::move(ended)] { finish(id, ended); }, Qt::QueuedConnection);
  });
  Q_EMIT changed();
  return id;
}

void Jobs::finish(Id id, const Result<void>& ended) {
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  const Entry entry = std::move(found->second);
  running_.erase(found);
  disconnect(entry.ownerGone);
  if (running_.empty()) timer_.stop();
  if (!entry.dropped) entry.deliver(ended);
  Q_EMIT changed();
}

void Jobs::cancel(Id id) {
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  found->second.job->request_stop();
  Q_EMIT changed();
}

void Jobs::drop(Id id) {
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  found->second.dropped = true;
  found->second.job->request_stop();
}

void Jobs::cancelAll() {
  for (auto& [id, entry] : running_) entry.job->request_stop();
  Q_EMIT changed();
}

std::vector<Jobs::View> Jobs::views() const {
  std::vector<View> views;
  for (const auto& [id, entry] : running_) {
    if (entry.quiet) continue;
    views.push_back({id, entry.title, entry.job->progress(), entry.job->stopped(), entry.startedMs});
  }
  return views;
}

}  // namespace conclave::desktop
