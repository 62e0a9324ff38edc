#include "engine/logs/line_index.h"

#include <algorithm>
#include <cstring>

#include "engine/base/parallel.h"
#include "engine/logs/patterns.h"

namespace conclave::logs {
namespace {

constexpr std::size_t index_block = 4096;

// Offset behind the LF number `count` from `from` on; the size of `bytes` if there are fewer.
std::size_t skip_newlines(std::string_view bytes, std::size_t from, std::uint64_t count) {
  while (count > 0 && from < bytes.size()) {
    const void* found = std::memchr(bytes.data() + from, '\n', bytes.size() - from);
    if (found == nullptr) return bytes.size();
    from = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data()) + 1;
    --count;
  }
  return from;
}

}  // namespace

Result<LineIndex> LineIndex::build(std::string_view bytes, Job& job) {
  job.begin("indexing lines", bytes.size(), "B");
  LineIndex index;
  const std::size_t blocks = (bytes.size() + index_block - 1) / index_block;
  auto& before = index.lines_before_block_;
  before.resize(blocks + 1);
  parallel_for_pieces(blocks, 256, [&](std::size_t begin, std::size_t end) {
    for (std::size_t first = begin; first < end && !job.stopped(); first += 256) {
      const std::size_t last = std::min(first + 256, end);
      for (std::size_t block = first; block < last; ++block) {
        before[block + 1] = count_newlines(bytes.substr(block * index_block, index_block));
      }
      job.advance(std::min(last * index_block, bytes.size()) - first * index_block);
    }
  });
  if (job.stopped()) return fail_cancelled();
  for (std::size_t block = 0; block < blocks; ++block) before[block + 1] += before[block];
  index.line_count_ = before.back() + (!bytes.empty() && bytes.back() != '\n' ? 1 : 0);
  return index;
}

std::uint64_t LineIndex::offset_of(std::string_view bytes, std::uint64_t number) const {
  if (number <= 1 || lines_before_block_.empty()) return 0;
  if (number > line_count_) return bytes.size();
  const std::uint64_t newlines = number - 1;  // that end before the line
  const auto after = std::lower_bound(lines_before_block_.begin(), lines_before_block_.end(), newlines);
  const auto block = static_cast<std::size_t>(after - lines_before_block_.begin()) - 1;
  return skip_newlines(bytes, std::min(block * index_block, bytes.size()), newlines - lines_before_block_[block]);
}

std::string_view LineIndex::line(std::string_view bytes, std::uint64_t number) const {
  if (number == 0 || number > line_count_) return {};
  std::string_view text = bytes.substr(offset_of(bytes, number));
  text = text.substr(0, text.find('\n'));
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  return text;
}

std::uint64_t LineIndex::line_at(std::string_view bytes, std::uint64_t offset) const {
  if (lines_before_block_.size() < 2) return 0;
  offset = std::min<std::uint64_t>(offset, bytes.size());
  const std::size_t block = std::min<std::size_t>(offset / index_block, lines_before_block_.size() - 2);
  const std::uint64_t number =
      lines_before_block_[block] + count_newlines(bytes.substr(block * index_block, offset - block * index_block)) + 1;
  return std::min(number, line_count_);
}

}  // namespace conclave::logs
