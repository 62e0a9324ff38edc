#include "engine/logs/journal.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <thread>

#include "engine/logs/journal_line.h"
#include "engine/logs/level.h"
#include "engine/logs/source.h"
#include "engine/logs/summary.h"
#include "tests/engine/logs/files.h"
#include "tests/engine/logs/journals.h"

namespace conclave::logs {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr TimeUs start = journal_start;
constexpr auto field = journal_field;

std::string entry(TimeUs time, const std::string& message, const std::string& fields = {}) {
  return journal_entry(time, message, fields);
}

class JournalTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!can_write_journals()) GTEST_SKIP() << "needs Debian's systemd-journal-remote";
  }

  [[nodiscard]] fs::path journal(const std::string& name, const std::string& entries) const {
    const fs::path text = folder_.write("entries", entries);
    const fs::path file = folder_.path() / name;
    fs::create_directories(file.parent_path());
    const std::string line = std::string(journal_writer) + " -o '" + file.string() + "' '" + text.string() + "' 2>/dev/null";
    EXPECT_EQ(std::system(line.c_str()), 0);  // NOLINT(concurrency-mt-unsafe, cert-env33-c): one thread, and words of this test
    return file;
  }

  Result<std::shared_ptr<const LogBytes>> open(const fs::path& path) { return LogBytes::open(path, job_); }
  std::string text_of(const fs::path& path) {
    const auto log = open(path);
    return log ? std::string((*log)->view()) : log.error().text();
  }
  std::vector<std::string> messages_of(const std::string& query) {
    std::vector<std::string> found;
    std::istringstream lines(text_of("journal:directory=" + folder_.path().string() + query));
    for (std::string line; std::getline(lines, line);) {
      const auto at = line.find("\"message\":\"");
      found.push_back(at == std::string::npos ? line : line.substr(at + 11, line.find('"', at + 11) - at - 11));
    }
    return found;
  }

  TemporaryFolder folder_;
  Job job_;
};

TEST_F(JournalTest, AnEntryIsALineWithTimeLevelAndMessage) {
  const auto file = journal(
      "a.journal", entry(start + 123'456, "disk is full",
                         field("PRIORITY", "3") + field("_SYSTEMD_UNIT", "db.service") + field("SYSLOG_IDENTIFIER", "db") +
                             field("_PID", "42") + field("_HOSTNAME", "web1") + field("REQUEST", "7\"8") + field("_UID", "0")));
  EXPECT_EQ(text_of(file),
            "{\"time\":\"2026-03-01T12:00:05.123456Z\",\"level\":\"err\",\"host\":\"web1\",\"unit\":\"db.service\","
            "\"identifier\":\"db\",\"pid\":42,\"message\":\"disk is full\",\"REQUEST\":\"7\\\"8\"}\n");
  EXPECT_EQ(open(file).value()->file_bytes(), fs::file_size(file));
  EXPECT_FALSE(open(file).value()->problem());
  EXPECT_EQ(job_.progress().done, fs::file_size(file));
}

TEST_F(JournalTest, EachPriorityIsALevelOfTheSummary) {
  std::string entries;
  for (int priority = 0; priority < 8; ++priority)
    entries += entry(start + priority, "x", field("PRIORITY", std::to_string(priority)));
  entries += entry(start + 8, "error: none of its own") + entry(start + 9, "x", field("PRIORITY", "none"));
  const auto log = open(journal("a.journal", entries)).value();
  const auto summary = summarize(log->view(), {}, job_).value();
  EXPECT_EQ(summary.lines, 10U);
  const auto count = [&](Level level) { return summary.levels.at(static_cast<std::size_t>(level)); };
  EXPECT_EQ(count(Level::fatal), 3U);
  EXPECT_EQ(count(Level::error), 2U);  // what says none is read as other lines are
  EXPECT_EQ(count(Level::warning), 1U);
  EXPECT_EQ(count(Level::info), 2U);
  EXPECT_EQ(count(Level::debug), 1U);
  EXPECT_EQ(count(Level::unknown), 1U);
  EXPECT_EQ(summary.first_time, start);
  EXPECT_EQ(summary.last_time, start + 9);
}

TEST_F(JournalTest, LineEndsBinaryAndLongMessagesStayOnOneLine) {
  const std::string large(300'000, 'x');
  const auto file = journal("a.journal", entry(start, "Traceback\n  File \"a.py\"\r\n") +
                                             entry(start + 1, std::string("a\0b\xff", 4)) + entry(start + 2, large));
  const std::string text = text_of(file);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  EXPECT_THAT(text, HasSubstr("\"message\":\"Traceback\\n  File \\\"a.py\\\"\\r\\n\""));
  EXPECT_THAT(text, HasSubstr("\"message\":\"a\\u0000b\xef\xbf\xbd\""));
  EXPECT_THAT(text, HasSubstr("\"" + large + "\""));
}

TEST_F(JournalTest, AFolderGivesItsJournalsTheOldestFirst) {
  const auto file = journal("live.journal", entry(start, "x"));
  const std::string id = "b9aa2d0cb66b4628b2adb830b47ff001";
  for (const std::string name : {"system.journal", "system@b9aa-0000000000000002-00064bf535fd3d80.journal",
                                 "system@b9aa-0000000000000001-00064bf535000000.journal", "user-1000.journal"}) {
    fs::create_directories(folder_.path() / "log/journal" / id);
    fs::copy_file(file, folder_.path() / "log/journal" / id / name);
  }
  folder_.write("log/app.log", "x\n");
  const auto names = [&](const std::string& pattern) {
    std::vector<std::string> found;
    const auto files = find_files(pattern, folder_.path());
    for (const auto& path : files->files) found.push_back(path.filename().string());
    return found;
  };
  EXPECT_THAT(names("log/journal"),
              ElementsAre("system@b9aa-0000000000000001-00064bf535000000.journal",
                          "system@b9aa-0000000000000002-00064bf535fd3d80.journal", "system.journal", "user-1000.journal"));
  EXPECT_EQ(names("log/journal"), names("log/journal/" + id));
  EXPECT_THAT(names("log"), ElementsAre("app.log"));
}

TEST_F(JournalTest, AQueryMergesTheFilesOfAFolderByTime) {
  (void)journal("a.journal", entry(start, "one", field("_MACHINE_ID", "1")) + entry(start + 20, "three"));
  (void)journal("0123456789abcdef0123456789abcdef/b.journal", entry(start + 10, "two") + entry(start + 30, "four"));
  EXPECT_THAT(messages_of(""), ElementsAre("one", "two", "three", "four"));
  EXPECT_THAT(messages_of(",lines=3"), ElementsAre("two", "three", "four"));
  EXPECT_THAT(messages_of(",lines=99"), ElementsAre("one", "two", "three", "four"));
  EXPECT_THAT(messages_of(",since=2026-03-01T12:00:05.000010Z,until=2026-03-01T12:00:05.000020Z"), ElementsAre("two", "three"));
  EXPECT_THAT(messages_of(",until=2026-03-01T12:00:05.000020Z,lines=1"), ElementsAre("three"));
  EXPECT_THAT(messages_of(",boot"), IsEmpty());
}

TEST_F(JournalTest, AQueryChoosesByUnitPriorityAndField) {
  (void)journal("a.journal", entry(start, "web fails", field("_SYSTEMD_UNIT", "web.service") + field("PRIORITY", "2")) +
                                 entry(start + 1, "web runs", field("_SYSTEMD_UNIT", "web.service") + field("PRIORITY", "6")) +
                                 entry(start + 2, "Started web",
                                       field("_SYSTEMD_UNIT", "init.scope") + field("_PID", "1") + field("UNIT", "web.service") +
                                           field("PRIORITY", "6")) +
                                 entry(start + 3, "db fails", field("_SYSTEMD_UNIT", "db.service") + field("PRIORITY", "3")) +
                                 entry(start + 4, "kernel", field("_TRANSPORT", "kernel") + field("PRIORITY", "4")) +
                                 entry(start + 5, "tagged", field("SYSLOG_IDENTIFIER", "a,b") + field("PRIORITY", "6")));
  EXPECT_THAT(messages_of(",unit=web"), ElementsAre("web fails", "web runs", "Started web"));
  EXPECT_THAT(messages_of(",unit=web,unit=db.service,priority=err"), ElementsAre("web fails", "db fails"));
  EXPECT_THAT(messages_of(",priority=2"), ElementsAre("web fails"));
  EXPECT_THAT(messages_of(",kernel"), ElementsAre("kernel"));
  EXPECT_THAT(messages_of(",identifier=a\\,b"), ElementsAre("tagged"));
  EXPECT_THAT(messages_of(",_SYSTEMD_UNIT=db.service"), ElementsAre("db fails"));
  EXPECT_THAT(text_of("journal:directory=" + folder_.path().string() + ",unit=web,priority=info"),
              HasSubstr("\"unit\":\"web.service\",\"pid\":1,\"message\":\"Started web\""));
}

TEST_F(JournalTest, ACutFileIsAnErrorAndItsNeighboursAreRead) {
  const auto whole = journal("a.journal", entry(start, "one"));
  const auto cut = journal("b.journal", entry(start + 1, "two"));
  fs::resize_file(cut, fs::file_size(cut) / 2);
  EXPECT_THAT(text_of(cut), HasSubstr("cut off or damaged"));
  const auto log = open("journal:directory=" + folder_.path().string()).value();
  EXPECT_THAT(std::string(log->view()), HasSubstr("one"));
  ASSERT_TRUE(log->problem());
  EXPECT_THAT(log->problem()->text(), HasSubstr("b.journal: is a journal that is cut off or damaged"));
  fs::remove(whole);
  EXPECT_THAT(text_of("journal:directory=" + folder_.path().string()), HasSubstr("cut off"));
}

TEST_F(JournalTest, ADamagedFileTellsHowMuchOfItCouldBeRead) {
  std::string entries;
  for (int i = 0; i < 2000; ++i) entries += entry(start + i, "message " + std::to_string(i), field("N", std::to_string(i)));
  const auto file = journal("a.journal", entries);
  const std::string bytes = read_file(file);
  const auto place = bytes.find("message 1000");  // in the middle of what is written
  ASSERT_NE(place, std::string::npos);
  std::fstream(file, std::ios::binary | std::ios::in | std::ios::out).seekp(static_cast<std::streamoff>(place))
      << std::string(50'000, '\x5a');
  const auto log = open(file);
  ASSERT_TRUE(log) << log.error().text();
  ASSERT_TRUE((*log)->problem());
  EXPECT_THAT((*log)->problem()->text(), HasSubstr("damaged"));
  const auto lines = std::count((*log)->view().begin(), (*log)->view().end(), '\n');
  EXPECT_LT(lines, 2000);
  EXPECT_GT(lines, 500);
}

TEST_F(JournalTest, IsReadFromStandardInputToo) {
  const auto file = journal("a.journal", entry(start, "one"));
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const Descriptor out(ends[0]);
  std::thread feeder([end = std::make_shared<Descriptor>(ends[1]), bytes = read_file(file)] {
    for (std::size_t at = 0; at < bytes.size();) {
      const ssize_t count = ::write(end->get(), bytes.data() + at, bytes.size() - at);
      if (count <= 0) return;
      at += static_cast<std::size_t>(count);
    }
  });
  const auto log = LogBytes::read_stream(out.get(), "-", job_);
  feeder.join();
  ASSERT_TRUE(log) << log.error().text();
  EXPECT_THAT(std::string((*log)->view()), HasSubstr("\"message\":\"one\""));
}

TEST_F(JournalTest, AStopEndsReadingAtTheNextEntry) {
  const auto file = journal("a.journal", entry(start, "one"));
  job_.request_stop();
  EXPECT_EQ(open(file).error().kind, ErrorKind::cancelled);
  const auto query = parse_journal_query("journal:directory=" + folder_.path().string(), 0).value();
  EXPECT_EQ(read_journal(query, "journal", UINT64_MAX, job_).error().kind, ErrorKind::cancelled);
  Job other;
  EXPECT_EQ(read_journal(query, "journal", 10, other).error().kind, ErrorKind::limit);
}

TEST(JournalLineTest, LeavesOutFieldsWithNamesThatJournaldRefuses) {
  JournalLine line;
  line.start(start);
  for (const char* each : {"A\"B=1", "A\nB=2", "lower=3", "1A=4", "=5", "no value", "A_1=6"}) line.add(each);
  std::string out;
  line.finish(out);
  EXPECT_EQ(out, "{\"time\":\"2026-03-01T12:00:05Z\",\"message\":\"\",\"A_1\":\"6\"}\n");
}

TEST(JournalSource, SaysThatAFolderHasNoJournals) {
  const TemporaryFolder folder;
  Job job;
  const auto log = LogBytes::open("journal:directory=" + folder.path().string(), job);
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().kind, ErrorKind::not_found);
  EXPECT_THAT(log.error().text(), HasSubstr("there are no journal files in this folder"));
}

TEST(JournalSource, AFileThatOnlyBeginsAsAJournalIsAnError) {
  const TemporaryFolder folder;
  Job job;
  for (const std::size_t size : {8U, 100U, 300U, 4096U}) {
    std::string bytes(size, '\0');
    bytes.replace(0, 8, "LPKSHHRH");
    EXPECT_FALSE(LogBytes::open(folder.write("a.journal", bytes), job)) << size;
  }
}

TEST(JournalSource, RefusesWithoutPermission) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const TemporaryFolder folder;
  const auto file = folder.write("system.journal", "LPKSHHRH");
  fs::permissions(file, fs::perms::none);
  Job job;
  const auto log = LogBytes::open("journal:directory=" + folder.path().string(), job);
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().os_error, EACCES);
  EXPECT_THAT(log.error().text(), HasSubstr("systemd-journal"));
  fs::permissions(folder.path(), fs::perms::none);
  EXPECT_EQ(LogBytes::open("journal:directory=" + folder.path().string(), job).error().os_error, EACCES);
  fs::permissions(folder.path(), fs::perms::owner_all);
}

Result<JournalQuery> parsed(std::string_view text) { return parse_journal_query(text, start); }

TEST(JournalQueryTest, TakesItsPartsApart) {
  const auto query = parsed("journal:unit=nginx,unit=a.timer,priority=warning,since=2026-03-01,until=-2h,lines=5,boot,_UID=0");
  ASSERT_TRUE(query) << query.error().text();
  EXPECT_THAT(query->units, ElementsAre("nginx.service", "a.timer"));
  EXPECT_EQ(query->priority, 4);
  EXPECT_EQ(query->since, 1'772'323'200'000'000);
  EXPECT_EQ(query->until, start - 2 * 3600 * us_per_second);
  EXPECT_EQ(query->lines, 5U);
  EXPECT_TRUE(query->boot);
  EXPECT_THAT(query->matches, ElementsAre(testing::Pair("_UID", "0")));
  EXPECT_EQ(parsed("journal:"), JournalQuery{});
}

TEST(JournalQueryTest, SaysWhatIsWrong) {
  EXPECT_THAT(parsed("journal:unti=a").error().text(), HasSubstr("did you mean 'unit'"));
  EXPECT_THAT(parsed("journal:unit").error().text(), HasSubstr("needs a value"));
  EXPECT_THAT(parsed("journal:boot=1").error().text(), HasSubstr("has no value"));
  EXPECT_THAT(parsed("journal:priority=8").error().text(), HasSubstr("is no priority"));
  EXPECT_THAT(parsed("journal:since=soon").error().text(), HasSubstr("is no time"));
  EXPECT_THAT(parsed("journal:lines=0").error().text(), HasSubstr("no number of lines"));
  for (const char* text : {"journal:,", "journal:=", "journal:unit=a,", "journal:lines=-1", "journal:9A=1", "journal:since=-2x"})
    EXPECT_FALSE(parsed(text)) << text;
}

TEST(JournalQueryTest, ARelativeFolderIsThatOfTheCase) {
  EXPECT_EQ(journal_in("journal:unit=a\\,b,directory=logs,boot", "/case"), "journal:unit=a\\,b,directory=/case/logs,boot");
  EXPECT_EQ(journal_in("journal:directory=/var/log/journal", "/case"), "journal:directory=/var/log/journal");
  EXPECT_THAT(find_files("journal:directory=x", "/case")->files, ElementsAre("journal:directory=/case/x"));
  EXPECT_FALSE(find_files("journal:nonsense", "/case"));
}

TEST(JournalQueryTest, AFileOfThatNameComesFirst) {
  const TemporaryFolder folder;
  folder.write("journal:unit=a", "a line\n");
  EXPECT_FALSE(names_journal("journal:unit=a", folder.path()));
  EXPECT_TRUE(names_journal("journal:unit=b", folder.path()));
}

}  // namespace
}  // namespace conclave::logs
