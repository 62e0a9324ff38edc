#include "engine/logs/journal_tail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <sstream>
#include <thread>

#include "engine/logs/follow.h"
#include "engine/logs/source.h"
#include "tests/engine/logs/files.h"
#include "tests/engine/logs/journals.h"

namespace conclave::logs {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::chrono::seconds patience{20};

std::string numbered(int number, const std::string& fields = {}) {
  return journal_entry(journal_start + number, "message " + std::to_string(number), fields);
}

// The messages of lines of JSON.
std::vector<std::string> messages_in(const std::string& text) {
  constexpr std::string_view key = "\"message\":\"";
  std::vector<std::string> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto begin = line.find(key) + key.size();
    found.push_back(line.substr(begin, line.find('"', begin) - begin));
  }
  return found;
}

class JournalTailTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!can_write_journals()) GTEST_SKIP() << "needs Debian's systemd-journal-remote";
    fs::create_directories(active_.parent_path());
  }

  void start_writing() { writer_.emplace(active_); }
  // As journald does it: the file gets another name, and a new one its own.
  fs::path rotate() {
    writer_.reset();
    const fs::path old = folder_.path() / machine_ / ("system@" + std::to_string(++rotations_) + ".journal");
    fs::rename(active_, old);
    start_writing();
    return old;
  }
  void write(const std::string& entries) { writer_->write(entries); }
  // The writer has made its file, in its own time.
  void wait_for_entry(const std::string& message) {
    wait_until([&] {
      const auto log = LogBytes::open(named(), job_);
      return log && (*log)->view().find("\"" + message + "\"") != std::string_view::npos;
    });
  }
  template <class Holds>
  static void wait_until(const Holds& holds) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  [[nodiscard]] std::string named(const std::string& more = {}) const {
    return "journal:directory=" + folder_.path().string() + more;
  }
  Follower follow(std::uint64_t last_lines, const std::string& more = {}) {
    auto follower = Follower::open({named(more)}, {.last_lines = last_lines, .interval = std::chrono::milliseconds(5)});
    EXPECT_TRUE(follower.has_value()) << follower.error().text();
    return std::move(*follower);
  }
  // What came until a message was seen; other news in brackets.
  std::vector<std::string> until(Follower& follower, const std::string& message) {
    std::vector<std::string> found;
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (std::find(found.begin(), found.end(), message) == found.end() && std::chrono::steady_clock::now() < deadline) {
      for (const Followed& news : follower.take(std::chrono::milliseconds(20), job_)) {
        const auto more = news.what == Followed::What::text ? messages_in(news.text) : std::vector{"[" + news.text + "]"};
        found.insert(found.end(), more.begin(), more.end());
      }
    }
    return found;
  }
  static std::vector<std::string> messages(int first, int last) {
    std::vector<std::string> all;
    for (int i = first; i <= last; ++i) all.push_back("message " + std::to_string(i));
    return all;
  }

  const std::string machine_ = "0123456789abcdef0123456789abcdef";
  TemporaryFolder folder_;
  const fs::path active_ = folder_.path() / machine_ / "system.journal";
  std::optional<JournalWriter> writer_;
  int rotations_ = 0;
  Job job_;
};

TEST_F(JournalTailTest, ShowsTheLastEntriesAndThenWhatIsWritten) {
  start_writing();
  for (int i = 1; i <= 5; ++i) write(numbered(i));
  wait_for_entry("message 5");
  Follower follower = follow(2);
  EXPECT_THAT(until(follower, "message 5"), ElementsAre("message 4", "message 5"));
  write(numbered(6));
  EXPECT_THAT(until(follower, "message 6"), ElementsAre("message 6"));
  write(numbered(7) + numbered(8));
  EXPECT_THAT(until(follower, "message 8"), ElementsAre("message 7", "message 8"));
  EXPECT_THAT(follower.take(std::chrono::milliseconds(30), job_), IsEmpty());
  EXPECT_THAT(follower.rest(), IsEmpty());
  EXPECT_FALSE(follower.ended());
}

TEST_F(JournalTailTest, BeginsWithNoneOrWithAllThatThereAre) {
  start_writing();
  write(numbered(1) + numbered(2));
  wait_for_entry("message 2");
  Follower none = follow(0);
  Follower all = follow(99);
  Follower as_asked = follow(99, ",lines=1");
  write(numbered(3));
  EXPECT_THAT(until(none, "message 3"), ElementsAre("message 3"));
  EXPECT_THAT(until(all, "message 3"), ElementsAre("message 1", "message 2", "message 3"));
  EXPECT_THAT(until(as_asked, "message 3"), ElementsAre("message 2", "message 3"));
}

TEST_F(JournalTailTest, OnlyWhatTheQueryAsksFor) {
  start_writing();
  const auto of = [](const std::string& unit, const std::string& priority) {
    return journal_field("_SYSTEMD_UNIT", unit + ".service") + journal_field("PRIORITY", priority);
  };
  write(numbered(1, of("web", "6")) + numbered(2, of("db", "3")));
  wait_for_entry("message 2");
  Follower web = follow(10, ",unit=web");
  Follower errors = follow(10, ",priority=err");
  Follower other = follow(10, ",unit=other");  // of which there is nothing yet
  Follower since = follow(10, ",since=2026-03-01T12:00:05.000004Z");
  write(numbered(3, of("web", "3")) + numbered(4, of("db", "6")) + numbered(5, of("web", "6")) + numbered(6, of("other", "2")));
  EXPECT_THAT(until(web, "message 5"), ElementsAre("message 1", "message 3", "message 5"));
  EXPECT_THAT(until(errors, "message 6"), ElementsAre("message 2", "message 3", "message 6"));
  EXPECT_THAT(until(other, "message 6"), ElementsAre("message 6"));
  EXPECT_THAT(until(since, "message 6"), ElementsAre("message 4", "message 5", "message 6"));
}

TEST_F(JournalTailTest, LosesNothingWhileTheJournalIsRotatedAndVacuumed) {
  start_writing();
  write(numbered(1));
  wait_for_entry("message 1");
  Follower follower = follow(1);
  EXPECT_THAT(until(follower, "message 1"), ElementsAre("message 1"));
  int number = 1;
  for (int round = 0; round < 4; ++round) {
    write(numbered(number + 1));
    const fs::path old = rotate();
    write(numbered(number + 2) + numbered(number + 3));
    number += 3;
    EXPECT_EQ(until(follower, "message " + std::to_string(number)), messages(number - 2, number));
    fs::remove(old);
  }
  write(numbered(++number));
  EXPECT_EQ(until(follower, "message " + std::to_string(number)), messages(number, number));
}

TEST_F(JournalTailTest, KeepsWhatNobodyTakesWithinBoundsAndLosesNoneOfIt) {
  start_writing();
  write(numbered(0));
  wait_for_entry("message 0");
  Follower follower = follow(0);
  constexpr int entries = 160;
  const std::string large(100'000, 'x');  // 16 MB together
  for (int i = 1; i <= entries; ++i) write(numbered(i, journal_field("LARGE", large)));
  wait_for_entry("message " + std::to_string(entries));
  std::vector<std::string> found;
  std::size_t most = 0;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (found.size() < entries && std::chrono::steady_clock::now() < deadline) {
    for (const Followed& news : follower.take(std::chrono::milliseconds(20), job_)) {
      most = std::max(most, news.text.size());
      const auto more = messages_in(news.text);
      found.insert(found.end(), more.begin(), more.end());
    }
  }
  EXPECT_EQ(found, messages(1, entries));
  EXPECT_LT(most, std::size_t{5} << 20U);
}

TEST_F(JournalTailTest, SaysWhatOfTheJournalCannotBeReadAndGoesOnWithTheRest) {
  start_writing();
  write(numbered(1));
  wait_for_entry("message 1");
  folder_.write("broken.journal", "LPKSHHRH and no more");
  Follower follower = follow(1);
  std::vector<std::string> found = until(follower, "message 1");
  write(numbered(2));
  const auto more = until(follower, "message 2");
  found.insert(found.end(), more.begin(), more.end());
  EXPECT_THAT(found, testing::UnorderedElementsAre(
                         "message 1", HasSubstr("broken.journal: is a journal that is cut off or damaged"), "message 2"));
}

TEST_F(JournalTailTest, RefusesWhatCannotBeFollowed) {
  const auto why = [](const std::string& name) {
    const auto follower = Follower::open({name}, {});
    return follower ? std::string() : follower.error().text();
  };
  EXPECT_THAT(why(named()), HasSubstr("no journal files in this folder"));
  EXPECT_THAT(why(named(",untl=x")), HasSubstr("did you mean 'until'"));
  start_writing();
  write(numbered(1));
  wait_for_entry("message 1");
  EXPECT_THAT(why(named(",until=2026-03-02")), HasSubstr("cannot be followed"));
  EXPECT_THAT(why(active_.string()), HasSubstr("journal:directory="));
}

TEST_F(JournalTailTest, ALogGrowsBehindTheSameBytes) {
  start_writing();
  write(numbered(1) + numbered(2));
  wait_for_entry("message 2");
  const auto log = LogBytes::open(named(), job_).value();
  const std::string before(log->view());
  ASSERT_EQ(log->grown().value(), nullptr);
  write(numbered(3));
  std::shared_ptr<const LogBytes> more;
  wait_until([&] { return (more = log->grown().value()) != nullptr; });
  EXPECT_THAT(messages_in(std::string(more->view())), ElementsAre("message 1", "message 2", "message 3"));
  EXPECT_TRUE(more->view().starts_with(before));
  EXPECT_EQ(more->name(), log->name());
  EXPECT_EQ(more->file_bytes(), more->view().size());
  EXPECT_EQ(log->view(), before);
  EXPECT_EQ(more->grown().value(), nullptr);
  EXPECT_EQ(log->grown().value()->view(), more->view());  // another look at the same log
  (void)rotate();
  write(numbered(4));
  std::shared_ptr<const LogBytes> last;
  wait_until([&] { return (last = more->grown().value()) != nullptr; });
  EXPECT_THAT(messages_in(std::string(last->view())), ElementsAre("message 1", "message 2", "message 3", "message 4"));
}

TEST_F(JournalTailTest, ALogOfSomeEntriesGrowsFromThereOn) {
  start_writing();
  write(numbered(1) + numbered(2, journal_field("PRIORITY", "6")) + numbered(3));
  wait_for_entry("message 3");
  const auto newest = LogBytes::open(named(",lines=1"), job_).value();
  const auto none = LogBytes::open(named(",priority=err"), job_).value();
  EXPECT_THAT(messages_in(std::string(newest->view())), ElementsAre("message 3"));
  EXPECT_TRUE(none->view().empty());
  write(numbered(4) + numbered(5, journal_field("PRIORITY", "3")));
  wait_for_entry("message 5");
  std::shared_ptr<const LogBytes> more;
  wait_until([&] { return (more = none->grown().value()) != nullptr; });
  EXPECT_THAT(messages_in(std::string(more->view())), ElementsAre("message 5"));
  wait_until([&] {
    more = newest->grown().value();
    return more && messages_in(std::string(more->view())).size() == 3;
  });
  EXPECT_THAT(messages_in(std::string(more->view())), ElementsAre("message 3", "message 4", "message 5"));
}

TEST(JournalTail, LogsThatAreNoJournalDoNotGrowByThemselves) {
  const TemporaryFolder folder;
  Job job;
  EXPECT_EQ(LogBytes::open(folder.write("a.log", "x\n"), job).value()->grown().value(), nullptr);
  EXPECT_EQ(LogBytes::from_text("x\n", "text")->grown().value(), nullptr);
}

}  // namespace
}  // namespace conclave::logs
