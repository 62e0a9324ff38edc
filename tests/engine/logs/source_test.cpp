#include "engine/logs/source.h"

#include <archive.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>

#include "tests/engine/logs/files.h"
#include "tests/engine/logs/packed.h"

namespace conclave::logs {
namespace {

Result<std::shared_ptr<const LogBytes>> open_log(const std::filesystem::path& path, std::uint64_t limit = max_unpacked_bytes) {
  Job job;
  return LogBytes::open(path, job, limit);
}

std::string many_lines() {
  std::string text;
  for (int i = 0; i < 40'000; ++i) text += "2026-03-01 12:00:05 INFO line " + std::to_string(i * 7919 % 40'000) + "\n";
  return text;
}

TEST(LogBytes, OfAPlainFileAreItsBytes) {
  const TemporaryFolder folder;
  const auto file = folder.write("a.log", "one\ntwo");
  const auto log = open_log(file);
  ASSERT_TRUE(log) << log.error().text();
  EXPECT_EQ((*log)->view(), "one\ntwo");
  EXPECT_EQ((*log)->name(), file.string());
  EXPECT_EQ((*log)->file_bytes(), 7U);
  EXPECT_FALSE((*log)->problem());
}

TEST(LogBytes, OfAnEmptyFileAreEmpty) {
  const TemporaryFolder folder;
  const auto log = open_log(folder.write("a.log", ""));
  ASSERT_TRUE(log) << log.error().text();
  EXPECT_TRUE((*log)->view().empty());
}

TEST(LogBytes, OfFilesThatTellNoSizeAreRead) {
  const auto log = open_log("/proc/self/status");
  ASSERT_TRUE(log) << log.error().text();
  EXPECT_NE((*log)->view().find("Pid:"), std::string_view::npos);
}

TEST(LogBytes, OfUtf16AreItsTextAsUtf8) {
  const TemporaryFolder folder;
  const auto bytes_of = [](std::u16string_view text, bool big) {
    std::string out;
    for (const char16_t unit : text) {
      const auto low = static_cast<char>(unit & 0xFFU);
      const auto high = static_cast<char>(unit >> 8U);
      out += big ? high : low;
      out += big ? low : high;
    }
    return out;
  };
  const std::string long_line(100'000, 'x');
  const std::u16string text =
      u"\uFEFFERROR caf\u00e9 \u20ac \U0001F600 " + std::u16string(long_line.begin(), long_line.end()) + u"\r\n";
  const std::string expected = "ERROR caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 " + long_line + "\r\n";
  for (const bool big : {false, true}) {
    const auto log = open_log(folder.write("a.log", bytes_of(text, big)));
    ASSERT_TRUE(log) << log.error().text();
    EXPECT_EQ((*log)->view(), expected) << big;
    EXPECT_EQ((*log)->file_bytes(), text.size() * 2);
  }
  // A low surrogate alone, a high one before a letter, a high one at the end, half a unit.
  std::u16string broken = u"\uFEFF?a?b?";
  broken[1] = 0xDC00;
  broken[3] = 0xD800;
  broken[5] = 0xD800;
  const auto log = open_log(folder.write("b.log", bytes_of(broken, false) + "z"));
  ASSERT_TRUE(log) << log.error().text();
  EXPECT_EQ((*log)->view(),
            "\xef\xbf\xbd"
            "a"
            "\xef\xbf\xbd"
            "b"
            "\xef\xbf\xbd"
            "\xef\xbf\xbd");
}

TEST(LogBytes, OfCompressedFilesAreUnpacked) {
  const TemporaryFolder folder;
  const std::string text = many_lines();
  const std::pair<const char*, int (*)(archive*)> kinds[] = {{"a.log.gz", archive_write_add_filter_gzip},
                                                             {"a.log.xz", archive_write_add_filter_xz},
                                                             {"a.log.bz2", archive_write_add_filter_bzip2},
                                                             {"a.log.zst", archive_write_add_filter_zstd},
                                                             {"named-otherwise.log", archive_write_add_filter_lz4}};
  for (const auto& [name, filter] : kinds) {
    const std::string bytes = packed(text, filter);
    const auto log = open_log(folder.write(name, bytes));
    ASSERT_TRUE(log) << log.error().text();
    EXPECT_EQ((*log)->view(), text) << name;
    EXPECT_EQ((*log)->file_bytes(), bytes.size());
    EXPECT_FALSE((*log)->problem());
  }
}

TEST(LogBytes, OfSeveralGzipMembersAreAllOfThem) {
  const TemporaryFolder folder;
  const std::string member = packed(many_lines(), archive_write_add_filter_gzip);
  const auto log = open_log(folder.write("a.gz", member + member + std::string(512, '\0')));
  ASSERT_TRUE(log) << log.error().text();
  EXPECT_EQ((*log)->view(), many_lines() + many_lines());
  EXPECT_FALSE((*log)->problem());
}

TEST(LogBytes, OfACutGzipFileAreWhatCameBeforeAndSaySo) {
  const TemporaryFolder folder;
  const std::string text = many_lines();
  const std::string bytes = packed(text, archive_write_add_filter_gzip);
  const auto log = open_log(folder.write("a.log.gz", bytes.substr(0, bytes.size() / 2)));
  ASSERT_TRUE(log) << log.error().text();
  EXPECT_GT((*log)->view().size(), text.size() / 4);
  EXPECT_TRUE(text.starts_with((*log)->view()));
  ASSERT_TRUE((*log)->problem());
  EXPECT_EQ((*log)->problem()->kind, ErrorKind::parse);
  EXPECT_NE((*log)->problem()->message.find("cut off"), std::string::npos);
}

TEST(LogBytes, OfDamagedOrEmptyArchivesAreAnErrorNotACrash) {
  const TemporaryFolder folder;
  EXPECT_FALSE(open_log(folder.write("a.gz", std::string("\x1f\x8b", 2))));
  EXPECT_FALSE(open_log(folder.write("b.gz", "\x1f\x8b not gzip at all")));
  EXPECT_FALSE(open_log(folder.write("c.xz", std::string("\xfd\x37zXZ\0garbage", 13))));
  EXPECT_FALSE(open_log(folder.write("d.zst", "\x28\xb5\x2f\xfdgarbage")));
}

TEST(LogBytes, OfADamagedMiddleKeepTheBeginning) {
  const TemporaryFolder folder;
  std::string bytes = packed(many_lines(), archive_write_add_filter_gzip);
  for (std::size_t i = bytes.size() / 2; i < bytes.size() / 2 + 64; ++i) bytes[i] = '\xff';
  const auto log = open_log(folder.write("a.gz", bytes));
  ASSERT_TRUE(log) << log.error().text();
  EXPECT_TRUE((*log)->problem());
}

TEST(LogBytes, RefuseToUnpackABomb) {
  const TemporaryFolder folder;
  const std::string zeros(50'000'000, '\0');
  for (const auto filter : {archive_write_add_filter_gzip, archive_write_add_filter_xz}) {
    const auto log = open_log(folder.write("bomb", packed(zeros, filter)), 10'000'000);
    ASSERT_FALSE(log);
    EXPECT_EQ(log.error().kind, ErrorKind::limit);
    EXPECT_NE(log.error().message.find("10000000"), std::string::npos);
  }
}

TEST(LogBytes, RefuseWhatIsNotARegularFileWithoutBlocking) {
  const TemporaryFolder folder;
  const auto started = std::chrono::steady_clock::now();
  const auto fifo = folder.path() / "fifo.log";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  for (const std::filesystem::path& path : {folder.path(), fifo, std::filesystem::path("/dev/zero")}) {
    const auto log = open_log(path);
    ASSERT_FALSE(log) << path;
    EXPECT_EQ(log.error().kind, ErrorKind::io);
    EXPECT_EQ(log.error().where, path.string());
  }
  EXPECT_NE(open_log(fifo).error().message.find("named pipe"), std::string::npos);
  EXPECT_NE(open_log(folder.path()).error().message.find("directory"), std::string::npos);
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(30));
}

TEST(LogBytes, RefuseASocket) {
  const TemporaryFolder folder;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = (folder.path() / "s").string();
  ASSERT_LT(path.size(), sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const auto log = open_log(path);
  ::close(listener);
  ASSERT_FALSE(log);
  EXPECT_NE(log.error().message.find("socket"), std::string::npos);
}

TEST(LogBytes, OfAVanishedFileAreAnErrorWithErrno) {
  const auto log = open_log("/no/such/file.log");
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().kind, ErrorKind::io);
  EXPECT_EQ(log.error().os_error, ENOENT);
  EXPECT_EQ(log.error().where, "/no/such/file.log");
}

TEST(LogBytes, OfAnUnreadableFileAreAnError) {
  if (::geteuid() == 0) GTEST_SKIP() << "root can read everything";
  const TemporaryFolder folder;
  const auto file = folder.write("a.log", "x");
  std::filesystem::permissions(file, std::filesystem::perms::none);
  const auto log = open_log(file);
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().os_error, EACCES);
}

TEST(LogBytes, SayWhenTheFileShrank) {
  const TemporaryFolder folder;
  const auto file = folder.write("a.log", std::string(100'000, 'x'));
  const auto log = open_log(file);
  ASSERT_TRUE(log);
  std::filesystem::resize_file(file, 10);
  EXPECT_EQ((*log)->view()[99'999], '\0');
  EXPECT_TRUE((*log)->shrank());
  ASSERT_TRUE((*log)->problem());
  EXPECT_EQ((*log)->problem()->kind, ErrorKind::io);
}

TEST(LogBytes, OfTextAreTheText) {
  const auto log = LogBytes::from_text("a\nb", "<text>");
  EXPECT_EQ(log->view(), "a\nb");
  EXPECT_EQ(log->name(), "<text>");
  EXPECT_FALSE(log->shrank());
}

TEST(LogBytes, AreNotReadForAStoppedJob) {
  const TemporaryFolder folder;
  Job job;
  job.request_stop();
  for (const auto& file :
       {folder.write("a.log", "x"), folder.write("b.gz", packed(many_lines(), archive_write_add_filter_gzip))}) {
    const auto log = LogBytes::open(file, job);
    ASSERT_FALSE(log);
    EXPECT_EQ(log.error().kind, ErrorKind::cancelled);
  }
}

}  // namespace
}  // namespace conclave::logs
