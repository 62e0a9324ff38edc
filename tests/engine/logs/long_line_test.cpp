// A line of 64 MiB between short ones: what a log of gigabytes without a line end is, smaller.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "engine/logs/expression.h"
#include "engine/logs/follow.h"
#include "engine/logs/line_index.h"
#include "engine/logs/search.h"
#include "engine/logs/source.h"
#include "engine/logs/summary.h"
#include "engine/logs/templates.h"
#include "tests/engine/logs/files.h"

namespace conclave::logs {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t hole = std::size_t{64} << 20U;
const std::string first = "2026-03-01T12:00:04Z INFO api user=alice first\n";
const std::string head = "2026-03-01T12:00:05Z ERROR api failed user=alice ";
const std::string tail = " failed at the end\n";
const std::string last = "2026-03-01T12:00:06Z WARN api user=bob last\n";

// Zeros in the middle of the line take no place on disk.
class LongLine : public testing::Test {
 protected:
  void SetUp() override {
    file_ = folder_.write("a.log", first + head);
    fs::resize_file(file_, first.size() + head.size() + hole);
    std::ofstream(file_, std::ios::binary | std::ios::app) << tail << last;
    log_ = LogBytes::open(file_, job_).value();
  }
  std::vector<std::uint64_t> found(const std::string& expression) {
    return Search::compile(parse_expression(expression).value()).value().run(log_->view(), {}, job_)->lines.numbers(0, 99);
  }

  TemporaryFolder folder_;
  fs::path file_;
  Job job_;
  std::shared_ptr<const LogBytes> log_;
};

using Lines = std::vector<std::uint64_t>;

TEST_F(LongLine, IsFoundBySearchesAtBothOfItsEnds) {
  EXPECT_EQ(found("*"), (Lines{1, 2, 3}));
  EXPECT_EQ(found("failed"), (Lines{2}));
  EXPECT_EQ(found("\"at the end\""), (Lines{2}));
  EXPECT_EQ(found("/at the end$/"), (Lines{2}));
  EXPECT_EQ(found("/^2026[^ ]* ERROR/"), (Lines{2}));
  EXPECT_EQ(found("level:error"), (Lines{2}));
  EXPECT_EQ(found("since:2026-03-01T12:00:05Z"), (Lines{2, 3}));
  EXPECT_EQ(found("field:user=alice"), (Lines{1, 2}));
  EXPECT_EQ(found("NOT failed"), (Lines{1, 3}));
}

TEST_F(LongLine, CountsOnceInTheSummary) {
  const LogSummary summary = summarize(log_->view(), {}, job_).value();
  EXPECT_EQ(summary.lines, 3U);
  EXPECT_EQ(summary.bytes, log_->view().size());
  EXPECT_EQ(summary.levels.at(static_cast<std::size_t>(Level::error)), 1U);
  EXPECT_EQ(summary.first_time, parse_time("2026-03-01T12:00:04Z"));
  EXPECT_EQ(summary.last_time, parse_time("2026-03-01T12:00:06Z"));
}

TEST_F(LongLine, IsATemplateOfBoundedSize) {
  TemplateOptions options;
  options.keep_assignments = true;
  options.parameters = true;
  const TemplateGroups groups = mine_templates(log_->view(), options, job_).value();
  EXPECT_EQ(groups.assignments.size(), 3U);
  for (const Template& found : groups.templates) {
    EXPECT_EQ(found.count, 1U);
    EXPECT_LT(found.text.size(), 100'000U);
  }
}

TEST_F(LongLine, HasItsPlaceInTheIndex) {
  const LineIndex index = LineIndex::build(log_->view(), job_).value();
  EXPECT_EQ(index.line_count(), 3U);
  EXPECT_EQ(index.offset_of(log_->view(), 3), log_->view().size() - last.size());
  EXPECT_EQ(index.line_at(log_->view(), hole), 2U);
}

TEST_F(LongLine, IsFollowedInPieces) {
  auto follower = Follower::open({file_}, {.last_lines = 2}).value();
  std::uint64_t bytes = 0;
  std::uint64_t ends = 0;
  std::size_t longest = 0;
  for (int looks = 0; looks < 100 && ends < 2; ++looks) {
    for (const Followed& news : follower.take(std::chrono::milliseconds(0), job_)) {
      bytes += news.text.size();
      longest = std::max(longest, news.text.size());
      ends += static_cast<std::uint64_t>(std::count(news.text.begin(), news.text.end(), '\n'));
    }
  }
  EXPECT_EQ(ends, 2U);
  EXPECT_EQ(bytes, log_->view().size() - first.size());
  EXPECT_LE(longest, std::size_t{17} << 20U);  // FollowOptions::longest_line, and what is read at once
}

}  // namespace
}  // namespace conclave::logs
