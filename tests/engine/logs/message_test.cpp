#include "engine/logs/message.h"

#include <gtest/gtest.h>

#include <string>

namespace conclave::logs {
namespace {

std::string message_of(const std::string& line) {
  return line.substr(message_begin(line, locate_stamp(line, 0), locate_level(line), 0));
}

TEST(Message, BeginsBehindTheHeader) {
  EXPECT_EQ(message_of("081110 220637 32 INFO dfs.FSNamesystem: BLOCK* x"), "BLOCK* x");
  EXPECT_EQ(message_of("2015-10-18 18:06:18,045 INFO [RM Allocator] org.a.Client: Retrying: x"), "Retrying: x");
  EXPECT_EQ(message_of("2015-07-29 19:29:03,816 - WARN  [R:18:Q$R[id=1]@765] - Interrupting it"), "Interrupting it");
  EXPECT_EQ(message_of("Jun 14 15:16:01 combo sshd(pam_unix)[19939]: check pass; user unknown"), "check pass; user unknown");
  EXPECT_EQ(message_of("- 1131566461 2005.11.09 dn228 Nov 9 12:01:01 dn228/dn228 crond[2915]: session closed"), "session closed");
  EXPECT_EQ(message_of("- 1117838570 2005.06.03 R02-M1:J12 2005-06-03-15.42.50.363779 R02-M1:J12 RAS KERNEL INFO cache on"),
            "cache on");
  EXPECT_EQ(message_of("20171223-22:15:29:606|Step_LSC|30002312|onStandStepChanged 3579"), "onStandStepChanged 3579");
  EXPECT_EQ(message_of("2026-03-01 12:00:05.1  INFO 123 --- [main] c.e.App    : Started"), "Started");
  EXPECT_EQ(message_of("Jul  9 12:16:49 combo ftpd[1]: connection at Sat Jul  9 12:16:49 2005"),
            "connection at Sat Jul  9 12:16:49 2005");
  EXPECT_EQ(message_of("Dec 10 11:04:32 LabSZ sshd[1]: error: Received x"), "error: Received x");
}

TEST(Message, BeginsBehindNamesOfManyKinds) {
  EXPECT_EQ(message_of("2017-05-16 00:00:04.5 2931 INFO nova.compute.manager [req-3a - - -] [instance: b9] VM Started"),
            "VM Started");
  EXPECT_EQ(message_of("[10.30 16:49:06] chrome.exe - proxy.example.org:5070 close"), "proxy.example.org:5070 close");
  EXPECT_EQ(message_of("[10.30 16:49:06] x.exe *64 - proxy.example.org:5070 close"), "proxy.example.org:5070 close");
  EXPECT_EQ(message_of("Jul  1 09:00:55 mac-7 Google Chrome Helper[306]: lost it"), "lost it");
  EXPECT_EQ(message_of("2016-09-28 04:30:30, Info                  CBS    Loaded Stack"), "Loaded Stack");
}

TEST(Message, IsTheWholeLineWithoutAHeader) {
  EXPECT_EQ(message_of("\tat com.example.Main.run(Main.java:1)"), "\tat com.example.Main.run(Main.java:1)");
  EXPECT_EQ(message_of("foo: bar"), "foo: bar");
  EXPECT_EQ(message_of(""), "");
}

TEST(Message, MayBeEmpty) {
  EXPECT_EQ(message_of("2026-03-01 12:00:05"), "");
  EXPECT_EQ(message_of("2026-03-01 12:00:05 INFO"), "");
  EXPECT_EQ(message_of("Jun 14 15:16:01 combo kernel:"), "");
}

}  // namespace
}  // namespace conclave::logs
