// What a line belongs to depends on those before it, but only as far back as the last header: from there the lines are folded
// forwards. In a log without any header the walk back ends where the walk forwards for the line before has ended.
#include "engine/logs/record_finder.h"

#include <algorithm>
#include <vector>

#include "engine/logs/level.h"
#include "engine/logs/timestamp.h"

namespace conclave::logs {

RecordFinder::Line RecordFinder::line_at(std::size_t begin) const {
  const std::size_t end = std::min(bytes_.find('\n', begin), bytes_.size());
  std::string_view text = bytes_.substr(begin, end - begin);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return {text, std::min(end + 1, bytes_.size())};
}

bool RecordFinder::has_header(std::string_view line) const {
  return starts_record(line, find_stamp(line, reference_).has_value(), level_of(line));
}

void RecordFinder::take(const Line& line, bool continues) {
  if (!continues) record_ = {next_line_, next_line_, next_begin_, next_begin_};
  record_.last = next_line_;
  record_.end = static_cast<std::size_t>(line.text.data() - bytes_.data()) + line.text.size();
  ++next_line_;
  next_begin_ = line.behind;
}

std::optional<Record> RecordFinder::next(std::uint64_t number, std::size_t begin, const Job& job) {
  if (number < next_line_) return std::nullopt;
  std::uint64_t at = number;
  std::size_t at_begin = begin;
  while (at > next_line_ && !has_header(line_at(at_begin).text)) {
    if (at % 256 == 0 && job.stopped()) break;
    const std::size_t end = at_begin < 2 ? std::string_view::npos : bytes_.rfind('\n', at_begin - 2);
    at_begin = end == std::string_view::npos ? 0 : end + 1;
    --at;
  }
  next_line_ = at;
  next_begin_ = at_begin;
  while (next_begin_ < bytes_.size() && !(next_line_ % 256 == 0 && job.stopped())) {
    const Line line = line_at(next_begin_);
    const bool header = has_header(line.text);
    RecordFolder folder = folder_;
    const bool continues = !header && folder.continues(line.text);
    if (next_line_ > number && !continues) break;
    if (header) folder.start_record();
    folder_ = folder;
    take(line, continues);
  }
  return record_;
}

Result<RecordLines> records_of(std::string_view bytes, const LineIndex& index, const LineSet& found, TimeUs reference, Job& job) {
  constexpr std::uint64_t at_once = 4096;
  RecordLines records;
  RecordFinder finder(bytes, reference);
  std::vector<std::uint64_t> firsts;
  for (std::uint64_t k = 0; k < found.size(); k += at_once) {
    firsts.clear();
    for (const std::uint64_t number : found.numbers(k, at_once)) {
      if (job.stopped()) return fail_cancelled();
      const auto record = finder.next(number, index.offset_of(bytes, number), job);
      if (!record) continue;
      firsts.push_back(record->first);
      records.lines.add_range(record->first, record->last);
    }
    records.firsts.add(firsts);
  }
  if (job.stopped()) return fail_cancelled();
  records.firsts.compress();
  records.lines.compress();
  return records;
}

}  // namespace conclave::logs
