#include "app/desktop/models/line_search.h"

#include <QElapsedTimer>
#include <algorithm>
#include <variant>

#include "engine/logs/search.h"

namespace conclave::desktop {

namespace {

constexpr qint64 first_pause_ms = 50;  // between two sets that are told
constexpr int pause_growth = 4;
constexpr quint64 lines_back = 1 << 16;  // at a time, for what is looked for backwards

logs::SearchOptions optionsFor(const LogText& text) {
  logs::SearchOptions options;
  options.reference = text.bytes->modified();
  options.keep_lines = false;
  return options;
}

// A line without a stamp has the time of one before it, and templates are those of the whole log.
bool dependsOnOthers(const logs::Expression& expression) {
  return std::ranges::any_of(expression.conditions, [](const logs::Condition& each) {
    return std::holds_alternative<logs::TimeFilter>(each) || std::holds_alternative<logs::TemplateFilter>(each);
  });
}

class Collected {
 public:
  Collected(quint64 lines, const SoFar& soFar) : words_((lines + 63) / 64), soFar_(soFar) { sinceTold_.start(); }

  void take(const KnownLines& known, quint64 lines) { std::copy_n(known.passing->words().begin(), lines / 64, words_.begin()); }
  void add(std::span<const logs::FoundLine> found, quint64 before) {
    for (const auto& each : found) {
      const quint64 line = before + each.number - 1;
      if (line / 64 < words_.size()) words_[line / 64] |= quint64{1} << (line % 64);
    }
    if (!soFar_ || (told_ && sinceTold_.elapsed() < pause_)) return;
    if (told_) pause_ *= pause_growth;
    told_ = true;
    soFar_(std::make_shared<const LineSet>(words_));
    sinceTold_.restart();
  }
  LineSetPtr set() && { return std::make_shared<const LineSet>(std::move(words_)); }

 private:
  std::vector<quint64> words_;
  const SoFar& soFar_;
  QElapsedTimer sinceTold_;
  qint64 pause_ = first_pause_ms;
  bool told_ = false;
};

// Runs over the lines from `first` to `last`; `found(line)` ends it by false.
Result<void> searchPart(const LogText& text, const logs::Search& search, quint64 first, quint64 last, Job& job,
                        const std::function<bool(quint64 line)>& found) {
  const std::string_view all = text.view();
  const std::size_t begin = text.index->offset_of(all, first);
  const std::size_t end = last >= text.lineCount() ? all.size() : text.index->offset_of(all, last + 1);
  auto options = optionsFor(text);
  options.on_found = [&](std::span<const logs::FoundLine> lines) {
    return std::ranges::all_of(lines, [&](const auto& each) { return found(first + each.number - 1); });
  };
  const auto result = search.run(all.substr(begin, end - begin), options, job);
  if (!result) return tl::unexpected<Error>(result.error());
  return {};
}

}  // namespace

Result<LineSetPtr> searchLines(const LogText& text, const logs::Expression& expression, Job& job, const KnownLines& known,
                               const SoFar& soFar) {
  const auto search = logs::Search::compile(expression);
  if (!search) return tl::unexpected<Error>(search.error());
  Collected collected(text.lineCount(), soFar);
  quint64 done = 0;
  if (known.passing && !dependsOnOthers(expression)) {
    done = std::min(known.lines, text.lineCount()) / 64 * 64;  // whole words
    collected.take(known, done);
  }
  auto options = optionsFor(text);
  options.on_found = [&](std::span<const logs::FoundLine> found) {
    collected.add(found, done);
    return true;
  };
  const std::string_view all = text.view();
  const std::size_t begin = done ? text.index->offset_of(all, done + 1) : 0;
  const auto result = search->run(all.substr(begin), options, job);
  if (!result) return tl::unexpected<Error>(result.error());
  return std::move(collected).set();
}

Result<quint64> searchNext(const LogText& text, const logs::Expression& expression, const LineSetPtr& among, quint64 from,
                           bool forward, Job& job) {
  const quint64 lines = text.lineCount();
  if (lines == 0) return quint64{0};
  const auto search = logs::Search::compile(expression);
  if (!search) return tl::unexpected<Error>(search.error());
  const auto counts = [&](quint64 line) { return !among || among->contains(line); };
  if (dependsOnOthers(expression)) {
    quint64 near = 0;
    quint64 other = 0;  // from the other end
    const auto all = searchPart(text, *search, 1, lines, job, [&](quint64 line) {
      if (!counts(line)) return true;
      if (forward) {
        if (!other) other = line;
        if (!near && line > from) near = line;
        return near == 0;
      }
      if (line < from) near = line;
      other = line;
      return true;
    });
    if (!all) return tl::unexpected<Error>(all.error());
    return near ? near : other;
  }
  quint64 hit = 0;
  const auto look = [&](quint64 first, quint64 last) -> Result<void> {
    if (first > last || hit) return {};
    return searchPart(text, *search, first, last, job, [&](quint64 line) {
      if (counts(line)) hit = line;
      return !hit || !forward;
    });
  };
  const auto backwards = [&](quint64 first, quint64 last) -> Result<void> {
    while (last >= first && last > 0 && !hit) {
      const quint64 begin = last > lines_back ? std::max(first, last - lines_back + 1) : first;
      if (auto looked = look(begin, last); !looked) return looked;
      if (begin <= 1) return {};
      last = begin - 1;
    }
    return {};
  };
  const quint64 at = std::min(from, lines + 1);
  auto looked = forward ? look(at + 1, lines) : backwards(1, at > 0 ? at - 1 : 0);
  if (looked && !hit) looked = forward ? look(1, std::min(at, lines)) : backwards(std::max<quint64>(at, 1), lines);
  if (!looked) return tl::unexpected<Error>(looked.error());
  return hit;
}

}  // namespace conclave::desktop
