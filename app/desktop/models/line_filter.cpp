#include "app/desktop/models/line_filter.h"

#include <QRegularExpression>
#include <algorithm>

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
      auto matcher = matcherOf(rule);
      if (!matcher) return tl::unexpected<Error>(matcher.error());
      (rule.hides ? rules.hiding : rules.showing).push_back(std::move(*matcher));
    }
    return rules;
  }
  // What the engine can look for; nothing if a rule is not for it.
  [[nodiscard]] std::optional<logs::Expression> expression() const {
    std::optional<logs::Expression> shown;
    logs::Expression all = logs::Expression::of(logs::EveryLine{});
    for (const auto& each : showing) {
      if (!each->expression()) return std::nullopt;
      shown = shown ? either(std::move(*shown), *each->expression()) : *each->expression();
    }
    if (shown) all = std::move(*shown);
    for (const auto& each : hiding) {
      if (!each->expression()) return std::nullopt;
      all = both(std::move(all), negated(*each->expression()));
    }
    return all;
  }
  [[nodiscard]] bool isEmpty() const { return showing.empty() && hiding.empty(); }
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

LineScan scanFor(const Rules& rules) {
  return {[rules]() -> LineTest { return [rules](std::string_view line) { return rules.pass(line); }; }, looked_at_bytes};
}

LineScan entryScan(const LineFilter& filter) {
  const auto make = [least = filter.least, range = filter.range, reference = now_us()]() -> LineTest {
    return EntryTest(least, range, reference);
  };
  return {make, looked_at_bytes, longest_entry};
}

Result<LineSetPtr> passing(const LogText& text, const LineFilter& filter, const Rules& rules, Job& job, const KnownLines& known,
                           const SoFar& soFar) {
  const bool byEntry = filter.least != logs::Level::unknown || filter.range;
  LineSetPtr entries;
  if (byEntry) {
    auto found = collectLines(text, entryScan(filter), job, known);
    if (!found || rules.isEmpty()) return found;
    entries = std::move(*found);
  }
  const auto expression = rules.expression();
  auto found = expression ? searchLines(text, *expression, job, known, byEntry ? SoFar() : soFar)
                          : collectLines(text, scanFor(rules), job, known);
  if (!found || !entries) return found;
  return LineSet::intersection(*entries, **found);
}

}  // namespace

Result<MatcherPtr> matcherOf(const LineRule& rule) {
  return rule.isQuery ? LineMatcher::makeQuery(rule.text) : LineMatcher::make(rule.text, rule.isExpression, rule.caseMatters);
}

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

Result<LineSetPtr> filterLines(const LogText& text, const LineFilter& filter, Job& job, const KnownLines& known,
                               const SoFar& soFar) {
  const auto rules = Rules::of(filter);
  if (!rules) return tl::unexpected<Error>(rules.error());
  job.begin("filtering lines", text.view().size(), "B");
  // What is known has the lines around in it already.
  if (filter.around == 0) return passing(text, filter, *rules, job, known, soFar);
  auto lines = passing(text, filter, *rules, job, {}, {});
  if (!lines) return lines;
  auto widened = LineSet::widened(**lines, filter.around, text.lineCount());
  if (rules->hiding.empty()) return widened;
  Rules hiding = *rules;
  hiding.showing.clear();
  const auto open = passing(text, {}, hiding, job, {}, {});
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
