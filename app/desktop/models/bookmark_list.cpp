#include "app/desktop/models/bookmark_list.h"

#include <QCryptographicHash>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSettings>
#include <algorithm>
#include <array>
#include <set>

#include "app/desktop/text.h"

namespace conclave::desktop {

namespace {

constexpr std::size_t digested_bytes = 4096;  // of a line
constexpr std::size_t shown_bytes = 300;
constexpr quint64 most_steps = 10'000;  // to lines with the right length and text, from where a bookmark was

QString digestOf(std::string_view line) {
  const QByteArrayView bytes(line.data(), static_cast<qsizetype>(line.size()));
  return QString::fromLatin1(QCryptographicHash::hash(bytes, QCryptographicHash::Sha256).toHex().left(24));
}

QString keyOf(const QString& path) {
  return QStringLiteral("logs/bookmarks/") +
         QString::fromLatin1(QCryptographicHash::hash(path.toUtf8(), QCryptographicHash::Sha256).toHex().left(32));
}

std::vector<Bookmark> remembered(const QString& path) {
  std::vector<Bookmark> all;
  const auto stored = QJsonDocument::fromJson(QSettings().value(keyOf(path)).toByteArray()).object();
  const auto marks = stored.value(QStringLiteral("bookmarks")).toArray();
  for (const auto& value : marks) {
    const auto mark = value.toObject();
    all.push_back({mark.value(QStringLiteral("line")).toVariant().toULongLong(),
                   mark.value(QStringLiteral("bytes")).toVariant().toULongLong(), mark.value(QStringLiteral("digest")).toString(),
                   mark.value(QStringLiteral("note")).toString()});
  }
  std::erase_if(all, [](const Bookmark& each) { return each.line == 0; });
  std::ranges::sort(all, {}, &Bookmark::line);
  return all;
}

bool isAt(const Bookmark& bookmark, const LogText& text, quint64 line) {
  return line <= text.lineCount() && text.lineBytes(line) == bookmark.bytes &&
         digestOf(text.line(line, digested_bytes)) == bookmark.digest;
}

// From the place where it was outwards; 0: nowhere.
quint64 nearest(const Bookmark& bookmark, const LogText& text, const LineSet& candidates, const Job& job) {
  quint64 later = candidates.countBefore(bookmark.line);  // positions among the candidates
  quint64 earlier = later;                                // the one before it
  for (quint64 step = 0; step < most_steps && !job.stopped(); ++step) {
    const quint64 after = candidates.at(later);
    const quint64 before = earlier > 0 ? candidates.at(earlier - 1) : 0;
    if (after == 0 && before == 0) break;
    const bool goesBack = after == 0 || (before != 0 && bookmark.line - before <= after - bookmark.line);
    const quint64 line = goesBack ? before : after;
    if (isAt(bookmark, text, line)) return line;
    if (goesBack) {
      --earlier;
    } else {
      ++later;
    }
  }
  return 0;
}

}  // namespace

Result<std::vector<Bookmark>> findAgain(std::vector<Bookmark> bookmarks, const LogText& text, Job& job) {
  std::set<QString> digests;
  std::set<std::size_t> sizes;
  for (auto& each : bookmarks) {
    each.isLost = !isAt(each, text, each.line);
    if (!each.isLost) continue;
    digests.insert(each.digest);
    sizes.insert(std::min<std::size_t>(each.bytes, digested_bytes));
  }
  if (digests.empty()) return bookmarks;
  const LineScan scan{[&]() -> LineTest {
                        return [&](std::string_view line) {
                          return sizes.contains(line.size()) && digests.contains(digestOf(line));
                        };
                      },
                      digested_bytes};
  const auto candidates = collectLines(text, scan, job);
  if (!candidates) return tl::unexpected<Error>(candidates.error());
  for (auto& each : bookmarks) {
    if (!each.isLost) continue;
    const quint64 line = nearest(each, text, **candidates, job);
    each.isLost = line == 0;
    if (line) each.line = line;
  }
  if (job.stopped()) return fail_cancelled();
  std::ranges::stable_sort(bookmarks, {}, &Bookmark::line);
  return bookmarks;
}

BookmarkList::BookmarkList(Jobs& jobs, QObject* parent) : QAbstractTableModel(parent), jobs_(jobs) {}

void BookmarkList::open(const QString& path) {
  if (finding_) jobs_.drop(finding_);
  finding_ = 0;
  path_ = path;
  text_ = {};
  replace(path.isEmpty() ? std::vector<Bookmark>() : remembered(path));
}

void BookmarkList::setText(const LogText& text) {
  text_ = text;
  if (finding_) jobs_.drop(finding_);
  finding_ = 0;
  if (!all_.empty()) Q_EMIT dataChanged(index(0, text_column), index(rowCount() - 1, text_column));
  if (all_.empty() || !text_.isWhole()) return;
  finding_ = jobs_.run<std::vector<Bookmark>>(
      {tr("Finding bookmarks"), this, {}, true}, [text, all = all_](Job& job) { return findAgain(all, text, job); },
      [this](Result<std::vector<Bookmark>> all) {
        finding_ = 0;
        if (all && *all != all_) replace(std::move(*all));
      });
}

void BookmarkList::replace(std::vector<Bookmark> all) {
  beginResetModel();
  all_ = std::move(all);
  endResetModel();
  Q_EMIT linesChanged();
}

void BookmarkList::remember() {
  // What is being looked for was asked with the bookmarks as they were.
  if (finding_) setText(text_);
  QJsonArray marks;
  for (const auto& each : all_) {
    marks.append(QJsonObject{{QStringLiteral("line"), static_cast<qint64>(each.line)},
                             {QStringLiteral("bytes"), static_cast<qint64>(each.bytes)},
                             {QStringLiteral("digest"), each.digest},
                             {QStringLiteral("note"), each.note}});
  }
  QSettings settings;
  if (marks.isEmpty()) {
    settings.remove(keyOf(path_));
  } else {
    const QJsonObject stored{{QStringLiteral("path"), path_}, {QStringLiteral("bookmarks"), marks}};
    settings.setValue(keyOf(path_), QJsonDocument(stored).toJson(QJsonDocument::Compact));
  }
  Q_EMIT edited();
}

void BookmarkList::toggle(quint64 line) {
  if (line == 0 || line > text_.lineCount()) return;
  if (const int row = rowOf(line); row >= 0) return remove(row);
  const auto after = std::ranges::upper_bound(all_, line, {}, &Bookmark::line);
  const int row = static_cast<int>(after - all_.begin());
  beginInsertRows({}, row, row);
  all_.insert(after, Bookmark{line, text_.lineBytes(line), digestOf(text_.line(line, digested_bytes)), {}});
  endInsertRows();
  Q_EMIT linesChanged();
  remember();
}

void BookmarkList::remove(int row) {
  if (row < 0 || row >= rowCount()) return;
  beginRemoveRows({}, row, row);
  all_.erase(all_.begin() + row);
  endRemoveRows();
  Q_EMIT linesChanged();
  remember();
}

int BookmarkList::rowOf(quint64 line) const {
  const auto found = std::ranges::find_if(all_, [&](const Bookmark& each) { return each.line == line && !each.isLost; });
  return found == all_.end() ? -1 : static_cast<int>(found - all_.begin());
}

std::vector<quint64> BookmarkList::lines() const {
  std::vector<quint64> lines;
  for (const auto& each : all_) {
    if (!each.isLost) lines.push_back(each.line);
  }
  return lines;
}

quint64 BookmarkList::next(quint64 line, bool forward) const {
  const auto all = lines();
  if (all.empty()) return 0;
  if (forward) {
    const auto after = std::ranges::upper_bound(all, line);
    return after == all.end() ? all.front() : *after;
  }
  const auto at = std::ranges::lower_bound(all, line);
  return at == all.begin() ? all.back() : *(at - 1);
}

int BookmarkList::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : static_cast<int>(all_.size()); }

int BookmarkList::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : column_count; }

QVariant BookmarkList::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const auto& each = all_[static_cast<std::size_t>(index.row())];
  if (role == Qt::TextAlignmentRole && index.column() == line_column) return QVariant(Qt::AlignRight | Qt::AlignVCenter);
  if (role == Qt::ToolTipRole && each.isLost) return tr("No line says what this one said; it may be in a rotated file.");
  if (role != Qt::DisplayRole && role != Qt::EditRole) return {};
  switch (index.column()) {
    case line_column:
      return countText(each.line);
    case note_column:
      return each.note;
    case text_column:
      return each.isLost ? tr("(not found)") : qtText(text_.letters(text_.line(each.line, shown_bytes))).simplified();
    default:
      return {};
  }
}

QVariant BookmarkList::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole || section < 0 || section >= column_count) return {};
  static const std::array names = {tr("Line"), tr("Note"), tr("Text")};
  return names.at(static_cast<std::size_t>(section));
}

Qt::ItemFlags BookmarkList::flags(const QModelIndex& index) const {
  if (!index.isValid()) return Qt::NoItemFlags;
  const Qt::ItemFlags flags = Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemNeverHasChildren;
  return index.column() == note_column ? flags | Qt::ItemIsEditable : flags;
}

bool BookmarkList::setData(const QModelIndex& index, const QVariant& value, int role) {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid) || role != Qt::EditRole || index.column() != note_column) return false;
  all_[static_cast<std::size_t>(index.row())].note = value.toString();
  Q_EMIT dataChanged(index, index);
  remember();
  return true;
}

}  // namespace conclave::desktop
