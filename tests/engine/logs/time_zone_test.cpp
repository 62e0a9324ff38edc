#include "engine/logs/time_zone.h"

#include <gtest/gtest.h>

namespace conclave::logs {
namespace {

TimeUs at(const char* text) { return parse_time(text).value(); }

std::string in(const char* zone, const char* local) { return format_time(TimeZone::named(zone).value()->to_utc(at(local))); }

TEST(TimeZone, HasTheOffsetItIsNamedBy) {
  EXPECT_EQ(in("UTC", "2026-03-01T12:00:00"), "2026-03-01T12:00:00Z");
  EXPECT_EQ(in("+01:00", "2026-03-01T00:30:00"), "2026-02-28T23:30:00Z");
  EXPECT_EQ(in("-0530", "2026-03-01T12:00:00"), "2026-03-01T17:30:00Z");
  EXPECT_EQ(in("+14", "2026-03-01T12:00:00"), "2026-02-28T22:00:00Z");
}

TEST(TimeZone, FollowsTheSeasonsOfAPlace) {
  EXPECT_EQ(in("Europe/Berlin", "2026-01-01T12:00:00"), "2026-01-01T11:00:00Z");
  EXPECT_EQ(in("Europe/Berlin", "2026-07-01T12:00:00"), "2026-07-01T10:00:00Z");
  EXPECT_EQ(in("America/New_York", "2026-07-01T12:00:00"), "2026-07-01T16:00:00Z");
  EXPECT_EQ(in("Asia/Kolkata", "2026-07-01T12:00:00"), "2026-07-01T06:30:00Z");
  EXPECT_EQ(in("Europe/Berlin", "2060-07-01T12:00:00"), "2060-07-01T10:00:00Z");  // beyond what the file lists
  EXPECT_EQ(in("Europe/Berlin", "2060-01-01T12:00:00"), "2060-01-01T11:00:00Z");
}

TEST(TimeZone, ReadsHoursThatAClockShowsTwiceOrNever) {
  EXPECT_EQ(in("Europe/Berlin", "2026-10-25T01:59:59"), "2026-10-24T23:59:59Z");
  EXPECT_EQ(in("Europe/Berlin", "2026-10-25T02:30:00"), "2026-10-25T00:30:00Z");  // the first time
  EXPECT_EQ(in("Europe/Berlin", "2026-10-25T03:00:00"), "2026-10-25T02:00:00Z");
  EXPECT_EQ(in("Europe/Berlin", "2026-03-29T01:59:59"), "2026-03-29T00:59:59Z");
  EXPECT_EQ(in("Europe/Berlin", "2026-03-29T03:00:00"), "2026-03-29T01:00:00Z");
}

TEST(TimeZone, OfAnUnknownNameIsAnError) {
  for (const char* name :
       {"", "Nowhere/City", "+1", "+25:00", "../../etc/passwd", "/etc/localtime", "+01:60", "Europe", "a\nb"}) {
    const auto zone = TimeZone::named(name);
    ASSERT_FALSE(zone) << name;
    EXPECT_EQ(zone.error().kind, ErrorKind::invalid_argument);
  }
}

}  // namespace
}  // namespace conclave::logs
