#include "app/desktop/models/level_map.h"

#include <algorithm>

#include "app/desktop/models/line_filter.h"
#include "engine/base/parallel.h"

namespace conclave::desktop {

namespace {

constexpr std::size_t chunk_bytes = std::size_t{32} << 20U;  // of one job
constexpr std::size_t looked_at_bytes = 65536;               // of a line
constexpr std::size_t piece_cells = 16;

}  // namespace

LevelMap::LevelMap(Jobs& jobs, QObject* parent) : QObject(parent), jobs_(jobs) {}

void LevelMap::stop() {
  if (job_) jobs_.drop(job_);
  job_ = 0;
}

void LevelMap::extend(const LogText& text) {
  const bool isTooFine = text.lineCount() > 2 * most_cells * perCell_;
  if (isTooFine || lineCount() == 0) return read(text);
  stop();
  // The last cell may get more lines, and the last line may have been a half one.
  cells_.resize(std::min<quint64>(cells_.size(), (lineCount() - 1) / perCell_));
  text_ = text;
  Q_EMIT grew();
  readOn();
}

void LevelMap::read(const LogText& text) {
  stop();
  text_ = text;
  cells_.clear();
  perCell_ = std::max<quint64>(1, (text.lineCount() + most_cells - 1) / most_cells);
  Q_EMIT grew();
  readOn();
}

void LevelMap::readOn() {
  const quint64 all = (lineCount() + perCell_ - 1) / perCell_;
  const quint64 first = cells_.size();
  if (first >= all) return;
  const quint64 bytesPerCell = std::max<quint64>(1, text_.view().size() / all);
  const quint64 last = std::min(all, first + std::max<quint64>(1, chunk_bytes / bytesPerCell));
  job_ = jobs_.run<std::vector<LevelCell>>(
      {tr("Looking for errors"), this, {}, true},
      [text = text_, perCell = perCell_, first, last](Job& job) { return levelCells(text, perCell, first, last, job); },
      [this](Result<std::vector<LevelCell>> cells) {
        job_ = 0;
        if (!cells) return;
        cells_.insert(cells_.end(), cells->begin(), cells->end());
        Q_EMIT grew();
        readOn();
      });
}

Result<std::vector<LevelCell>> levelCells(const LogText& text, quint64 perCell, quint64 first, quint64 last, Job& job) {
  std::vector<LevelCell> cells(last - first);
  parallel_for_pieces(cells.size(), piece_cells, [&](std::size_t begin, std::size_t end) {
    const quint64 from = (first + begin) * perCell + 1;
    const quint64 to = std::min((first + end) * perCell, text.lineCount());
    visitLines(text, from, to, looked_at_bytes, from, job, [&](quint64 line, std::string_view bytes) {
      const logs::Level level = gravityOf(bytes);
      if (level < logs::Level::warning) return;
      LevelCell& cell = cells[(line - 1) / perCell - first];
      const bool isError = level > logs::Level::warning;
      ++(isError ? cell.errors : cell.warnings);
      quint64& firstLine = isError ? cell.firstError : cell.firstWarning;
      if (firstLine == 0) firstLine = line;
    });
  });
  if (job.stopped()) return fail_cancelled();
  return cells;
}

}  // namespace conclave::desktop
