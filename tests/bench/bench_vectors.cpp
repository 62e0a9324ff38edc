#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "engine/vectors/similarity.h"

namespace {

using namespace conclave::vectors;

template <class T>
std::vector<T> numbers(std::size_t count) {
  std::mt19937 random(1);
  std::uniform_real_distribution<T> number(-1, 1);
  std::vector<T> out(count);
  for (T& value : out) value = number(random);
  return out;
}

template <class T>
void cosine_of_two(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const auto data = numbers<T>(2 * size);
  for (auto _ : state) {
    benchmark::DoNotOptimize(cosine_similarity(VectorView<T>{data.data(), size, 1}, VectorView<T>{data.data() + size, size, 1}));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(2 * size * sizeof(T)));
}
BENCHMARK(cosine_of_two<float>)->Arg(384)->Arg(1'000'000);
BENCHMARK(cosine_of_two<double>)->Arg(384)->Arg(1'000'000);

void cosine_of_a_batch(benchmark::State& state) {
  const auto rows = static_cast<std::size_t>(state.range(0));
  constexpr std::size_t columns = 384;
  const auto data = numbers<float>((rows + 1) * columns);
  const MatrixView<float> matrix{data.data(), rows, columns, columns, 1};
  const VectorView<float> reference{data.data() + rows * columns, columns, 1};
  for (auto _ : state) benchmark::DoNotOptimize(cosine_similarities(matrix, reference));
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(rows));
}
BENCHMARK(cosine_of_a_batch)->Arg(100)->Arg(10'000)->Unit(benchmark::kMicrosecond)->UseRealTime();

}  // namespace
