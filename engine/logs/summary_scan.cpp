// A window of 8 KiB at a time: first masks of 64 bytes with one bit for each line end and each place where a word or a stamp may
// begin, then lists of these places, written without a branch per bit (as in simdjson, "flatten_bits"), then line by line what
// lies within it.
#include "engine/logs/summary_scan.h"

#include <algorithm>
#include <cstring>

namespace conclave::logs {

SummaryScan::SummaryScan(const SummaryOptions& options) : options_(options), headers_(options.reference) {
  if (options.patterns && options.patterns->size() > 0) matcher_.emplace(options.patterns);
}

SummaryPart SummaryScan::run(std::string_view log, std::string_view chunk, const Job& job) {
  chunk_ = chunk;
  readable_behind_ = static_cast<std::size_t>(log.data() + log.size() - (chunk.data() + chunk.size()));
  part_.emplace(options_);
  facts_ = {};
  line_begin_ = 0;
  for (std::size_t begin = 0; begin < chunk_.size(); begin += window_bytes) {
    if (begin % (window_bytes * 16) == 0 && job.stopped()) break;
    scan_window(begin, std::min(window_bytes, chunk_.size() - begin));
  }
  if (line_begin_ < chunk_.size() && !job.stopped()) end_line(chunk_.size(), chunk_.size());
  return std::move(*part_);
}

void SummaryScan::scan_window(std::size_t begin, std::size_t size) {
  const std::size_t blocks = (size + block_bytes - 1) / block_bytes;
  const char* bytes = chunk_.data() + begin;
  const std::size_t readable = chunk_.size() - begin + readable_behind_;
  const bool whole = size % block_bytes == 0;
  if (!whole || readable < blocks * block_bytes + block_lookahead) {
    std::memset(padded_.data(), 0, padded_.size());
    std::memcpy(padded_.data(), bytes, std::min(chunk_.size() - begin, padded_.size()));
    bytes = padded_.data();
  }
  find_masks(bytes, blocks, masks_.data());
  newlines_.count = words_.count = stamps_.count = 0;
  words_.next = stamps_.next = 0;
  for (std::size_t block = 0; block < blocks; ++block) {
    const auto at = static_cast<std::uint32_t>(block * block_bytes);
    newlines_.take(masks_[block].newline, at);
    if (masks_[block].word != 0) words_.take(masks_[block].word, at);
    if (masks_[block].stamp != 0) stamps_.take(masks_[block].stamp, at);
  }
  const auto no_more = static_cast<std::uint32_t>(blocks * block_bytes);
  words_.at[words_.count] = stamps_.at[stamps_.count] = no_more;
  window_ = begin;
  for (std::size_t i = 0; i < newlines_.count; ++i) {
    const std::uint32_t end = newlines_.at[i];
    facts_until(end);
    end_line(begin + end, begin + end + 1);
  }
  facts_until(no_more);
}

// Looks at the candidates of the window that lie before `end`.
void SummaryScan::facts_until(std::uint32_t end) {
  for (; words_.at[words_.next] < end; ++words_.next) {
    const WordKind kind = word_at(chunk_, window_ + words_.at[words_.next]);
    facts_.error |= kind == WordKind::error;
    facts_.warning |= kind == WordKind::warning;
  }
  for (; stamps_.at[stamps_.next] < end; ++stamps_.next) {
    if (!facts_.iso_stamp) facts_.iso_stamp = is_stamp_at(chunk_, window_ + stamps_.at[stamps_.next]);
  }
}

void SummaryScan::end_line(std::size_t end, std::size_t next) {
  const std::string_view line = chunk_.substr(line_begin_, end - line_begin_);
  facts_.bytes = next - line_begin_;
  facts_.header = headers_.read(line, chunk_.size() - line_begin_ + readable_behind_);
  if (options_.zone && facts_.header.stamped && !facts_.header.zoned)
    facts_.header.time = options_.zone->to_utc(facts_.header.time);
  if (matcher_) matcher_->match(line, answers_);
  part_->add(facts_, answers_);
  facts_ = {};
  line_begin_ = next;
}

}  // namespace conclave::logs
