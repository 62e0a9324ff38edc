#include "scripting/starts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <thread>

namespace conclave::scripting {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class StartsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "conclave_starts_XXXXXX").string();
    root = ::mkdtemp(name.data());
    file = root / "state" / "starts.json";
  }
  void TearDown() override { fs::remove_all(root); }

  static std::vector<PluginInfo> plugins(int count) {
    std::vector<PluginInfo> all;
    for (int i = 0; i < count; ++i) {
      PluginInfo plugin;
      plugin.name = std::string(1, static_cast<char>('a' + i));
      plugin.sha256 = "sha";
      all.push_back(plugin);
    }
    return all;
  }
  // Begins a start in a process of its own, which dies unless `goes_well`. What it ran, one letter each.
  [[nodiscard]] std::string start_elsewhere(int count, const std::string& breaks) const {
    const fs::path told = root / "ran";
    const pid_t child = ::fork();
    if (child == 0) {
      auto start = Start::begin(file, plugins(count));
      if (!start) ::_exit(2);
      std::string ran;
      for (const StartPlugin& plugin : start->plan().on) ran += plugin.name;
      std::ofstream(told) << ran;
      const bool broken = ran.find_first_of(breaks) != std::string::npos;
      if (!broken && !start->complete()) ::_exit(3);
      ::_exit(broken ? 1 : 0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_LE(WEXITSTATUS(status), 1);
    std::ifstream stream(told);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  void write(std::string_view text, fs::perms mode = fs::perms(0600)) const {
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    fs::permissions(file, mode);
  }
  fs::path root;
  fs::path file;
};

TEST_F(StartsTest, AStartThatWentWellLeavesNothingToSearch) {
  auto start = Start::begin(file, plugins(3));
  ASSERT_TRUE(start.has_value()) << start.error().text();
  EXPECT_THAT(start->plan().on, SizeIs(3));
  EXPECT_EQ(start->complete().value(), std::nullopt);
  const auto next = Start::begin(file, plugins(3));
  EXPECT_THAT(next->plan().on, SizeIs(3));
  EXPECT_EQ(next->plan().suspects, 0U);
}

TEST_F(StartsTest, AStartWhoseProcessDiedHalvesTheNextUntilTheCulpritIsFound) {
  EXPECT_EQ(start_elsewhere(4, "c"), "abcd");
  EXPECT_EQ(start_elsewhere(4, "c"), "ab");
  EXPECT_EQ(start_elsewhere(4, "c"), "abc");
  const auto found = Start::begin(file, plugins(4));
  ASSERT_TRUE(found->plan().culprit.has_value());
  EXPECT_EQ(found->plan().culprit->name, "c");
  EXPECT_THAT(found->plan().on, SizeIs(3));
}

TEST_F(StartsTest, ByEliminationItIsFoundWhenTheStartIsComplete) {
  EXPECT_EQ(start_elsewhere(2, "b"), "ab");
  auto start = Start::begin(file, plugins(2));
  ASSERT_EQ(start->plan().on.begin()->name, "a");
  EXPECT_EQ(start->complete().value()->name, "b");
}

TEST_F(StartsTest, AStartThatIsUnderWayElsewhereHasNotFailed) {
  auto first = Start::begin(file, plugins(2));
  auto second = Start::begin(file, plugins(2));
  EXPECT_EQ(second->plan().suspects, 0U);
  EXPECT_THAT(second->plan().on, SizeIs(2));
  EXPECT_EQ(first->complete().value(), std::nullopt);
  EXPECT_EQ(second->complete().value(), std::nullopt);
}

TEST_F(StartsTest, ManyProcessesThatStartAtOnceAllCount) {
  constexpr int count = 6;
  std::vector<pid_t> children;
  for (int i = 0; i < count; ++i) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(Start::begin(file, plugins(4)).has_value() ? 0 : 1);
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }
  const auto next = Start::begin(file, plugins(4));  // they ran what was planned for them, and died of it
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->remark(), "");
  EXPECT_TRUE(next->plan().culprit.has_value() || next->plan().suspects > 0);
}

TEST_F(StartsTest, OneThatWasWithdrawnCountsForNothing) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto start = Start::begin(file, plugins(2));
    ::_exit(start && start->withdraw() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(Start::begin(file, plugins(2))->plan().suspects, 0U);
}

TEST_F(StartsTest, WithoutPluginsThereIsNothingToRemember) {
  EXPECT_EQ(start_elsewhere(0, ""), "");
  EXPECT_EQ(Start::begin(file, plugins(2))->plan().suspects, 0U);
}

TEST_F(StartsTest, AMachineThatWentDownBlamesNobody) {
  write(R"({"starts": 1, "search": {"suspects": [], "cleared": []},
            "running": [{"id": "x", "pid": 1, "began": "1", "boot": "another", "ran": [["a", "sha"]]}]})");
  const auto start = Start::begin(file, plugins(2));
  EXPECT_EQ(start->remark(), "");
  EXPECT_EQ(start->plan().suspects, 0U);
  EXPECT_THAT(start->plan().on, SizeIs(2));
}

TEST_F(StartsTest, ADamagedFileIsBegunAnewAndSaid) {
  for (
      const char* text :
      {"", "{", "[]", "\xff\xfe", R"({"starts": 2})", R"({"starts": 1, "search": 7, "running": []})",
       R"({"starts": 1, "search": {"suspects": [], "cleared": []}, "running": [1]})",
       R"({"starts": 1, "search": {"suspects": [], "cleared": []}, "running": [{"id": "", "pid": "1", "began": "", "boot": "", "ran": []}]})"}) {
    write(text);
    auto start = Start::begin(file, plugins(2));
    ASSERT_TRUE(start.has_value()) << text;
    EXPECT_THAT(start->remark(), HasSubstr("starts.json")) << text;
    EXPECT_THAT(start->plan().on, SizeIs(2));
    EXPECT_EQ(start->complete().value(), std::nullopt);
    EXPECT_EQ(Start::begin(file, plugins(2))->remark(), "");
  }
}

TEST_F(StartsTest, AFileThatOthersMayWriteIsNotBelieved) {
  write(R"({"starts": 1, "search": {"suspects": [["a", "sha"]], "cleared": []}, "running": []})", fs::perms(0666));
  const auto start = Start::begin(file, plugins(2));
  EXPECT_EQ(start->plan().culprit, std::nullopt);
  EXPECT_THAT(start->remark(), HasSubstr("not trusted"));
}

TEST_F(StartsTest, AFolderThatCannotBeMadeIsAnError) {
  std::ofstream(root / "state") << "a file";
  const auto start = Start::begin(file, plugins(2));
  ASSERT_FALSE(start.has_value());
  EXPECT_EQ(start.error().kind, ErrorKind::io);
}

TEST_F(StartsTest, AFileThatIsGoneWhenTheStartIsCompleteIsNoError) {
  auto start = Start::begin(file, plugins(2));
  fs::remove(file);
  EXPECT_EQ(start->complete().value(), std::nullopt);
  EXPECT_TRUE(start->withdraw().has_value());
}

}  // namespace
}  // namespace conclave::scripting
