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

// `map(chunk)` runs on any thread and gives a part; `merge(part)` sees the parts in order. A chunk holds whole lines. Both have
// to look at job.stopped() if they take long. Adds the bytes done to the job's progress. `threads` 0: one per core.
template <class Map, class Merge>
void for_chunks_in_order(std::string_view bytes, std::size_t chunk_bytes, Job& job, const Map& map, const Merge& merge,
                         std::size_t threads = 0) {
  using Part = decltype(map(bytes));
  namespace tbb = oneapi::tbb;
  std::size_t begin = 0;
  if (threads == 1) {
    while (begin < bytes.size() && !job.stopped()) {
      const std::size_t end = next_line(bytes, std::min(begin + chunk_bytes - 1, bytes.size()), job);
      const std::string_view chunk = bytes.substr(begin, end - begin);
      Part part = map(chunk);
      job.advance(chunk.size());
      if (!job.stopped()) merge(std::move(part));
      begin = end;
    }
    return;
  }
  const auto cut = [&](tbb::flow_control& flow) -> std::string_view {
    if (begin >= bytes.size() || job.stopped()) {
      flow.stop();
      return {};
    }
    const std::size_t end = next_line(bytes, std::min(begin + chunk_bytes - 1, bytes.size()), job);
    const std::string_view chunk = bytes.substr(begin, end - begin);
    begin = end;
    return chunk;
  };
  Handover handover;
  const auto work = [&](std::string_view chunk) {
    const Handover::Part running(handover);
    Part part = map(chunk);
    job.advance(chunk.size());
    return part;
  };
  const std::size_t workers = threads == 0 ? static_cast<std::size_t>(tbb::info::default_concurrency()) : threads;
  const auto run = [&] {
    tbb::parallel_pipeline(workers * 2, tbb::make_filter<void, std::string_view>(tbb::filter_mode::serial_in_order, cut) &
                                            tbb::make_filter<std::string_view, Part>(tbb::filter_mode::parallel, work) &
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

}  // namespace conclave::logs
