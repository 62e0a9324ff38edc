// The cases the user opened last, remembered across starts.
#pragma once

#include <QStringList>

namespace conclave::desktop {

// Newest first, at most ten, absolute paths. Files that are gone stay listed: they may be on a disk that comes back.
[[nodiscard]] QStringList recentCases();
void addRecentCase(const QString& path);
void forgetRecentCase(const QString& path);
void forgetRecentCases();

}  // namespace conclave::desktop
