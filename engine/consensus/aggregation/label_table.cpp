#include "engine/consensus/aggregation/label_table.h"

#include <cassert>
#include <numeric>

namespace conclave::consensus {
namespace {

// Where the rows of each key begin, and where the last one ends.
std::vector<std::size_t> begins_of(std::span<const std::uint32_t> keys, std::size_t count) {
  std::vector<std::size_t> begins(count + 1, 0);
  for (const std::uint32_t key : keys) {
    assert(key < count);
    ++begins[key + 1];
  }
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  return begins;
}

// `order` sorted by the keys, equal ones as they were.
std::vector<std::size_t> sorted_by(std::span<const std::uint32_t> keys, std::size_t count,
                                   const std::vector<std::size_t>& order) {
  std::vector<std::size_t> next = begins_of(keys, count);
  std::vector<std::size_t> sorted(order.size());
  for (const std::size_t row : order) sorted[next[keys[row]]++] = row;
  return sorted;
}

}  // namespace

LabelTable::LabelTable(const Columns& columns, const Counts& counts)
    : counts_(counts),
      item_begins_(begins_of(columns.items, counts.items)),
      expert_begins_(begins_of(columns.experts, counts.experts)) {
  assert(columns.items.size() == columns.experts.size() && columns.items.size() == columns.labels.size());
  std::vector<std::size_t> order(columns.items.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  order = sorted_by(columns.labels, counts.classes, order);
  const auto by_expert = sorted_by(columns.experts, counts.experts, sorted_by(columns.items, counts.items, order));
  const auto by_item = sorted_by(columns.items, counts.items, sorted_by(columns.experts, counts.experts, order));
  by_item_.reserve(order.size());
  by_expert_.reserve(order.size());
  for (const std::size_t row : by_item) by_item_.push_back({columns.experts[row], columns.labels[row]});
  for (const std::size_t row : by_expert) by_expert_.push_back({columns.items[row], columns.labels[row]});
}

}  // namespace conclave::consensus
