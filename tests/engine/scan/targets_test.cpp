#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "engine/scan/services.h"
#include "engine/scan/targets.h"

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

TEST(ParseTargets, ReadsNetworks) {
  EXPECT_THAT(names("10.0.0.8/30:22,80"), ElementsAre("10.0.0.9:22", "10.0.0.10:22", "10.0.0.9:80", "10.0.0.10:80"));
  EXPECT_THAT(names("10.0.0.8/31:1"), ElementsAre("10.0.0.8:1", "10.0.0.9:1"));
  EXPECT_THAT(names("10.0.0.8/32:1 10.0.0.8:1"), ElementsAre("10.0.0.8:1"));
  EXPECT_THAT(names("[2001:db8::fe/127]:1-2"),
              ElementsAre("[2001:db8::fe]:1", "[2001:db8::fe]:2", "[2001:db8::ff]:1", "[2001:db8::ff]:2"));
  EXPECT_EQ(names("10.1.0.0/16:1").size(), 65'534U);
  EXPECT_EQ(names("10.1.0.0/16:1").back(), "10.1.255.254:1");
  EXPECT_EQ(names("[2001:db8::/112]:1").size(), 65'536U);
}

TEST(ParseTargets, RefusesNetworksThatAreNone) {
  EXPECT_THAT(names("10.0.0.0/8:1"), ElementsAre("error: '10.0.0.0/8:1': a network of more than 65536 addresses"));
  EXPECT_THAT(names("[::/0]:1"), ElementsAre("error: '[::/0]:1': a network of more than 65536 addresses"));
  EXPECT_THAT(names("10.0.0.1/24:1").at(0), HasSubstr("names a host and a network at once"));
  EXPECT_THAT(names("10.0.0.0/33:1,2").at(0), HasSubstr("a number from 0 to 32"));
  EXPECT_THAT(names("[::1/129]:1").at(0), HasSubstr("a number from 0 to 128"));
}

TEST(ParseTargets, KnowsOneHostByItsSpellings) {
  EXPECT_THAT(names("DB.local:1 db.LOCAL.:1,2"), ElementsAre("DB.local:1", "db.LOCAL.:2"));
  EXPECT_THAT(names("[::1]:1 [0:0::1]:1"), ElementsAre("[::1]:1"));
}

std::vector<std::string> names_of(const std::vector<std::string>& words, std::string_view ports = {}) {
  const auto targets = targets_of(words, ports);
  if (!targets) return {"error: " + targets.error().text()};
  std::vector<std::string> out;
  for (const Target& target : *targets) out.push_back(target.name);
  return out;
}

TEST(TargetsOf, GivesPortsToThoseThatNameNone) {
  EXPECT_THAT(names_of({"a", "b:1", "::1", "[::2]", "10.0.0.8/31", "c,d"}, "7,8-9"),
              ElementsAre("a:7", "a:8", "a:9", "b:1", "[::1]:7", "[::1]:8", "[::1]:9", "[::2]:7", "[::2]:8", "[::2]:9",
                          "10.0.0.8:7", "10.0.0.8:8", "10.0.0.8:9", "10.0.0.9:7", "10.0.0.9:8", "10.0.0.9:9", "c:7", "c:8", "c:9",
                          "d:7", "d:8", "d:9"));
  EXPECT_THAT(names_of({"a"}), ElementsAre("error: 'a': no port; write a:port"));
  EXPECT_THAT(names_of({"a"}, "0,x"),
              ElementsAre(HasSubstr("'0': ports go from 1 to 65535; 'x': no port or service called 'x'")));
  EXPECT_THAT(names_of({"80"}, "22"), ElementsAre("error: '80': a port without a host; write host:80"));
}

TEST(TargetsOf, MergesAcrossWords) { EXPECT_THAT(names_of({"a:1", "A:1,2", "a"}, "2,3"), ElementsAre("a:1", "A:2", "a:3")); }

class TargetFile : public ::testing::Test {
 protected:
  TargetFile() { std::filesystem::create_directories(folder_); }
  ~TargetFile() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& text) {
    std::ofstream(folder_ / "targets.txt", std::ios::binary) << text;
    return std::string("@").append(folder_ / "targets.txt");
  }
  const std::filesystem::path folder_ = std::filesystem::path(::testing::TempDir()) / ("targets" + std::to_string(::getpid()));
};

TEST_F(TargetFile, IsReadLineByLine) {
  EXPECT_THAT(names_of({write("\xEF\xBB\xBF# ours\r\na:1,2 # two\r\n\r\nb"), "c:3"}, "9"),
              ElementsAre("a:1", "a:2", "b:9", "c:3"));
}

TEST_F(TargetFile, SaysWhereItIsWrong) {
  const auto said = names_of({write("a:1\nb:0\n"), "c"});
  EXPECT_THAT(said, ElementsAre(HasSubstr("targets.txt:2: 'b:0': ports go from 1 to 65535; 'c': no port")));
  EXPECT_THAT(names_of({write(std::string("\0\xFF\x01:1", 5))}),
              ElementsAre(HasSubstr("a character that host names cannot have")));
  EXPECT_THAT(names_of({write("")}), ElementsAre(HasSubstr("no target")));
}

TEST_F(TargetFile, ThatCannotBeReadIsAnErrorOfItsOwn) {
  for (const std::string& path : {(folder_ / "absent").string(), folder_.string()}) {
    const auto targets = targets_of(std::vector<std::string>{"@" + path});
    ASSERT_FALSE(targets);
    EXPECT_EQ(targets.error().kind, ErrorKind::io);
    EXPECT_EQ(targets.error().where, path);
  }
}

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
