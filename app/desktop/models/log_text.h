// A log as lines to show: its bytes, and where its lines are.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "app/desktop/models/line_set.h"
#include "engine/base/error.h"
#include "engine/base/job.h"
#include "engine/logs/line_index.h"
#include "engine/logs/source.h"

namespace conclave::desktop {

// A plain value that shares what it points at; any thread. An empty one has no lines.
struct LogText {
  std::shared_ptr<const logs::LogBytes> bytes;
  std::shared_ptr<const logs::LineIndex> index;  // of the first `indexed` bytes
  std::size_t indexed = 0;

  [[nodiscard]] bool isWhole() const { return bytes && indexed == bytes->view().size(); }
  [[nodiscard]] std::string_view view() const { return bytes ? bytes->view().substr(0, indexed) : std::string_view(); }
  [[nodiscard]] quint64 lineCount() const { return index ? index->line_count() : 0; }
  [[nodiscard]] quint64 wholeLineCount() const;  // without a last line that may still be written to
  // At most the first `most` bytes of a line, so that a line of a gigabyte costs no more than another.
  [[nodiscard]] std::string_view line(quint64 number, std::size_t most) const;
  // A piece of view() as UTF-8 if the log is Latin-1, else as it is.
  [[nodiscard]] std::string letters(std::string_view piece) const;
  [[nodiscard]] quint64 lineBytes(quint64 number) const;  // without its end
};

// The start of a log, known at once: the first screens can be painted while the rest is indexed.
[[nodiscard]] Result<LogText> openLog(const std::filesystem::path& path, Job& job);
// The same log with all its lines.
[[nodiscard]] Result<LogText> indexLog(const LogText& start, Job& job);

using LineTest = std::function<bool(std::string_view line)>;
// Makes a test for a run of lines, which it is then given in order: it may remember what came before.
using MakeLineTest = std::function<LineTest()>;

struct LineScan {
  MakeLineTest make;
  std::size_t lineBytes = 65536;  // so much of a line is looked at
  quint64 context = 0;            // lines before a run that a test is shown first, with its answers ignored
};

// Calls `visit` for the lines from `first` to `last` in order, with at most their first `most` bytes, until the job is stopped.
// The job advances by the bytes of the lines from `counted` on.
void visitLines(const LogText& text, quint64 first, quint64 last, std::size_t most, quint64 counted, Job& job,
                const std::function<void(quint64 line, std::string_view bytes)>& visit);
// Of a log that grew: which of its first lines pass, as found before.
struct KnownLines {
  LineSetPtr passing;
  quint64 lines = 0;
};
// The lines that pass, looked for on all cores in fixed runs, so that the result does not depend on the number of threads.
[[nodiscard]] Result<LineSetPtr> collectLines(const LogText& text, const LineScan& scan, Job& job, const KnownLines& known = {});
// The first line that passes after `from` (or before it), and after the end from the other end; 0 if there is none. Only lines in
// `among`, unless it is null.
[[nodiscard]] Result<quint64> nextLine(const LogText& text, const LineScan& scan, const LineSetPtr& among, quint64 from,
                                       bool forward, Job& job);

}  // namespace conclave::desktop
