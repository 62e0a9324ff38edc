// A place in the evidence: where a click on a claim, a problem or the evidence tree goes.
#pragma once

#include <QMetaType>
#include <QString>
#include <optional>

#include "engine/case/evidence.h"
#include "engine/consensus/response.h"

namespace conclave::desktop {

struct Place {
  enum class Kind { log, logTemplate, service, config, expert };
  Kind kind = Kind::log;
  QString source = {};  // path as the evidence names it, service name, configuration file, or expert name
  quint64 line = 0;     // 1-based; 0: no line in particular
  QString id = {};      // of a template: 16 hex digits
  bool operator==(const Place&) const = default;
};

[[nodiscard]] std::optional<Place> placeOf(const consensus::Citation& citation);
// A template becomes the first line of the log it was mined from; every other place is returned as it is.
[[nodiscard]] Place resolved(const Place& place, const Evidence* evidence);
// "app.log:120", "api", "infra.yaml:12"
[[nodiscard]] QString placeText(const Place& place);

// For links in rich text.
[[nodiscard]] QString toLink(const Place& place);
[[nodiscard]] std::optional<Place> placeFromLink(const QString& link);

}  // namespace conclave::desktop

Q_DECLARE_METATYPE(conclave::desktop::Place)
