// A pass over a log in pieces: pieces are worked on in parallel and merged in order, so that the result does not depend on the
// number of threads. Internal to the room.
#pragma once

#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_pipeline.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/job.h"
#include "engine/base/parallel.h"

namespace conclave::logs {

inline constexpr std::size_t default_chunk_bytes = std::size_t{2} << 20U;

// Offset behind the first LF at or after `from`; the end of `bytes` if there is none or the job is stopped.
[[nodiscard]] inline std::size_t next_line(std::string_view bytes, std::size_t from, const Job& job) {
  constexpr std::size_t stride = std::size_t{16} << 20U;
  while (from < bytes.size() && !job.stopped()) {
    const std::size_t size = std::min(stride, bytes.size() - from);
    if (const void* found = std::memchr(bytes.data() + from, '\n', size)) {
      return static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data()) + 1;
    }
    from += size;
  }
  return bytes.size();
}

// What workers use for a chunk and find warm for the next one. Any thread.
template <class Tool>
class WarmTools {
 public:
  explicit WarmTools(std::function<std::unique_ptr<Tool>()> make) : make_(std::move(make)) {}

  // `use(tool)`, with a tool that nobody else uses meanwhile.
  template <class Use>
  auto with(const Use& use) {
    std::unique_ptr<Tool> tool = take();
    auto result = use(*tool);
    const std::scoped_lock lock(mutex_);
    idle_.push_back(std::move(tool));
    return result;
  }

 private:
  std::unique_ptr<Tool> take() {
    const std::scoped_lock lock(mutex_);
    if (idle_.empty()) return make_();
    std::unique_ptr<Tool> tool = std::move(idle_.back());
    idle_.pop_back();
    return tool;
  }

  std::function<std::unique_ptr<Tool>()> make_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Tool>> idle_;
};

// Whole lines of one of several logs.
struct LogChunk {
  std::string_view bytes;
  std::size_t log = 0;     // which one
  std::size_t number = 0;  // of the chunk, counted from 0 through all logs
};

// `map(LogChunk)` runs on any thread and gives a part; `merge(part)` sees the parts in order, log by log. Both have to look at
// job.stopped() if they take long. Adds the bytes done to the job's progress. `threads` 0: one per core.
template <class Map, class Merge>
void for_chunks_of_logs_in_order(std::span<const std::string_view> logs, std::size_t chunk_bytes, Job& job, const Map& map,
                                 const Merge& merge, std::size_t threads = 0) {
  using Part = decltype(map(LogChunk()));
  namespace tbb = oneapi::tbb;
  LogChunk next;
  std::size_t begin = 0;
  const auto cut = [&]() -> std::optional<LogChunk> {
    for (; next.log < logs.size() && begin >= logs[next.log].size(); ++next.log) begin = 0;
    if (next.log == logs.size() || job.stopped()) return std::nullopt;
    const std::string_view log = logs[next.log];
    const std::size_t end = next_line(log, std::min(begin + chunk_bytes - 1, log.size()), job);
    LogChunk chunk = next;
    chunk.bytes = log.substr(begin, end - begin);
    begin = end;
    ++next.number;
    return chunk;
  };
  if (threads == 1) {
    while (const std::optional<LogChunk> chunk = cut()) {
      Part part = map(*chunk);
      job.advance(chunk->bytes.size());
      if (!job.stopped()) merge(std::move(part));
    }
    return;
  }
  const auto take = [&](tbb::flow_control& flow) -> LogChunk {
    std::optional<LogChunk> chunk = cut();
    if (!chunk) flow.stop();
    return chunk.value_or(LogChunk());
  };
  Handover handover;
  const auto work = [&](const LogChunk& chunk) {
    const Handover::Part running(handover);
    Part part = map(chunk);
    job.advance(chunk.bytes.size());
    return part;
  };
  const std::size_t workers = threads == 0 ? static_cast<std::size_t>(tbb::info::default_concurrency()) : threads;
  const auto run = [&] {
    tbb::parallel_pipeline(workers * 2, tbb::make_filter<void, LogChunk>(tbb::filter_mode::serial_in_order, take) &
                                            tbb::make_filter<LogChunk, Part>(tbb::filter_mode::parallel, work) &
                                            tbb::make_filter<Part, void>(tbb::filter_mode::serial_in_order, [&](Part part) {
                                              handover.collect();
                                              const Handover::Part running(handover);
                                              if (!job.stopped()) merge(std::move(part));
                                            }));
  };
  if (threads == 0) {
    run();
  } else {
    tbb::task_arena(static_cast<int>(std::min<std::size_t>(threads, 1024))).execute(run);
  }
  handover.collect();
}

// The same of one log; `map(bytes of a chunk)`.
template <class Map, class Merge>
void for_chunks_in_order(std::string_view bytes, std::size_t chunk_bytes, Job& job, const Map& map, const Merge& merge,
                         std::size_t threads = 0) {
  for_chunks_of_logs_in_order(
      std::span(&bytes, 1), chunk_bytes, job, [&](const LogChunk& chunk) { return map(chunk.bytes); }, merge, threads);
}

}  // namespace conclave::logs
