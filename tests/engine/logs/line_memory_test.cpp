#include "engine/logs/line_memory.h"

#include <gtest/gtest.h>

#include <string>

namespace conclave::logs {
namespace {

TEST(LineMemory, KnowsLinesThatDifferInTheirDigitsAlone) {
  LineMemory memory;
  const std::string first = "request 123 took 45 ms on node";
  KnownLine* place = memory.find(first, Header{});
  ASSERT_NE(place, nullptr);
  EXPECT_TRUE(place->text.empty());
  place->text = first;
  EXPECT_EQ(memory.find("request 987 took 10 ms on node", Header{}), place);
  EXPECT_EQ(place->text, first);
  KnownLine* other = memory.find("request 9876 took 1 ms on node", Header{});
  EXPECT_TRUE(other == nullptr || other->text.empty());
}

TEST(LineMemory, DoesNotKeepWhatDependsOnTheValuesOfDigits) {
  LineMemory memory;
  const std::string twice = "- 1117838570 2005.06.03 R02-M1 2005-06-03-15.42.50.363779 RAS KERNEL INFO on";
  const std::string huge(100'000, 'x');
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(memory.find("<34>a message of some kind", Header{}), nullptr);
    EXPECT_EQ(memory.find("{\"level\":30,\"msg\":\"a message\"}", Header{}), nullptr);
    EXPECT_EQ(memory.find(twice, read_header(twice, 0)), nullptr);
  }
  EXPECT_EQ(memory.find("short", Header{}), nullptr);
  EXPECT_EQ(memory.find(huge, Header{}), nullptr);
}

}  // namespace
}  // namespace conclave::logs
