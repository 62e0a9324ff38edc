#include <gtest/gtest.h>

#include "engine/config/tree.h"

namespace conclave::config {
namespace {

struct Scalar {
  const char* yaml;
  const char* json;
};

class CoreSchema : public ::testing::TestWithParam<Scalar> {};

TEST_P(CoreSchema, MakesJsonOfAScalar) {
  const auto node = read_yaml("v: " + std::string(GetParam().yaml), "f.yaml");
  ASSERT_TRUE(node) << node.error().text();
  const auto json = node->find("v")->to_json();
  EXPECT_EQ(json.dump(), GetParam().json) << GetParam().yaml;
}

INSTANTIATE_TEST_SUITE_P(
    Table, CoreSchema,
    ::testing::Values(
        Scalar{"", "null"}, Scalar{"~", "null"}, Scalar{"null", "null"}, Scalar{"NULL", "null"}, Scalar{"nULL", "\"nULL\""},
        Scalar{"!!null ''", "null"}, Scalar{"''", "\"\""}, Scalar{"true", "true"}, Scalar{"FALSE", "false"},
        Scalar{"yes", "\"yes\""}, Scalar{"no", "\"no\""}, Scalar{"on", "\"on\""}, Scalar{"'true'", "\"true\""},
        Scalar{"!!str true", "\"true\""}, Scalar{"0", "0"}, Scalar{"-0", "0"}, Scalar{"+12", "12"}, Scalar{"-7", "-7"},
        Scalar{"007", "7"}, Scalar{"0o17", "15"}, Scalar{"0o18", "\"0o18\""}, Scalar{"0o", "\"0o\""}, Scalar{"0x1f", "31"},
        Scalar{"0xFF", "255"}, Scalar{"0x", "\"0x\""}, Scalar{"0x-1", "\"0x-1\""}, Scalar{"-0x1f", "\"-0x1f\""},
        Scalar{"+-1", "\"+-1\""}, Scalar{"9223372036854775807", "9223372036854775807"},
        Scalar{"18446744073709551615", "18446744073709551615"}, Scalar{"18446744073709551616", "1.8446744073709552e+19"},
        Scalar{"1_000", "\"1_000\""}, Scalar{"1.5", "1.5"}, Scalar{"1.", "1.0"}, Scalar{".5", "0.5"}, Scalar{"-.5", "-0.5"},
        Scalar{"+1e3", "1000.0"}, Scalar{"1e400", "null"}, Scalar{".", "\".\""}, Scalar{"e3", "\"e3\""}, Scalar{"1e", "\"1e\""},
        Scalar{".inf", "null"}, Scalar{"-.INF", "null"}, Scalar{".nan", "null"}, Scalar{"inf", "\"inf\""},
        Scalar{"nan", "\"nan\""}, Scalar{"12:30", "\"12:30\""}, Scalar{"2026-03-01", "\"2026-03-01\""}, Scalar{"!!int '5'", "5"},
        Scalar{"!Ref 5", "\"5\""}, Scalar{"1.2.3", "\"1.2.3\""}));

TEST(Node, BecomesNestedJson) {
  const auto node = read_yaml("a: [1, {b: null}]\nc: {}\nd: []\n", "f.yaml");
  ASSERT_TRUE(node);
  EXPECT_EQ(node->to_json(), nlohmann::json::parse(R"({"a":[1,{"b":null}],"c":{},"d":[]})"));
}

TEST(Node, FindsNothingInAScalar) {
  const auto node = read_yaml("text", "f.yaml");
  ASSERT_TRUE(node);
  EXPECT_EQ(node->find("text"), nullptr);
}

}  // namespace
}  // namespace conclave::config
