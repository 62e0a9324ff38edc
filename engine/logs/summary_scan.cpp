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

// Looks at what was found in the window before `end`.
inline void SummaryScan::facts_until(std::uint32_t end) {
  for (; words_.at[next_word_] < end; ++next_word_) {
    facts_.error |= words_.kind[next_word_] == WordKind::error;
    facts_.warning |= words_.kind[next_word_] == WordKind::warning;
  }
  for (; stamps_.at[next_stamp_] < end; ++next_stamp_) facts_.iso_stamp = true;
}

inline void SummaryScan::end_line(std::size_t end, std::size_t next) {
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
  newlines_.count = candidates_.count = stamps_.count = 0;
  for (std::size_t block = 0; block < blocks; ++block) {
    const auto at = static_cast<std::uint32_t>(block * block_bytes);
    newlines_.take(masks_[block].newline, at);
    if (masks_[block].word != 0) candidates_.take(masks_[block].word, at);
    if (masks_[block].stamp != 0) stamps_.take(masks_[block].stamp, at);
  }
  window_ = begin;
  const auto no_more = static_cast<std::uint32_t>(blocks * block_bytes);
  keep_words(bytes, no_more);
  keep_stamps(no_more);
  for (std::size_t i = 0; i < newlines_.count; ++i) {
    const std::uint32_t end = newlines_.at[i];
    facts_until(end);
    end_line(begin + end, begin + end + 1);
  }
  facts_until(no_more);
}

void SummaryScan::keep_words(const char* bytes, std::uint32_t end) {
  static_assert(word_bytes <= block_lookahead);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < candidates_.count; ++i) {
    const WordKind kind = word_at(bytes + candidates_.at[i]);
    words_.at[kept] = candidates_.at[i];
    words_.kind[kept] = kind;
    kept += kind == WordKind::none ? 0 : 1;
  }
  words_.at[kept] = end;
  next_word_ = 0;
}

void SummaryScan::keep_stamps(std::uint32_t end) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < stamps_.count; ++i) {
    const std::uint32_t at = stamps_.at[i];
    stamps_.at[kept] = at;
    kept += is_stamp_at(chunk_, window_ + at) ? 1 : 0;
  }
  stamps_.at[kept] = end;
  next_stamp_ = 0;
}

}  // namespace conclave::logs
