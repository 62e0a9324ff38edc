// Logs inside of tar archives: find_files and LogBytes::open.
#include "engine/logs/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "engine/logs/descriptor.h"
#include "engine/logs/follow.h"
#include "tests/engine/logs/files.h"
#include "tests/engine/logs/packed.h"

namespace conclave::logs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Entry {
  std::string name;
  std::string text;
  mode_t type = AE_IFREG;
  std::string hardlink = {};
  bool sparse = false;
};

std::string tar_of(const std::vector<Entry>& entries, int (*filter)(archive*) = archive_write_add_filter_none) {
  std::size_t size = 65536;
  for (const Entry& each : entries) size += each.text.size() + 4096 + 2 * each.name.size();
  std::string out(size, '\0');
  std::size_t used = 0;
  archive* writer = archive_write_new();
  filter(writer);
  archive_write_set_format_pax_restricted(writer);
  archive_write_open_memory(writer, out.data(), out.size(), &used);
  for (const Entry& each : entries) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, each.name.c_str());
    archive_entry_set_filetype(entry, each.type);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_mtime(entry, 1'300'000'000, 0);  // March 2011
    if (each.type == AE_IFLNK) archive_entry_set_symlink(entry, "/etc/passwd");
    if (!each.hardlink.empty()) archive_entry_set_hardlink(entry, each.hardlink.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(each.text.size()));
    if (each.sparse) archive_entry_sparse_add_entry(entry, 4096, 4096);
    EXPECT_EQ(archive_write_header(writer, entry), ARCHIVE_OK) << archive_error_string(writer);
    archive_write_data(writer, each.text.data(), each.text.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  out.resize(used);
  return out;
}

// Found logs, relative to the folder.
std::vector<std::string> names(const Result<FoundFiles>& found, const TemporaryFolder& folder) {
  std::vector<std::string> result;
  if (!found) return {"error: " + found.error().text()};
  for (const auto& file : found->files) result.push_back(file.lexically_relative(folder.path()).string());
  return result;
}

Result<std::shared_ptr<const LogBytes>> open_log(const std::filesystem::path& path, std::uint64_t limit = max_unpacked_bytes) {
  Job job;
  return LogBytes::open(path, job, limit);
}

const std::vector<Entry>& some_logs() {
  static const std::vector<Entry> entries = {
      {"./var/log/", "", AE_IFDIR},     {"./var/log/app.log", "new\n"},
      {"./var/log/app.log.1", "old\n"}, {"./var/log/app.log.10.gz", packed("oldest\n", archive_write_add_filter_gzip)},
      {"./etc/passwd", "root\n"},       {"./var/log/wtmp.log", std::string("binary\0", 7)},
      {"./.cache/x.log", "hidden\n"},   {"empty.log", ""},
      {"nested.log.tar", "x"}};
  return entries;
}

TEST(Archive, GivesItsLogsInTheOrderOfAFolder) {
  const std::pair<const char*, int (*)(archive*)> kinds[] = {{"bundle.tar", archive_write_add_filter_none},
                                                             {"bundle.tar.gz", archive_write_add_filter_gzip},
                                                             {"bundle.tar.zst", archive_write_add_filter_zstd},
                                                             {"bundle.txz", archive_write_add_filter_xz}};
  for (const auto& [name, filter] : kinds) {
    const TemporaryFolder folder;
    const std::string in = std::string(name) + "!/";
    folder.write(name, tar_of(some_logs(), filter));
    const auto found = find_files(name, folder.path());
    EXPECT_THAT(names(found, folder),
                ElementsAre(in + "empty.log", in + "var/log/app.log.10.gz", in + "var/log/app.log.1", in + "var/log/app.log"));
    EXPECT_THAT(found->problems, IsEmpty());
    EXPECT_EQ(names(find_files("bundle*", folder.path()), folder), names(found, folder));
    std::string all;
    for (const auto& file : found->files) {
      const auto log = open_log(file);
      ASSERT_TRUE(log) << log.error().text();
      EXPECT_EQ((*log)->name(), file.string());
      EXPECT_EQ((*log)->modified(), 1'300'000'000 * us_per_second);
      EXPECT_EQ(file_of(file), folder.path() / name);
      all += (*log)->view();
    }
    EXPECT_EQ(all, "oldest\nold\nnew\n");
  }
}

TEST(Archive, IsUnpackedOnceForAllWhoUseIt) {
  const TemporaryFolder folder;
  folder.write("a.tar.gz", tar_of(some_logs(), archive_write_add_filter_gzip));
  Job job;
  const auto one = Archive::open(folder.path() / "a.tar.gz", job);
  const auto other = Archive::open(folder.path() / "a.tar.gz", job);
  ASSERT_TRUE(one && other);
  EXPECT_EQ(*one, *other);
  folder.write("a.tar.gz", tar_of({{"new.log", "x\n"}}, archive_write_add_filter_gzip));
  EXPECT_NE(*Archive::open(folder.path() / "a.tar.gz", job), *one);
}

TEST(Archive, MembersCanBeNamedAlsoByFoldersAndGlobs) {
  const TemporaryFolder folder;
  folder.write("a.tar", tar_of(some_logs()));
  EXPECT_THAT(names(find_files("a.tar!/etc/passwd", folder.path()), folder), ElementsAre("a.tar!/etc/passwd"));
  EXPECT_THAT(names(find_files("a.tar!/var/log", folder.path()), folder), testing::SizeIs(3));
  EXPECT_THAT(names(find_files("a.tar!/var/*/app.log.?", folder.path()), folder), ElementsAre("a.tar!/var/log/app.log.1"));
  EXPECT_THAT(names(find_files("a.tar!/**.gz", folder.path()), folder), ElementsAre("a.tar!/var/log/app.log.10.gz"));
  EXPECT_THAT(names(find_files("a.tar!/missing.log", folder.path()), folder), ElementsAre(HasSubstr("no log in the archive")));
  EXPECT_THAT(find_files("a.tar!/*.missing", folder.path())->problems, testing::SizeIs(1));
  const auto missing = open_log(folder.path() / "a.tar!/missing.log");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
}

TEST(Archive, AFileOfThatNameComesFirst) {
  const TemporaryFolder folder;
  folder.write("a.tar", tar_of({{"x.log", "in the archive\n"}}));
  folder.write("a.tar!/x.log", "a file\n");
  EXPECT_EQ(open_log(folder.path() / "a.tar!/x.log").value()->view(), "a file\n");
  EXPECT_EQ(file_of(folder.path() / "a.tar!/x.log"), folder.path() / "a.tar!/x.log");
}

TEST(Archive, LeavesOutWhatIsHostile) {
  const TemporaryFolder folder;
  folder.write("a.tar", tar_of({{"../../out.log", "x"},
                                {"a/../../b.log", "x"},
                                {"/absolute.log", "absolute\n"},
                                {"link.log", "", AE_IFLNK},
                                {"device.log", "", AE_IFCHR},
                                {"pipe.log", "", AE_IFIFO},
                                {"hard.log", "", AE_IFREG, "absolute.log"},
                                {"holes.log", std::string(16384, 'x'), AE_IFREG, "", true},
                                {std::string(5000, 'n') + ".log", "x"},
                                {"./", "", AE_IFDIR}}));
  const auto found = find_files("a.tar", folder.path());
  EXPECT_THAT(names(found, folder), ElementsAre("a.tar!/absolute.log"));
  ASSERT_EQ(found->problems.size(), 2U);
  EXPECT_THAT(found->problems[0].message, HasSubstr("3 members left out"));
  EXPECT_THAT(found->problems[1].message, HasSubstr("sparse"));
  EXPECT_EQ(open_log(found->files[0]).value()->view(), "absolute\n");
  std::size_t on_disk = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) on_disk += entry.exists() ? 1 : 0;
  EXPECT_EQ(on_disk, 1U);
}

TEST(Archive, KeepsTheLastOfMembersOfOneName) {
  const TemporaryFolder folder;
  const auto path = folder.write("a.tar", tar_of({{"x.log", "first\n"}, {"./x.log", "second\n"}}));
  EXPECT_THAT(names(find_files("a.tar", folder.path()), folder), ElementsAre("a.tar!/x.log"));
  EXPECT_EQ(open_log(path.string() + "!/x.log").value()->view(), "second\n");
}

TEST(Archive, ThatIsCutOffGivesWhatCameBefore) {
  const TemporaryFolder folder;
  const std::string bytes = tar_of({{"a.log", "whole\n"}, {"b.log", std::string(50'000, 'x')}});
  const auto path = folder.write("a.tar", bytes.substr(0, 10'000));
  const auto found = find_files("a.tar", folder.path());
  EXPECT_THAT(names(found, folder), ElementsAre("a.tar!/a.log", "a.tar!/b.log"));
  EXPECT_FALSE(found->problems.empty());
  EXPECT_EQ(open_log(path.string() + "!/a.log").value()->view(), "whole\n");
  EXPECT_LT(open_log(path.string() + "!/b.log").value()->view().size(), 10'000U);
}

TEST(Archive, ByNameOnlyIsReadAsAFile) {
  const TemporaryFolder folder;
  folder.write("a.tar", "just text\n");
  EXPECT_THAT(names(find_files("a.tar", folder.path()), folder), ElementsAre("a.tar"));
}

TEST(Archive, WithoutLogsSaysSo) {
  const TemporaryFolder folder;
  folder.write("a.tar", tar_of({{"readme.md", "x"}}));
  const auto found = find_files("a.tar", folder.path());
  EXPECT_THAT(names(found, folder), IsEmpty());
  ASSERT_EQ(found->problems.size(), 1U);
  EXPECT_EQ(found->problems[0].kind, ErrorKind::not_found);
}

TEST(Archive, WithTooManyLogsGivesSome) {
  const TemporaryFolder folder;
  std::vector<Entry> entries;
  for (int i = 0; i < 10'010; ++i) entries.push_back({"l" + std::to_string(i) + ".log", ""});
  folder.write("a.tar", tar_of(entries));
  const auto found = find_files("a.tar", folder.path());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->files.size(), 10'000U);
  ASSERT_EQ(found->problems.size(), 1U);
  EXPECT_EQ(found->problems[0].kind, ErrorKind::limit);
}

TEST(Archive, ThatIsABombIsRefused) {
  const TemporaryFolder folder;
  const auto path =
      folder.write("a.tar.gz", tar_of({{"zeros.log", std::string(20'000'000, '\n')}}, archive_write_add_filter_gzip));
  const auto log = open_log(path.string() + "!/zeros.log", 1'000'000);
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().kind, ErrorKind::limit);
}

TEST(Archive, IsNotReadForAStoppedJob) {
  const TemporaryFolder folder;
  folder.write("a.tar", tar_of(some_logs()));
  Job job;
  job.request_stop();
  const auto found = find_files("a.tar", folder.path(), job);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->problems.size(), 1U);
  EXPECT_EQ(found->problems[0].kind, ErrorKind::cancelled);
}

TEST(Archive, InAFolderIsOpenedIfItsNameIsThatOfALog) {
  const TemporaryFolder folder;
  folder.write("app.log.tar.gz", tar_of({{"x.log", "x\n"}}, archive_write_add_filter_gzip));
  folder.write("backup.tar.gz", tar_of({{"y.log", "x\n"}}, archive_write_add_filter_gzip));
  EXPECT_THAT(names(find_files(".", folder.path()), folder), ElementsAre("app.log.tar.gz!/x.log"));
}

TEST(Archive, ThroughAStreamIsKnownByItsFirstHeader) {
  const TemporaryFolder folder;
  const auto path = folder.write("a", tar_of(some_logs(), archive_write_add_filter_gzip));
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  Job job;
  std::vector<std::string> seen;
  const auto read = LogBytes::each_member(LogBytes::read_stream(file.get(), "-", job).value(), job, [&](auto log) {
    ASSERT_TRUE(log) << log.error().text();
    seen.push_back((*log)->name() + " " + std::string((*log)->view()));
  });
  EXPECT_TRUE(read);
  EXPECT_THAT(seen, ElementsAre("-!/empty.log ", "-!/var/log/app.log.10.gz oldest\n", "-!/var/log/app.log.1 old\n",
                                "-!/var/log/app.log new\n"));
}

TEST(Archive, CannotBeFollowed) {
  const TemporaryFolder folder;
  const auto path = folder.write("a.tar", tar_of({{"x.log", "x\n"}}));
  const auto follower = Follower::open({path.string() + "!/x.log"}, {});
  ASSERT_FALSE(follower);
  EXPECT_THAT(follower.error().message, HasSubstr("in an archive"));
}

}  // namespace
}  // namespace conclave::logs
