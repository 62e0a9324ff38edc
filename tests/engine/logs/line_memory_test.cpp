#include "engine/logs/line_memory.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace conclave::logs {
namespace {

KnownLine* add(LineMemory& memory, std::string_view line, const Header& header = {}) {
  return memory.add(line, header, {Level::info, 3}, line.substr(8));
}

TEST(LineMemory, KnowsLinesThatDifferInTheirDigitsAlone) {
  LineMemory memory;
  const std::string first = "request 123 took 45 ms on node";
  EXPECT_EQ(memory.find(first, Header{}), nullptr);
  KnownLine* const known = add(memory, first);
  ASSERT_NE(known, nullptr);
  memory.set_parameters(*known, {{0, 3, ParameterKind::number}, {9, 11, ParameterKind::number}});
  EXPECT_FALSE(known->level_varies);
  EXPECT_FALSE(known->message_varies);
  EXPECT_EQ(known->level, Level::info);
  EXPECT_EQ(known->level_end, 3U);
  EXPECT_EQ(known->message_begin, 8U);
  EXPECT_EQ(known->message_size, first.size() - 8);
  EXPECT_EQ(memory.parameters(*known).size(), 2U);
  EXPECT_EQ(memory.parameters(*known)[1].begin, 9U);
  EXPECT_EQ(memory.find("request 987 took 10 ms on node", Header{}), known);
  EXPECT_EQ(memory.find("request 9876 took 1 ms on node", Header{}), nullptr);
  EXPECT_EQ(memory.find("request 987 took 10 ms on nodE", Header{}), nullptr);
  Header stamped;
  stamped.stamp_end = 7;
  EXPECT_EQ(memory.find("request 987 took 10 ms on node", stamped), nullptr);
}

TEST(LineMemory, SaysWhatDependsOnTheValuesOfDigits) {
  LineMemory memory;
  const std::string twice = "- 1117838570 2005.06.03 R02-M1 2005-06-03-15.42.50.363779 RAS KERNEL INFO on";
  const std::string huge(100'000, 'x');
  EXPECT_TRUE(add(memory, "<34>a message of some kind")->level_varies);
  EXPECT_TRUE(add(memory, "{\"level\":30,\"msg\":\"a message\"}")->level_varies);
  EXPECT_TRUE(add(memory, twice, read_header(twice, 0))->message_varies);
  EXPECT_TRUE(memory.find(twice, read_header(twice, 0))->message_varies);
  EXPECT_FALSE(memory.find(twice, read_header(twice, 0))->level_varies);
  EXPECT_EQ(add(memory, "too short"), nullptr);
  EXPECT_EQ(add(memory, huge), nullptr);
  EXPECT_EQ(memory.find(huge, Header{}), nullptr);
}

TEST(LineMemory, ForgetsAllWhenItIsFullAndNothingBefore) {
  LineMemory memory;
  constexpr std::size_t lines = 200'000;
  const auto line = [](std::size_t number) {  // no digits
    std::string text = "a line of the kind ";
    for (; number > 0; number /= 26) text += static_cast<char>('a' + number % 26);
    return text;
  };
  std::array<std::string, LineMemory::batch> texts;
  std::array<std::string_view, LineMemory::batch> views;
  const std::array<Header, LineMemory::batch> headers{};
  std::array<KnownLine*, LineMemory::batch> found;
  std::uint32_t emptied = 0;
  for (std::size_t i = 0; i < lines; i += texts.size()) {
    for (std::size_t k = 0; k < texts.size(); ++k) views[k] = texts[k] = line(i + k);
    memory.find(views, headers.data(), found.data());
    for (std::size_t k = 0; k < texts.size(); ++k) {
      ASSERT_EQ(found[k], nullptr) << texts[k];
      KnownLine* const known = add(memory, views[k]);
      ASSERT_NE(known, nullptr) << texts[k];
      known->shape = static_cast<std::uint32_t>(i + k);
    }
    memory.find(views, headers.data(), found.data());
    if (found[0] == nullptr) {
      ++emptied;
      continue;
    }
    for (std::size_t k = 0; k < texts.size(); ++k) {
      ASSERT_TRUE(found[k] == nullptr || found[k]->shape == i + k) << texts[k];
    }
  }
  EXPECT_GT(emptied, 1U);
  memory.clear();
  EXPECT_EQ(memory.find(views[0], headers[0]), nullptr);
}

}  // namespace
}  // namespace conclave::logs
