#include "engine/logs/guarded_map.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "tests/engine/logs/files.h"

namespace conclave::logs {
namespace {

std::unique_ptr<GuardedMap> map_file(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  return GuardedMap::map(descriptor, std::filesystem::file_size(file), file.string()).value();
}

std::uint64_t sum(std::string_view bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0},
                         [](std::uint64_t s, char c) { return s + static_cast<unsigned char>(c); });
}

TEST(GuardedMap, ShowsTheBytesOfTheFile) {
  const TemporaryFolder folder;
  const auto map = map_file(folder.write("a.log", "hello"));
  EXPECT_EQ(map->view(), "hello");
  EXPECT_FALSE(map->shrank());
}

TEST(GuardedMap, ReadsZerosWhereAFileHasShrunk) {
  const TemporaryFolder folder;
  const auto file = folder.write("a.log", std::string(1'000'000, 'x'));
  const auto map = map_file(file);
  std::filesystem::resize_file(file, 4096 * 3);
  EXPECT_EQ(map->view().size(), 1'000'000U);
  EXPECT_EQ(sum(map->view()), 4096U * 3 * 'x');
  EXPECT_TRUE(map->shrank());
}

TEST(GuardedMap, NoticesAFileThatLostOnlyItsLastBytes) {
  const TemporaryFolder folder;
  const auto file = folder.write("a.log", std::string(5000, 'x'));
  const auto map = map_file(file);
  std::filesystem::resize_file(file, 4999);
  EXPECT_TRUE(map->shrank());
}

TEST(GuardedMap, KeepsTheBytesOfADeletedFile) {
  const TemporaryFolder folder;
  const auto file = folder.write("a.log", std::string(100'000, 'x'));
  const auto map = map_file(file);
  std::filesystem::remove(file);
  EXPECT_EQ(sum(map->view()), 100'000U * 'x');
  EXPECT_FALSE(map->shrank());
}

TEST(GuardedMap, SurvivesManyThreadsReadingTheHoleAtOnce) {
  const TemporaryFolder folder;
  const auto file = folder.write("a.log", std::string(4'000'000, 'x'));
  const auto map = map_file(file);
  std::filesystem::resize_file(file, 0);
  std::vector<std::uint64_t> sums(8);
  {
    std::vector<std::jthread> threads;
    for (auto& result : sums) threads.emplace_back([&] { result = sum(map->view()); });
  }
  for (const std::uint64_t result : sums) EXPECT_EQ(result, 0U);
}

TEST(GuardedMap, TellsOneMapFromAnother) {
  const TemporaryFolder folder;
  const auto shrinking = folder.write("a.log", std::string(100'000, 'x'));
  const auto first = map_file(shrinking);
  const auto second = map_file(folder.write("b.log", std::string(100'000, 'y')));
  std::filesystem::resize_file(shrinking, 0);
  EXPECT_EQ(sum(first->view()), 0U);
  EXPECT_EQ(sum(second->view()), 100'000U * 'y');
  EXPECT_TRUE(first->shrank());
  EXPECT_FALSE(second->shrank());
}

TEST(GuardedMap, CanBeMadeAndDroppedManyTimes) {
  const TemporaryFolder folder;
  const auto file = folder.write("a.log", "x");
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(map_file(file)->view(), "x");
}

TEST(GuardedReading, PutsZeroesUnderWhatThisThreadCannotRead) {
  const TemporaryFolder folder;
  const auto file = folder.write("a.log", std::string(8192, 'x'));
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  void* const mapped = ::mmap(nullptr, 8192, PROT_READ, MAP_SHARED, descriptor, 0);
  const volatile char* foreign = static_cast<char*>(mapped);
  {
    const GuardedReading outer;
    const GuardedReading guard;
    EXPECT_EQ(foreign[4096], 'x');
    EXPECT_FALSE(guard.found_hole());
    std::filesystem::resize_file(file, 100);
    EXPECT_EQ(foreign[4096], '\0');
    EXPECT_EQ(foreign[0], 'x');
    EXPECT_TRUE(guard.found_hole());
    EXPECT_TRUE(outer.found_hole());
    EXPECT_FALSE(GuardedReading().found_hole());
  }
  ::munmap(mapped, 8192);
  ::close(descriptor);
}

using GuardedMapDeathTest = testing::Test;

TEST(GuardedMapDeathTest, LeavesForeignBusErrorsDeadly) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const TemporaryFolder folder;
  const auto file = folder.write("a.log", std::string(8192, 'x'));
  EXPECT_DEATH(
      {
        const auto ours = map_file(file);
        const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
        const volatile char* foreign = static_cast<char*>(::mmap(nullptr, 8192, PROT_READ, MAP_SHARED, descriptor, 0));
        std::filesystem::resize_file(file, 0);
        static_cast<void>(foreign[4096]);
      },
      "");
}

}  // namespace
}  // namespace conclave::logs
