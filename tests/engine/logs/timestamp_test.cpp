#include "engine/logs/timestamp.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace conclave::logs {
namespace {

TimeUs at(const char* text) { return parse_time(text).value(); }

struct Case {
  const char* line;
  StampFormat format;
  const char* time;
};

class StampOfLine : public testing::TestWithParam<Case> {};

TEST_P(StampOfLine, IsRead) {
  const auto stamp = find_stamp(GetParam().line, at("2026-06-01"));
  ASSERT_TRUE(stamp) << GetParam().line;
  EXPECT_EQ(stamp_format_name(stamp->format), stamp_format_name(GetParam().format)) << GetParam().line;
  EXPECT_EQ(format_time(stamp->time), format_time(at(GetParam().time))) << GetParam().line;
}

INSTANTIATE_TEST_SUITE_P(
    Formats, StampOfLine,
    testing::Values(Case{"2026-03-01T12:00:05,123+01:00 x", StampFormat::iso, "2026-03-01T11:00:05.123"},
                    Case{"2026-03-01 12:00:05.123456Z", StampFormat::iso, "2026-03-01T12:00:05.123456"},
                    Case{"2026-03-01 12:00:05 -0530 x", StampFormat::iso, "2026-03-01T17:30:05"},
                    Case{"2026-03-01 12:00:05 UTC [1]", StampFormat::iso, "2026-03-01T12:00:05"},
                    Case{"2026-03-01T12:00:05.123456789Z", StampFormat::iso, "2026-03-01T12:00:05.123456"},
                    Case{"nova-api.log.1.2017-05-16_13:53:08 2017-05-16 00:00:00.008 25746 INFO", StampFormat::iso,
                         "2017-05-16T00:00:00.008"},
                    Case{"{\"ts\":\"2026-03-01T12:00:05Z\"}", StampFormat::iso, "2026-03-01T12:00:05"},
                    Case{"<34>1 2026-03-01T12:00:05Z host", StampFormat::iso, "2026-03-01T12:00:05"},
                    Case{"Mar  1 12:00:05 host prog: x", StampFormat::syslog, "2026-03-01T12:00:05"},
                    Case{"Dec 31 23:59:59 host prog: x", StampFormat::syslog, "2025-12-31T23:59:59"},
                    Case{"Mar 1 2024 12:00:05 fw: x", StampFormat::syslog, "2024-03-01T12:00:05"},
                    Case{"<13>Mar 01 12:00:05 host x", StampFormat::syslog, "2026-03-01T12:00:05"},
                    Case{"10.0.0.1 - - [01/Mar/2026:12:00:05 +0100] \"GET /\"", StampFormat::apache, "2026-03-01T11:00:05"},
                    Case{"[Sun Mar 01 12:00:05.123456 2026] [error]", StampFormat::ctime, "2026-03-01T12:00:05.123456"},
                    Case{"[Sun Dec 04 04:47:44 2005] [notice]", StampFormat::ctime, "2005-12-04T04:47:44"},
                    Case{"2026/03/01 12:00:05 [error] 1#1: x", StampFormat::nginx_error, "2026-03-01T12:00:05"},
                    Case{"1772366405 x", StampFormat::epoch, "2026-03-01T12:00:05"},
                    Case{"1772366405.250    120 10.0.0.1 TCP_MISS", StampFormat::epoch, "2026-03-01T12:00:05.25"},
                    Case{"1772366405123 x", StampFormat::epoch_ms, "2026-03-01T12:00:05.123"},
                    Case{"1772366405123456 x", StampFormat::epoch_us, "2026-03-01T12:00:05.123456"},
                    Case{"1772366405123456789 x", StampFormat::epoch_ns, "2026-03-01T12:00:05.123456"},
                    Case{"134681 node-246 unix.hw state_change.unavailable 1077804742 1 Component", StampFormat::epoch,
                         "2004-02-26T14:12:22"},
                    Case{"- 1131566461 2005.11.09 dn228 Nov 9 12:01:01 dn228/dn228 crond", StampFormat::epoch,
                         "2005-11-09T20:01:01"},
                    Case{"081109 203615 148 INFO dfs.DataNode", StampFormat::yymmdd, "2008-11-09T20:36:15"},
                    Case{"260301  1:00:05 [Note] mysqld", StampFormat::mysql, "2026-03-01T01:00:05"},
                    Case{"[10.30 16:49:06] chrome.exe - proxy", StampFormat::dotted, "2025-10-30T16:49:06"},
                    Case{"01.03.2026 12:00:05 x", StampFormat::european, "2026-03-01T12:00:05"},
                    Case{"20171223-22:15:29:606|Step_LSC|30002312|x", StampFormat::compact, "2017-12-23T22:15:29.606"},
                    Case{"20171224-0:28:0:83|Step_LSC|x", StampFormat::compact, "2017-12-24T00:28:00.083"},
                    Case{"20260301T120005Z x", StampFormat::iso_basic, "2026-03-01T12:00:05"},
                    Case{"03-17 16:13:38.811  1702  2395 D Tag: x", StampFormat::android, "2026-03-17T16:13:38.811"},
                    Case{"17/06/09 20:10:40 INFO executor", StampFormat::spark, "2017-06-09T20:10:40"},
                    Case{"I0301 12:00:05.123456 1 a.go:1] x", StampFormat::klog, "2026-03-01T12:00:05.123456"},
                    Case{"Mar 01, 2026 2:00:05 PM org.apache.Catalina start", StampFormat::java, "2026-03-01T14:00:05"},
                    Case{"Mar 01, 2026 12:00:05 AM x", StampFormat::java, "2026-03-01T00:00:05"},
                    Case{"01-Mar-2026 12:00:05.123 INFO [main]", StampFormat::tomcat, "2026-03-01T12:00:05.123"},
                    Case{"123:M 01 Mar 2026 12:00:05.123 * Ready", StampFormat::redis, "2026-03-01T12:00:05.123"},
                    Case{"3/1/2026 1:00:05 PM,Error,x", StampFormat::windows, "2026-03-01T13:00:05"},
                    Case{"2005-06-03-15.42.50.363779 R02 RAS", StampFormat::bgl, "2005-06-03T15:42:50.363779"},
                    Case{"2016-09-28 04:30:30, Info   CBS", StampFormat::iso, "2016-09-28T04:30:30"},
                    Case{"20260301 120005.250 x", StampFormat::iso_basic, "2026-03-01T12:00:05.25"},
                    Case{"20260301 12:00:05 x", StampFormat::compact, "2026-03-01T12:00:05"},
                    Case{"20260301120005.5Z x", StampFormat::packed, "2026-03-01T12:00:05.5"},
                    Case{"03/01 12:00:05 (1.0) x", StampFormat::month_day, "2026-03-01T12:00:05"},
                    Case{"Mar 1, 2026 @ 12:00:05.123 x", StampFormat::kibana, "2026-03-01T12:00:05.123"},
                    Case{"Date: Sun, 01 Mar 2026 12:00:05 +0200", StampFormat::rfc2822, "2026-03-01T10:00:05"},
                    Case{"1 Mar 2026 12:00:05 x", StampFormat::rfc2822, "2026-03-01T12:00:05"},
                    Case{"01-MAR-26 12.00.05.123456 PM x", StampFormat::oracle, "2026-03-01T12:00:05.123456"},
                    Case{"Sun Mar  1 12:00:05 UTC 2026 x", StampFormat::ctime, "2026-03-01T12:00:05"},
                    Case{"2026 Mar  1 12:00:05.123 nexus: x", StampFormat::cisco, "2026-03-01T12:00:05.123"},
                    Case{"@4000000069a42bcf075bcd15 x", StampFormat::tai64n, "2026-03-01T12:06:29.123456"}));

class NoStamp : public testing::TestWithParam<const char*> {};

TEST_P(NoStamp, IsSeenInOtherNumbers) { EXPECT_FALSE(find_stamp(GetParam(), at("2026-06-01"))) << GetParam(); }

INSTANTIATE_TEST_SUITE_P(Lines, NoStamp,
                         testing::Values("", "2026-13-01 12:00:05 x", "2026-02-30 12:00:05 x", "2026-03-01 24:00:05 x",
                                         "2026-03-01 12:60:05", "0000-01-01 00:00:00", "4102444800 x", "9999999999 x",
                                         "1131566461 2007.11.09 x", "Foo  1 12:00:05 x", "version 10.30.16", "size=12345678901",
                                         "Mar 32 12:00:05", "2026-03-01", "12:00:05", "2026-03-01 12:00:", "blk_1772366405123"));

TEST(Stamp, TakesTheYearBeforeTheReference) {
  EXPECT_EQ(find_stamp("Mar  2 12:00:05 x", at("2026-03-01T12:00:00"))->time, at("2025-03-02T12:00:05"));
  EXPECT_EQ(find_stamp("Mar  1 20:00:05 x", at("2026-03-01T12:00:00"))->time, at("2026-03-01T20:00:05"));  // within a day
  EXPECT_EQ(find_stamp("Jan  1 00:00:01 x", at("2025-12-31T23:59:59"))->time, at("2026-01-01T00:00:01"));
  EXPECT_EQ(find_stamp("Feb 29 12:00:05 x", at("2027-03-01"))->time, at("2024-02-29T12:00:05"));
}

TEST(Stamp, PrefersTheStampThatAgreesWithTheDateBesideIt) {
  const auto stamp = find_stamp("- 1717838570 2005.06.03 R02-M1 2005-06-03-15.42.50.363779 R02", at("2026-01-01"));
  ASSERT_TRUE(stamp);
  EXPECT_EQ(stamp->format, StampFormat::bgl);
}

TEST(Stamp, IsNotLookedForFarIntoTheLine) {
  EXPECT_FALSE(find_stamp(std::string(96, ' ') + "2026-03-01 12:00:05", 0));
  EXPECT_TRUE(find_stamp(std::string(95, ' ') + "2026-03-01 12:00:05", 0));
}

TEST(Stamp, TellsWhereItStands) {
  const std::string line = "x [2026-03-01 12:00:05.1 +0100] y";
  const auto found = locate_stamp(line, 0);
  ASSERT_TRUE(found);
  EXPECT_EQ(line.substr(found->begin, found->end - found->begin), "2026-03-01 12:00:05.1 +0100");
}

TEST(Stamp, SurvivesEveryCutOfALine) {
  const std::string line = "[Sun Mar 01 12:00:05.123456 2026] 2026-03-01T12:00:05+01:00 3/1/2026 1:00:05 PM";
  for (std::size_t from = 0; from < line.size(); ++from) {
    for (std::size_t size = 0; size <= line.size() - from; ++size) {
      const std::string piece = line.substr(from, size);  // a copy, so that a sanitizer sees a read behind it
      const auto found = locate_stamp(piece, 0);
      EXPECT_LE(found ? found->end : 0, piece.size());
    }
  }
}

TEST(FindStamp, OfAJsonObjectIsItsFieldForTheTimeWhereverItStands) {
  const TimeUs noon = *parse_time("2026-03-01T12:00:05.500Z");
  const std::string wide(300, 'x');
  for (const std::string& line : std::vector<std::string>{
           R"({"log":"2020-01-01 00:00:00 started","stream":"stdout","time":"2026-03-01T12:00:05.5Z"})",
           R"({"name":"app","msg":")" + wide + R"(","time":"2026-03-01T12:00:05.500Z","v":0})",
           R"({"id":20250101120000,"ts":1772366405.5,"level":"info"})",
           R"({"t":"request","timestamp":1772366405500})",
           R"({"t":{"$date":"2026-03-01T12:00:05.500+00:00"},"s":"I"})",
           R"({"__CURSOR":"s=1","__REALTIME_TIMESTAMP":"1772366405500000"})",
           R"(  { "user" : {"time" : "2020-01-01T00:00:00Z"}, "@timestamp" : "2026-03-01T12:00:05.5Z" })",
       }) {
    const auto found = find_stamp(line, noon);
    ASSERT_TRUE(found) << line;
    EXPECT_EQ(found->time, noon) << line;
  }
  const auto other = find_stamp(R"({"started":"2026-03-01T12:00:05.5Z"})", noon);
  ASSERT_TRUE(other);  // no field is there for it: the first one there is
  EXPECT_EQ(other->time, noon);
}

}  // namespace
}  // namespace conclave::logs
