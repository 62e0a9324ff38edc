#include "app/desktop/verdict_look.h"

#include <QCoreApplication>
#include <algorithm>

#include "app/desktop/text.h"

namespace conclave::desktop {

VerdictLook lookOf(const std::optional<std::string>& verdict, const consensus::Question& question, const Theme& theme) {
  if (!verdict) return {QCoreApplication::translate("VerdictLook", "no consensus"), QStringLiteral("unknown"), theme.unknown};
  const auto& all = question.verdicts;
  const auto found = std::find(all.begin(), all.end(), *verdict);
  if (found == all.end()) return {qtText(*verdict), QStringLiteral("unknown"), theme.unknown};
  if (!question.ordered) return {qtText(*verdict), QStringLiteral("fair"), theme.accent};
  const auto position = static_cast<int>(found - all.begin());
  const auto count = static_cast<int>(all.size());
  const char* icon = position == 0 ? "good" : position + 1 >= count ? "bad" : "fair";
  return {qtText(*verdict), QLatin1String(icon), theme.verdict(position, count)};
}

}  // namespace conclave::desktop
