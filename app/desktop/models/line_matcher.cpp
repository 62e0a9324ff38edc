#include "app/desktop/models/line_matcher.h"

#include <algorithm>
#include <cstring>

#include "app/desktop/text.h"
#include "engine/logs/search.h"

namespace conclave::desktop {

namespace {

// Of PCRE2, for what is marked while a line is painted: an expression that explodes marks less and never stops the window.
constexpr auto painting_limit = "(*LIMIT_MATCH=20000)";
constexpr std::size_t searched_bytes = std::size_t{1} << 20U;  // of a line

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; }

// `needle` is lower case. Candidates come from memchr for the two cases of its first letter.
bool containsFolded(std::string_view line, std::string_view needle) {
  if (needle.size() > line.size()) return false;
  const std::string_view starts = line.substr(0, line.size() - needle.size() + 1);
  const auto isHere = [&](std::size_t at) {
    return std::equal(needle.begin(), needle.end(), line.begin() + static_cast<std::ptrdiff_t>(at),
                      [](char a, char b) { return a == lower(b); });
  };
  for (const char first : {needle.front(), upper(needle.front())}) {
    for (auto at = starts.find(first); at != std::string_view::npos; at = starts.find(first, at + 1)) {
      if (isHere(at)) return true;
    }
    if (upper(first) == lower(first)) break;
  }
  return false;
}

bool isAscii(const QString& text) {
  return std::ranges::all_of(text, [](QChar each) { return each.unicode() < 128; });
}

}  // namespace

Result<MatcherPtr> LineMatcher::make(const QString& text, bool isExpression, bool caseMatters) {
  const std::shared_ptr<LineMatcher> matcher(new LineMatcher);
  matcher->caseMatters_ = caseMatters;
  matcher->expression_.setPattern(isExpression ? text : QRegularExpression::escape(text));
  matcher->expression_.setPatternOptions(caseMatters ? QRegularExpression::NoPatternOption
                                                     : QRegularExpression::CaseInsensitiveOption);
  if (!matcher->expression_.isValid()) {
    return fail(ErrorKind::parse, QStringLiteral("%1, at character %2")
                                      .arg(matcher->expression_.errorString())
                                      .arg(matcher->expression_.patternErrorOffset() + 1)
                                      .toStdString());
  }
  matcher->expression_.optimize();
  matcher->painted_.setPattern(QLatin1String(painting_limit) + matcher->expression_.pattern());
  matcher->painted_.setPatternOptions(matcher->expression_.patternOptions());
  if (!isExpression) {
    std::string bytes = text.toStdString();
    if (!caseMatters) std::transform(bytes.begin(), bytes.end(), bytes.begin(), lower);
    if (isAscii(text) || caseMatters) matcher->folded_ = std::move(bytes);
  }
  const bool everyCase = !caseMatters && !isAscii(text);
  const logs::TextPattern pattern{text.toStdString(), isExpression, !caseMatters};
  auto expression = logs::Expression::of(pattern);
  if (!everyCase && !text.isEmpty() && logs::Search::compile(expression)) matcher->query_ = std::move(expression);
  return matcher;
}

Result<MatcherPtr> LineMatcher::makeQuery(const QString& text) {
  const auto expression = logs::parse_expression(text.toStdString());
  if (!expression) {
    const Error& error = expression.error();
    const std::size_t column = error.where.rfind(':');
    if (column == std::string::npos) return fail(ErrorKind::parse, error.message);
    return fail(
        ErrorKind::parse,
        QStringLiteral("%1, at character %2").arg(qtText(error.message), qtText(error.where.substr(column + 1))).toStdString());
  }
  if (const auto search = logs::Search::compile(*expression); !search) return tl::unexpected<Error>(search.error());
  auto highlighter = logs::Highlighter::compile(*expression);
  if (!highlighter) return tl::unexpected<Error>(highlighter.error());
  const std::shared_ptr<LineMatcher> matcher(new LineMatcher);
  matcher->query_ = *expression;
  matcher->highlighter_ = std::move(*highlighter);
  return matcher;
}

bool LineMatcher::matches(std::string_view line) const {
  if (folded_.empty()) return expression_.match(qtText(line)).hasMatch();
  return caseMatters_ ? line.find(folded_) != std::string_view::npos : containsFolded(line, folded_);
}

std::vector<std::pair<int, int>> LineMatcher::spans(const QString& shown) const {
  std::vector<std::pair<int, int>> spans;
  if (highlighter_) {
    const QByteArray bytes = shown.toUtf8();
    const std::string_view line(bytes.constData(), static_cast<std::size_t>(bytes.size()));
    const auto units = [&](std::size_t offset) {
      return static_cast<int>(QString::fromUtf8(bytes.constData(), static_cast<qsizetype>(offset)).size());
    };
    for (const logs::Span& span : highlighter_->find(line)) {
      spans.emplace_back(units(span.begin), units(span.end) - units(span.begin));
    }
    return spans;
  }
  auto found = painted_.globalMatch(shown);
  while (found.hasNext()) {
    const auto match = found.next();
    if (match.capturedLength() > 0) {
      spans.emplace_back(static_cast<int>(match.capturedStart()), static_cast<int>(match.capturedLength()));
    }
  }
  return spans;
}

bool looksLikeQuery(const QString& text) {
  static const QRegularExpression words(
      QStringLiteral("(^|[\\s(!])((level|since|until|template|field):\\S|level>=\\S)|\\s(AND|OR|&&|\\|\\|)\\s|(^|\\s)NOT\\s"));
  return words.match(text).hasMatch();
}

LineScan scanFor(const MatcherPtr& matcher) {
  return {[matcher]() -> LineTest { return [matcher](std::string_view line) { return matcher->matches(line); }; },
          searched_bytes};
}

}  // namespace conclave::desktop
