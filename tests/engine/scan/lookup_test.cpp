#include "engine/scan/lookup.h"

#include <gtest/gtest.h>

namespace conclave::scan {
namespace {

TEST(LookUp, AnswersAddressesAndLocalhostDirectly) {
  EXPECT_EQ(look_up_directly("127.0.0.1")->addresses.at(0).text(), "127.0.0.1");
  EXPECT_EQ(look_up_directly("::1")->addresses.at(0).text(), "::1");
  EXPECT_EQ(look_up_directly("localhost")->addresses.at(0).text(), "127.0.0.1");
  for (const char* name : {"example.org", "", "1.example.org", "127.0.0.1 b", "1e100.net", "256.256.256.256"})
    EXPECT_FALSE(look_up_directly(name)) << name;
}

TEST(LookUp, TakesShortFormsOfAddressesAsTheCLibraryDoes) {
  EXPECT_EQ(look_up_directly("127.1")->addresses.at(0).text(), "127.0.0.1");
  EXPECT_EQ(look_up_directly("0x7f000001")->addresses.at(0).text(), "127.0.0.1");
}

}  // namespace
}  // namespace conclave::scan
