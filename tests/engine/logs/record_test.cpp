#include "engine/logs/record.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace conclave::logs {
namespace {

// What continues a record that had a header.
std::vector<bool> continued(const std::vector<std::string_view>& lines) {
  RecordFolder folder;
  folder.start_record();
  std::vector<bool> found;
  for (const std::string_view line : lines) found.push_back(folder.continues(line));
  return found;
}

bool all_continued(const std::vector<std::string_view>& lines) {
  return continued(lines) == std::vector<bool>(lines.size(), true);
}

TEST(Record, HoldsAStackTraceOfJava) {
  EXPECT_TRUE(
      all_continued({"java.io.IOException: Connection reset by peer", "\tat sun.nio.ch.FileDispatcherImpl.read0(Native Method)",
                     "\t... 12 more", "Caused by: java.net.SocketException: reset", "\tat a.B.c(B.java:12)"}));
  EXPECT_TRUE(all_continued({"Exception in thread \"main\" java.lang.Error: x", "\tat a.B.c(B.java:12)"}));
}

TEST(Record, HoldsATracebackOfPython) {
  EXPECT_TRUE(all_continued({"Traceback (most recent call last):", "  File \"a.py\", line 3, in f", "    g()", "KeyError: 'x'",
                             "During handling of the above exception, another exception occurred:", "",
                             "Traceback (most recent call last):", "  File \"a.py\", line 5, in f", "KeyError: 'y'"}));
  EXPECT_TRUE(all_continued({"Traceback (most recent call last):", "  File \"a.py\", line 3, in f", "shop.Refused: no"}));
}

TEST(Record, HoldsAPanicOfGo) {
  EXPECT_TRUE(all_continued({"panic: runtime error: index out of range [5] with length 3", "", "goroutine 1 [running]:",
                             "main.main()", "\t/src/main.go:8 +0x1d", "net/http.(*conn).serve(0xc0001, {0x7f})", "\t/go/net.go:1",
                             "created by main.start", "\t/src/main.go:3", "exit status 2"}));
}

TEST(Record, HoldsAnErrorOfNode) {
  EXPECT_TRUE(all_continued({"TypeError: x is not a function", "    at f (/app/a.js:3:5)", "    at node:internal/main:1:1",
                             "  code: 'E_X'", "}", "Node.js v18.12.0"}));
}

TEST(Record, HoldsTheStackOfPhp) {
  EXPECT_TRUE(
      all_continued({"Stack trace:", "#0 /srv/app.php(12): App->run()", "#1 {main}", "  thrown in /srv/app.php on line 3"}));
  EXPECT_TRUE(all_continued({"[stacktrace]", "#0 [internal function]: {closure}('a')", "#12 {main}", "\"}"}));
  EXPECT_EQ(continued({"#include <x>", "# comment", "#"}), (std::vector<bool>{false, false, false}));
}

TEST(Record, EndsWhereAnotherMessageBegins) {
  EXPECT_EQ(continued({"  more of it", "server started", "  of that"}), (std::vector<bool>{true, false, true}));
  EXPECT_EQ(continued({"", "main.main()"}), (std::vector<bool>{false, false}));
  EXPECT_EQ(continued({"panic: x", "all is well again"}), (std::vector<bool>{true, false}));
}

TEST(Record, NeedsAHeaderToBelongTo) {
  RecordFolder folder;
  EXPECT_FALSE(folder.continues("\tat a.B.c(B.java:12)"));
  EXPECT_FALSE(folder.continues("Traceback (most recent call last):"));
}

}  // namespace
}  // namespace conclave::logs
