#include "app/desktop/models/log_hits.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "app/desktop/text.h"
#include "engine/logs/level.h"
#include "engine/logs/search.h"
#include "engine/logs/source.h"

namespace conclave::desktop {

namespace {

constexpr int take_interval_ms = 50;
constexpr std::size_t most_bytes = 400;  // of a line
constexpr quintptr log_row = 0;          // else: 1 + the row of the log that the line is in

}  // namespace

struct LogHits::News {
  std::mutex mutex;
  std::map<std::size_t, Found> logs;  // what is new of each
  std::map<std::size_t, std::size_t> kept;
  int searched = 0;

  void add(std::size_t log, quint64 number, std::string_view text, const logs::LogBytes& bytes) {
    Found& found = logs[log];
    found.log = log;
    ++found.count;
    if (kept[log] == most_lines) return;
    ++kept[log];
    found.lines.push_back({number, qtText(bytes.text(text.substr(0, most_bytes))), logs::level_of(text)});
  }
};

LogHits::LogHits(Jobs& jobs, QObject* parent) : QAbstractItemModel(parent), jobs_(jobs) {
  timer_.setInterval(take_interval_ms);
  connect(&timer_, &QTimer::timeout, this, &LogHits::take);
}

void LogHits::stop() {
  if (searching_) jobs_.cancel(searching_);  // comes back when it has ended
}

void LogHits::clear() {
  if (searching_) jobs_.drop(searching_);
  searching_ = 0;
  timer_.stop();
  news_.reset();
  searched_ = 0;
  beginResetModel();
  logs_.clear();
  found_.clear();
  endResetModel();
  Q_EMIT changed();
}

Result<void> LogHits::searchLog(const QString& path, const LineMatcher& matcher, std::size_t log, News& news, Job& job) {
  if (!matcher.expression()) {
    auto start = openLog(fsPath(path), job);
    if (!start) return tl::unexpected<Error>(start.error());
    const auto text = indexLog(*start, job);
    if (!text) return tl::unexpected<Error>(text.error());
    const MatcherPtr borrowed(std::shared_ptr<void>(), &matcher);
    const auto lines = collectLines(*text, scanFor(borrowed), job);
    if (!lines) return tl::unexpected<Error>(lines.error());
    const std::lock_guard lock(news.mutex);
    for (quint64 at = 0; at < (*lines)->count(); ++at)
      news.add(log, (*lines)->at(at), text->line((*lines)->at(at), most_bytes), *text->bytes);
    return {};
  }
  const auto bytes = logs::LogBytes::open(fsPath(path), job);
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  const auto search = logs::Search::compile(*matcher.expression());
  if (!search) return tl::unexpected<Error>(search.error());
  logs::SearchOptions options;
  options.reference = (*bytes)->modified();
  options.keep_lines = false;
  options.on_found = [&](std::span<const logs::FoundLine> lines) {
    const std::lock_guard lock(news.mutex);
    for (const auto& each : lines) news.add(log, each.number, each.text, **bytes);
    return true;
  };
  const auto result = search->run((*bytes)->view(), options, job);
  if (!result) return tl::unexpected<Error>(result.error());
  return {};
}

void LogHits::search(const MatcherPtr& matcher, const std::vector<Log>& logs) {
  clear();
  logs_ = logs;
  news_ = std::make_shared<News>();
  timer_.start();
  searching_ = jobs_.run<int>(
      {tr("Searching all logs"), this},
      [matcher, logs, news = news_](Job& job) -> Result<int> {
        for (std::size_t log = 0; log < logs.size(); ++log) {
          const auto done = searchLog(logs[log].path, *matcher, log, *news, job);
          if (job.stopped()) return fail_cancelled();
          const std::lock_guard lock(news->mutex);
          ++news->searched;
          if (done) continue;
          news->logs[log].log = log;
          news->logs[log].problem = qtText(done.error().text());
        }
        return 0;
      },
      [this](const Result<int>&) {
        searching_ = 0;
        timer_.stop();
        take();
        Q_EMIT changed();
      });
  Q_EMIT changed();
}

// Logs are searched in order, so that what is new comes behind what is there.
void LogHits::take() {
  std::map<std::size_t, Found> fresh;
  {
    const std::lock_guard lock(news_->mutex);
    fresh = std::exchange(news_->logs, {});
    searched_ = news_->searched;
  }
  for (auto& [log, found] : fresh) {
    if (found_.empty() || found_.back().log != log) {
      const int row = static_cast<int>(found_.size());
      beginInsertRows({}, row, row);
      found_.push_back({log, {}, 0, {}});
      endInsertRows();
    }
    Found& known = found_.back();
    const int row = static_cast<int>(found_.size()) - 1;
    known.count += found.count;
    known.problem = found.problem;
    if (!found.lines.empty()) {
      const int first = static_cast<int>(known.lines.size());
      beginInsertRows(index(row, 0), first, first + static_cast<int>(found.lines.size()) - 1);
      std::move(found.lines.begin(), found.lines.end(), std::back_inserter(known.lines));
      endInsertRows();
    }
    Q_EMIT dataChanged(index(row, 0), index(row, 0));
  }
  if (!fresh.empty()) Q_EMIT changed();
}

quint64 LogHits::found() const {
  quint64 all = 0;
  for (const auto& each : found_) all += each.count;
  return all;
}

int LogHits::logsSearched() const { return searched_; }

std::optional<LogHits::Place> LogHits::placeOf(const QModelIndex& index) const {
  if (!index.isValid()) return std::nullopt;
  const bool isLog = index.internalId() == log_row;
  const Found& found = found_.at(isLog ? static_cast<std::size_t>(index.row()) : index.internalId() - 1);
  return Place{logs_.at(found.log).path, isLog ? 0 : found.lines.at(static_cast<std::size_t>(index.row())).number};
}

QModelIndex LogHits::index(int row, int column, const QModelIndex& parent) const {
  if (!hasIndex(row, column, parent)) return {};
  return createIndex(row, column, parent.isValid() ? static_cast<quintptr>(parent.row()) + 1 : log_row);
}

QModelIndex LogHits::parent(const QModelIndex& child) const {
  if (!child.isValid() || child.internalId() == log_row) return {};
  return createIndex(static_cast<int>(child.internalId() - 1), 0, log_row);
}

int LogHits::rowCount(const QModelIndex& parent) const {
  if (!parent.isValid()) return static_cast<int>(found_.size());
  if (parent.internalId() != log_row || parent.column() != 0) return 0;
  return static_cast<int>(found_.at(static_cast<std::size_t>(parent.row())).lines.size());
}

int LogHits::columnCount(const QModelIndex&) const { return 1; }

QVariant LogHits::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  if (index.internalId() == log_row) {
    const Found& found = found_.at(static_cast<std::size_t>(index.row()));
    const Log& log = logs_.at(found.log);
    if (role == Qt::ToolTipRole) return log.path;
    if (role != Qt::DisplayRole && role != Qt::AccessibleTextRole) return {};
    if (!found.problem.isEmpty()) return tr("%1: %2").arg(log.name, found.problem);
    const QString more =
        found.count > found.lines.size() ? tr(", the first %1 shown").arg(countText(found.lines.size())) : QString();
    return QStringLiteral("%1  (%2%3)").arg(log.name, counted(found.count, "line", "lines"), more);
  }
  const Line& line = found_.at(index.internalId() - 1).lines.at(static_cast<std::size_t>(index.row()));
  if (role == Qt::DisplayRole || role == Qt::AccessibleTextRole)
    return QStringLiteral("%1  %2").arg(countText(line.number), line.text.simplified());
  if (role == Qt::UserRole) return static_cast<int>(line.level);
  return {};
}

}  // namespace conclave::desktop
