// Who said what of which item, laid out for the two ways in which it is read: by item and by expert.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/job.h"

namespace conclave::consensus {

struct Mark {
  std::uint32_t other = 0;  // the expert in the row of an item, the item in the row of an expert
  std::uint32_t label = 0;
  bool operator==(const Mark&) const = default;
};

// Immutable. Whatever the order of the rows it is made from, it is the same table bit by bit. An expert that labels an item twice
// is heard twice.
class LabelTable {
 public:
  // Three columns of the same length; each index is below its count. Classes may be more than those that were said.
  struct Columns {
    std::span<const std::uint32_t> items;
    std::span<const std::uint32_t> experts;
    std::span<const std::uint32_t> labels;
  };
  struct Counts {
    std::size_t items = 0;
    std::size_t experts = 0;
    std::size_t classes = 0;
  };
  LabelTable(const Columns& columns, const Counts& counts);

  [[nodiscard]] std::size_t items() const { return counts_.items; }
  [[nodiscard]] std::size_t experts() const { return counts_.experts; }
  [[nodiscard]] std::size_t classes() const { return counts_.classes; }
  [[nodiscard]] std::size_t marks() const { return by_item_.size(); }

  [[nodiscard]] std::span<const Mark> of_item(std::size_t item) const { return row(by_item_, item_begins_, item); }  // by expert
  [[nodiscard]] std::span<const Mark> of_expert(std::size_t expert) const {                                          // by item
    return row(by_expert_, expert_begins_, expert);
  }

 private:
  static std::span<const Mark> row(const std::vector<Mark>& marks, const std::vector<std::size_t>& begins, std::size_t index) {
    return std::span(marks).subspan(begins[index], begins[index + 1] - begins[index]);
  }
  Counts counts_;
  std::vector<Mark> by_item_;
  std::vector<Mark> by_expert_;
  std::vector<std::size_t> item_begins_;
  std::vector<std::size_t> expert_begins_;
};

// What every method of aggregation is given. Borrows; lives for one call.
struct Crowd {
  const LabelTable& table;
  std::span<const std::int32_t> truth;  // by item its true class, -1 where nobody knows; empty: of none
  Job& job;
  std::uint64_t seed = 0;

  [[nodiscard]] std::int32_t known(std::size_t item) const { return truth.empty() ? -1 : truth[item]; }
};

// Rows of numbers, one after the other.
struct Grid {
  Grid() = default;
  Grid(std::size_t row_count, std::size_t column_count, double value = 0.0)
      : rows(row_count), columns(column_count), values(row_count * column_count, value) {}
  [[nodiscard]] std::span<double> row(std::size_t index) { return std::span(values).subspan(index * columns, columns); }
  [[nodiscard]] std::span<const double> row(std::size_t index) const {
    return std::span(values).subspan(index * columns, columns);
  }
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<double> values;
};

}  // namespace conclave::consensus
