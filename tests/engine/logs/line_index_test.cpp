#include "engine/logs/line_index.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <random>
#include <string>
#include <vector>

namespace conclave::logs {
namespace {

LineIndex index_of(std::string_view bytes) {
  Job job;
  return LineIndex::build(bytes, job).value();
}

TEST(LineIndex, OfNothingHasNoLines) {
  const LineIndex index = index_of("");
  EXPECT_EQ(index.line_count(), 0U);
  EXPECT_EQ(index.line("", 1), "");
  EXPECT_EQ(index.line_at("", 0), 0U);
  EXPECT_EQ(LineIndex().line("", 1), "");
}

TEST(LineIndex, CountsALastLineWithoutLf) {
  EXPECT_EQ(index_of("a").line_count(), 1U);
  EXPECT_EQ(index_of("a\n").line_count(), 1U);
  EXPECT_EQ(index_of("a\nb").line_count(), 2U);
  EXPECT_EQ(index_of("\n\n").line_count(), 2U);
}

TEST(LineIndex, LeavesCarriageReturnsOut) {
  const std::string bytes = "one\r\ntwo\rx\r\n\r\nend\r";
  const LineIndex index = index_of(bytes);
  EXPECT_EQ(index.line_count(), 4U);
  EXPECT_EQ(index.line(bytes, 1), "one");
  EXPECT_EQ(index.line(bytes, 2), "two\rx");
  EXPECT_EQ(index.line(bytes, 3), "");
  EXPECT_EQ(index.line(bytes, 4), "end");
  EXPECT_EQ(index.line(bytes, 0), "");
  EXPECT_EQ(index.line(bytes, 5), "");
}

TEST(LineIndex, GivesEveryLineOfALongText) {
  std::mt19937 random(3);
  std::string bytes;
  std::vector<std::pair<std::size_t, std::string>> lines;
  for (int i = 0; i < 3000; ++i) {
    std::string line(random() % 50 == 0 ? random() % 20'000 : random() % 60, static_cast<char>('a' + random() % 26));
    lines.emplace_back(bytes.size(), line);
    bytes += line + "\n";
  }
  const LineIndex index = index_of(bytes);
  ASSERT_EQ(index.line_count(), lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    ASSERT_EQ(index.line(bytes, i + 1), lines[i].second);
    ASSERT_EQ(index.offset_of(bytes, i + 1), lines[i].first);
    ASSERT_EQ(index.line_at(bytes, lines[i].first), i + 1);
    ASSERT_EQ(index.line_at(bytes, lines[i].first + lines[i].second.size()), i + 1);  // its LF
  }
  EXPECT_EQ(index.line_at(bytes, bytes.size() + 100), lines.size());
}

TEST(LineIndex, HoldsOneVeryLongLine) {
  const std::string bytes(20'000'000, 'x');
  const LineIndex index = index_of(bytes);
  EXPECT_EQ(index.line_count(), 1U);
  EXPECT_EQ(index.line(bytes, 1).size(), bytes.size());
  EXPECT_EQ(index.line_at(bytes, 12'345'678), 1U);
}

TEST(LineIndex, StaysInBoundsWhenTheBytesHaveChanged) {
  const std::string bytes(100'000, '\n');
  const LineIndex index = index_of(bytes);
  const std::string zeros(bytes.size(), '\0');
  EXPECT_LE(index.offset_of(zeros, 50'000), zeros.size());
  EXPECT_LE(index.line(zeros, 50'000).size(), zeros.size());
}

// 8 bytes per 4 KiB: 0.3 bytes and less where lines are 150 bytes and more, as those of the sample logs are on average.
TEST(LineIndex, TakesLessThanThreeTenthsOfAByteForAnAverageLine) {
  std::mt19937 random(4);
  std::string bytes;
  while (bytes.size() < (8U << 20U)) bytes += std::string(100 + random() % 100, 'x') + "\n";
  const LineIndex index = index_of(bytes);
  EXPECT_LE(static_cast<double>(index.memory_bytes()), 0.3 * static_cast<double>(index.line_count()));
}

// The same 2 MiB of memory at many addresses, one after the other.
class Repeated {
 public:
  Repeated(const std::string& piece, std::size_t times) : size_(piece.size() * times) {
    const int file = ::memfd_create("repeated", MFD_CLOEXEC);
    EXPECT_EQ(::write(file, piece.data(), piece.size()), static_cast<ssize_t>(piece.size()));
    start_ = static_cast<char*>(::mmap(nullptr, size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    for (std::size_t at = 0; at < size_; at += piece.size())
      EXPECT_NE(::mmap(start_ + at, piece.size(), PROT_READ, MAP_SHARED | MAP_FIXED, file, 0), MAP_FAILED);
    ::close(file);
  }
  Repeated(const Repeated&) = delete;
  Repeated& operator=(const Repeated&) = delete;
  ~Repeated() { ::munmap(start_, size_); }
  [[nodiscard]] std::string_view view() const { return {start_, size_}; }

 private:
  std::size_t size_;
  char* start_;
};

TEST(LineIndex, CountsPastTwoToThePowerOf32Lines) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "the thread sanitizer remembers each read: four times as much memory as is read";
#endif
  const std::string piece(2U << 20U, '\n');
  const Repeated repeated(piece, 2049);  // 4,297,064,448 lines
  const std::string_view bytes = repeated.view();
  const LineIndex index = index_of(bytes);
  ASSERT_EQ(index.line_count(), std::uint64_t{2049} << 21U);
  for (const std::uint64_t number : {std::uint64_t{1}, (std::uint64_t{1} << 32U) + 7, index.line_count()}) {
    EXPECT_EQ(index.offset_of(bytes, number), number - 1);
    EXPECT_EQ(index.line_at(bytes, number - 1), number);
    EXPECT_EQ(index.line(bytes, number), "");
  }
}

TEST(LineIndex, StopsWhenAsked) {
  Job job;
  job.request_stop();
  const auto index = LineIndex::build(std::string(1'000'000, '\n'), job);
  ASSERT_FALSE(index);
  EXPECT_EQ(index.error().kind, ErrorKind::cancelled);
}

}  // namespace
}  // namespace conclave::logs
