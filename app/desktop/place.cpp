#include "app/desktop/place.h"

#include <QFileInfo>
#include <QUrl>
#include <QUrlQuery>
#include <array>
#include <utility>

#include "app/desktop/text.h"

namespace conclave::desktop {

namespace {
constexpr std::array<std::pair<Place::Kind, const char*>, 5> kind_names{{{Place::Kind::log, "log"},
                                                                         {Place::Kind::logTemplate, "template"},
                                                                         {Place::Kind::service, "service"},
                                                                         {Place::Kind::config, "config"},
                                                                         {Place::Kind::expert, "expert"}}};

std::optional<Place::Kind> kindFromName(const QString& name) {
  for (const auto& [kind, text] : kind_names) {
    if (name == QLatin1String(text)) return kind;
  }
  return {};
}
}  // namespace

std::optional<Place> placeOf(const consensus::Citation& citation) {
  const auto kind = kindFromName(qtText(citation.kind));
  if (!kind) return {};
  Place place{*kind, qtText(citation.source), citation.line, qtText(citation.id)};
  if (place.kind == Place::Kind::service && place.source.isEmpty()) place.source = place.id;
  return place;
}

Place resolved(const Place& place, const Evidence* evidence) {
  if (place.kind != Place::Kind::logTemplate || !evidence) return place;
  const auto logs = evidence->integers("templates.log");
  const auto lines = evidence->integers("templates.first_line");
  for (std::size_t row = 0; row < logs.size() && row < lines.size(); ++row) {
    if (qtText(evidence->text("templates.id", row)) != place.id) continue;
    const auto log = static_cast<std::size_t>(logs[row]);
    const QString path = qtText(evidence->text("logs.path", log));
    const bool same = place.source == path ||
                      (!evidence->text("logs.command", log).empty() && place.source == qtText(evidence->text("logs.name", log)));
    if (!place.source.isEmpty() && !same) continue;
    return {Place::Kind::log, path, static_cast<quint64>(lines[row]), {}};
  }
  return {Place::Kind::log, place.source, 0, {}};
}

QString placeText(const Place& place) {
  const bool isFile = place.kind == Place::Kind::log || place.kind == Place::Kind::config;
  // A log may be named by the command that printed it, in which slashes separate no folders.
  const bool isCommand = place.source.contains(QLatin1Char(' ')) && !place.source.startsWith(QLatin1Char('/'));
  const QString name = isFile && !isCommand ? QFileInfo(place.source).fileName() : place.source;
  if (place.kind == Place::Kind::logTemplate) return QStringLiteral("template %1").arg(place.id.left(8));
  return place.line ? QStringLiteral("%1:%2").arg(name).arg(place.line) : name;
}

QString toLink(const Place& place) {
  QUrlQuery query;
  for (const auto& [kind, text] : kind_names) {
    if (kind == place.kind) query.addQueryItem(QStringLiteral("kind"), QLatin1String(text));
  }
  query.addQueryItem(QStringLiteral("source"), QString::fromLatin1(QUrl::toPercentEncoding(place.source)));
  query.addQueryItem(QStringLiteral("line"), QString::number(place.line));
  query.addQueryItem(QStringLiteral("id"), QString::fromLatin1(QUrl::toPercentEncoding(place.id)));
  return QStringLiteral("place:?") + query.toString(QUrl::FullyEncoded);
}

std::optional<Place> placeFromLink(const QString& link) {
  if (!link.startsWith(QLatin1String("place:?"))) return {};
  const QUrlQuery query(link.mid(7));
  const auto kind = kindFromName(query.queryItemValue(QStringLiteral("kind")));
  if (!kind) return {};
  return Place{*kind, query.queryItemValue(QStringLiteral("source"), QUrl::FullyDecoded),
               query.queryItemValue(QStringLiteral("line")).toULongLong(),
               query.queryItemValue(QStringLiteral("id"), QUrl::FullyDecoded)};
}

}  // namespace conclave::desktop
