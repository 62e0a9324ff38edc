#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "engine/logs/source.h"
#include "tests/engine/logs/files.h"

namespace conclave::logs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Paths found, relative to the folder.
std::vector<std::string> names(const Result<FoundFiles>& found, const TemporaryFolder& folder) {
  std::vector<std::string> result;
  if (!found) return {"error: " + found.error().text()};
  for (const auto& file : found->files) result.push_back(file.lexically_relative(folder.path()).string());
  return result;
}

TEST(FindFiles, TakesANamedFileAsItIs) {
  const TemporaryFolder folder;
  folder.write("odd name.bin", std::string("a\0b", 3));
  EXPECT_THAT(names(find_files("odd name.bin", folder.path()), folder), ElementsAre("odd name.bin"));
  EXPECT_THAT(names(find_files((folder.path() / "odd name.bin").string(), "/"), folder), ElementsAre("odd name.bin"));
  EXPECT_THAT(names(find_files("./x/../odd name.bin", folder.path()), folder), ElementsAre(testing::StartsWith("error: ")));
}

TEST(FindFiles, TakesANamedFileWhoseNameLooksLikeAGlob) {
  const TemporaryFolder folder;
  folder.write("a[1].log", "x");
  folder.write("a1.log", "x");
  EXPECT_THAT(names(find_files("a[1].log", folder.path()), folder), ElementsAre("a[1].log"));
}

TEST(FindFiles, FailsForANamedFileThatIsNotThere) {
  const TemporaryFolder folder;
  const auto found = find_files("missing.log", folder.path());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().os_error, ENOENT);
  EXPECT_FALSE(find_files("", folder.path()));
  EXPECT_FALSE(find_files(std::string("a\0b", 3), folder.path()));
}

TEST(FindFiles, FailsForANamedPipe) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder.path() / "p.log").c_str(), 0600), 0);
  EXPECT_FALSE(find_files("p.log", folder.path()));
}

TEST(FindFiles, ExpandsAGlobSorted) {
  const TemporaryFolder folder;
  for (const char* name : {"b.log", "a.log", "c.txt", ".hidden.log", "sub/d.log"}) folder.write(name, "x\n");
  EXPECT_THAT(names(find_files("*.log", folder.path()), folder), ElementsAre("a.log", "b.log"));
  EXPECT_THAT(names(find_files("*/d.*", folder.path()), folder), ElementsAre("sub/d.log"));
  EXPECT_THAT(names(find_files("**/*.log", folder.path()), folder), ElementsAre("a.log", "b.log", "sub/d.log"));
  EXPECT_THAT(names(find_files("[ab].log", folder.path()), folder), ElementsAre("a.log", "b.log"));
}

TEST(FindFiles, GivesRotatedSetsOldestFirst) {
  const TemporaryFolder folder;
  for (const char* name : {"app.log", "app.log.1", "app.log.10.gz", "app.log.9.gz", "app.log-20251231", "app-error.log",
                           "app-error.log.1", "old/app.log", "old/app.log.1"}) {
    folder.write(name, "x\n");
  }
  EXPECT_THAT(names(find_files("app*", folder.path()), folder),
              ElementsAre("app-error.log.1", "app-error.log", "app.log-20251231", "app.log.10.gz", "app.log.9.gz", "app.log.1",
                          "app.log"));
  EXPECT_THAT(names(find_files("**", folder.path()), folder), names(find_files(".", folder.path()), folder));
  EXPECT_THAT(names(find_files("*/app.log*", folder.path()), folder), ElementsAre("old/app.log.1", "old/app.log"));
  EXPECT_THAT(names(find_files("app.log", folder.path()), folder), ElementsAre("app.log"));
}

TEST(FindFiles, ReportsAGlobThatFindsNothing) {
  const TemporaryFolder folder;
  const auto found = find_files("*.log", folder.path());
  ASSERT_TRUE(found);
  EXPECT_THAT(found->files, IsEmpty());
  ASSERT_EQ(found->problems.size(), 1U);
  EXPECT_EQ(found->problems[0].kind, ErrorKind::not_found);
}

TEST(FindFiles, TakesTheLogLikeFilesOfADirectory) {
  const TemporaryFolder folder;
  for (const char* name : {"syslog", "syslog.1", "app.log", "app.log.2.gz", "app.log-20260301", "x/y/z.out", "notes.md", "a.out",
                           "core", "messages-20260301", "data.json", ".git/x.log"}) {
    folder.write(name, "text\n");
  }
  folder.write("wtmp.log", std::string("binary\0data", 11));
  folder.write("utf16.log", std::string("\xff\xfe"
                                        "a\0b\0",
                                        6));
  EXPECT_THAT(names(find_files(".", folder.path()), folder),
              ElementsAre("a.out", "app.log-20260301", "app.log.2.gz", "app.log", "data.json", "messages-20260301", "syslog.1",
                          "syslog", "utf16.log", "x/y/z.out"));
}

TEST(FindFiles, GivesAFileWithSeveralNamesOnce) {
  const TemporaryFolder folder;
  folder.write("app.log", "x");
  std::filesystem::create_symlink("app.log", folder.path() / "current.log");
  std::filesystem::create_hard_link(folder.path() / "app.log", folder.path() / "zz.log");
  EXPECT_THAT(names(find_files("*.log", folder.path()), folder), ElementsAre("app.log"));
}

TEST(FindFiles, DoesNotFollowLinksIntoCircles) {
  const TemporaryFolder folder;
  folder.write("sub/a.log", "x");
  std::filesystem::create_directory_symlink(folder.path(), folder.path() / "sub" / "up");
  EXPECT_THAT(names(find_files(".", folder.path()), folder), ElementsAre("sub/a.log"));
  EXPECT_THAT(names(find_files("**/*.log", folder.path()), folder), ElementsAre("sub/a.log"));
}

TEST(FindFiles, PassesOverPipesAndReportsDeadLinksInADirectory) {
  const TemporaryFolder folder;
  folder.write("a.log", "x");
  ASSERT_EQ(::mkfifo((folder.path() / "p.log").c_str(), 0600), 0);
  std::filesystem::create_symlink("nowhere", folder.path() / "dead.log");
  const auto found = find_files(".", folder.path());
  EXPECT_THAT(names(found, folder), ElementsAre("a.log"));
  ASSERT_EQ(found->problems.size(), 1U);
  EXPECT_EQ(found->problems[0].where, (folder.path() / "." / "dead.log").string());
}

TEST(FindFiles, ReportsWhatItCannotRead) {
  if (::geteuid() == 0) GTEST_SKIP() << "root can read everything";
  const TemporaryFolder folder;
  folder.write("a.log", "x");
  std::filesystem::permissions(folder.write("b.log", "x"), std::filesystem::perms::none);
  const auto found = find_files("*.log", folder.path());
  EXPECT_THAT(names(found, folder), ElementsAre("a.log"));
  ASSERT_EQ(found->problems.size(), 1U);
  EXPECT_EQ(found->problems[0].os_error, EACCES);
}

}  // namespace
}  // namespace conclave::logs
