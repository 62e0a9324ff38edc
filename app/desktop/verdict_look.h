// How a verdict is shown: never by colour alone.
#pragma once

#include <QColor>
#include <QString>
#include <optional>
#include <string>

#include "app/desktop/theme.h"
#include "engine/consensus/response.h"

namespace conclave::desktop {

struct VerdictLook {
  QString word;  // "failing", "no consensus"
  QString icon;  // good, fair, bad, unknown
  QColor colour;
};

// Position in the question's list decides; labels without an order share the accent colour.
[[nodiscard]] VerdictLook lookOf(const std::optional<std::string>& verdict, const consensus::Question& question,
                                 const Theme& theme);

}  // namespace conclave::desktop
