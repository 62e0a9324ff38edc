#include "engine/config/path.h"

#include <gmock/gmock.h>

namespace conclave::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> keys(std::string_view path) {
  std::vector<std::string> out;
  for (const PathStep& step : steps_of(path)) out.push_back(step.key);
  return out;
}

TEST(ConfigPath, JoinsPlainKeysByDotsAndQuotesTheOthers) {
  EXPECT_EQ(path_of_key("", "services"), "services");
  EXPECT_EQ(path_of_key("services", "api v2"), "services.api v2");
  EXPECT_EQ(path_of_key("services", "api.v2"), "services.\"api.v2\"");
  EXPECT_EQ(path_of_key("a", ""), "a.\"\"");
  EXPECT_EQ(path_of_key("", "say \"x\\y\""), "\"say \\\"x\\\\y\\\"\"");
  EXPECT_EQ(path_of_item("ports", 3), "ports[3]");
}

TEST(ConfigPath, TellsKeysWithDotsFromNestedOnes) {
  EXPECT_THAT(keys("a.b"), ElementsAre("a", "b"));
  EXPECT_THAT(keys("\"a.b\""), ElementsAre("a.b"));
  EXPECT_THAT(keys("a[1].\"x.[0]\"[2]"), ElementsAre("a", "[1]", "x.[0]", "[2]"));
  EXPECT_TRUE(steps_of("a[1]")[1].item);
  EXPECT_FALSE(steps_of("\"[1]\"")[0].item);
  EXPECT_THAT(steps_of("a.\"b.c\".d")[1].path, "a.\"b.c\"");
}

TEST(ConfigPath, ComesBackFromItsSteps) {
  const std::vector<std::string> awkward = {"", ".", "..", "[0]", "\"", "\\", "\\\"", "a.b", " ", "k\n", "]", "\xff"};
  for (const std::string& first : awkward) {
    for (const std::string& second : awkward) {
      const std::string path = path_of_key(path_of_item(path_of_key("", first), 7), second);
      EXPECT_THAT(keys(path), ElementsAre(first, "[7]", second)) << path;
      EXPECT_EQ(steps_of(path).back().path, path);
    }
  }
}

TEST(ConfigPath, TakesAnyTextAsThePathItResembles) {
  EXPECT_THAT(keys(""), IsEmpty());
  for (const char* text : {".", "..", "[", "]", "\"", "a.", "a[", "a]b", "\"a", "\"a\\", "a\"b", "[[", ".\"\".["}) {
    const auto steps = steps_of(text);
    ASSERT_FALSE(steps.empty()) << text;
    EXPECT_LE(steps.size(), std::string_view(text).size()) << text;
  }
}

TEST(ConfigPath, CanBeWrittenWithoutQuotes) {
  EXPECT_EQ(without_quotes("services.\"api.v2\".ports[0]"), "services.api.v2.ports[0]");
  EXPECT_EQ(without_quotes("a.b[1]"), "a.b[1]");
}

}  // namespace
}  // namespace conclave::config
