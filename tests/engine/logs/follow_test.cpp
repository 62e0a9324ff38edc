#include "engine/logs/follow.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <thread>

#include "tests/engine/logs/files.h"

namespace conclave::logs {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using What = Followed::What;

constexpr std::chrono::seconds patience{10};

void append(const fs::path& file, std::string_view text) { std::ofstream(file, std::ios::binary | std::ios::app) << text; }

// One text for everything that happened: "[replaced]" and the like between what was written.
std::string told(const std::vector<Followed>& all) {
  std::string out;
  for (const Followed& one : all) out += one.what == What::text ? one.text : "[" + std::string(what_name(one.what)) + "]";
  return out;
}

class FollowTest : public testing::Test {
 protected:
  Follower follow(const std::vector<fs::path>& paths, FollowOptions options = {}) {
    options.interval = std::chrono::milliseconds(5);
    auto follower = Follower::open(paths, options);
    EXPECT_TRUE(follower.has_value()) << follower.error().text();
    return std::move(*follower);
  }
  // What came until `end` was seen.
  std::string until(Follower& follower, std::string_view end) {
    std::string out;
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (out.find(end) == std::string::npos && std::chrono::steady_clock::now() < deadline)
      out += told(follower.take(std::chrono::milliseconds(50), job_));
    return out;
  }
  // Nothing comes.
  std::string soon(Follower& follower) { return told(follower.take(std::chrono::milliseconds(30), job_)); }

  TemporaryFolder folder_;
  Job job_;
};

TEST_F(FollowTest, ShowsTheLastLinesAndThenWhatIsAppended) {
  const fs::path file = folder_.write("a.log", "one\ntwo\nthree\n");
  Follower follower = follow({file}, {.last_lines = 2});
  EXPECT_EQ(until(follower, "three\n"), "two\nthree\n");
  append(file, "four\n");
  EXPECT_EQ(until(follower, "four\n"), "four\n");
  EXPECT_EQ(soon(follower), "");
}

TEST_F(FollowTest, CountsLastLinesWhateverTheEndOfTheFile) {
  for (const auto& [text, last, shown] : std::vector<std::tuple<std::string, std::uint64_t, std::string>>{
           {"", 3, ""},
           {"one\ntwo\n", 0, ""},
           {"one\ntwo", 1, "two"},
           {"one\ntwo", 2, "one\ntwo"},
           {"one\ntwo\n", 9, "one\ntwo\n"},
           {"\n\n\n", 2, "\n\n"},
           {std::string(600'000, 'x') + "\nend\n", 1, "end\n"},
           {std::string(600'000, 'x') + "\nend\n", 2, std::string(600'000, 'x') + "\nend\n"},
       }) {
    const fs::path file = folder_.write("a.log", text);
    Follower follower = follow({file}, {.last_lines = last});
    EXPECT_EQ(told(follower.take({}, job_)) + told(follower.rest()), shown) << text.substr(0, 20) << last;
  }
}

TEST_F(FollowTest, KeepsALineBackUntilItHasAnEnd) {
  const fs::path file = folder_.write("a.log", "");
  Follower follower = follow({file});
  append(file, "half");
  EXPECT_EQ(soon(follower), "");
  append(file, " and whole\r\nnext");
  EXPECT_EQ(until(follower, "\n"), "half and whole\r\n");
  EXPECT_EQ(told(follower.rest()), "next");
  EXPECT_THAT(follower.rest(), IsEmpty());
}

TEST_F(FollowTest, GivesAnEndlessLineInPieces) {
  const fs::path file = folder_.write("a.log", "");
  Follower follower = follow({file}, {.longest_line = 1000});
  append(file, std::string(1500, 'x'));
  EXPECT_EQ(until(follower, "x"), std::string(1500, 'x'));
}

TEST_F(FollowTest, ReadsARotatedFileToItsEndAndThenTheNewOne) {
  const fs::path file = folder_.write("a.log", "one\n");
  Follower follower = follow({file}, {.last_lines = 0});
  append(file, "two\nlast");
  fs::rename(file, folder_.path() / "a.log.1");
  folder_.write("a.log", "new\n");
  EXPECT_EQ(until(follower, "new\n"), "two\nlast[replaced]new\n");
  append(file, "more\n");
  EXPECT_EQ(until(follower, "more\n"), "more\n");
}

TEST_F(FollowTest, GivesLatin1AsUtf8) {
  const fs::path file = folder_.write("a.log", "caf\xe9\nna\xefve\n");
  Follower follower = follow({file}, {.last_lines = 1});
  EXPECT_EQ(until(follower, "\n"), "na\xc3\xafve\n");
  append(file,
         "Gr\xfc\xdf"
         "e\n");
  EXPECT_EQ(until(follower, "\n"),
            "Gr\xc3\xbc\xc3\x9f"
            "e\n");
  append(file, "\x80 5");
  EXPECT_EQ(told(follower.rest()), "\xe2\x82\xac 5");
}

TEST_F(FollowTest, LeavesUtf8WithAFewWrongBytesAsItIs) {
  const std::string text =
      "Gr\xc3\xbc\xc3\x9f"
      "e\nbroken \xff\n";
  const fs::path file = folder_.write("a.log", text);
  Follower follower = follow({file});
  EXPECT_EQ(until(follower, "\xff\n"), text);
}

TEST_F(FollowTest, ReadsStandardInputToItsEnd) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const fs::path file = folder_.write("a.log", "of the file\n");
  Follower follower = follow({"-", file}, {.last_lines = 1, .standard_input = ends[0]});
  EXPECT_EQ(until(follower, "of the file\n"), "of the file\n");
  EXPECT_EQ(::write(ends[1], "one\ntwo\nhal", 11), 11);
  EXPECT_EQ(until(follower, "two\n"), "one\ntwo\n");
  EXPECT_EQ(::write(ends[1], "f", 1), 1);
  ::close(ends[1]);
  EXPECT_EQ(until(follower, "[ended]"), "half[ended]");
  EXPECT_FALSE(follower.ended());
  Follower alone = follow({"-"}, {.standard_input = ends[0]});
  EXPECT_EQ(until(alone, "[ended]"), "[ended]");
  EXPECT_TRUE(alone.ended());
  EXPECT_EQ(soon(alone), "");
  ::close(ends[0]);
}

TEST_F(FollowTest, LosesNothingWhereRotationCameTwice) {
  const fs::path file = folder_.write("a.log", "one\n");
  folder_.write("a.log.1", "older\n");
  Follower follower = follow({file}, {.last_lines = 0});
  append(file, "two\n");
  fs::rename(folder_.path() / "a.log.1", folder_.path() / "a.log.3");
  append(folder_.path() / "a.log.3", "still written\n");
  fs::rename(file, folder_.path() / "a.log.2");
  folder_.write("a.log.1", "middle\n");
  folder_.write("a.log.4.gz", "\x1f\x8b of another time\n");
  folder_.write("a.log", "new\n");
  EXPECT_EQ(until(follower, "new\n"), "two\n[replaced]middle\n[replaced]new\n");
  append(file, "more\n");
  EXPECT_EQ(until(follower, "more\n"), "more\n");
  fs::rename(file, folder_.path() / "a.log.9");  // some count up
  folder_.write("a.log", "newest\n");
  EXPECT_EQ(until(follower, "newest\n"), "[replaced]newest\n");
}

TEST_F(FollowTest, LosesNothingWhereTheOldFileWasDeletedMeanwhile) {
  const fs::path file = folder_.write("a.log", "one\n");
  folder_.write("a.log.2", "older\n");
  Follower follower = follow({file}, {.last_lines = 0});
  fs::remove(file);
  folder_.write("a.log.1", "middle\n");
  folder_.write("a.log", "new\n");
  EXPECT_EQ(until(follower, "new\n"), "[replaced]middle\n[replaced]new\n");
}

TEST_F(FollowTest, ALargeMiddleFileIsReadWholeBeforeTheNewOne) {
  const fs::path file = folder_.write("a.log", "one\n");
  Follower follower = follow({file}, {.last_lines = 0});
  fs::rename(file, folder_.path() / "a.log.2");
  std::string large;
  while (large.size() < (9U << 20U)) large += std::string(99, 'x') + "\n";
  folder_.write("a.log.1", large);
  fs::create_hard_link(folder_.path() / "a.log.1", folder_.path() / "a.log.01");
  folder_.write("a.log", "new\n");
  EXPECT_EQ(until(follower, "new\n"), "[replaced]" + large + "[replaced]new\n");
}

TEST_F(FollowTest, ReadsWhatIsWrittenToTheOldFileUntilThereIsANewOne) {
  const fs::path file = folder_.write("a.log", "one\n");
  Follower follower = follow({file}, {.last_lines = 0});
  fs::rename(file, folder_.path() / "a.log.1");
  EXPECT_EQ(until(follower, "[vanished]"), "[vanished]");
  append(folder_.path() / "a.log.1", "late\n");
  EXPECT_EQ(until(follower, "late\n"), "late\n");
  folder_.write("a.log", "new\n");
  EXPECT_EQ(until(follower, "new\n"), "[appeared]new\n");
}

TEST_F(FollowTest, StartsAnewWhenAFileIsTruncated) {
  const fs::path file = folder_.write("a.log", "one\ntwo\n");
  Follower follower = follow({file}, {.last_lines = 0});
  EXPECT_EQ(soon(follower), "");
  fs::resize_file(file, 0);
  append(file, "x\n");
  EXPECT_EQ(until(follower, "x\n"), "[truncated]x\n");
}

TEST_F(FollowTest, SeesATruncationAlsoWhenTheFileHasGrownSince) {
  const fs::path file = folder_.write("a.log", "one\n");
  Follower follower = follow({file}, {.last_lines = 0});
  EXPECT_EQ(soon(follower), "");
  folder_.write("a.log", "other and longer\n");  // the same inode
  EXPECT_EQ(until(follower, "longer\n"), "[truncated]other and longer\n");
}

TEST_F(FollowTest, WaitsForAFileThatIsNotThereYet) {
  const fs::path file = folder_.path() / "later.log";
  Follower follower = follow({file});
  EXPECT_EQ(soon(follower), "");
  folder_.write("later.log", "first\n");
  EXPECT_EQ(until(follower, "first\n"), "[appeared]first\n");
}

TEST_F(FollowTest, SaysWhichOfSeveralFilesHasNews) {
  const fs::path a = folder_.write("a.log", "");
  const fs::path b = folder_.write("b.log", "");
  Follower follower = follow({a, b});
  append(b, "of b\n");
  const auto news = follower.take(patience, job_);
  ASSERT_EQ(news.size(), 1U);
  EXPECT_EQ(news[0].file, 1U);
  EXPECT_EQ(news[0].text, "of b\n");
}

TEST_F(FollowTest, RefusesWhatCannotGrow) {
  const auto why = [](const fs::path& path) {
    const auto follower = Follower::open({path}, {});
    return follower ? std::string() : follower.error().text();
  };
  EXPECT_THAT(why(folder_.path()), HasSubstr("is a directory"));
  EXPECT_THAT(why(folder_.write("a.gz", "\x1f\x8b\x08 and so on")), HasSubstr("is compressed"));
  EXPECT_THAT(why(folder_.write("a.txt", std::string("\xff\xfe"
                                                     "a\0",
                                                     4))),
              HasSubstr("UTF-16"));
  ::mkfifo((folder_.path() / "pipe").c_str(), 0600);
  EXPECT_THAT(why(folder_.path() / "pipe"), HasSubstr("is no regular file"));
  EXPECT_THAT(why(std::string("a\0b", 3)), HasSubstr("NUL"));
}

TEST_F(FollowTest, LosesNothingOfAFileThatIsWrittenAndRotatedMeanwhile) {
  const fs::path file = folder_.write("a.log", "");
  Follower follower = follow({file});
  constexpr int lines = 20'000;
  std::atomic<int> replaced{0};
  std::thread writer([&] {
    std::ofstream out(file, std::ios::binary | std::ios::app);
    int rotations = 0;
    for (int i = 0; i < lines; ++i) {
      if (i % 5000 == 4999) {
        out.close();
        fs::rename(file, folder_.path() / ("a.log." + std::to_string(i)));
        out.open(file, std::ios::binary | std::ios::app);
        ++rotations;
        for (int waited = 0; replaced < rotations && waited < 10'000;
             ++waited)  // twice between two looks would be once too often
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      out << "line " << i << '\n';
      if (i % 7 == 0) out.flush();
    }
  });
  std::string all;
  const auto deadline = std::chrono::steady_clock::now() + 3 * patience;
  while (all.find("line " + std::to_string(lines - 1) + "\n") == std::string::npos &&
         std::chrono::steady_clock::now() < deadline) {
    for (const Followed& one : follower.take(std::chrono::milliseconds(50), job_)) {
      all += one.text;
      if (one.what == What::replaced || one.what == What::appeared) ++replaced;
    }
  }
  writer.join();
  std::string expected;
  for (int i = 0; i < lines; ++i) expected += "line " + std::to_string(i) + "\n";
  EXPECT_TRUE(all == expected) << all.size() << " of " << expected.size();
}

TEST_F(FollowTest, AStopEndsTheWaiting) {
  Follower follower = follow({folder_.write("a.log", "")});
  job_.request_stop();
  const auto started = std::chrono::steady_clock::now();
  EXPECT_THAT(follower.take(std::chrono::seconds(60), job_), IsEmpty());
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(30));
}

}  // namespace
}  // namespace conclave::logs
