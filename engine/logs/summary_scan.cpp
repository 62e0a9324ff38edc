// A window of 8 KiB at a time: first masks of 64 bytes with one bit for each line end and each place where a word or a stamp may
// begin, then lists of line ends and words, written without a branch per bit (as in simdjson, "flatten_bits"), then marks on the
// lines that hold a word, then the headers of a batch of lines, then their counts. Branches that logs of many kinds make hard to
// foresee are what this avoids.
#include "engine/logs/summary_scan.h"

#include <algorithm>
#include <cstring>
#include <span>

#define INLINE [[gnu::always_inline]] inline

namespace conclave::logs {

SummaryScan::SummaryScan(const SummaryOptions& options, Instructions instructions, Reads reads)
    : options_(options), instructions_(instructions) {
  if (reads == Reads::headers) headers_.emplace(options.reference, instructions);
  if (options.patterns && options.patterns->size() > 0) matcher_.emplace(options.patterns);
}

SummaryPart SummaryScan::run(std::string_view log, std::string_view chunk, const Job& job) {
  part_.emplace(options_);
  scan_windows(log, chunk, job);
  if (const std::string_view line = chunk_.substr(line_begin_); !line.empty() && !job.stopped()) {
    lines_.count = 1;
    lines_.bytes[0] = line.size();
    lines_.marks[0] = static_cast<std::uint8_t>(marks_so_far_);
    headers_->read(std::span(&line, 1), line.size() + readable_behind_, lines_.headers.data());
    add(std::span(&line, 1));
  }
  return std::move(*part_);
}

PatternCounts SummaryScan::count(std::string_view log, std::string_view chunk, const Job& job) {
  counts_ = {};
  last_error_ = last_warning_ = last_stamp_ = UINT64_MAX;
  scan_windows(log, chunk, job);
  if (!chunk.empty() && chunk.back() != '\n') ++counts_.lines;
  return counts_;
}

void SummaryScan::scan_windows(std::string_view log, std::string_view chunk, const Job& job) {
  chunk_ = chunk;
  readable_behind_ = static_cast<std::size_t>(log.data() + log.size() - (chunk.data() + chunk.size()));
  marks_so_far_ = 0;
  line_begin_ = 0;
  for (std::size_t begin = 0; begin < chunk_.size(); begin += window_bytes) {
    if (begin % (window_bytes * 16) == 0 && job.stopped()) break;
    scan_window(begin, std::min(window_bytes, chunk_.size() - begin));
  }
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
  find_masks_with(instructions_, bytes, blocks, masks_.data());
  window_ = begin;
  masks_[blocks] = {};
  const bool baseline = instructions_ == Instructions::sse2;
  if (headers_) return baseline ? use_masks(bytes, blocks) : use_masks_avx2(bytes, blocks);
  baseline ? count_lines(bytes, blocks) : count_lines_avx2(bytes, blocks);
}

// The same instructions, of which newer processors need fewer: bits are counted and found by one each.
[[gnu::target("avx2,bmi,popcnt")]] void SummaryScan::use_masks_avx2(const char* bytes, std::size_t blocks) {
  use_masks(bytes, blocks);
}

INLINE void SummaryScan::use_masks(const char* bytes, std::size_t blocks) {
  std::size_t newlines = 0;
  std::size_t words = 0;
  std::size_t stamps = 0;
  for (std::size_t block = 0; block < blocks; ++block) {
    const auto at = static_cast<std::uint32_t>(block * block_bytes);
    newlines_before_[block] = static_cast<std::uint32_t>(newlines);
    stamps_before_[block] = static_cast<std::uint32_t>(stamps);
    newlines = newlines_.take(masks_[block].newline, at, newlines);
    words = words_.take(masks_[block].word, at, words);
    stamps += static_cast<std::size_t>(std::popcount(masks_[block].stamp));
  }
  newlines_.count = newlines;
  words_.count = words;
  newlines_before_[blocks] = static_cast<std::uint32_t>(newlines);
  stamps_before_[blocks] = static_cast<std::uint32_t>(stamps);
  std::memset(marks_.data(), 0, newlines_.count + 1);
  marks_[0] = static_cast<std::uint8_t>(marks_so_far_);
  mark_words(bytes);
  end_lines();
  const std::uint32_t rest = newlines_.count == 0 ? 0 : newlines_.at[newlines_.count - 1] + 1;
  marks_so_far_ = marks_[newlines_.count];
  if (has_stamp(rest, static_cast<std::uint32_t>(blocks * block_bytes))) marks_so_far_ |= LineBatch::iso_stamp;
}

INLINE std::size_t SummaryScan::line_ends_before(std::uint32_t at) const {
  const std::size_t block = at / block_bytes;
  const std::uint64_t before = (std::uint64_t{1} << at % block_bytes) - 1;
  return newlines_before_[block] + static_cast<std::size_t>(std::popcount(masks_[block].newline & before));
}

INLINE std::size_t SummaryScan::stamps_before(std::uint32_t at) const {
  const std::size_t block = at / block_bytes;
  const std::uint64_t before = (std::uint64_t{1} << at % block_bytes) - 1;
  return stamps_before_[block] + static_cast<std::size_t>(std::popcount(masks_[block].stamp & before));
}

INLINE void SummaryScan::mark_words(const char* bytes) {
  static_assert(word_bytes <= block_lookahead && LineBatch::error == static_cast<unsigned>(WordKind::error) &&
                LineBatch::warning == static_cast<unsigned>(WordKind::warning));
  for (std::size_t i = 0; i < words_.count; ++i) {
    const auto mark = static_cast<std::uint8_t>(word_at(bytes + words_.at[i]));
    std::uint8_t& marks = marks_[line_ends_before(words_.at[i])];
    marks = static_cast<std::uint8_t>(marks | mark);
  }
}

bool SummaryScan::has_stamp(std::uint32_t from, std::uint32_t to) const {
  for (std::uint32_t block = from / block_bytes; block * block_bytes < to; ++block) {
    const std::uint32_t begin = block * block_bytes;
    std::uint64_t bits = masks_[block].stamp;
    if (begin < from) bits &= ~std::uint64_t{0} << (from - begin);
    for (; bits != 0; bits &= bits - 1) {
      const std::uint32_t at = begin + static_cast<std::uint32_t>(std::countr_zero(bits));
      if (at >= to) return false;
      if (is_stamp_at(chunk_, window_ + at)) return true;
    }
  }
  return false;
}

[[gnu::target("avx2,bmi,popcnt")]] void SummaryScan::count_lines_avx2(const char* bytes, std::size_t blocks) {
  count_lines(bytes, blocks);
}

// Where a line ends is not looked for: a match counts if another line than that of the match before it holds it.
INLINE void SummaryScan::count_lines(const char* bytes, std::size_t blocks) {
  std::size_t newlines = 0;
  std::size_t words = 0;
  std::size_t stamps = 0;
  for (std::size_t block = 0; block < blocks; ++block) {
    const auto at = static_cast<std::uint32_t>(block * block_bytes);
    newlines_before_[block] = static_cast<std::uint32_t>(newlines);
    newlines += static_cast<std::size_t>(std::popcount(masks_[block].newline));
    words = words_.take(masks_[block].word, at, words);
    stamps = stamps_.take(masks_[block].stamp, at, stamps);
  }
  PatternCounts counts = counts_;
  const auto count = [](bool found, std::uint64_t line, std::uint64_t& last, std::uint64_t& lines) {
    lines += static_cast<unsigned>(found) & static_cast<unsigned>(line != last);
    last = found ? line : last;
  };
  for (std::size_t i = 0; i < words; ++i) {
    const WordKind kind = word_at(bytes + words_.at[i]);
    const std::uint64_t line = counts.lines + line_ends_before(words_.at[i]);
    count(kind == WordKind::error, line, last_error_, counts.error_lines);
    count(kind == WordKind::warning, line, last_warning_, counts.warning_lines);
  }
  for (std::size_t i = 0; i < stamps; ++i) {
    const std::uint64_t line = counts.lines + line_ends_before(stamps_.at[i]);
    count(is_stamp_at(chunk_, window_ + stamps_.at[i]), line, last_stamp_, counts.timestamp_lines);
  }
  counts.lines += newlines;
  counts_ = counts;
}

// Most lines with a stamp of the seed's pattern have it in their header, which is known by then: the others are looked through.
INLINE void SummaryScan::end_lines() {
  std::uint32_t begin = 0;
  for (std::size_t from = 0; from < newlines_.count; from += lines_.count) {
    lines_.count = std::min(newlines_.count - from, LineBatch::most);
    const std::size_t readable = chunk_.size() - line_begin_ + readable_behind_;
    for (std::size_t i = 0; i < lines_.count; ++i) {
      const std::size_t end = window_ + newlines_.at[from + i];
      texts_[i] = {chunk_.data() + line_begin_, end - line_begin_};
      lines_.bytes[i] = end + 1 - line_begin_;
      line_begin_ = end + 1;
    }
    const auto texts = std::span(texts_).first(lines_.count);
    headers_->read(texts, readable, lines_.headers.data());
    for (std::size_t i = 0; i < lines_.count; ++i) {
      const std::uint32_t end = newlines_.at[from + i];
      const Header& header = lines_.headers[i];
      unsigned marks = marks_[from + i] | (header.iso_stamp ? LineBatch::iso_stamp : 0U);
      const std::uint32_t rest = begin == 0 ? 0 : std::min(begin + header.searched, end);  // the first one may begin before
      if ((marks & LineBatch::iso_stamp) == 0 && stamps_before(end) != stamps_before(rest) && has_stamp(rest, end)) {
        marks |= LineBatch::iso_stamp;
      }
      lines_.marks[i] = static_cast<std::uint8_t>(marks);
      begin = end + 1;
    }
    add(texts);
  }
}

void SummaryScan::add(std::span<const std::string_view> texts) {
  for (Header& header : std::span(lines_.headers).first(options_.zone ? lines_.count : 0)) {
    if (header.stamped && !header.zoned) header.time = options_.zone->to_utc(header.time);
  }
  if (!matcher_) return part_->add(lines_);
  LineBatch one;
  for (std::size_t i = 0; i < lines_.count; ++i) {
    one.count = 1;
    one.bytes[0] = lines_.bytes[i];
    one.marks[0] = lines_.marks[i];
    one.headers[0] = lines_.headers[i];
    part_->add(one);
    matcher_->match(texts[i], answers_);
    part_->add_answers(answers_);
  }
}

}  // namespace conclave::logs
