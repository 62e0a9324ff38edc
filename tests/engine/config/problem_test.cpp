#include "engine/config/problem.h"

#include <gmock/gmock.h>

#include <limits>

namespace conclave::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr long long largest = std::numeric_limits<long long>::max();

class MapReaderTest : public ::testing::Test {
 protected:
  MapReader reader(std::string_view yaml) {
    auto node = read_yaml(yaml, "f.yaml");
    EXPECT_TRUE(node) << node.error().text();
    if (node) node_ = std::move(*node);
    return {node_, "the case", problems_};
  }
  std::vector<std::string> texts() {
    std::vector<std::string> out;
    for (const Problem& problem : problems_) out.push_back(to_text(problem));
    return out;
  }
  Node node_;
  std::vector<Problem> problems_;
};

TEST_F(MapReaderTest, ReadsWhatIsWellFormed) {
  auto map = reader("t: yes\ni: 5\nn: 0.5\nb: true\nlist: [a, 1]\none: x\n");
  std::string text;
  long long whole = 0;
  double number = 0;
  bool flag = false;
  std::vector<std::string> list;
  std::vector<std::string> one;
  EXPECT_TRUE(map.text("t", text));
  EXPECT_TRUE(map.integer("i", whole, 0, 10));
  EXPECT_TRUE(map.number("n", number, 0, 1));
  EXPECT_TRUE(map.boolean("b", flag));
  EXPECT_TRUE(map.texts("list", list));
  EXPECT_TRUE(map.texts("one", one));
  map.finish();
  EXPECT_EQ(text, "yes");
  EXPECT_EQ(whole, 5);
  EXPECT_EQ(number, 0.5);
  EXPECT_TRUE(flag);
  EXPECT_THAT(list, ElementsAre("a", "1"));
  EXPECT_THAT(one, ElementsAre("x"));
  EXPECT_THAT(texts(), IsEmpty());
}

TEST_F(MapReaderTest, LeavesWhatIsAbsentAlone) {
  auto map = reader("t:\n");
  std::string text = "before";
  long long whole = 7;
  EXPECT_FALSE(map.text("t", text)) << "null counts as absent";
  EXPECT_FALSE(map.integer("i", whole, 0, 10));
  EXPECT_EQ(map.any("x"), nullptr);
  map.finish();
  EXPECT_EQ(text, "before");
  EXPECT_EQ(whole, 7);
  EXPECT_THAT(texts(), IsEmpty());
}

TEST_F(MapReaderTest, ReportsEveryWrongTypeWithItsPlace) {
  auto map = reader("t: [1]\ni: 'x'\nn: {}\nb: yes\nlist: [a, [b]]\nq: '5'\nf: 1.5\nhuge: 99999999999999999999\n");
  std::string text = "before";
  long long whole = 7;
  double number = 7;
  bool flag = false;
  std::vector<std::string> list = {"before"};
  EXPECT_FALSE(map.text("t", text));
  EXPECT_FALSE(map.integer("i", whole, 0, 10));
  EXPECT_FALSE(map.number("n", number, 0, 1));
  EXPECT_FALSE(map.boolean("b", flag));
  EXPECT_FALSE(map.texts("list", list));
  EXPECT_FALSE(map.integer("q", whole, 0, 10));
  EXPECT_FALSE(map.integer("f", whole, 0, 10));
  EXPECT_FALSE(map.integer("huge", whole, 0, largest));
  map.finish();
  EXPECT_THAT(
      texts(),
      ElementsAre("f.yaml:1:4: error: t of the case must be text, not a list [wrong-type]",
                  "f.yaml:2:4: error: i of the case must be a whole number, not 'x' [wrong-type]",
                  "f.yaml:3:4: error: n of the case must be a number, not a map [wrong-type]",
                  "f.yaml:4:4: error: b of the case must be true or false, not 'yes' [wrong-type]",
                  "f.yaml:5:11: error: list of the case must be texts, not a list [wrong-type]",
                  "f.yaml:6:4: error: q of the case must be a whole number, not '5'; write it without quotes [wrong-type]",
                  "f.yaml:7:4: error: f of the case must be a whole number, not '1.5' [wrong-type]",
                  "f.yaml:8:7: error: huge of the case must be a whole number, not '99999999999999999999' [wrong-type]"));
  EXPECT_EQ(text, "before");
  EXPECT_EQ(whole, 7);
  EXPECT_EQ(number, 7);
  EXPECT_THAT(list, ElementsAre("before"));
}

TEST_F(MapReaderTest, ReportsNumbersOutOfRange) {
  auto map = reader("a: 11\nb: -1\nc: 1.5\nd: 18446744073709551615\n");
  long long whole = 7;
  double number = 7;
  EXPECT_FALSE(map.integer("a", whole, 0, 10));
  EXPECT_FALSE(map.integer("b", whole, 0, largest));
  EXPECT_FALSE(map.number("c", number, 0, 1));
  EXPECT_FALSE(map.integer("d", whole, 0, largest));
  EXPECT_THAT(texts(),
              ElementsAre("f.yaml:1:4: error: a of the case must be from 0 to 10, not '11' [out-of-range]",
                          "f.yaml:2:4: error: b of the case must be at least 0, not '-1' [out-of-range]",
                          "f.yaml:3:4: error: c of the case must be from 0.0 to 1.0, not '1.5' [out-of-range]",
                          "f.yaml:4:4: error: d of the case must be at least 0, not '18446744073709551615' [out-of-range]"));
}

TEST_F(MapReaderTest, SuggestsTheKeyThatWasMeant) {
  auto map = reader("questoin: x\nzzz: 1\n");
  std::string text;
  EXPECT_FALSE(map.text("question", text));
  map.finish();
  EXPECT_THAT(texts(),
              ElementsAre("f.yaml:1:1: error: unknown key 'questoin' in the case; did you mean 'question'? [unknown-key]",
                          "f.yaml:2:1: error: unknown key 'zzz' in the case [unknown-key]"));
}

TEST_F(MapReaderTest, ReportsAScalarOrListInPlaceOfTheMapOnce) {
  auto map = reader("just text");
  EXPECT_FALSE(map.is_map());
  EXPECT_EQ(map.any("x"), nullptr);
  map.finish();
  EXPECT_THAT(texts(), ElementsAre("f.yaml:1:1: error: the case must be a map of keys and values, not 'just text' [wrong-type]"));
}

TEST_F(MapReaderTest, TakesNothingAtAllAsAnEmptyMap) {
  auto map = reader("");
  map.finish();
  EXPECT_THAT(texts(), IsEmpty());
}

TEST_F(MapReaderTest, ShortensLongValuesInMessages) {
  auto map = reader("t: " + std::string(59, 'x') +
                    "\xC3\xA9"
                    "yyy\n");
  bool flag = false;
  EXPECT_FALSE(map.boolean("t", flag));
  ASSERT_EQ(problems_.size(), 1U);
  EXPECT_THAT(problems_[0].message, ::testing::EndsWith("x\xEF\xBF\xBD...'")) << "cut inside a character, and still valid UTF-8";
}

}  // namespace
}  // namespace conclave::config
