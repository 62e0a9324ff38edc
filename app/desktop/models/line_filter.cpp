#include "app/desktop/models/line_filter.h"

#include <QRegularExpression>
#include <algorithm>

#include "app/desktop/models/line_matcher.h"
#include "app/desktop/text.h"
#include "engine/logs/summary.h"
#include "engine/logs/timestamp.h"

namespace conclave::desktop {

namespace {

constexpr std::size_t looked_at_bytes = 65536;  // of a line
constexpr quint64 longest_entry = 1000;         // lines; of a longer one the rest may be missed where two runs meet
constexpr qsizetype most_words = 40;            // of an expression for lines like another

// The rules that are on, as something that can be asked.
struct Rules {
  std::vector<MatcherPtr> showing, hiding;

  static Result<Rules> of(const LineFilter& filter) {
    Rules rules;
    for (const auto& rule : filter.rules) {
      if (!rule.isOn) continue;
      auto matcher = LineMatcher::make(rule.text, rule.isExpression, rule.caseMatters);
      if (!matcher) return tl::unexpected<Error>(matcher.error());
      (rule.hides ? rules.hiding : rules.showing).push_back(std::move(*matcher));
    }
    return rules;
  }
  [[nodiscard]] bool hides(std::string_view line) const {
    return std::ranges::any_of(hiding, [&](const auto& each) { return each->matches(line); });
  }
  [[nodiscard]] bool pass(std::string_view line) const {
    if (hides(line)) return false;
    return showing.empty() || std::ranges::any_of(showing, [&](const auto& each) { return each->matches(line); });
  }
};

class EntryTest {
 public:
  EntryTest(logs::Level least, const std::optional<std::pair<TimeUs, TimeUs>>& range, TimeUs reference)
      : least_(least), range_(range), reference_(reference) {}

  bool operator()(std::string_view line) {
    using logs::Level;
    const Level level = logs::level_of(line);
    const auto stamp = logs::find_stamp(line, reference_);
    if (stamp) time_ = stamp->time;
    const bool follows = !stamp && level == Level::unknown && (stamped_ || line.starts_with(' ') || line.starts_with('\t'));
    if (!follows) stamped_ = stamp.has_value();
    if (least_ != Level::unknown) {
      const bool grave = (level == Level::unknown ? gravityOf(line) : level) >= least_;
      if (!follows) entryIsGrave_ = grave;
      if (!grave && !entryIsGrave_) return false;
    }
    return !range_ || (time_ && *time_ >= range_->first && *time_ < range_->second);
  }

 private:
  logs::Level least_;
  std::optional<std::pair<TimeUs, TimeUs>> range_;
  TimeUs reference_;
  std::optional<TimeUs> time_;
  bool stamped_ = false;
  bool entryIsGrave_ = false;
};

LineScan scanFor(const LineFilter& filter, const Rules& rules) {
  if (filter.least == logs::Level::unknown && !filter.range) {
    return {[rules]() -> LineTest { return [rules](std::string_view line) { return rules.pass(line); }; }, looked_at_bytes};
  }
  const auto make = [least = filter.least, range = filter.range, rules, reference = now_us()]() -> LineTest {
    return [entry = EntryTest(least, range, reference), rules](std::string_view line) mutable {
      return entry(line) && rules.pass(line);  // the entry must see every line
    };
  };
  return {make, looked_at_bytes, longest_entry};
}

}  // namespace

bool LineFilter::isEmpty() const {
  return least == logs::Level::unknown && !range && std::ranges::none_of(rules, &LineRule::isOn);
}

logs::Level gravityOf(std::string_view line) {
  using logs::Level;
  const Level level = logs::level_of(line);
  if (level != Level::unknown) return level;
  if (logs::matches_error(line)) return Level::error;
  return logs::matches_warning(line) ? Level::warning : Level::unknown;
}

Result<LineSetPtr> filterLines(const LogText& text, const LineFilter& filter, Job& job, const KnownLines& known) {
  const auto rules = Rules::of(filter);
  if (!rules) return tl::unexpected<Error>(rules.error());
  const bool twice = filter.around > 0 && !rules->hiding.empty();
  job.begin("filtering lines", text.view().size() * (twice ? 2 : 1), "B");
  // What is known has the lines around in it already.
  auto lines = collectLines(text, scanFor(filter, *rules), job, filter.around == 0 ? known : KnownLines());
  if (!lines || filter.around == 0) return lines;
  auto widened = LineSet::widened(**lines, filter.around, text.lineCount());
  if (!twice) return widened;
  Rules hiding = *rules;
  hiding.showing.clear();
  const auto open = collectLines(text, scanFor({}, hiding), job);
  if (!open) return open;
  return LineSet::intersection(*widened, **open);
}

QString expressionLike(std::string_view line) {
  std::size_t begin = 0;
  if (const auto stamp = logs::locate_stamp(line, now_us())) begin = stamp->end;
  begin = std::max(begin, logs::locate_level(line).end);
  const QString message = qtText(line.substr(std::min(begin, line.size()))).simplified();
  static const QRegularExpression value(QStringLiteral("[^\\s=:,;()\\[\\]{}\"']*\\d[^\\s=:,;()\\[\\]{}\"']*"));
  QStringList words;
  for (const QString& word : message.split(QLatin1Char(' ')).mid(0, most_words)) {
    QString open;
    qsizetype at = 0;
    for (auto each = value.globalMatch(word); each.hasNext();) {
      const auto match = each.next();
      open += QRegularExpression::escape(word.mid(at, match.capturedStart() - at)) + QStringLiteral("\\S+");
      at = match.capturedEnd();
    }
    words << open + QRegularExpression::escape(word.mid(at));
  }
  return words.join(QStringLiteral("\\s+"));
}

}  // namespace conclave::desktop
