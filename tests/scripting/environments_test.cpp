#include "scripting/environments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

namespace conclave::scripting {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using Kind = EnvironmentState::Kind;

// What pip does is tested with the real one, by tests/python/test_environments.py; here a shell script plays the child.
class EnvironmentsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "conclave_environments_XXXXXX").string();
    root = ::mkdtemp(name.data());
    ::setenv("XDG_DATA_HOME", root.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
    write("package/conclave/constraints.txt", "numpy<3\n");
    child(makes_it);
  }
  void TearDown() override {
    ::unsetenv("XDG_DATA_HOME");  // NOLINT(concurrency-mt-unsafe)
    fs::remove_all(root);
  }

  void write(const fs::path& path, std::string_view text) const {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path, std::ios::binary) << text;
  }
  [[nodiscard]] std::string read(const fs::path& path) const {
    std::ifstream stream(root / path);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  // $new is the folder to fill, $final its later name.
  void child(const std::string& script) const {
    write("python", "#!/bin/sh\nnew=$5\nfinal=$6\nroot=" + root.string() + "\n" + script);
    fs::permissions(root / "python", fs::perms::owner_all);
  }
  [[nodiscard]] Environments environments() const { return {root / "python", root / "package"}; }
  [[nodiscard]] std::vector<std::string> left() const {
    std::vector<std::string> names;
    if (!fs::exists(environments_folder())) return names;
    for (const auto& entry : fs::directory_iterator(environments_folder()))
      names.push_back(entry.path().extension().string());  // "" is the environment itself
    std::sort(names.begin(), names.end());
    return names;
  }
  void wait_for(const fs::path& path) const {
    for (int i = 0; i < 3000 && !fs::exists(root / path); ++i) std::this_thread::sleep_for(10ms);
    ASSERT_TRUE(fs::exists(root / path)) << path;
  }

  static constexpr const char* makes_it =
      "echo made >> $root/count\n"
      "mkdir -p $new/bin $new/lib/tiny-1.0.dist-info && touch $new/bin/python\n"
      "echo '{\"phase\": \"Installing tiny\", \"done\": 1, \"total\": 2}'\n"
      "echo 'said by pip' >&2\n"
      "echo '{\"packages\": [\"tiny 1.0\"], \"folders\": [\"lib/tiny-1.0.dist-info\"]}'\n";
  fs::path root;
};

PluginInfo wants(std::vector<std::string> requirements, std::string name = "mine") {
  PluginInfo plugin;
  plugin.name = std::move(name);
  plugin.path = "/nowhere/" + plugin.name;
  plugin.requirements = std::move(requirements);
  return plugin;
}

TEST_F(EnvironmentsTest, EqualNeedsShareOneAndOthersDoNot) {
  const auto folder = [this](const std::vector<std::string>& requirements) {
    return environments().state(wants(requirements)).folder;
  };
  EXPECT_EQ(folder({"numpy>=1.24", "tiny"}), folder({"Tiny", "numpy >= 1.24", "tiny"}));
  EXPECT_NE(folder({"tiny"}), folder({"tiny>=1"}));
  EXPECT_EQ(environments().state(wants({})).kind, Kind::not_needed);
  PluginInfo locked = wants({"tiny"});
  locked.locked = {"tiny==1.0 --hash=sha256:" + std::string(64, 'a')};
  const auto before = environments().state(locked).folder;
  EXPECT_NE(before, folder({"tiny"}));
  const auto unlocked = folder({"tiny"});
  write("package/conclave/constraints.txt", "numpy<2\n");
  EXPECT_NE(folder({"tiny"}), unlocked);
  EXPECT_EQ(environments().state(locked).folder, before);  // exact versions need no constraints
}

TEST_F(EnvironmentsTest, IsMadeOnceAndSaysSo) {
  const auto plugin = wants({"tiny"});
  EXPECT_EQ(environments().state(plugin).kind, Kind::not_made);
  Job job;
  const auto made = environments().prepare(plugin, job);
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_EQ(job.progress().phase, "Installing tiny for mine");
  EXPECT_EQ(job.progress().done, 1U);
  EXPECT_EQ(job.progress().total, 2U);
  EXPECT_EQ(environments().state(plugin).kind, Kind::ready);
  EXPECT_EQ(environments().state(plugin).folder, (*made)->folder);
  EXPECT_TRUE(environments().prepare(wants({"tiny"}, "other"), job));
  EXPECT_EQ(read("count"), "made\n");
  EXPECT_THAT(left(), ElementsAre("", ".lock", ".log"));
  EXPECT_THAT(read((*made)->folder.string() + ".log"), HasSubstr("said by pip"));
}

TEST_F(EnvironmentsTest, AFailureIsRememberedAndLeavesNothingHalfMade) {
  child("echo half > $new/half\necho '{\"error\": \"there is no tiny\"}'\nexit 1\n");
  Job job;
  const auto plugin = wants({"tiny"});
  const auto made = environments().prepare(plugin, job);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::circle);
  EXPECT_THAT(made.error().message, HasSubstr("(tiny): there is no tiny; everything pip said is in "));
  EXPECT_EQ(environments().state(plugin).kind, Kind::not_made);
  EXPECT_EQ(environments().state(plugin).why, "there is no tiny");
  EXPECT_THAT(left(), ElementsAre(".failed", ".lock", ".log"));
  child(makes_it);
  EXPECT_TRUE(environments().prepare(plugin, job));
  EXPECT_EQ(environments().state(plugin).why, "");
  EXPECT_THAT(left(), ElementsAre("", ".lock", ".log"));
}

TEST_F(EnvironmentsTest, AChildThatSaysNothingOrNonsenseIsAnError) {
  Job job;
  const std::pair<const char*, const char*> faults[] = {{"exit 3\n", "exit code 3"},
                                                        {"kill -9 $$\n", "signal 9"},
                                                        {"echo 'no JSON'; echo '[1]'; echo '{\"packages\": 3'\n", "exit code 0"}};
  for (const auto& [script, message] : faults) {
    child(script);
    const auto made = environments().prepare(wants({"tiny"}), job);
    ASSERT_FALSE(made) << script;
    EXPECT_THAT(made.error().message, HasSubstr(message));
  }
  write("python", "no program");
  EXPECT_THAT(environments().prepare(wants({"tiny"}), job).error().message, HasSubstr("cannot start pip"));
}

TEST_F(EnvironmentsTest, AStopKillsTheChildAndWhatItStartedAndLeavesNothing) {
  child(
      "echo half > $new/half\nsleep 1000 &\necho $! > $root/grandchild.new\nmv $root/grandchild.new $root/grandchild\nsleep "
      "1000\n");
  Job job;
  std::thread stopper([&] {
    wait_for("grandchild");
    job.request_stop();
  });
  const auto made = environments().prepare(wants({"tiny"}), job);
  stopper.join();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::cancelled);
  EXPECT_THAT(left(), ElementsAre(".lock", ".log"));
  const std::string process = read("grandchild");
  const auto gone = [&] {  // whoever adopted it may not have waited for it yet
    std::ifstream stat("/proc/" + process.substr(0, process.size() - 1) + "/stat");
    std::string text;
    std::getline(stat, text);
    return text.empty() || text.find(") Z") != std::string::npos;
  };
  for (int i = 0; i < 1000 && !gone(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(gone());
}

TEST_F(EnvironmentsTest, WhatACrashLeftIsReplaced) {
  const auto plugin = wants({"tiny"});
  const fs::path folder = environments().state(plugin).folder;
  write(folder.string() + ".new/half", "x");
  Job job;
  ASSERT_TRUE(environments().prepare(plugin, job));
  EXPECT_THAT(left(), ElementsAre("", ".lock", ".log"));
  EXPECT_FALSE(fs::exists(folder / "half"));
}

TEST_F(EnvironmentsTest, ABrokenOneSaysWhyAndIsMadeAnew) {
  const auto plugin = wants({"tiny"});
  Job job;
  const fs::path folder = environments().prepare(plugin, job).value()->folder;
  const auto broken = [&](const std::string& why) {
    const auto state = environments().state(plugin);
    EXPECT_EQ(state.kind, Kind::broken);
    EXPECT_THAT(state.why, HasSubstr(why));
    ASSERT_TRUE(environments().prepare(plugin, job));
    EXPECT_EQ(environments().state(plugin).kind, Kind::ready);
  };
  fs::remove_all(folder / "lib");
  broken("a package is gone: tiny-1.0");
  fs::remove(folder / "bin/python");
  broken("its Python is gone");
  write(folder / "environment.json", "{");
  broken("its record is missing");
  fs::permissions(folder, fs::perms::others_write, fs::perm_options::add);
  broken("others than you may change it");
}

TEST_F(EnvironmentsTest, TwoAtOnceMakeOne) {
  child(std::string("sleep 0.3\n") + makes_it);
  std::vector<std::thread> threads;
  std::atomic<int> ready = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      Job job;
      if (environments().prepare(wants({"tiny"}, "plugin" + std::to_string(i)), job)) ++ready;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(ready, 4);
  EXPECT_EQ(read("count"), "made\n");
}

TEST_F(EnvironmentsTest, StaysWhileItIsUsed) {
  const auto plugin = wants({"tiny"});
  Job job;
  auto used = environments().prepare(plugin, job).value();
  EXPECT_THAT(environments().remove(plugin).error().message, HasSubstr("is in use"));
  EXPECT_THAT(environments().prune(job).value(), IsEmpty());
  used.reset();
  EXPECT_TRUE(environments().remove(plugin));
  EXPECT_THAT(left(), IsEmpty());
  EXPECT_EQ(environments().remove(plugin).error().kind, ErrorKind::not_found);
}

TEST_F(EnvironmentsTest, ListsWhoNeedsItStillAndPrunesTheRest) {
  write("plugins/a/plugin.toml", "name = \"a\"\nentry = \"a:f\"\nrequirements = [\"tiny\"]\n");
  write("plugins/a/a.py", "");
  Job job;
  ASSERT_TRUE(environments().prepare(read_plugin(root / "plugins/a", Trust::named).value(), job));
  ASSERT_TRUE(environments().prepare(wants({"tiny"}, "gone"), job));
  ASSERT_TRUE(environments().prepare(wants({"other"}), job));
  const auto all = environments().list(job).value();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_THAT(environments().prune(job).value().at(0).requirements, ElementsAre("other"));
  const auto kept = environments().list(job).value();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_THAT(kept[0].packages, ElementsAre("tiny 1.0"));
  ASSERT_EQ(kept[0].plugins.size(), 1U);
  EXPECT_EQ(kept[0].plugins[0].first, "a");
  EXPECT_GT(kept[0].last_use, 0);
  write("plugins/a/plugin.toml", "name = \"a\"\nentry = \"a:f\"\nrequirements = [\"tiny>=2\"]\n");  // needs another now
  EXPECT_EQ(environments().prune(job).value().size(), 1U);
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(EnvironmentsTest, TheChildGetsNoKeysOfTheProgram) {
  ::setenv("OPENAI_API_KEY", "sk-secret", 1);                 // NOLINT(concurrency-mt-unsafe)
  ::setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple", 1);  // NOLINT(concurrency-mt-unsafe)
  child(std::string("env > $root/variables\n") + makes_it);
  Job job;
  ASSERT_TRUE(environments().prepare(wants({"tiny"}), job));
  ::unsetenv("OPENAI_API_KEY");  // NOLINT(concurrency-mt-unsafe)
  ::unsetenv("PIP_INDEX_URL");   // NOLINT(concurrency-mt-unsafe)
  const std::string variables = read("variables");
  EXPECT_EQ(variables.find("sk-secret"), std::string::npos);
  EXPECT_THAT(variables, HasSubstr("PIP_INDEX_URL=http://127.0.0.1:1/simple\n"));
}

TEST_F(EnvironmentsTest, WhatIsNoRequirementReachesNoChild) {
  Job job;
  const auto made = environments().prepare(wants({"-r /etc/passwd"}), job);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::parse);
  EXPECT_EQ(read("count"), "");
}

}  // namespace
}  // namespace conclave::scripting
