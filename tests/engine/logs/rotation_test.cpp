#include "engine/logs/rotation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace conclave::logs {
namespace {

std::string parts(std::string_view name) {
  const Rotation found = rotation_of(name);
  return found.base + " " + (found.date.empty() ? "-" : found.date) + " " + (found.number ? std::to_string(*found.number) : "-");
}

TEST(Rotation, IsReadFromNames) {
  EXPECT_EQ(parts("app.log"), "app.log - -");
  EXPECT_EQ(parts("app.log.1"), "app.log - 1");
  EXPECT_EQ(parts("app.log.10.gz"), "app.log - 10");
  EXPECT_EQ(parts("app.1.log"), "app.log - 1");
  EXPECT_EQ(parts("syslog.2.xz"), "syslog - 2");
  EXPECT_EQ(parts("dmesg.old"), "dmesg - 0");
  EXPECT_EQ(parts("app.log-20260301"), "app.log 20260301000000 -");
  EXPECT_EQ(parts("app.log-20260301.gz"), "app.log 20260301000000 -");
  EXPECT_EQ(parts("app.log-2026030114"), "app.log 20260301140000 -");
  EXPECT_EQ(parts("app.log-20260301-143059"), "app.log 20260301143059 -");
  EXPECT_EQ(parts("app-2026-03-01.log"), "app.log 20260301000000 -");
  EXPECT_EQ(parts("app.2026_03_01.log"), "app.log 20260301000000 -");
  EXPECT_EQ(parts("app.log.2026-03-01"), "app.log 20260301000000 -");
  EXPECT_EQ(parts("app.log.2026-03-01-14"), "app.log 20260301140000 -");
  EXPECT_EQ(parts("app-2026-03-01T14-30-59.log"), "app.log 20260301143059 -");
  EXPECT_EQ(parts("app-2026-03-01.2.log.gz"), "app.log 20260301000000 2");
  EXPECT_EQ(parts("app-2026-03-01-2.log"), "app.log 20260301000000 2");
  EXPECT_EQ(parts("app-2026-03.log"), "app.log 20260300000000 -");
  EXPECT_EQ(parts("log20260301_012.txt"), "log.txt 20260301000000 12");
  EXPECT_EQ(parts("api.host.log.INFO.20260301-120000.1234"), "api.host.log.INFO 20260301120000 1234");
  EXPECT_EQ(parts("access_log.1772366405"), "access_log 20260301120005 -");
}

TEST(Rotation, LeavesOtherNumbersInNames) {
  for (const char* name : {"server-10.0.0.1.log", "v1.2.log", "app-1.log", "node7.log", "2026", "12-34-56.log",
                           "app-2026-03-011.log", "x.99999999999999999999", "1.log", ".1", "", "-", "20260301x.log"}) {
    EXPECT_EQ(rotation_of(name).base, name);
    EXPECT_FALSE(rotation_of(name).number);
  }
}

TEST(Rotation, PutsTheOldestFirstAndTheLivingFileLast) {
  const std::vector<std::string> oldest_first = {"app-2026-02-28.log",
                                                 "app.log-20260301",
                                                 "app-2026-03-01.1.log.gz",
                                                 "app-2026-03-01.2.log",
                                                 "app-2026-03-01.10.log",
                                                 "app.log-20260302-14",
                                                 "app.log.10.gz",
                                                 "app.log.9.gz",
                                                 "app.log.2",
                                                 "app.1.log",
                                                 "app.log.old",
                                                 "app.log"};
  std::vector<std::string> names(oldest_first.rbegin(), oldest_first.rend());
  std::sort(names.begin(), names.end(),
            [](const auto& a, const auto& b) { return rotation_of(a).is_older_than(rotation_of(b)); });
  EXPECT_EQ(names, oldest_first);
  for (const auto& name : names) EXPECT_EQ(rotation_of(name).base, "app.log") << name;
}

TEST(Rotation, ReadsTheTimeInTheNamesOfJournals) {
  const auto rotated = rotation_of("system@b9aa2d0cb66b4628b2adb830b47ff001-0000000000000001-00064bf535fd3d80.journal");
  EXPECT_EQ(rotated.base, "system.journal");
  EXPECT_EQ(rotated.date, "20260301120005");
  EXPECT_EQ(rotation_of("user-1000@00064bf535fd3d80-0123456789abcdef.journal~").date, "20260301120005");
  EXPECT_TRUE(rotated.is_older_than(rotation_of("system.journal")));
  for (const char* name :
       {"system.journal", "a@b.journal", "a@.journal", "a@ffffffffffffffff.journal", "a@-1.journal", "@.journal~"})
    EXPECT_TRUE(rotation_of(name).date.empty()) << name;
}

}  // namespace
}  // namespace conclave::logs
