#include "engine/logs/message.h"

#include <gtest/gtest.h>

#include <string>

namespace conclave::logs {
namespace {

std::string message_of(const std::string& line) {
  return line.substr(message_begin(line, locate_stamp(line, 0), locate_level(line), 0));
}

std::string shape_of(const std::string& message) {
  std::string shape;
  make_shape(message, shape);
  return shape;
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

TEST(Shape, HasNoNumbersAddressesIdsOrPaths) {
  EXPECT_EQ(shape_of("Received block blk_-512 of size 67 from /10.251.39.209"), "Received block <*> of size <*> from <*>");
  EXPECT_EQ(shape_of("src: 10.0.0.1:5000, id=0x1f uuid 123e4567-e89b-12d3-a456-426614174000"), "src: <*>, id=<*> uuid <*>");
  EXPECT_EQ(shape_of("open /usr/lib/x failed, C:\\temp too"), "open <*> failed, C:<*> too");
  EXPECT_EQ(shape_of("mail to bob@example.com at host.example.org"), "mail to <*> at <*>");
  EXPECT_EQ(shape_of("user \"bob smith\" said 'hi'"), "user \"<*>\" said '<*>'");
}

TEST(Shape, JoinsListsTimesAndDates) {
  EXPECT_EQ(shape_of("at 12:16:49"), "at <*>");
  EXPECT_EQ(shape_of("ids 1,2,3"), shape_of("ids 1, 2"));
  EXPECT_EQ(shape_of("REPORT 1 2 3"), shape_of("REPORT 1 2 3 4 5"));
  EXPECT_EQ(shape_of("at Sat Jul  9 12:16:49 2005"), shape_of("at Mon Jun 20 03:40:59 2005"));
}

TEST(Shape, KeepsWordsAndSigns) {
  EXPECT_EQ(shape_of("don't stop: a=b (c)  [d]"), "don't stop: a=b (c) [d]");
  EXPECT_EQ(shape_of("from 1.2.3.4 ()"), shape_of("from 1.2.3.4 (host1)"));
  EXPECT_EQ(shape_of("wait......7"), "wait..<*>");
  EXPECT_EQ(shape_of("{\"level\":\"info\",\"msg\":\"started\",\"n\":12}"), "{\"level\":\"info\",\"msg\":\"started\",\"n\":<*>}");
}

TEST(Shape, OfAnythingIsBounded) {
  EXPECT_EQ(shape_of(""), "");
  EXPECT_EQ(shape_of(std::string("\0\t\r \x7f", 5)), "");
  EXPECT_LE(shape_of(std::string(20'000'000, 'x')).size(), max_shape_input + 8);
  EXPECT_EQ(shape_of(std::string("a\0b \xff c", 7)), "a b \xff c");
}

}  // namespace
}  // namespace conclave::logs
