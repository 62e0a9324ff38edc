#include "engine/base/text.h"

#include <gtest/gtest.h>

#include <array>

namespace conclave {
namespace {

TEST(ValidUtf8, LeavesGoodTextAlone) {
  const std::string text = "plain, caf\xC3\xA9, \xE6\x97\xA5\xE6\x9C\xAC, \xF0\x9F\x94\xA5";
  EXPECT_EQ(valid_utf8(text), text);
  const std::string with_nul("a\0b", 3);
  EXPECT_EQ(valid_utf8(with_nul), with_nul);
}

TEST(FindInvalidUtf8, TellsWhereTheFirstBadSequenceBegins) {
  EXPECT_EQ(find_invalid_utf8(""), std::string_view::npos);
  EXPECT_EQ(find_invalid_utf8("a\u00e9\u20ac\U0001f600"), std::string_view::npos);
  EXPECT_EQ(find_invalid_utf8("a\u20ac\xEF\xBF"), 4U);
  EXPECT_EQ(find_invalid_utf8("\xFF ok \xFF"), 0U);
}

TEST(ValidUtf8, ReplacesEveryKindOfBadSequence) {
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(valid_utf8("\xFF"), mark);
  EXPECT_EQ(valid_utf8("a\xC3"), "a" + mark);                            // cut off
  EXPECT_EQ(valid_utf8("\xC0\xAF"), mark + mark);                        // overlong
  EXPECT_EQ(valid_utf8("\xED\xA0\x80"), mark + mark + mark);             // surrogate
  EXPECT_EQ(valid_utf8("\xF4\x90\x80\x80"), mark + mark + mark + mark);  // beyond U+10FFFF
}

TEST(EditDistance, CountsEditsUpToTheLimit) {
  EXPECT_EQ(edit_distance("replicas", "replicas", 3), 0U);
  EXPECT_EQ(edit_distance("replcas", "replicas", 3), 1U);
  EXPECT_EQ(edit_distance("alpah", "alpha", 1), 1U) << "two neighbours swapped";
  EXPECT_EQ(edit_distance("kitten", "sitting", 5), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting", 2), 3U) << "more than the limit is limit + 1";
  EXPECT_EQ(edit_distance("", "abc", 5), 3U);
}

TEST(DidYouMean, SuggestsOnlyWhatIsNear) {
  constexpr std::array<std::string_view, 3> known = {"replicas", "ports", "environment"};
  EXPECT_EQ(did_you_mean("replcas", known), "; did you mean 'replicas'?");
  EXPECT_EQ(did_you_mean("prots", known), "; did you mean 'ports'?");
  EXPECT_EQ(did_you_mean("colour", known), "");
}

}  // namespace
}  // namespace conclave
