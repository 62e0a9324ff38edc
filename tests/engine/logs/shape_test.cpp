#include "engine/logs/shape.h"

#include <gtest/gtest.h>

#include <string>

namespace conclave::logs {
namespace {

std::string shape_of(const std::string& message) {
  std::string shape;
  make_shape(message, shape);
  return shape;
}

std::string kinds_of(const std::string& message) {
  ShapeMaker maker;
  (void)maker.make(message);
  std::string kinds;
  for (const ShapeParameter& found : maker.parameters()) {
    kinds.append(parameter_kind_name(found.kind)).append(" ").append(message, found.begin, found.end - found.begin).append("|");
  }
  return kinds;
}

TEST(Shape, HasNoNumbersAddressesIdsOrPaths) {
  EXPECT_EQ(shape_of("Received block blk_-512 of size 67 from /10.251.39.209"), "Received block <*> of size <*> from <*>");
  EXPECT_EQ(shape_of("src: 10.0.0.1:5000, id=0x1f uuid 123e4567-e89b-12d3-a456-426614174000"), "src: <*>, id=<*> uuid <*>");
  EXPECT_EQ(shape_of("open /usr/lib/x failed, C:\\temp too"), "open <*> failed, <*> too");
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

TEST(Shape, TakesWhatHoldsSignsOrBlanksAsOneParameter) {
  EXPECT_EQ(shape_of("chip FF:F2:9F:16:BF:6C inserted"), "chip <*> inserted");
  EXPECT_EQ(shape_of("listen on fe80::1ff:fe23:4567:890a and [::1]:80"), "listen on <*> and <*>");
  EXPECT_EQ(shape_of("split hdfs://10.1.1.1:9000/a/b.log:12+7 now"), "split <*> now");
  EXPECT_EQ(shape_of("see http://example.org/x?a=b&c=d, or not."), "see <*>, or not.");
  EXPECT_EQ(shape_of("lock ws=WorkSource{10113 {a}}, uid=1"), shape_of("lock ws=null, uid=2"));
  EXPECT_EQ(shape_of("env:java.vendor=Oracle Corporation"), shape_of("env:os.name=Linux"));
  EXPECT_EQ(shape_of("size 5.2 KB, free 421 B"), shape_of("size 5 MB, free 1.5 GiB"));
  EXPECT_EQ(shape_of("nodes:node-[40-63] up"), shape_of("nodes:node-70 up"));
  EXPECT_EQ(shape_of("built Fri Dec 10 19:02:14 EST 2004"), shape_of("built Mon Sep 27 22:15:07 UTC 2004"));
}

TEST(Shape, ReadsADurationHoweverItIsWritten) {
  EXPECT_EQ(shape_of("close, lifetime <1 sec"), "close, lifetime <*>");
  EXPECT_EQ(shape_of("close, lifetime 00:02"), "close, lifetime <*>");
  EXPECT_EQ(shape_of("switch <0> on"), "switch <<*>> on");
}

TEST(Shape, KnowsPathsFromWordsWithASlash) {
  EXPECT_EQ(shape_of("load ./runtime_malloc and ../x and conf/app.yaml"), "load <*> and <*> and <*>");
  EXPECT_EQ(shape_of("read/write I/O over TCP/IP and/or N/A"), "read/write I/O over TCP/IP and/or N/A");
}

TEST(Shape, KnowsHostsFromDottedWords) {
  EXPECT_EQ(shape_of("from example.com at db.example.org:80 and qq.co:443"), "from <*> at <*> and <*>");
  EXPECT_EQ(shape_of("java.net.SocketException: Connection reset"), "java.net.SocketException: Connection reset");
  EXPECT_EQ(shape_of("mapred.job.id is deprecated"), "mapred.job.id is deprecated");
}

TEST(Shape, KeepsTheMethodOfARequest) {
  EXPECT_EQ(shape_of("10.0.0.1 \"GET /v2/1/servers HTTP/1.1\" status: 200"), "<*> \"GET <*>\" status: <*>");
  EXPECT_NE(shape_of("\"GET /a HTTP/1.1\" 1"), shape_of("\"POST /a HTTP/1.1\" 1"));
}

TEST(Shape, ListsAreOneParameterWhateverTheirLength) {
  EXPECT_EQ(shape_of("delete blk_1"), shape_of("delete blk_-2 blk_3 blk_4"));
  EXPECT_EQ(shape_of("remove /a/b"), shape_of("remove /a/b /c/d"));
  EXPECT_EQ(shape_of("fans ( 1 2 3 )"), shape_of("fans ( **** 2 3 4 )"));
  EXPECT_NE(shape_of("from 1 to 2"), shape_of("from 1"));
}

TEST(Shape, SaysWhatEachParameterIs) {
  EXPECT_EQ(kinds_of("took 12 ms of 0x1f at 12:16:49"), "num 12|hex 0x1f|time 12:16:49|");
  EXPECT_EQ(kinds_of("10.0.0.1:80 on db.example.org in /var/log \"a b\""),
            "ip 10.0.0.1:80|host db.example.org|path /var/log|str a b|");
  EXPECT_EQ(kinds_of("id=123e4567-e89b-12d3-a456-426614174000 on=node-7 ok=true"),
            "uuid 123e4567-e89b-12d3-a456-426614174000|id node-7|str true|");
  EXPECT_EQ(kinds_of("all 1,a2,3 of http://x.y/z"), "* 1,a2,3|url http://x.y/z|");
}

TEST(Shape, HasOneParameterForEachMark) {
  for (const std::string& text :
       {std::string("a 1 2 3 4 b"), std::string(5000, '1'), std::string("from x ()"), std::string("1,2;3:4 5")}) {
    ShapeMaker maker;
    const std::string shape(maker.make(text));
    std::size_t marks = 0;
    for (std::size_t at = shape.find(parameter); at != std::string::npos; at = shape.find(parameter, at + 1)) ++marks;
    EXPECT_EQ(marks, maker.parameters().size()) << text;
  }
}

}  // namespace
}  // namespace conclave::logs
