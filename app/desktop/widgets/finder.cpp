#include "app/desktop/widgets/finder.h"

#include <QWidget>
#include <algorithm>

#include "app/desktop/text.h"
#include "app/desktop/widgets/find_bar.h"

namespace conclave::desktop {

Finder::Finder(FindBar& bar, std::unique_ptr<Searchable> searched) : bar_(bar), searched_(std::move(searched)) {
  connect(&bar_, &FindBar::searchChanged, this, [this](const MatcherPtr& matcher) {
    matcher_ = matcher;
    if (matcher_) go(From::here);
  });
  connect(&bar_, &FindBar::nextRequested, this, [this](bool forward) {
    if (!matcher_) return open();
    go(forward ? From::after : From::before);
  });
  connect(&bar_, &FindBar::closed, this, [this] { searched_->widget().setFocus(); });
}

Finder::~Finder() = default;

void Finder::open(const QString& text) { bar_.open(text); }

// Everything is searched again each time, and from where the reader is by now: what the page shows may have changed.
void Finder::go(From from) {
  const auto matches = searched_->matches(*matcher_);
  if (matches.empty()) return bar_.say(tr("not found"), true);
  auto here = searched_->here();
  if (from == From::here) here.length = 0;  // the same place matches while more or less of the word is typed
  auto next = from == From::after ? std::ranges::upper_bound(matches, here) : std::ranges::lower_bound(matches, here);
  const bool wraps = next == (from == From::before ? matches.begin() : matches.end());
  if (from == From::before) {
    next = (wraps ? matches.end() : next) - 1;
  } else if (wraps) {
    next = matches.begin();
  }
  searched_->show(*next);
  QString words =
      tr("%1 of %2")
          .arg(countText(static_cast<quint64>(next - matches.begin()) + 1), counted(matches.size(), "match", "matches"));
  if (wraps) words += tr("  ·  went on from the other end");
  bar_.say(words);
}

}  // namespace conclave::desktop
