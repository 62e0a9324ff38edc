#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "engine/consensus/conclude.h"
#include "engine/consensus/levenshtein.h"
#include "engine/consensus/similarity.h"

namespace {

using namespace conclave::consensus;

std::vector<std::string> texts(std::size_t count, std::size_t words) {
  std::mt19937 random(1);
  std::vector<std::string> out(count);
  for (std::string& text : out) {
    for (std::size_t i = 0; i < words; ++i) text += "word" + std::to_string(random() % 500) + ' ';
  }
  return out;
}

void similarity_of_texts(benchmark::State& state) {
  CircleConfig config;
  config.similarity_algorithm = static_cast<Similarity>(state.range(0));
  const auto input = texts(static_cast<std::size_t>(state.range(1)), 80);
  for (auto _ : state) benchmark::DoNotOptimize(similarity_matrix(input, config));
  state.SetLabel(std::string(similarity_name(config.similarity_algorithm)));
}
BENCHMARK(similarity_of_texts)->ArgsProduct({{0, 1, 2}, {20, 500}})->Unit(benchmark::kMillisecond)->UseRealTime();

void levenshtein(benchmark::State& state) {
  std::mt19937 random(2);
  std::u32string a(static_cast<std::size_t>(state.range(0)), U'a');
  std::u32string b = a;
  for (char32_t& c : a) c = U'a' + random() % 26;
  for (char32_t& c : b) c = U'a' + random() % 26;
  for (auto _ : state) benchmark::DoNotOptimize(levenshtein_distance(a, b));
}
BENCHMARK(levenshtein)->Arg(500)->Arg(8192)->Unit(benchmark::kMicrosecond);

void conclude_a_circle(benchmark::State& state) {
  const auto contents = texts(static_cast<std::size_t>(state.range(0)), 60);
  std::vector<ExpertResponse> responses;
  for (std::size_t i = 0; i < contents.size(); ++i) {
    ExpertResponse response;
    response.expert_name = "expert" + std::to_string(i);
    response.scope = "scope" + std::to_string(i % 3);
    response.verdict = i % 5 == 0 ? "degraded" : "healthy";
    response.content = contents[i];
    responses.push_back(std::move(response));
  }
  for (auto _ : state) benchmark::DoNotOptimize(conclude(responses, {}));
}
BENCHMARK(conclude_a_circle)->Arg(6)->Arg(30)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
