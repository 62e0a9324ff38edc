// The window's one background mechanism: work runs on the engine's executor, results come back on the GUI thread.
#pragma once

#include <QObject>
#include <QPointer>
#include <QString>
#include <QTimer>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/tasks/executor.h"

namespace conclave::desktop {

// Owner: main(). Threads: GUI only; `work` runs on a pool thread and must not touch widgets, `deliver` runs on the GUI thread,
// never before run() has returned. The destructor stops everything and waits.
class Jobs : public QObject {
  Q_OBJECT
 public:
  using Id = std::uint64_t;

  struct Spec {
    QString title;
    QObject* owner = nullptr;  // when it is destroyed the job is stopped and its result dropped
    QString replaces = {};     // an earlier job of this owner with the same word is stopped and its result dropped as stale
    bool quiet = false;        // too small to show among the jobs
  };

  // What a reader sees of a running job.
  struct View {
    Id id = 0;
    QString title;
    Progress progress;
    bool stopping = false;
    qint64 startedMs = 0;  // QDateTime::currentMSecsSinceEpoch()
  };

  explicit Jobs(QObject* parent = nullptr);
  ~Jobs() override;

  template <class T>
  Id run(const Spec& spec, std::function<Result<T>(Job&)> work, std::function<void(Result<T>)> deliver);

  void cancel(Id id);  // asks it to stop; its result is still delivered (usually an error of kind cancelled)
  void drop(Id id);    // asks it to stop; its result is thrown away
  void cancelAll();
  [[nodiscard]] bool isRunning(Id id) const { return running_.contains(id); }
  [[nodiscard]] bool isIdle() const { return running_.empty(); }
  [[nodiscard]] std::vector<View> views() const;  // those that are not quiet, oldest first

 Q_SIGNALS:
  void changed();     // a job began or ended
  void progressed();  // at most 20 times a second while jobs run

 private:
  struct Entry {
    JobPtr job;
    QPointer<QObject> owner;
    QMetaObject::Connection ownerGone;
    QString replaces;
    QString title;
    bool quiet = false;
    bool dropped = false;
    qint64 startedMs = 0;
    std::function<void(Result<void>)> deliver;
  };
  Id start(const Spec& spec, tasks::Executor::Work work, std::function<void(Result<void>)> deliver);
  void finish(Id id, const Result<void>& ended);

  std::map<Id, Entry> running_;
  QTimer timer_;
  std::unique_ptr<tasks::Executor> executor_;
};

template <class T>
Jobs::Id Jobs::run(const Spec& spec, std::function<Result<T>(Job&)> work, std::function<void(Result<T>)> deliver) {
  auto slot = std::make_shared<std::optional<Result<T>>>();
  return start(
      spec,
      [slot, work = std::move(work)](Job& job) -> Result<void> {
        slot->emplace(work(job));
        if (!slot->value()) return tl::unexpected<Error>(slot->value().error());
        return {};
      },
      [slot, deliver = std::move(deliver)](const Result<void>& ended) {
        if (slot->has_value()) return deliver(std::move(**slot));
        deliver(ended ? Result<T>(fail_cancelled()) : Result<T>(tl::unexpected<Error>(ended.error())));
      });
}

}  // namespace conclave::desktop
