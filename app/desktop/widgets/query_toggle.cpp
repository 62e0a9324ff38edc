#include "app/desktop/widgets/query_toggle.h"

#include <QLineEdit>
#include <algorithm>

#include "app/desktop/models/line_matcher.h"

namespace conclave::desktop {

QueryToggle::QueryToggle(QLineEdit& text, const QList<QToolButton*>& others, QWidget* parent)
    : QToolButton(parent), text_(text), others_(others) {
  setText(tr("Query"));
  setAccessibleName(tr("Query"));
  setToolTip(
      tr("A query: level>=error OR field:status>=500 NOT \"two words\"\n"
         "Also since:2026-03-01T12:00, until:, template:, field:user.name=alice, field:path~^/api, /regular expression/i\n"
         "Switches itself on for what is clearly one"));
  setCheckable(true);
  setAutoRaise(true);
  connect(&text_, &QLineEdit::textChanged, this, &QueryToggle::guess);
  connect(this, &QToolButton::clicked, this, [this] { isChosen_ = true; });
  connect(this, &QToolButton::toggled, this, [this](bool isOn) {
    for (auto* other : others_) other->setEnabled(!isOn);
  });
}

void QueryToggle::guess() {
  if (text_.text().isEmpty()) isChosen_ = false;
  const bool isSettled = isChosen_ || std::ranges::any_of(others_, &QToolButton::isChecked);
  if (!isSettled || text_.text().isEmpty()) setChecked(looksLikeQuery(text_.text()));
}

}  // namespace conclave::desktop
