#include "engine/logs/journal_bytes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <utility>

#include "engine/logs/descriptor.h"
#include "engine/logs/guarded_map.h"
#include "engine/logs/journal_tail.h"

namespace conclave::logs {
namespace {

Result<std::unique_ptr<GuardedMap>> map_start(const Descriptor& file, std::uint64_t size, const std::string& name) {
  if (size == 0) return nullptr;
  const int copy = ::fcntl(file.get(), F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return fail_io("cannot read", name, errno);
  return GuardedMap::map(copy, size, name);
}

// The text of a journal that grows, in a file that nobody else has. Shared by all that is a start of it. Any thread.
class JournalStore {
 public:
  JournalStore(JournalQuery query, std::string name, std::string cursor, Descriptor file, std::uint64_t size,
               std::uint64_t max_bytes)
      : query_(std::move(query)),
        name_(std::move(name)),
        cursor_(std::move(cursor)),
        file_(std::move(file)),
        size_(size),
        max_bytes_(max_bytes) {}

  struct Grown {
    std::unique_ptr<GuardedMap> map;  // null: it has no more than `known` bytes
    std::optional<Error> problem;     // that came up since
  };
  Result<Grown> beyond(std::uint64_t known) {
    const std::scoped_lock lock(mutex_);
    if (!tail_) {
      auto tail = JournalTail::behind(query_, name_, cursor_);
      if (!tail) return tl::unexpected(std::move(tail.error()));
      tail_ = std::move(*tail);
    }
    if (news_.text.empty()) {
      JournalTail::News news = tail_->take();
      news_.text = std::move(news.text);
      if (news.problem) news_.problem = std::move(news.problem);
    }
    if (auto added = add(); !added) return tl::unexpected(std::move(added.error()));
    if (size_ == known) return Grown{};
    auto map = map_start(file_, size_, name_);
    if (!map) return tl::unexpected(std::move(map.error()));
    return Grown{std::move(*map), news_.problem};
  }

 private:
  // What cannot be written now is tried again.
  Result<void> add() {
    if (news_.text.size() > max_bytes_ - size_)
      return fail(ErrorKind::limit, "is larger than " + std::to_string(max_bytes_) + " bytes", name_);
    if (::lseek(file_.get(), static_cast<off_t>(size_), SEEK_SET) < 0) return fail_io(no_spool, name_, errno);
    if (auto written = write_all(file_.get(), news_.text, no_spool, name_); !written) return written;
    size_ += std::exchange(news_.text, {}).size();
    return {};
  }

  const JournalQuery query_;
  const std::string name_;
  const std::string cursor_;
  std::mutex mutex_;  // for what follows
  Descriptor file_;
  std::uint64_t size_;
  const std::uint64_t max_bytes_;
  JournalTail::News news_;
  std::unique_ptr<JournalTail> tail_;
};

class JournalBytes final : public LogBytes {
 public:
  // One of `map` and `memory` has the text, unless there is none.
  JournalBytes(std::unique_ptr<GuardedMap> map, GrowingMemory memory, std::string name, std::optional<std::uint64_t> file_bytes,
               TimeUs modified, std::optional<Error> problem, std::shared_ptr<JournalStore> store)
      : map_(std::move(map)), memory_(std::move(memory)), store_(std::move(store)) {
    view_ = map_ ? map_->view() : memory_.view();
    name_ = std::move(name);
    file_bytes_ = file_bytes.value_or(view_.size());
    modified_ = modified;
    damage_ = std::move(problem);
  }

  [[nodiscard]] Result<std::shared_ptr<const LogBytes>> grown() const override {
    if (!store_) return nullptr;
    auto more = store_->beyond(view_.size());
    if (!more) return tl::unexpected(std::move(more.error()));
    if (!more->map) return nullptr;
    return std::make_shared<JournalBytes>(std::move(more->map), GrowingMemory(), name_, std::nullopt, now_us(),
                                          more->problem ? std::move(more->problem) : damage_, store_);
  }

 private:
  std::unique_ptr<GuardedMap> map_;  // of a file that nobody else has
  GrowingMemory memory_;
  std::shared_ptr<JournalStore> store_;  // null: it does not grow
};

struct Growth {
  JournalQuery query;
  std::uint64_t max_bytes;
};

Result<std::shared_ptr<const LogBytes>> bytes_of(JournalText journal, const std::string& name,
                                                 std::optional<std::uint64_t> file_bytes, TimeUs modified,
                                                 const std::optional<Growth>& growth) {
  Descriptor file = journal.text.take_file();
  struct stat info {};
  if (file.open() && ::fstat(file.get(), &info) != 0) return fail_io("cannot read", name, errno);
  const auto size = static_cast<std::uint64_t>(info.st_size);
  auto map = map_start(file, size, name);
  if (!map) return tl::unexpected(std::move(map.error()));
  std::shared_ptr<JournalStore> store;
  if (growth && file.open())
    store =
        std::make_shared<JournalStore>(growth->query, name, std::move(journal.cursor), std::move(file), size, growth->max_bytes);
  return std::make_shared<JournalBytes>(std::move(*map), journal.text.take_memory(), name, file_bytes, modified,
                                        std::move(journal.problem), std::move(store));
}

}  // namespace

Result<std::shared_ptr<const LogBytes>> journal_bytes(Result<JournalText> journal, const std::string& name,
                                                      std::uint64_t file_bytes, TimeUs modified) {
  if (!journal) return tl::unexpected(std::move(journal.error()));
  return bytes_of(std::move(*journal), name, file_bytes, modified, std::nullopt);
}

Result<std::shared_ptr<const LogBytes>> named_journal_bytes(const JournalQuery& query, const std::string& name,
                                                            std::uint64_t max_bytes, Job& job) {
  auto journal = read_journal(query, name, max_bytes, job);
  if (!journal) return tl::unexpected(std::move(journal.error()));
  return bytes_of(std::move(*journal), name, std::nullopt, now_us(), Growth{query, max_bytes});
}

}  // namespace conclave::logs
