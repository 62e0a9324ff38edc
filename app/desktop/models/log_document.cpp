#include "app/desktop/models/log_document.h"

#include <QFileInfo>
#include <filesystem>

#include "app/desktop/text.h"
#include "engine/logs/journal_query.h"

namespace conclave::desktop {

namespace {

constexpr int check_interval_ms = 2000;
constexpr int latest_interval_ms = 50;
constexpr std::size_t most_filters = 100;

// What became of the file since it was mapped; empty: nothing a reader must know.
QString changeOf(const logs::LogBytes& bytes, bool follows) {
  if (const auto problem = bytes.problem()) return qtText(problem->text());
  if (logs::names_journal(bytes.name())) return {};
  std::error_code error;
  const auto size = std::filesystem::file_size(bytes.name(), error);
  if (error == std::errc::no_such_file_or_directory) {
    return LogDocument::tr("%1 is gone (moved, rotated or deleted). What was open is still shown.").arg(qtText(bytes.name()));
  }
  if (error) return {};
  if (size < bytes.file_bytes()) {
    return LogDocument::tr("%1 became shorter; what it lost is shown empty.").arg(qtText(bytes.name()));
  }
  if (size > bytes.file_bytes() && !follows) {
    return LogDocument::tr("%1 has grown by %2 since it was opened.")
        .arg(qtText(bytes.name()), bytesText(size - bytes.file_bytes()));
  }
  return {};
}

}  // namespace

LogDocument::LogDocument(Jobs& jobs, QObject* parent) : QObject(parent), jobs_(jobs), follower_(jobs) {
  connect(&follower_, &LogFollower::grew, this, &LogDocument::takeMore);
  connect(&follower_, &LogFollower::replaced, this, [this] { open(path_); });
  checks_.setInterval(check_interval_ms);
  connect(&checks_, &QTimer::timeout, this, &LogDocument::check);
  lookForLatest_.setInterval(latest_interval_ms);
  connect(&lookForLatest_, &QTimer::timeout, this, [this] {
    LineSetPtr lines;
    {
      const std::lock_guard lock(latest_->mutex);
      lines = std::exchange(latest_->lines, nullptr);
    }
    if (lines) Q_EMIT filteredSoFar(lines);
  });
}

void LogDocument::stop(Jobs::Id& job) {
  if (job) jobs_.drop(job);
  job = 0;
}

void LogDocument::stopAll() {
  for (auto* job : {&opening_, &indexing_, &filtering_, &searching_, &finding_, &checking_}) stop(*job);
  lookForLatest_.stop();
}

void LogDocument::open(const QString& path) {
  stopAll();
  checks_.stop();
  follower_.stop();
  path_ = path;
  text_ = {};
  shown_ = allMatches_ = matches_ = nullptr;
  trouble_.clear();
  Q_EMIT troubled({});
  if (path.isEmpty()) return Q_EMIT opened();
  opening_ = jobs_.run<LogText>(
      {tr("Opening %1").arg(QFileInfo(path).fileName()), this}, [file = fsPath(path)](Job& job) { return openLog(file, job); },
      [this](Result<LogText> text) {
        opening_ = 0;
        if (!text) {
          trouble_ = qtText(text.error().text());
          Q_EMIT troubled(trouble_);
          return Q_EMIT opened();
        }
        text_ = std::move(*text);
        checks_.start();
        Q_EMIT opened();
        check();
        runIndex();
      });
}

void LogDocument::runIndex() {
  const auto ready = [this] {
    Q_EMIT indexed();
    runFilter();
    runSearch();
    follow();
  };
  if (text_.isWhole()) return ready();
  indexing_ = jobs_.run<LogText>(
      {tr("Indexing %1").arg(QFileInfo(path_).fileName()), this}, [text = text_](Job& job) { return indexLog(text, job); },
      [this, ready](Result<LogText> text) {
        indexing_ = 0;
        if (!text) return Q_EMIT troubled(tr("Only the start of the log is shown: %1").arg(qtText(text.error().text())));
        text_ = std::move(*text);
        ready();
      });
}

void LogDocument::setFilter(const LineFilter& filter) {
  if (filter == filter_) return;
  before_.push_back(filter_);
  if (before_.size() > most_filters) before_.erase(before_.begin());
  after_.clear();
  changeFilter(filter);
}

void LogDocument::undoFilter() {
  if (before_.empty()) return;
  after_.push_back(filter_);
  const LineFilter filter = std::move(before_.back());
  before_.pop_back();
  changeFilter(filter);
}

void LogDocument::redoFilter() {
  if (after_.empty()) return;
  before_.push_back(filter_);
  const LineFilter filter = std::move(after_.back());
  after_.pop_back();
  changeFilter(filter);
}

void LogDocument::forgetFilters() {
  before_.clear();
  after_.clear();
  changeFilter({});
}

void LogDocument::changeFilter(const LineFilter& filter) {
  filter_ = filter;
  runFilter();
}

void LogDocument::runFilter() {
  stop(filtering_);
  lookForLatest_.stop();
  shownOf_ = 0;
  if (!filter_.isEmpty()) return filterOn();
  shown_ = nullptr;
  matches_ = allMatches_;
  Q_EMIT filtered();
  Q_EMIT matched();
}

// Lines that were looked at already are not looked at again.
void LogDocument::filterOn() {
  if (!text_.isWhole()) return;
  const auto latest = latest_ = std::make_shared<Latest>();
  lookForLatest_.start();
  filtering_ = jobs_.run<LineSetPtr>(
      {tr("Filtering %1").arg(QFileInfo(path_).fileName()), this, {}, shownOf_ > 0},
      [text = text_, filter = filter_, known = KnownLines{shownOf_ ? shown_ : nullptr, shownOf_}, latest](Job& job) {
        const SoFar soFar = [&](const LineSetPtr& lines) {
          const std::lock_guard lock(latest->mutex);
          latest->lines = lines;
        };
        return filterLines(text, filter, job, known, known.passing ? SoFar() : soFar);
      },
      [this, of = text_.wholeLineCount()](Result<LineSetPtr> lines) {
        filtering_ = 0;
        lookForLatest_.stop();
        if (lines) {
          shown_ = std::move(*lines);
          shownOf_ = of;
        } else {
          filter_ = {};
          shown_ = nullptr;
        }
        matches_ = shown_ && allMatches_ ? LineSet::intersection(*shown_, *allMatches_) : allMatches_;
        Q_EMIT filtered();
        Q_EMIT matched();
        if (shown_ && shownOf_ < text_.wholeLineCount()) filterOn();
      });
}

void LogDocument::setSearch(const MatcherPtr& search) {
  search_ = search;
  stop(finding_);
  runSearch();
}

void LogDocument::runSearch() {
  stop(searching_);
  allMatches_ = matches_ = nullptr;
  matchesOf_ = 0;
  Q_EMIT matched();
  if (search_) searchOn();
}

void LogDocument::searchOn() {
  if (!text_.isWhole()) return;
  searching_ = jobs_.run<LineSetPtr>(
      {tr("Searching %1").arg(QFileInfo(path_).fileName()), this, {}, matchesOf_ > 0},
      [text = text_, search = search_, known = KnownLines{allMatches_, matchesOf_}](Job& job) {
        job.begin("searching", text.view().size(), "B");
        if (search->expression()) return searchLines(text, *search->expression(), job, known);
        return collectLines(text, scanFor(search), job, known);
      },
      [this, of = text_.wholeLineCount()](Result<LineSetPtr> lines) {
        searching_ = 0;
        if (lines) {
          allMatches_ = std::move(*lines);
          matchesOf_ = of;
          matches_ = shown_ ? LineSet::intersection(*shown_, *allMatches_) : allMatches_;
        }
        Q_EMIT matched();
        if (lines && matchesOf_ < text_.wholeLineCount()) searchOn();
      });
}

void LogDocument::setFollowing(bool follows) {
  isFollowing_ = follows;
  follow();
}

void LogDocument::follow() {
  if (isFollowing_ && text_.isWhole()) return follower_.follow(text_);
  follower_.stop();
}

void LogDocument::takeMore(const LogText& text) {
  text_ = text;
  Q_EMIT grew();
  // One that runs goes on by itself when it has ended.
  if (!filter_.isEmpty() && !filtering_) filterOn();
  if (search_ && !searching_) searchOn();
}

void LogDocument::findFrom(quint64 line, bool forward) {
  stop(finding_);
  if (!search_ || !text_.bytes) return;
  const auto tell = [this, line, forward](quint64 next) {
    Q_EMIT found(next, next != 0 && (forward ? next <= line : next >= line));
  };
  if (matches_) {
    if (matches_->count() == 0) return tell(0);
    const quint64 before = matches_->countBefore(forward ? line + 1 : line);
    if (forward) return tell(matches_->at(before == matches_->count() ? 0 : before));
    return tell(matches_->at(before == 0 ? matches_->count() - 1 : before - 1));
  }
  finding_ = jobs_.run<quint64>(
      {tr("Finding in %1").arg(QFileInfo(path_).fileName()), this},
      [text = text_, search = search_, among = shown_, line, forward](Job& job) {
        if (search->expression()) return searchNext(text, *search->expression(), among, line, forward, job);
        return nextLine(text, scanFor(search), among, line, forward, job);
      },
      [this, tell](Result<quint64> next) {
        finding_ = 0;
        if (next) tell(*next);
      });
}

void LogDocument::check() {
  if (!text_.bytes || checking_) return;
  checking_ = jobs_.run<QString>(
      {tr("Checking %1").arg(QFileInfo(path_).fileName()), this, {}, true},
      [bytes = text_.bytes, follows = isFollowing_](Job&) -> Result<QString> { return changeOf(*bytes, follows); },
      [this](Result<QString> change) {
        checking_ = 0;
        if (!change) return;
        const QString& trouble = change->isEmpty() ? follower_.problem() : *change;
        if (trouble == trouble_) return;
        trouble_ = trouble;
        Q_EMIT troubled(trouble_);
      });
}

}  // namespace conclave::desktop
