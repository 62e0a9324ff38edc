// Speed of the log engine on a made log of 64 MiB. "bytes_per_second" is of decoded bytes; ReadSum is the memory's own speed.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "engine/base/time.h"
#include "engine/logs/level.h"
#include "engine/logs/line_index.h"
#include "engine/logs/summary.h"
#include "engine/logs/templates.h"
#include "engine/logs/timestamp.h"

namespace conclave::logs {
namespace {

const std::string& made_log() {
  static const std::string log = [] {
    const std::vector<std::string> messages = {
        "INFO  [worker-7] com.example.Pool: Received block blk_-512 of size 67108864 from /10.251.39.209",
        "WARN  [worker-3] com.example.Client: Retrying connect to server: db-41:8030. Already tried 3 time(s)",
        "ERROR [main] com.example.Store: request 9f3c1e77 failed after 1250 ms: java.io.IOException: Connection reset by peer",
        "INFO  [http-12] com.example.Access: GET /api/v1/orders/81723 200 17ms user=alice",
        "DEBUG [cache] com.example.Cache: evicted 128 entries, 4096 left",
        "INFO  [worker-1] com.example.Session: session 0x34ede65503f002d established with negotiated timeout 20000"};
    std::mt19937 random(1);
    std::string text;
    TimeUs time = 1'772'366'405 * us_per_second;
    while (text.size() < (std::size_t{64} << 20U)) {
      time += static_cast<TimeUs>(random() % 20'000);
      text += format_time(time);
      text += ' ';
      text += messages[random() % messages.size()];
      text += '\n';
    }
    return text;
  }();
  return log;
}

void count_bytes(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(made_log().size()));
}

void ReadSum(benchmark::State& state) {
  const std::string& log = made_log();
  for (auto _ : state) {
    std::uint64_t sum = 0;
    for (std::size_t at = 0; at + 8 <= log.size(); at += 8) {
      std::uint64_t word = 0;
      __builtin_memcpy(&word, log.data() + at, sizeof word);
      sum += word;
    }
    benchmark::DoNotOptimize(sum);
  }
  count_bytes(state);
}
BENCHMARK(ReadSum)->Unit(benchmark::kMillisecond)->UseRealTime();

void IndexLines(benchmark::State& state) {
  Job job;
  for (auto _ : state) benchmark::DoNotOptimize(LineIndex::build(made_log(), job)->line_count());
  count_bytes(state);
}
BENCHMARK(IndexLines)->Unit(benchmark::kMillisecond)->UseRealTime();

void Summarize(benchmark::State& state) {
  Job job;
  for (auto _ : state) benchmark::DoNotOptimize(summarize(made_log(), {}, job)->lines);
  count_bytes(state);
}
BENCHMARK(Summarize)->Unit(benchmark::kMillisecond)->UseRealTime();

void MineTemplates(benchmark::State& state) {
  Job job;
  std::uint64_t lines = 0;
  for (auto _ : state) {
    const TemplateGroups groups = mine_templates(made_log(), {}, job).value();
    for (const Template& found : groups.templates) lines += found.count;
  }
  count_bytes(state);
  state.SetItemsProcessed(static_cast<std::int64_t>(lines));
}
BENCHMARK(MineTemplates)->Unit(benchmark::kMillisecond)->UseRealTime();

void FindLine(benchmark::State& state) {
  Job job;
  const LineIndex index = LineIndex::build(made_log(), job).value();
  std::mt19937_64 random(2);
  for (auto _ : state) benchmark::DoNotOptimize(index.line(made_log(), 1 + random() % index.line_count()));
}
BENCHMARK(FindLine);

// From a line to its offset and back, each time somewhere else; the goal is a p99 below 10 us.
void LineAndOffset(benchmark::State& state) {
  using Clock = std::chrono::steady_clock;
  Job job;
  const LineIndex index = LineIndex::build(made_log(), job).value();
  std::mt19937_64 random(3);
  std::vector<double> ns;
  for (auto _ : state) {
    const std::uint64_t number = 1 + random() % index.line_count();
    const auto start = Clock::now();
    const std::uint64_t offset = index.offset_of(made_log(), number);
    const auto middle = Clock::now();
    benchmark::DoNotOptimize(index.line_at(made_log(), offset));
    const auto end = Clock::now();
    for (const auto spent : {middle - start, end - middle}) ns.push_back(std::chrono::duration<double, std::nano>(spent).count());
  }
  std::sort(ns.begin(), ns.end());
  state.counters["p50_ns"] = ns[ns.size() / 2];
  state.counters["p99_ns"] = ns[ns.size() - 1 - ns.size() / 100];
  state.counters["bytes_per_line"] = static_cast<double>(index.memory_bytes()) / static_cast<double>(index.line_count());
}
BENCHMARK(LineAndOffset);

constexpr std::string_view line =
    "2026-03-01 12:00:05,123 ERROR [RMCommunicator Allocator] org.example.Client: request failed after 1250 ms";

void LevelOfLine(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(level_of(line));
}
BENCHMARK(LevelOfLine);

void StampOfLine(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(find_stamp(line, 0));
}
BENCHMARK(StampOfLine);

}  // namespace
}  // namespace conclave::logs
