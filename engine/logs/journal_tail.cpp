#include "engine/logs/journal_tail.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#include "engine/base/job.h"
#include "engine/logs/guarded_map.h"
#include "engine/logs/journal_files.h"
#include "engine/logs/journal_reader.h"

namespace conclave::logs {
namespace {

constexpr std::size_t most_text = std::size_t{4} << 20U;  // kept until it is taken
constexpr std::size_t piece = std::size_t{64} << 10U;     // given at once
constexpr int look_ms = 200;                              // where the kernel does not tell of changes (network file systems)
constexpr int patience_ms = 1000;                         // where it does

// Before what is wanted first. The library's negative errors.
int seek(sd_journal* reader, std::uint64_t lines, const std::optional<std::string>& cursor, Job& job) {
  if (!cursor) {
    const int failure = ::sd_journal_seek_tail(reader);
    return failure < 0 ? failure : step_back(reader, lines, job);
  }
  if (cursor->empty()) return ::sd_journal_seek_head(reader);
  if (const int failure = ::sd_journal_seek_cursor(reader, cursor->c_str()); failure < 0) return failure;
  const int found = ::sd_journal_next(reader);
  if (found <= 0) return found;
  if (::sd_journal_test_cursor(reader, cursor->c_str()) > 0) return 0;
  const int before = ::sd_journal_previous(reader);  // that entry is gone, and this one came behind it
  return before == 0 ? ::sd_journal_seek_head(reader) : std::min(before, 0);
}

Result<JournalReader> open_at(const JournalQuery& query, const std::string& name, std::uint64_t lines,
                              const std::optional<std::string>& cursor, Job& job) {
  auto reader = open_growing_journal(query.directory, name);
  if (!reader) return reader;
  if (auto chosen = choose_entries(reader->get(), query, name); !chosen) return tl::unexpected(std::move(chosen.error()));
  if (const int failure = seek(reader->get(), lines, cursor, job); failure < 0)
    return fail_io("cannot read this journal", name, -failure);
  return reader;
}

}  // namespace

Result<std::unique_ptr<JournalTail>> JournalTail::last(JournalQuery query, const std::string& name, std::uint64_t lines) {
  const std::uint64_t most = std::min(lines, query.lines.value_or(lines));
  return open(std::move(query), name, {.lines = most});
}

Result<std::unique_ptr<JournalTail>> JournalTail::behind(JournalQuery query, const std::string& name, const std::string& cursor) {
  return open(std::move(query), name, {.cursor = cursor});
}

Result<std::unique_ptr<JournalTail>> JournalTail::open(JournalQuery query, const std::string& name, const Start& start) {
  if (query.until) return fail(ErrorKind::invalid_argument, "what has an end (until=) cannot be followed", name);
  auto tail = std::unique_ptr<JournalTail>(new JournalTail(std::move(query), name));
  tail->wake_ = Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!tail->wake_.open()) return fail_io("cannot wait for more of this journal", name, errno);
  std::promise<Result<void>> promise;
  auto opened = promise.get_future();
  sigset_t blocked;  // signals are for other threads, but for a file that shrinks
  sigset_t before;
  sigfillset(&blocked);
  for (const int own : {SIGBUS, SIGSEGV, SIGILL, SIGFPE}) sigdelset(&blocked, own);
  ::pthread_sigmask(SIG_SETMASK, &blocked, &before);
  int failure = 0;
  try {
    tail->thread_ = std::thread(&JournalTail::run, tail.get(), start, std::move(promise));
  } catch (const std::system_error& error) {
    failure = error.code().value();
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (failure != 0) return fail_io("cannot wait for more of this journal", name, failure);
  if (auto result = opened.get(); !result) return tl::unexpected(std::move(result.error()));
  return tail;
}

JournalTail::~JournalTail() {
  stopping_ = true;
  if (wake_.open()) (void)::eventfd_write(wake_.get(), 1);
  if (thread_.joinable()) thread_.join();
}

JournalTail::News JournalTail::take() {
  const std::scoped_lock lock(mutex_);
  const bool was_full = news_.text.size() >= most_text;
  News news = std::exchange(news_, {});
  if (was_full) (void)::eventfd_write(wake_.get(), 1);
  return news;
}

void JournalTail::run(const Start& start, std::promise<Result<void>> opened) {
  const GuardedReading guard;
  Job job("following a journal");
  auto found = need_journals(query_.directory, name_, job);
  if (!found) return opened.set_value(tl::unexpected(std::move(found.error())));
  auto reader = open_at(query_, name_, start.lines, start.cursor, job);
  if (!reader) return opened.set_value(tl::unexpected(std::move(reader.error())));
  if (const auto remark = remark_on(*found, 0, false, name_)) say(*remark);
  found->files.clear();
  opened.set_value({});
  while (!stopping_) {
    read(reader->get());
    if (const auto remark = remark_on({}, damaged_, guard.found_hole(), name_)) say(*remark);
    wait(reader->get());
  }
}

// All there is, or as much as may be kept.
void JournalTail::read(sd_journal* reader) {
  JournalLine line;
  std::string text;
  while (!stopping_ && !is_full()) {
    const int step = ::sd_journal_next(reader);
    if (step < 0) say(fail_io("cannot read this journal", name_, -step).value());
    if (step <= 0) break;
    const auto time = entry_time(reader);
    if (!time) {
      ++damaged_;
      continue;
    }
    if (query_.since && *time < *query_.since) continue;
    if (!append_entry(reader, *time, line, text)) ++damaged_;
    if (text.size() >= piece) keep(text);
  }
  keep(text);
}

void JournalTail::wait(sd_journal* reader) {
  const int news = is_full() ? -1 : ::sd_journal_get_fd(reader);  // poll passes over -1
  const bool is_told = ::sd_journal_reliable_fd(reader) > 0;
  std::array<pollfd, 2> waiting{{{wake_.get(), POLLIN, 0}, {news, POLLIN, 0}}};
  (void)::poll(waiting.data(), waiting.size(), is_told ? patience_ms : look_ms);
  eventfd_t count = 0;
  (void)::eventfd_read(wake_.get(), &count);
  if (stopping_) return;
  if (const int failure = ::sd_journal_process(reader); failure < 0) {
    say(fail_io("cannot wait for more of this journal", name_, -failure).value());
    (void)::poll(waiting.data(), 1, look_ms);
  }
}

void JournalTail::keep(std::string& text) {
  const std::scoped_lock lock(mutex_);
  news_.text += text;
  text.clear();
}

bool JournalTail::is_full() {
  const std::scoped_lock lock(mutex_);
  return news_.text.size() >= most_text;
}

// Once, until something else is to be said.
void JournalTail::say(const Error& problem) {
  const std::scoped_lock lock(mutex_);
  if (said_ == problem.text()) return;
  said_ = problem.text();
  news_.problem = problem;
}

}  // namespace conclave::logs
