#include "engine/base/byte_text.h"

#include <gtest/gtest.h>

#include "engine/base/text.h"

namespace conclave {
namespace {

TEST(ByteText, EveryByteSurvivesTheWay) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  const std::string text = bytes_as_text(bytes);
  EXPECT_EQ(text, valid_utf8(text));
  EXPECT_EQ(text_as_bytes(text), bytes);
  EXPECT_EQ(bytes_as_text("/var/log/app.log"), "/var/log/app.log");
}

TEST(ByteText, OtherCharactersAreNoBytes) {
  EXPECT_EQ(text_as_bytes("\xc4\x80"), std::nullopt);      // U+0100
  EXPECT_EQ(text_as_bytes("\xe2\x82\xac"), std::nullopt);  // U+20AC
  EXPECT_EQ(text_as_bytes("a\xc3"), std::nullopt);
}

}  // namespace
}  // namespace conclave
