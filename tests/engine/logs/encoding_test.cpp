#include "engine/logs/encoding.h"

#include <gtest/gtest.h>

#include <string>

namespace conclave::logs {
namespace {

TEST(Encoding, OfAsciiUtf8AndNothingIsUtf8) {
  for (const char* text : {"", "ERROR failed\n", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\n"})
    EXPECT_EQ(encoding_of(text), Encoding::utf8);
}

TEST(Encoding, OfOtherLettersIsLatin1) {
  EXPECT_EQ(encoding_of("caf\xe9 geschlossen\nT\xfcr auf\n"), Encoding::latin1);
  EXPECT_EQ(encoding_of("price \x80 5\n"), Encoding::latin1);
}

TEST(Encoding, OfUtf8WithSomeGarbageStaysUtf8) {
  EXPECT_EQ(encoding_of("caf\xc3\xa9 \xff t\xc3\xbcr\n"), Encoding::utf8);
  EXPECT_EQ(encoding_of(std::string("\xe9\xe8\0\xff", 4)), Encoding::utf8);
}

TEST(Encoding, OfMuchTextIsSeenFarBehindItsStart) {
  const std::string ascii(5 << 20, 'x');
  const std::string latin1(400'000, '\xe9');
  EXPECT_EQ(encoding_of(ascii + latin1), Encoding::latin1);
  EXPECT_EQ(encoding_of(ascii + latin1 + ascii), Encoding::latin1);
  std::string utf8;
  while (utf8.size() < (5U << 20U)) utf8 += "\xe2\x82\xac";
  for (std::size_t cut = 0; cut < 3; ++cut) EXPECT_EQ(encoding_of(std::string(cut, 'a') + utf8), Encoding::utf8);
}

TEST(Encoding, APieceOfALatin1LogThatIsUtf8StaysSo) {
  EXPECT_EQ(letters_of("caf\xe9", Encoding::latin1), "caf\xc3\xa9");
  EXPECT_EQ(letters_of("caf\xc3\xa9", Encoding::latin1), "caf\xc3\xa9");
  EXPECT_EQ(letters_of("caf\xe9", Encoding::utf8), "caf\xef\xbf\xbd");
}

TEST(Encoding, SeesMoreAndMoreOfALog) {
  EncodingEvidence evidence;
  evidence.add("plain\n");
  EXPECT_EQ(evidence.verdict(), Encoding::utf8);
  evidence.add("caf\xe9\n");
  EXPECT_EQ(evidence.verdict(), Encoding::latin1);
  evidence.add("caf\xc3\xa9\n");
  EXPECT_EQ(evidence.verdict(), Encoding::utf8);
}

TEST(Encoding, Latin1IsReadAsWindows1252) {
  EXPECT_EQ(latin1_to_utf8("a\xe9\xff\x80\x99\x81\xa0\n"), "a\xc3\xa9\xc3\xbf\xe2\x82\xac\xe2\x84\xa2\xef\xbf\xbd\xc2\xa0\n");
}

}  // namespace
}  // namespace conclave::logs
