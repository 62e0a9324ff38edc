// The systemd journal as it grows. Internal to the room.
#pragma once

#include <atomic>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "engine/base/error.h"
#include "engine/logs/descriptor.h"
#include "engine/logs/journal_query.h"

struct sd_journal;

namespace conclave::logs {

// Entries as lines (journal.h), as journald writes them, while it rotates its files and removes old ones. Across files they come
// in the order of their time, so what is written with an earlier time than what came before it is left out: journald does not do
// that; machines whose clocks differ, in one folder, may. Owns a thread, since only the thread that opened a reader of libsystemd
// may use it; waits there and keeps some MiB until they are taken. One thread at a time.
class JournalTail {
 public:
  // The newest `lines` entries that match, and what comes. `name` is for errors, which are those of read_journal().
  [[nodiscard]] static Result<std::unique_ptr<JournalTail>> last(JournalQuery query, const std::string& name,
                                                                 std::uint64_t lines);
  // What comes behind the entry of this cursor; all that match if it is empty.
  [[nodiscard]] static Result<std::unique_ptr<JournalTail>> behind(JournalQuery query, const std::string& name,
                                                                   const std::string& cursor);
  JournalTail(const JournalTail&) = delete;
  JournalTail& operator=(const JournalTail&) = delete;
  ~JournalTail();

  struct News {
    std::string text;              // whole lines
    std::optional<Error> problem;  // something of the journal cannot be read; the rest comes
  };
  // What has come since, without waiting.
  [[nodiscard]] News take();

 private:
  struct Start {
    std::uint64_t lines = 0;
    std::optional<std::string> cursor = {};  // counts instead
  };
  JournalTail(JournalQuery query, const std::string& name) : query_(std::move(query)), name_(name) {}
  [[nodiscard]] static Result<std::unique_ptr<JournalTail>> open(JournalQuery query, const std::string& name, const Start& start);

  // On the thread.
  void run(const Start& start, std::promise<Result<void>> opened);
  void read(sd_journal* reader);
  void wait(sd_journal* reader);
  void keep(std::string& text);
  void say(const Error& problem);
  [[nodiscard]] bool is_full();

  JournalQuery query_;
  std::string name_;
  Descriptor wake_;
  std::atomic<bool> stopping_{false};
  std::uint64_t damaged_ = 0;  // of the thread
  std::mutex mutex_;           // for what follows
  News news_;
  std::string said_;
  std::thread thread_;
};

}  // namespace conclave::logs
