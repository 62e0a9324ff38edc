#include "engine/logs/field_test.h"

#include <algorithm>

namespace conclave::logs {
namespace {

using Test = FieldFilter::Test;

// The longest piece of a text that JSON and logfmt can write in no other way than as it is, or as \u00XX and \xXX.
std::string plain_piece(std::string_view text, std::string_view cuts) {
  std::string_view best;
  for (std::size_t at = 0; at <= text.size();) {
    std::size_t end = at;
    while (end < text.size() && static_cast<unsigned char>(text[end]) >= ' ' && text[end] != '\x7F' &&
           cuts.find(text[end]) == std::string_view::npos)
      ++end;
    if (end - at > best.size()) best = text.substr(at, end - at);
    at = end + 1;
  }
  return std::string(best);
}

}  // namespace

Result<FieldTest> FieldTest::compile(const FieldFilter& filter) {
  FieldTest test;
  test.filter_ = filter;
  if (filter.test == Test::matching || filter.test == Test::not_matching) {
    auto regex = LineRegex::compile(filter.value, filter.any_case);
    if (!regex) return tl::unexpected(regex.error());
    test.regex_ = std::move(*regex);
  } else if (!filter.as_text) {
    test.number_ = number_of(filter.value);
    test.time_ = parse_time(filter.value);
  }
  return test;
}

bool FieldTest::same(const Field& field, std::string_view text, TimeUs reference) const {
  if (text == filter_.value) return true;
  if (number_ && field.kind == FieldKind::number) {
    const auto number = number_of(text);
    return number && compare(*number, *number_) == 0;
  }
  return time_ && field.kind == FieldKind::text && time_of(text, reference) == time_;
}

bool FieldTest::in_order(const Field& field, std::string_view text, TimeUs reference) const {
  int order = 0;
  if (field.kind == FieldKind::boolean || field.kind == FieldKind::null) return false;
  if (number_) {
    const auto number = number_of(text);
    if (!number) return false;
    order = compare(*number, *number_);
  } else {
    const auto time = time_of(text, reference);
    if (!time || !time_) return false;
    order = *time < *time_ ? -1 : *time > *time_ ? 1 : 0;
  }
  switch (filter_.test) {
    case Test::less:
      return order < 0;
    case Test::at_most:
      return order <= 0;
    case Test::more:
      return order > 0;
    default:
      return order >= 0;
  }
}

void FieldTest::look(const Field& field, TimeUs reference, std::string& buffer, LineRegex::Workspace& workspace, const Job& job,
                     Seen& seen) const {
  if (filter_.test == Test::there) {
    const bool named = field.name.starts_with(filter_.name) &&
                       (field.name.size() == filter_.name.size() || field.name[filter_.name.size()] == '.');
    seen.hit = seen.hit || (named && field.kind != FieldKind::null);
    return;
  }
  if (field.name != filter_.name) return;
  seen.named = true;
  const std::string_view text = text_of(field, buffer);
  if (regex_) {
    const auto answer = regex_->matches(text, workspace, job);
    seen.hit = seen.hit || answer == LineRegex::Answer::yes;
    seen.too_hard = answer == LineRegex::Answer::too_hard;
  } else if (filter_.test == Test::equal || filter_.test == Test::different) {
    seen.hit = seen.hit || same(field, text, reference);
  } else {
    seen.hit = seen.hit || in_order(field, text, reference);
  }
}

bool FieldTest::holds(const Seen& seen) const {
  if (filter_.test == Test::different || filter_.test == Test::not_matching) return seen.named && !seen.hit;
  return seen.hit;
}

FieldHints hints_of(const FieldFilter& filter) {
  constexpr std::size_t shortest = 3;  // shorter ones are in most lines
  FieldHints hints;
  // The names of objects in each other stand apart.
  if (auto name = plain_piece(filter.name, ".\"\\/'"); name.size() >= shortest) hints.all.push_back(std::move(name));
  const bool one_way = filter.as_text || (!number_of(filter.value) && !parse_time(filter.value));
  if (filter.test == Test::equal && one_way) {
    if (auto value = plain_piece(filter.value, "\"\\/'"); value.size() >= shortest) hints.all.push_back(std::move(value));
  }
  if (!hints.all.empty()) hints.any = {"\\u", "\\x"};
  return hints;
}

}  // namespace conclave::logs
