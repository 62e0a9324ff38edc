#include "scripting/user_plugins.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "scripting/case_plugins.h"
#include "scripting/consent.h"

namespace conclave::scripting {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* expert = "import conclave\n@conclave.expert\ndef assess(evidence, job): ...\n";

class UserPluginsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "conclave_user_plugins_XXXXXX").string();
    root = ::mkdtemp(name.data());
    ::setenv("XDG_DATA_HOME", (root / "data").c_str(), 1);      // NOLINT(concurrency-mt-unsafe)
    ::setenv("XDG_CONFIG_HOME", (root / "config").c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
    folder = root / "data/conclave/plugins";
  }
  void TearDown() override { fs::remove_all(root); }

  void write(const fs::path& path, std::string_view text) const {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path, std::ios::binary) << text;
  }
  [[nodiscard]] std::string content(const fs::path& path) const {
    std::ifstream stream(path);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  // A plugin in a folder; the path to install it from.
  fs::path plugin(const std::string& where, const std::string& version, const std::string& name = "disk") const {
    write(where + "/plugin.toml", "name = \"" + name + "\"\nversion = \"" + version + "\"\nentry = \"disk:assess\"\n");
    write(where + "/disk.py", "def assess(evidence, job): ...\n");
    return root / where;
  }
  [[nodiscard]] PluginCatalog catalog() const { return read_users_catalog({}, {}); }
  [[nodiscard]] Result<PluginInfo> install(const fs::path& from, bool replace = false) const {
    return install_plugin(from, root / "shipped", replace);
  }
  [[nodiscard]] std::vector<std::string> entries() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
  fs::path root;
  fs::path folder;
};

TEST_F(UserPluginsTest, AFolderThatDoesNotExistIsNoProblem) {
  EXPECT_EQ(user_plugins_folder(), folder);
  EXPECT_THAT(catalog().problems, IsEmpty());
  EXPECT_FALSE(fs::exists(folder));
}

TEST_F(UserPluginsTest, TheFolderIsInTheHomeIfTheVariableIsNotSetOrRelative) {
  for (const char* value : {"", "relative"}) {
    ::setenv("XDG_DATA_HOME", value, 1);        // NOLINT(concurrency-mt-unsafe)
    ::setenv("HOME", (root / "h").c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
    EXPECT_EQ(user_plugins_folder(), root / "h/.local/share/conclave/plugins");
  }
}

TEST_F(UserPluginsTest, WhatIsInstalledIsKnownAndInTheDefaultCircle) {
  const auto installed = install(plugin("from", "1"));
  ASSERT_TRUE(installed.has_value()) << installed.error().text();
  EXPECT_EQ(installed->path, folder / "disk");
  const auto found = catalog();
  ASSERT_THAT(found.plugins, SizeIs(1));
  EXPECT_EQ(found.plugins[0].origin, Origin::user);
  EXPECT_EQ(found.plugins[0].trust, Trust::named);
  EXPECT_TRUE(runs_isolated(found.plugins[0]));
  EXPECT_TRUE(in_default_circle(found.plugins[0]));
  EXPECT_EQ(found.plugins[0].sha256, installed->sha256);
  EXPECT_EQ(fs::status(folder).permissions(), fs::perms(0700));
}

TEST_F(UserPluginsTest, ASingleFileKeepsItsName) {
  write("from/disk.py", expert);
  ASSERT_TRUE(install(root / "from/disk.py").has_value());
  EXPECT_THAT(entries(), ElementsAre("disk.py"));
  EXPECT_EQ(catalog().find("disk")->path, folder / "disk.py");
}

TEST_F(UserPluginsTest, CachesAndHiddenFilesAreLeftBehindAndNobodyElseMayWrite) {
  const auto from = plugin("from", "1");
  write("from/__pycache__/disk.pyc", "x");
  write("from/.git/config", "x");
  write("from/data/table.csv", "1");
  fs::permissions(root / "from/data/table.csv", fs::perms(0666));
  fs::permissions(root / "from/disk.py", fs::perms(0775));
  ASSERT_TRUE(install(from / "").has_value());  // a trailing slash, as shells complete it
  EXPECT_FALSE(fs::exists(folder / "disk/__pycache__"));
  EXPECT_FALSE(fs::exists(folder / "disk/.git"));
  EXPECT_EQ(fs::status(folder / "disk/data/table.csv").permissions(), fs::perms(0644));
  EXPECT_EQ(fs::status(folder / "disk/disk.py").permissions(), fs::perms(0755));
}

TEST_F(UserPluginsTest, OneThatIsThereIsReplacedOnlyIfThatIsWanted) {
  ASSERT_TRUE(install(plugin("one", "1")).has_value());
  const auto refused = install(plugin("two", "2"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("(version 1); replace it with --replace"));
  ASSERT_TRUE(install(root / "two", true).has_value());
  EXPECT_EQ(catalog().find("disk")->version, "2");
  EXPECT_THAT(entries(), ElementsAre("disk"));
}

TEST_F(UserPluginsTest, ReplacingFindsItUnderAnyName) {
  write("from/disk.py", expert);
  ASSERT_TRUE(install(root / "from/disk.py").has_value());
  ASSERT_TRUE(install(plugin("two", "2"), true).has_value());
  EXPECT_THAT(entries(), ElementsAre("disk"));
  EXPECT_EQ(catalog().find("disk")->version, "2");
}

TEST_F(UserPluginsTest, AFileOfTheSameNameThatHoldsAnotherPluginStays) {
  write("one/disk.py", std::string("# /// script\n# [tool.conclave]\n# name = \"first\"\n# ///\n") + expert);
  write("two/disk.py", std::string("# /// script\n# [tool.conclave]\n# name = \"second\"\n# ///\n") + expert);
  ASSERT_TRUE(install(root / "one/disk.py").has_value());
  for (const bool replace : {false, true}) {
    const auto refused = install(root / "two/disk.py", replace);
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message, HasSubstr("holds another plugin, 'first'"));
  }
}

TEST_F(UserPluginsTest, WhatCannotBeUsedIsReplacedToo) {
  write("data/conclave/plugins/disk/plugin.toml", "name = ");
  EXPECT_FALSE(install(plugin("one", "1")).has_value());
  EXPECT_TRUE(install(plugin("one", "1"), true).has_value());
  EXPECT_THAT(catalog().problems, IsEmpty());
}

TEST_F(UserPluginsTest, TheNameOfAShippedPluginIsRefused) {
  plugin("shipped/disk", "9");
  const auto refused = install(plugin("one", "1"), true);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("there is a shipped plugin named 'disk'"));
}

TEST_F(UserPluginsTest, WhatIsNoPluginIsRefusedAndNothingIsLeft) {
  write("plain.py", "x = 1\n");
  write("broken/plugin.toml", "name = ");
  for (const char* name : {"plain.py", "broken", "missing", "."}) EXPECT_FALSE(install(root / name).has_value()) << name;
  EXPECT_FALSE(fs::exists(folder));
}

TEST_F(UserPluginsTest, NothingOfAFolderRunsThatOthersMayWrite) {
  ASSERT_TRUE(install(plugin("one", "1")).has_value());
  fs::permissions(folder, fs::perms(0770));
  const auto found = catalog();
  EXPECT_THAT(found.plugins, IsEmpty());
  ASSERT_THAT(found.problems, SizeIs(1));
  EXPECT_THAT(found.problems[0].message, HasSubstr("others than you may write it"));
  EXPECT_FALSE(install(plugin("two", "1", "other")).has_value());
}

TEST_F(UserPluginsTest, APluginThatOthersMayWriteAnywhereInItDoesNotRun) {
  plugin("one", "1");
  write("one/data/table.csv", "1");
  ASSERT_TRUE(install(root / "one").has_value());
  ASSERT_TRUE(install(plugin("two", "1", "other")).has_value());
  fs::permissions(folder / "disk/data", fs::perms(0777));
  const auto found = catalog();
  ASSERT_THAT(found.plugins, SizeIs(1));
  EXPECT_EQ(found.plugins[0].name, "other");
  ASSERT_THAT(found.problems, SizeIs(1));
  EXPECT_THAT(found.problems[0].message, HasSubstr("disk/data"));
}

TEST_F(UserPluginsTest, APluginOfAnotherUserDoesNotRun) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  ASSERT_TRUE(install(plugin("one", "1")).has_value());
  ASSERT_EQ(::chown((folder / "disk/disk.py").c_str(), 12345, 12345), 0);
  ASSERT_THAT(catalog().problems, SizeIs(1));
  EXPECT_THAT(catalog().problems[0].message, HasSubstr("belongs to another user"));
}

TEST_F(UserPluginsTest, LinksLeadToPluginsAndRemovingTakesTheLink) {
  plugin("checkout", "1");
  fs::create_directories(folder);
  fs::permissions(folder, fs::perms(0700));
  fs::create_directory_symlink(root / "checkout", folder / "linked");
  ASSERT_NE(catalog().find("disk"), nullptr);
  const auto removed = remove_plugin("disk");
  ASSERT_TRUE(removed.has_value()) << removed.error().text();
  EXPECT_EQ(*removed, folder / "linked");
  EXPECT_TRUE(fs::exists(root / "checkout/plugin.toml"));
  EXPECT_THAT(catalog().plugins, IsEmpty());
}

TEST_F(UserPluginsTest, RemovingLeavesTheOthers) {
  ASSERT_TRUE(install(plugin("one", "1")).has_value());
  ASSERT_TRUE(install(plugin("two", "1", "other")).has_value());
  ASSERT_TRUE(remove_plugin("disk").has_value());
  EXPECT_THAT(entries(), ElementsAre("other"));
  const auto unknown = remove_plugin("othr");
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().kind, ErrorKind::not_found);
  EXPECT_THAT(unknown.error().message, HasSubstr("did you mean 'other'"));
}

TEST_F(UserPluginsTest, WhatCannotBeUsedCanBeRemoved) {
  write("data/conclave/plugins/broken/plugin.toml", "name = ");
  ASSERT_TRUE(remove_plugin("broken").has_value());
  EXPECT_THAT(entries(), IsEmpty());
}

TEST_F(UserPluginsTest, AFolderThatIsNamedHidesWhatIsInstalledWithoutAComplaint) {
  ASSERT_TRUE(install(plugin("one", "1")).has_value());
  plugin("mine/disk", "2");
  const auto found = read_users_catalog({}, {root / "mine"});
  EXPECT_EQ(found.find("disk")->version, "2");
  EXPECT_THAT(found.problems, IsEmpty());
}

class CasePluginsTest : public UserPluginsTest {
 protected:
  void SetUp() override {
    UserPluginsTest::SetUp();
    subject.file = root / "case/case.yaml";
    subject.base = root / "case";
    write("case/case.yaml", "");
  }
  Case subject;
};

TEST_F(CasePluginsTest, AreThoseItNamesByPathAndThoseBesideIt) {
  write("case/own.py", expert);
  plugin("case/plugins/disk", "1");
  write("case/plugins/broken/plugin.toml", "name = ");
  subject.experts = {{"./own.py", nlohmann::json::object(), 1}, {"./plugins/disk", nlohmann::json::object(), 1}};
  const auto found = read_case_plugins(subject);
  ASSERT_THAT(found.plugins, SizeIs(2));
  EXPECT_EQ(found.plugins[0].name, "own");
  EXPECT_EQ(found.plugins[1].name, "disk");
  for (const PluginInfo& one : found.plugins) {
    EXPECT_EQ(one.origin, Origin::subject);
    EXPECT_EQ(one.trust, Trust::untrusted);
  }
  EXPECT_THAT(found.problems, SizeIs(1));
}

TEST_F(CasePluginsTest, MayRunOnceAgreedToUntilTheyChange) {
  plugin("case/plugins/disk", "1");
  const auto agreed = agree_to_case(subject);
  ASSERT_TRUE(agreed.has_value()) << agreed.error().text();
  EXPECT_THAT(agreed->plugins, SizeIs(1));
  EXPECT_EQ(read_case_plugins(subject).plugins.at(0).trust, Trust::named);
  plugin("case/plugins/disk", "2");
  EXPECT_EQ(read_case_plugins(subject).plugins.at(0).trust, Trust::untrusted);
}

TEST_F(CasePluginsTest, WhatTheCaseNamesMustBeUsableToAgree) {
  subject.experts = {{"./missing.py", nlohmann::json::object(), 1}};
  EXPECT_FALSE(agree_to_case(subject).has_value());
  EXPECT_FALSE(fs::exists(lock_file(subject.base)));
}

TEST_F(CasePluginsTest, ACaseWithoutAFileHasNoFolder) {
  plugin("case/plugins/disk", "1");
  subject.file.clear();
  EXPECT_THAT(read_case_plugins(subject).plugins, IsEmpty());
}

}  // namespace
}  // namespace conclave::scripting
