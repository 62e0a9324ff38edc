#include "app/desktop/models/log_marks.h"

#include <algorithm>

#include "app/desktop/models/line_search.h"
#include "app/desktop/text.h"

namespace conclave::desktop {

LogMarks::LogMarks(Jobs& jobs, QObject* parent) : QObject(parent), jobs_(jobs) {}

void LogMarks::setHighlights(const HighlightMarks& highlights) {
  highlights_ = highlights;
  std::map<QString, Query> queries;
  for (const auto& mark : *highlights_) {
    if (mark.query.isEmpty()) continue;
    const auto known = queries_.find(mark.query);
    queries.emplace(mark.query, known == queries_.end() ? Query{mark.matcher} : known->second);
  }
  queries_ = std::move(queries);
  if (job_ && !queries_.contains(searched_)) stop();
  publish();
  searchOn();
}

void LogMarks::read(const LogText& text) {
  stop();
  text_ = text;
  for (auto& [words, query] : queries_) query = {query.matcher};
  publish();
  searchOn();
}

void LogMarks::extend(const LogText& text) {
  text_ = text;
  searchOn();
}

void LogMarks::stop() {
  if (job_) jobs_.drop(job_);
  job_ = 0;
}

void LogMarks::publish() {
  if (!highlights_) return;
  auto marks = std::make_shared<std::vector<HighlightMark>>(*highlights_);
  for (auto& mark : *marks) {
    if (!mark.query.isEmpty()) mark.lines = queries_.at(mark.query).lines;
  }
  marks_ = std::move(marks);
  Q_EMIT changed();
}

void LogMarks::searchOn() {
  if (job_ || !text_.isWhole()) return;
  const quint64 lines = text_.wholeLineCount();
  const auto next = std::ranges::find_if(queries_, [&](const auto& each) {
    const Query& query = each.second;
    return !query.isGivenUp && (!query.lines || query.of < lines);
  });
  if (next == queries_.end()) return;
  searched_ = next->first;
  const Query& query = next->second;
  job_ = jobs_.run<LineSetPtr>(
      {tr("Highlighting %1").arg(searched_), this, {}, query.of > 0},
      [text = text_, matcher = query.matcher, known = KnownLines{query.lines, query.of}](Job& job) {
        return searchLines(text, *matcher->expression(), job, known);
      },
      [this, lines](Result<LineSetPtr> found) {
        job_ = 0;
        Query& done = queries_.at(searched_);
        if (found) {
          done.lines = std::move(*found);
          done.of = lines;
        } else {
          done.isGivenUp = true;
          if (found.error().kind != ErrorKind::cancelled) Q_EMIT failed(searched_, qtText(found.error().text()));
        }
        publish();
        searchOn();
      });
}

}  // namespace conclave::desktop
