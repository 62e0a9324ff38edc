#include "engine/scan/address_range.h"

#include <gtest/gtest.h>

namespace conclave::scan {
namespace {

bool holds(const std::string& range, const std::string& address) {
  return AddressRange::parse(range)->contains(*Address::from_text(address));
}

TEST(AddressRange, holds_what_shares_its_prefix) {
  EXPECT_TRUE(holds("10.0.0.0/8", "10.255.255.255"));
  EXPECT_FALSE(holds("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(holds("192.168.4.0/22", "192.168.7.255"));
  EXPECT_FALSE(holds("192.168.4.0/22", "192.168.8.0"));
  EXPECT_TRUE(holds("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(holds("2001:db8::/33", "2001:db8:8000::1"));
}

TEST(AddressRange, is_one_address_without_a_prefix) {
  EXPECT_TRUE(holds("127.0.0.1", "127.0.0.1"));
  EXPECT_FALSE(holds("127.0.0.1", "127.0.0.2"));
  EXPECT_TRUE(holds("::1", "::1"));
  EXPECT_FALSE(holds("::1/128", "::2"));
}

TEST(AddressRange, holds_everything_of_its_kind_with_prefix_0) {
  EXPECT_TRUE(holds("0.0.0.0/0", "203.0.113.9"));
  EXPECT_FALSE(holds("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(holds("::/0", "2001:db8::1"));
}

TEST(AddressRange, knows_an_ipv4_address_in_its_mapped_form) {
  EXPECT_TRUE(holds("10.0.0.0/8", "::ffff:10.1.2.3"));
  EXPECT_FALSE(holds("10.0.0.0/8", "::ffff:11.1.2.3"));
  EXPECT_TRUE(holds("::ffff:10.0.0.0/104", "10.1.2.3"));
}

TEST(AddressRange, tells_how_it_was_written) { EXPECT_EQ(AddressRange::parse("10.0.0.0/8")->text(), "10.0.0.0/8"); }

TEST(AddressRange, refuses_what_is_no_network) {
  for (const char* text : {"", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.0/ 8", "10.0.0/8", "::/129",
                           "host", "fe80::1%lo/64", "10.0.0.0/8/8", "1.2.3.4.5"}) {
    const auto range = AddressRange::parse(text);
    ASSERT_FALSE(range.has_value()) << text;
    EXPECT_EQ(range.error().kind, ErrorKind::invalid_argument);
  }
}

TEST(AddressRange, refuses_bits_after_the_prefix) {
  EXPECT_NE(AddressRange::parse("10.0.0.1/8").error().message.find("host and a network"), std::string::npos);
  EXPECT_FALSE(AddressRange::parse("10.128.0.0/8").has_value());
  EXPECT_FALSE(AddressRange::parse("2001:db8::1/64").has_value());
}

}  // namespace
}  // namespace conclave::scan
