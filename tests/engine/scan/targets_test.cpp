#include <gmock/gmock.h>

#include "engine/scan/scanner.h"
#include "engine/scan/services.h"

namespace conclave::scan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> names(std::string_view text) {
  const auto targets = parse_targets(text);
  if (!targets) return {"error: " + targets.error().text()};
  std::vector<std::string> out;
  for (const Target& target : *targets) out.push_back(target.name);
  return out;
}

TEST(States, HaveNamesThatReadBack) {
  for (const State state : {State::open, State::closed, State::rejected, State::filtered, State::unreachable, State::dns_error,
                            State::local_error, State::cancelled, State::suspect})
    EXPECT_EQ(state_from_name(state_name(state)), state);
  EXPECT_EQ(state_name(State::dns_error), "dns_error");
  EXPECT_EQ(state_from_name("up"), std::nullopt);
}

TEST(ParseTargets, ReadsListsAndRanges) {
  EXPECT_THAT(names("db:22,80,8000-8002"), ElementsAre("db:22", "db:80", "db:8000", "db:8001", "db:8002"));
  EXPECT_THAT(names("db:65535"), ElementsAre("db:65535"));
  EXPECT_THAT(names("db:7-7"), ElementsAre("db:7"));
}

TEST(ParseTargets, ReadsAddresses) {
  const auto targets = parse_targets("10.0.0.1:80 [::1]:443,444 [fe80::1%lo]:1 a_b.example.:2");
  ASSERT_TRUE(targets) << targets.error().text();
  ASSERT_EQ(targets->size(), 5U);
  EXPECT_EQ((*targets)[0].host, "10.0.0.1");
  EXPECT_EQ((*targets)[1].host, "::1");
  EXPECT_EQ((*targets)[1].name, "[::1]:443");
  EXPECT_EQ((*targets)[2].name, "[::1]:444");
  EXPECT_EQ((*targets)[3].host, "fe80::1%lo");
  EXPECT_EQ((*targets)[4].host, "a_b.example.");
  EXPECT_EQ((*targets)[4].expect, std::nullopt);
}

TEST(ParseTargets, SeparatesTargetsBySpacesAndCommas) {
  EXPECT_THAT(names("  a:1,b:2\n\tc:3, 4 ,5  d:6 "), ElementsAre("a:1", "b:2", "c:3", "c:4", "c:5", "d:6"));
}

TEST(ParseTargets, ScansAPortOnce) { EXPECT_THAT(names("a:1,1,1-2 a:2 b:1"), ElementsAre("a:1", "a:2", "b:1")); }

TEST(ParseTargets, KnowsServicesByName) {
  if (!port_of_service("https")) GTEST_SKIP() << "no services database on this machine";
  EXPECT_THAT(names("a:https,ssh"), ElementsAre("a:443", "a:22"));
  EXPECT_EQ(service_of_port(443), "https");
}

struct BadTarget {
  const char* what;
  const char* text;
  const char* message;
};

class BadTargets : public ::testing::TestWithParam<BadTarget> {};

TEST_P(BadTargets, AreRefusedWithTheirReason) {
  const auto targets = parse_targets(GetParam().text);
  ASSERT_FALSE(targets);
  EXPECT_EQ(targets.error().kind, ErrorKind::invalid_argument);
  EXPECT_EQ(targets.error().text(), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadTargets,
    ::testing::Values(BadTarget{"nothing", "", "no target; write host:port, for example localhost:22,80"},
                      BadTarget{"blank", " ,\n ", "no target; write host:port, for example localhost:22,80"},
                      BadTarget{"no_port", "localhost", "'localhost': no port; write localhost:port"},
                      BadTarget{"empty_port", "a:", "'a:': no port after the colon"},
                      BadTarget{"port_only", "80", "'80': a port without a host; write host:80"},
                      BadTarget{"no_host", ":80", "':80': no host before the port"},
                      BadTarget{"port_zero", "a:0", "'a:0': ports go from 1 to 65535"},
                      BadTarget{"port_too_high", "a:65536", "'a:65536': ports go from 1 to 65535"},
                      BadTarget{"port_huge", "a:99999999999999999999", "'a:99999999999999999999': ports go from 1 to 65535"},
                      BadTarget{"range_from_zero", "a:0-5", "'a:0-5': ports go from 1 to 65535"},
                      BadTarget{"range_too_high", "a:5-70000", "'a:5-70000': ports go from 1 to 65535"},
                      BadTarget{"range_backwards", "a:9-3", "'a:9-3': the range runs backwards"},
                      BadTarget{"negative_port", "a:-1", "'a:-1': no port or service called '-1'"},
                      BadTarget{"open_range", "a:1-", "'a:1-': no port or service called '1-'"},
                      BadTarget{"unknown_service", "a:htps", "'a:htps': no port or service called 'htps'"},
                      BadTarget{"ipv6_bare", "::1", "'::1': no port; write [::1]:port"},
                      BadTarget{"two_colons", "a:b:c",
                                "'a:b:c': more than one colon; write an IPv6 address in brackets, [::1]:443"},
                      BadTarget{"ipv6_without_port", "[::1]", "'[::1]': no port; write [::1]:port"},
                      BadTarget{"ipv6_open", "[::1", "'[::1': '[' is not closed"},
                      BadTarget{"ipv4_in_brackets", "[1.2.3.4]:5", "'[1.2.3.4]:5': not an IPv6 address in the brackets"},
                      BadTarget{"short_ipv4", "1.2.3:4", "'1.2.3:4': not an IPv4 address"},
                      BadTarget{"large_ipv4", "256.1.1.1:4", "'256.1.1.1:4': not an IPv4 address"},
                      BadTarget{"url", "http://a/", "'http://a/': a URL; write host:port"},
                      BadTarget{"empty_label", "a..b:1", "'a..b:1': an empty part in the host name"},
                      BadTarget{"bad_character", "a/b:1", "'a/b:1': a character that host names cannot have"},
                      BadTarget{"control_character", "a\x01:1", "'a?:1': a character that host names cannot have"},
                      BadTarget{"several", "a:0, x b:1 1.2:3,4",
                                "'a:0': ports go from 1 to 65535; 'x': no port or service called 'x'; '1.2:3': not an "
                                "IPv4 address"}),
    [](const auto& test) { return test.param.what; });

TEST(ParseTargets, ReportsManyProblemsInBoundedSpace) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "a:0 ";
  const auto targets = parse_targets(text);
  ASSERT_FALSE(targets);
  EXPECT_LT(targets.error().message.size(), 2000U);
  EXPECT_THAT(targets.error().message, HasSubstr("and 980 more"));
}

TEST(ParseTargets, RefusesMoreThanAMillion) {
  std::string text;
  for (int i = 0; i < 16; ++i) text += "10.0.0." + std::to_string(i) + ":1-65535 ";
  const auto targets = parse_targets(text);
  ASSERT_FALSE(targets);
  EXPECT_EQ(targets.error().kind, ErrorKind::limit);
}

}  // namespace
}  // namespace conclave::scan
