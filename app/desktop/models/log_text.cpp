#include "app/desktop/models/log_text.h"

#include <algorithm>
#include <cstring>

#include "engine/base/parallel.h"

namespace conclave::desktop {

namespace {

constexpr std::size_t start_bytes = std::size_t{1} << 20U;
constexpr quint64 run_lines = 1 << 15;  // a multiple of 64: runs share no word of the set
constexpr std::size_t stride_bytes = std::size_t{16} << 20U;

std::string_view withoutReturn(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

// Offset of the LF at or behind `from`; the end if there is none or the job is stopped. In strides, since one line may be a file.
std::size_t lineEnd(std::string_view bytes, std::size_t from, const Job& job) {
  while (from < bytes.size() && !job.stopped()) {
    const std::size_t size = std::min(stride_bytes, bytes.size() - from);
    if (const void* found = std::memchr(bytes.data() + from, '\n', size)) {
      return static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    }
    from += size;
  }
  return bytes.size();
}

void scanRun(const LogText& text, const LineScan& scan, quint64 first, quint64 last, std::vector<quint64>& words, Job& job) {
  const LineTest test = scan.make();
  const quint64 from = first > scan.context ? first - scan.context : 1;
  visitLines(text, from, last, scan.lineBytes, first, job, [&](quint64 line, std::string_view bytes) {
    const bool passes = test(bytes);
    if (passes && line >= first) words[(line - 1) / 64] |= quint64{1} << ((line - 1) % 64);
  });
}

}  // namespace

quint64 LogText::wholeLineCount() const {
  const bool isCut = !view().empty() && view().back() != '\n';
  return lineCount() - (isCut ? 1 : 0);
}

std::string_view LogText::line(quint64 number, std::size_t most) const {
  if (number == 0 || number > lineCount()) return {};
  const std::string_view all = view();
  const std::string_view rest = all.substr(index->offset_of(all, number), most + 1);
  const auto end = rest.find('\n');
  if (end == std::string_view::npos) {
    const std::string_view last = rest.size() <= most ? withoutReturn(rest) : rest;
    return last.substr(0, most);
  }
  return withoutReturn(rest.substr(0, end));
}

std::string LogText::letters(std::string_view piece) const {
  const bool isLatin1 = bytes && bytes->encoding() == logs::Encoding::latin1;
  return isLatin1 ? logs::letters_of(piece, logs::Encoding::latin1) : std::string(piece);
}

quint64 LogText::lineBytes(quint64 number) const {
  if (number == 0 || number > lineCount()) return 0;
  const std::string_view all = view();
  const quint64 begin = index->offset_of(all, number);
  quint64 end = index->offset_of(all, number + 1);
  if (end > begin && all[end - 1] == '\n') --end;
  if (end > begin && all[end - 1] == '\r') --end;
  return end - begin;
}

Result<LogText> openLog(const std::filesystem::path& path, Job& job) {
  auto bytes = logs::LogBytes::open(path, job);
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  LogText text;
  text.bytes = std::move(*bytes);
  const std::string_view all = text.bytes->view();
  text.indexed = all.size();
  if (all.size() > start_bytes) {
    const auto last = all.substr(0, start_bytes).rfind('\n');
    text.indexed = last == std::string_view::npos ? start_bytes : last + 1;
  }
  auto index = logs::LineIndex::build(text.view(), job);
  if (!index) return tl::unexpected<Error>(index.error());
  text.index = std::make_shared<const logs::LineIndex>(std::move(*index));
  return text;
}

Result<LogText> indexLog(const LogText& start, Job& job) {
  auto index = logs::LineIndex::build(start.bytes->view(), job);
  if (!index) return tl::unexpected<Error>(index.error());
  return LogText{start.bytes, std::make_shared<const logs::LineIndex>(std::move(*index)), start.bytes->view().size()};
}

void visitLines(const LogText& text, quint64 first, quint64 last, std::size_t most, quint64 counted, Job& job,
                const std::function<void(quint64 line, std::string_view bytes)>& visit) {
  const std::string_view bytes = text.view();
  std::size_t at = text.index->offset_of(bytes, first);
  std::size_t told = first == counted ? at : text.index->offset_of(bytes, counted);
  for (quint64 line = first; line <= last && !job.stopped(); ++line) {
    const std::size_t end = lineEnd(bytes, at, job);
    visit(line, withoutReturn(bytes.substr(at, std::min(end - at, most))));
    at = std::min(end + 1, bytes.size());
    if (line % 1024 == 0 && at > told) job.advance(at - std::exchange(told, at));
  }
  if (at > told) job.advance(at - told);
}

Result<LineSetPtr> collectLines(const LogText& text, const LineScan& scan, Job& job, const KnownLines& known) {
  const quint64 lines = text.lineCount();
  std::vector<quint64> words((lines + 63) / 64);
  const quint64 done = known.passing ? std::min(known.lines, lines) / 64 * 64 : 0;  // whole words
  if (done) std::copy_n(known.passing->words().begin(), done / 64, words.begin());
  const quint64 runs = (lines - done + run_lines - 1) / run_lines;
  parallel_for(runs, [&](quint64 run) {
    if (job.stopped()) return;
    scanRun(text, scan, done + run * run_lines + 1, std::min(done + (run + 1) * run_lines, lines), words, job);
  });
  if (job.stopped()) return fail_cancelled();
  return std::make_shared<const LineSet>(std::move(words));
}

Result<quint64> nextLine(const LogText& text, const LineScan& scan, const LineSetPtr& among, quint64 from, bool forward,
                         Job& job) {
  const quint64 lines = text.lineCount();
  const LineTest test = scan.make();
  quint64 line = std::min(from, lines + 1);
  for (quint64 step = 0; step < lines; ++step) {
    if (job.stopped()) return fail_cancelled();
    if (forward) {
      line = line >= lines ? 1 : line + 1;
    } else {
      line = line <= 1 ? lines : line - 1;
    }
    if (among && !among->contains(line)) continue;
    if (test(text.line(line, scan.lineBytes))) return line;
  }
  return quint64{0};
}

}  // namespace conclave::desktop
