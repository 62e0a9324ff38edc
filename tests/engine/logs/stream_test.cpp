// Logs that come through a pipe or a descriptor somebody else opened: LogBytes::read_stream.
#include <archive.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>

#include "engine/logs/descriptor.h"
#include "engine/logs/source.h"
#include "tests/engine/logs/files.h"
#include "tests/engine/logs/packed.h"

namespace conclave::logs {
namespace {

// What a pipe gives that `text` is written to and closed.
Result<std::shared_ptr<const LogBytes>> through_a_pipe(const std::string& text, std::uint64_t limit = max_stream_bytes,
                                                       int flags = 0) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), flags), 0);
  const Descriptor out(ends[0]);
  std::thread writer([&, in = Descriptor(ends[1])] {
    std::string_view left = text;
    while (!left.empty()) {
      const ssize_t count = ::write(in.get(), left.data(), left.size());
      if (count > 0) left.remove_prefix(static_cast<std::size_t>(count));
      if (count < 0 && errno != EAGAIN) break;
    }
  });
  Job job;
  auto log = LogBytes::read_stream(out.get(), "-", job, limit);
  std::string rest(65536, '\0');
  while (::read(out.get(), rest.data(), rest.size()) > 0) continue;  // the writer must not wait for ever
  writer.join();
  return log;
}

TEST(LogStream, IsReadToItsEnd) {
  std::string text = "2026-03-01 12:00:05 ERROR one\r\n\n";
  for (int i = 0; i < 100'000; ++i) text += "line " + std::to_string(i) + "\n";
  text += std::string("a\0b no end", 10);
  for (const int flags : {0, O_NONBLOCK}) {
    const auto log = through_a_pipe(text, max_stream_bytes, flags);
    ASSERT_TRUE(log) << log.error().text();
    EXPECT_EQ((*log)->view(), text);
    EXPECT_EQ((*log)->name(), "-");
    EXPECT_EQ((*log)->file_bytes(), text.size());
    EXPECT_GT((*log)->modified(), 0);
    EXPECT_FALSE((*log)->problem());
  }
}

TEST(LogStream, MayBeEmpty) {
  const auto log = through_a_pipe("");
  ASSERT_TRUE(log) << log.error().text();
  EXPECT_TRUE((*log)->view().empty());
}

TEST(LogStream, IsUnpackedAsAFileWouldBe) {
  const std::string bytes = packed("one\ntwo\n", archive_write_add_filter_zstd);
  const auto log = through_a_pipe(bytes);
  ASSERT_TRUE(log) << log.error().text();
  EXPECT_EQ((*log)->view(), "one\ntwo\n");
  EXPECT_EQ((*log)->file_bytes(), bytes.size());
}

TEST(LogStream, IsRefusedBeyondItsLimit) {
  const auto log = through_a_pipe(std::string(1'000'000, 'x'), 999'999);
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().kind, ErrorKind::limit);
  EXPECT_TRUE(through_a_pipe(std::string(1'000'000, 'x'), 1'000'000));
}

TEST(LogStream, ThatBringsNothingEndsWhenTheJobIsStopped) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), 0), 0);
  const Descriptor out(ends[0]);
  const Descriptor in(ends[1]);
  Job job;
  std::thread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    job.request_stop();
  });
  const auto log = LogBytes::read_stream(out.get(), "-", job);
  stopper.join();
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().kind, ErrorKind::cancelled);
}

TEST(LogStream, OfAFileGoesOnFromWhereItStands) {
  const TemporaryFolder folder;
  const auto path = folder.write("a.log", "one\ntwo\n");
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  Job job;
  EXPECT_EQ(LogBytes::read_stream(file.get(), "-", job).value()->view(), "one\ntwo\n");
  ASSERT_EQ(::lseek(file.get(), 4, SEEK_SET), 4);
  EXPECT_EQ(LogBytes::read_stream(file.get(), "-", job).value()->view(), "two\n");
}

TEST(LogStream, OfWhatCannotBeReadIsAnError) {
  Job job;
  EXPECT_EQ(LogBytes::read_stream(-1, "-", job).error().os_error, EBADF);
  const Descriptor folder(::open("/", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(LogBytes::read_stream(folder.get(), "-", job).error().os_error, EISDIR);
}

}  // namespace
}  // namespace conclave::logs
