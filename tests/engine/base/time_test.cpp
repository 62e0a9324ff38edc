#include "engine/base/time.h"

#include <gtest/gtest.h>

namespace conclave {
namespace {

TEST(Time, FormatsUtcWithMicrosecondsOnlyWhenThereAreAny) {
  EXPECT_EQ(format_time(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_time(1'772'366'405'250'000), "2026-03-01T12:00:05.250000Z");
  EXPECT_EQ(format_time(-1), "1969-12-31T23:59:59.999999Z");
}

TEST(Time, ReadsWhatItWrites) {
  for (const TimeUs time : {TimeUs{0}, TimeUs{-1}, TimeUs{1'772'366'405'250'001}, TimeUs{4'102'444'800'000'000}}) {
    EXPECT_EQ(parse_time(format_time(time)), time);
  }
}

TEST(Time, HonoursOffsetsAndReadsTimesWithoutOneAsUtc) {
  EXPECT_EQ(parse_time("2026-03-01T12:00:05+01:00"), parse_time("2026-03-01T11:00:05Z"));
  EXPECT_EQ(parse_time("2026-03-01 12:00:05 -0530"), parse_time("2026-03-01T17:30:05Z"));
  EXPECT_EQ(parse_time("2026-03-01T12:00"), parse_time("2026-03-01T12:00:00Z"));
  EXPECT_EQ(parse_time("2026-03-01"), parse_time("2026-03-01T00:00:00Z"));
}

TEST(Time, RefusesWhatIsNotATime) {
  for (const char* text : {"", "yesterday", "2026-02-30", "2026-13-01", "2026-03-01T25:00", "2026-03-01T12:00:05+1",
                           "2026-03-01T12:00Zx", "2026-3-1", "2026-03-01T", "2026-03-01T12:60"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

}  // namespace
}  // namespace conclave
