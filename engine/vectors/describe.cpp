// Two passes for mean and deviation (Chan, Golub & LeVeque 1983: the plain one-pass formula loses all digits of data far from 0);
// selection instead of sorting for the percentiles.
#include "engine/vectors/describe.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/base/parallel.h"

namespace conclave::vectors {
namespace {

// The value at `share` of the way through the sorted values; puts those before it before it.
double percentile(std::vector<double>& values, double share) {
  const double place = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::ptrdiff_t>(place);
  std::nth_element(values.begin(), values.begin() + below, values.end());
  const double low = values[static_cast<std::size_t>(below)];
  const double part = place - static_cast<double>(below);
  if (part == 0.0) return low;
  const double high = *std::min_element(values.begin() + below + 1, values.end());
  return low == high ? low : low + (high - low) * part;  // two infinities have no difference
}

template <class T>
std::vector<double> numbers_of(const MatrixView<T>& table, std::size_t column) {
  std::vector<double> values;
  values.reserve(table.rows);
  const T* element = table.data + static_cast<std::ptrdiff_t>(column) * table.column_stride;
  for (std::size_t i = 0; i < table.rows; ++i, element += table.row_stride) {
    if (!std::isnan(*element)) values.push_back(static_cast<double>(*element));
  }
  return values;
}

double mean_of(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double deviation_of(const std::vector<double>& values, double mean) {
  double squares = 0.0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size()));
}

}  // namespace

template <class T>
Result<Matrix<double>> describe(MatrixView<T> table, Job& job) {
  Matrix<double> result{std::make_shared<double[]>(statistic_count * table.columns, std::numeric_limits<double>::quiet_NaN()),
                        statistic_count, table.columns};
  job.begin("describing columns", table.columns, "columns");
  parallel_for(table.columns, [&](std::size_t column) {
    if (job.stopped()) return;
    const auto set = [&](Statistic statistic, double value) {
      result.data[static_cast<std::size_t>(statistic) * table.columns + column] = value;
    };
    std::vector<double> values = numbers_of(table, column);
    set(Statistic::count, static_cast<double>(values.size()));
    set(Statistic::nans, static_cast<double>(table.rows - values.size()));
    if (!values.empty()) {
      const double mean = mean_of(values);
      set(Statistic::mean, mean);
      set(Statistic::deviation, deviation_of(values, mean));
      const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
      set(Statistic::least, *least);
      set(Statistic::greatest, *greatest);
      set(Statistic::median, percentile(values, 0.5));
      set(Statistic::p95, percentile(values, 0.95));
    }
    job.advance();
  });
  if (job.stopped()) return fail_cancelled();
  return result;
}

template Result<Matrix<double>> describe(MatrixView<float>, Job&);
template Result<Matrix<double>> describe(MatrixView<double>, Job&);

}  // namespace conclave::vectors
