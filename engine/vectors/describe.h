// What a table of numbers looks like, column by column.
#pragma once

#include "engine/vectors/similarity.h"

namespace conclave::vectors {

// Rows of the result.
enum class Statistic : std::size_t { count, nans, mean, deviation, least, median, p95, greatest };
inline constexpr std::size_t statistic_count = 8;

// statistic_count x columns. NaNs are counted and left out of all else; `count` is what remains. The deviation is that of the
// whole population (divided by count). Percentiles lie between the two nearest values in proportion (Hyndman & Fan, "Sample
// quantiles in statistical packages" (1996), type 7, as NumPy does by default). A column without numbers: count 0, the rest NaN.
// Parallel over columns. A stopped job: cancelled.
template <class T>
[[nodiscard]] Result<Matrix<double>> describe(MatrixView<T> table, Job& job);

}  // namespace conclave::vectors
