// The flat buttons of bars and panels.
#pragma once

#include <QString>

class QToolButton;

namespace conclave::desktop {

// Without an owner until it is put into a layout. `tip` is also what screen readers say.
[[nodiscard]] QToolButton* toolButton(const QString& text, const QString& tip, bool checkable = false);

}  // namespace conclave::desktop
