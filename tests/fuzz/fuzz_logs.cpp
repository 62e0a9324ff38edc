// Any bytes as a log: nothing may crash, and what can be checked is checked.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/text.h"
#include "engine/logs/header_memo.h"
#include "engine/logs/level.h"
#include "engine/logs/line_index.h"
#include "engine/logs/message.h"
#include "engine/logs/shape_table.h"
#include "engine/logs/summary_part.h"
#include "engine/logs/timestamp.h"

namespace {

void check(bool holds, int line = __builtin_LINE()) {
  if (holds) return;
  std::fprintf(stderr, "the check in line %d does not hold\n", line);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace conclave;
  using namespace conclave::logs;
  constexpr TimeUs reference = 1'772'366'405 * us_per_second;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Job job;

  const LineIndex index = LineIndex::build(bytes, job).value();
  for (std::uint64_t number = 1; number <= index.line_count() && number < 64; ++number) {
    const std::string_view line = index.line(bytes, number);
    check(index.line_at(bytes, index.offset_of(bytes, number)) == number);
    const auto stamp = locate_stamp(line, reference);
    const LocatedLevel level = locate_level(line);
    check(!stamp || stamp->end <= line.size());
    check(level.end <= line.size());
    check(message_begin(line, stamp, level, reference) <= line.size());
  }

  SummaryOptions summary_options;
  summary_options.reference = reference;
  const LogSummary whole = summarize_in_chunks(bytes, summary_options, job, size + 1).value();
  const LogSummary pieces = summarize_in_chunks(bytes, summary_options, job, 16).value();
  check(whole.lines == index.line_count() && whole.bytes == size);
  check(whole.lines == pieces.lines && whole.error_lines == pieces.error_lines && whole.warning_lines == pieces.warning_lines &&
        whole.timestamp_lines == pieces.timestamp_lines && whole.levels == pieces.levels &&
        whole.first_time == pieces.first_time && whole.out_of_order == pieces.out_of_order &&
        whole.buckets.size() == pieces.buckets.size() && whole.gaps.size() == pieces.gaps.size());

  HeaderMemo memo(reference);
  std::string padded(bytes);
  padded.append(256, '7');
  std::uint64_t errors = 0;
  std::uint64_t warnings = 0;
  std::uint64_t stamps = 0;
  std::vector<std::string_view> batch;
  for (std::uint64_t number = 1; number <= std::min<std::uint64_t>(index.line_count(), HeaderMemo::batch); ++number) {
    const std::size_t begin = index.offset_of(bytes, number);
    batch.push_back(std::string_view(padded).substr(begin, std::min(bytes.find('\n', begin), size) - begin));
  }
  std::array<Header, HeaderMemo::batch> headers;
  for (int round = 0; round < 2; ++round) {  // learned, then remembered
    memo.read(batch, padded.size(), headers.data());
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const Header wanted = read_header(batch[i], reference);
      check(headers[i].level == wanted.level && headers[i].stamped == wanted.stamped && headers[i].time == wanted.time &&
            headers[i].format == wanted.format && headers[i].zoned == wanted.zoned);
      check(!headers[i].iso_stamp || has_iso_stamp(batch[i]));
    }
  }
  for (std::uint64_t number = 1; number <= index.line_count(); ++number) {
    const std::size_t begin = index.offset_of(bytes, number);
    const std::string_view line = bytes.substr(begin, std::min(bytes.find('\n', begin), size) - begin);
    errors += matches_error(line) ? 1 : 0;
    warnings += matches_warning(line) ? 1 : 0;
    stamps += has_iso_stamp(line) ? 1 : 0;
  }
  check(whole.error_lines == errors && whole.warning_lines == warnings && whole.timestamp_lines == stamps);
  check(LogSummary::from_bytes(pieces.to_bytes()).value().lines == whole.lines);
  if (const auto odd = LogSummary::from_bytes(bytes)) check(odd->merged_with(*odd).has_value());

  TemplateOptions options;
  options.reference = reference;
  options.keep_assignments = true;
  options.max_templates = 8;
  const TemplateGroups groups = mine_templates_in_chunks(std::array{std::string_view(bytes)}, options, job, 64, 8).value();
  check(groups.assignments.size() == whole.lines && groups.templates.size() <= 8);
  std::uint64_t lines = 0;
  for (const Template& found : groups.templates) {
    check(valid_utf8(found.text) == found.text);
    lines += found.count;
  }
  check(lines <= whole.lines);
  return 0;
}
