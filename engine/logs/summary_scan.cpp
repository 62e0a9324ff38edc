// A window of 8 KiB at a time: first masks of 64 bytes with one bit for each line end and each place where a word or a stamp may
// begin, then lists of these places, written without a branch per bit (as in simdjson, "flatten_bits"), then marks on the lines
// that hold such a place, then line by line its header. Branches that logs of many kinds make hard to foresee are what this
// avoids.
#include "engine/logs/summary_scan.h"

#include <algorithm>
#include <cstring>

namespace conclave::logs {
namespace {

constexpr unsigned error_mark = 1;
constexpr unsigned warning_mark = 2;
constexpr unsigned stamp_mark = 4;

// Without the instruction, which the baseline does not have. (H. S. Warren, "Hacker's Delight", 5-1.)
std::size_t count_bits(std::uint64_t bits) {
  bits -= bits >> 1U & 0x5555555555555555U;
  bits = (bits & 0x3333333333333333U) + (bits >> 2U & 0x3333333333333333U);
  return ((bits + (bits >> 4U)) & 0x0f0f0f0f0f0f0f0fU) * 0x0101010101010101U >> 56U;
}

}  // namespace

SummaryScan::SummaryScan(const SummaryOptions& options) : options_(options), headers_(options.reference) {
  if (options.patterns && options.patterns->size() > 0) matcher_.emplace(options.patterns);
}

SummaryPart SummaryScan::run(std::string_view log, std::string_view chunk, const Job& job) {
  chunk_ = chunk;
  readable_behind_ = static_cast<std::size_t>(log.data() + log.size() - (chunk.data() + chunk.size()));
  part_.emplace(options_);
  marks_so_far_ = 0;
  line_begin_ = 0;
  for (std::size_t begin = 0; begin < chunk_.size(); begin += window_bytes) {
    if (begin % (window_bytes * 16) == 0 && job.stopped()) break;
    scan_window(begin, std::min(window_bytes, chunk_.size() - begin));
  }
  if (line_begin_ < chunk_.size() && !job.stopped()) end_line(chunk_.size(), chunk_.size(), marks_so_far_);
  return std::move(*part_);
}

inline void SummaryScan::end_line(std::size_t end, std::size_t next, unsigned marks) {
  const std::string_view line = chunk_.substr(line_begin_, end - line_begin_);
  LineFacts facts;
  facts.bytes = next - line_begin_;
  facts.error = (marks & error_mark) != 0;
  facts.warning = (marks & warning_mark) != 0;
  facts.iso_stamp = (marks & stamp_mark) != 0;
  facts.header = headers_.read(line, chunk_.size() - line_begin_ + readable_behind_);
  if (options_.zone && facts.header.stamped && !facts.header.zoned) facts.header.time = options_.zone->to_utc(facts.header.time);
  if (matcher_) matcher_->match(line, answers_);
  part_->add(facts, answers_);
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
  newlines_.count = words_.count = stamps_.count = 0;
  for (std::size_t block = 0; block < blocks; ++block) {
    const auto at = static_cast<std::uint32_t>(block * block_bytes);
    newlines_before_[block] = static_cast<std::uint32_t>(newlines_.count);
    newlines_.take(masks_[block].newline, at);
    if (masks_[block].word != 0) words_.take(masks_[block].word, at);
    if (masks_[block].stamp != 0) stamps_.take(masks_[block].stamp, at);
  }
  window_ = begin;
  std::memset(marks_.data(), 0, newlines_.count + 1);
  marks_[0] = static_cast<std::uint8_t>(marks_so_far_);
  mark_words(bytes);
  mark_stamps();
  for (std::size_t i = 0; i < newlines_.count; ++i) end_line(begin + newlines_.at[i], begin + newlines_.at[i] + 1, marks_[i]);
  marks_so_far_ = marks_[newlines_.count];
}

inline std::size_t SummaryScan::line_of(std::uint32_t at) const {
  const std::size_t block = at / block_bytes;
  return newlines_before_[block] + count_bits(masks_[block].newline & ((std::uint64_t{1} << at % block_bytes) - 1));
}

void SummaryScan::mark_words(const char* bytes) {
  static_assert(word_bytes <= block_lookahead && error_mark == static_cast<unsigned>(WordKind::error) &&
                warning_mark == static_cast<unsigned>(WordKind::warning));
  for (std::size_t i = 0; i < words_.count; ++i) {
    const auto mark = static_cast<std::uint8_t>(word_at(bytes + words_.at[i]));
    std::uint8_t& marks = marks_[line_of(words_.at[i])];
    marks = static_cast<std::uint8_t>(marks | mark);
  }
}

void SummaryScan::mark_stamps() {
  for (std::size_t i = 0; i < stamps_.count; ++i) {
    const unsigned mark = is_stamp_at(chunk_, window_ + stamps_.at[i]) ? stamp_mark : 0;
    std::uint8_t& marks = marks_[line_of(stamps_.at[i])];
    marks = static_cast<std::uint8_t>(marks | mark);
  }
}

}  // namespace conclave::logs
