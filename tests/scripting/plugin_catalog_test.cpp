#include "scripting/plugin_catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace conclave::scripting {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PluginCatalogTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "conclave_catalog_XXXXXX").string();
    root = ::mkdtemp(name.data());
  }
  void TearDown() override { fs::remove_all(root); }

  void write(const fs::path& path, std::string_view text) const {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path, std::ios::binary) << text;
  }
  // A plugin folder with the given plugin.toml and an expert in disk.py.
  void plugin(const std::string& folder, std::string_view toml) const {
    write(folder + "/plugin.toml", toml);
    write(folder + "/disk.py", "def assess(evidence, job): return None\n");
  }
  [[nodiscard]] PluginCatalog catalog() const { return read_catalog({}, {root}); }
  // The only problem's text; fails if there is not exactly one.
  [[nodiscard]] std::string only_problem() const {
    const auto found = catalog();
    EXPECT_EQ(found.problems.size(), 1U);
    return found.problems.empty() ? "" : found.problems.front().message;
  }
  fs::path root;
};

constexpr std::string_view minimal = "name = \"disk\"\nentry = \"disk:assess\"\n";

std::vector<std::string> names(const PluginCatalog& catalog) {
  std::vector<std::string> result;
  for (const auto& plugin : catalog.plugins) result.push_back(plugin.name);
  return result;
}

TEST_F(PluginCatalogTest, ReadsEveryFieldOfAManifest) {
  plugin("disk", R"(
name = "disk"
version = "1.2.0"
api = 1
kind = "expert"
scope = "disk.space"
summary = "Looks at disks."
entry = "disk:assess"
runner = "in_process"
requirements = ["numpy>=1.24"]
[limits]
time_s = 2.5
memory_mb = 64
output_kb = 10
[permissions]
network = ["api.example.com:443"]
read = ["/etc/services"]
write = []
subprocess = false
raw_evidence = true
secrets = ["OPENAI_API_KEY", "_own"]
[settings.key]
type = "str"
default = ""
names_secret = true
[settings.window_minutes]
type = "int"
default = 5
help = "Width of the window in minutes."
[settings.ratio]
type = "float"
default = 2
)");
  const auto found = catalog();
  ASSERT_THAT(found.problems, IsEmpty()) << found.problems.front().message;
  const PluginInfo* disk = found.find("disk");
  ASSERT_NE(disk, nullptr);
  EXPECT_EQ(disk->version, "1.2.0");
  EXPECT_EQ(disk->scope, "disk.space");
  EXPECT_EQ(disk->module, "disk");
  EXPECT_EQ(disk->function, "assess");
  EXPECT_EQ(disk->time_s, 2.5);
  EXPECT_EQ(disk->memory_mb, 64);
  EXPECT_THAT(disk->requirements, ElementsAre("numpy>=1.24"));
  EXPECT_THAT(disk->network, ElementsAre("api.example.com:443"));
  EXPECT_TRUE(disk->raw_evidence);
  EXPECT_EQ(disk->trust, Trust::named);
  EXPECT_EQ(disk->sha256.size(), 64U);
  EXPECT_THAT(disk->secrets, ElementsAre("OPENAI_API_KEY", "_own"));
  ASSERT_EQ(disk->settings.size(), 3U);
  EXPECT_EQ(disk->settings[0].name, "key");
  EXPECT_TRUE(disk->settings[0].names_secret);
  EXPECT_EQ(disk->settings[1].name, "ratio");
  EXPECT_EQ(disk->settings[1].default_value, 2.0);
  EXPECT_FALSE(disk->settings[1].names_secret);
  EXPECT_EQ(disk->settings[2].name, "window_minutes");
  EXPECT_EQ(disk->settings[2].default_value, 5);
}

struct BadManifest {
  std::string name;
  std::string toml;
  std::string message;
};

class BadManifestTest : public PluginCatalogTest, public testing::WithParamInterface<BadManifest> {};

TEST_P(BadManifestTest, IsReportedWithItsPlaceAndNoPluginComesOfIt) {
  plugin("disk", GetParam().toml);
  const auto found = catalog();
  EXPECT_THAT(found.plugins, IsEmpty());
  ASSERT_EQ(found.problems.size(), 1U);
  EXPECT_THAT(found.problems[0].message, HasSubstr(GetParam().message));
  EXPECT_THAT(found.problems[0].message, HasSubstr("plugin.toml"));
}

INSTANTIATE_TEST_SUITE_P(
    Manifests, BadManifestTest,
    testing::Values(
        BadManifest{"NotToml", "name = \n", "plugin.toml:1:8: not valid TOML"},
        BadManifest{"InvalidUtf8", "name = \"\xff\"\nentry = \"disk:assess\"\n", "not valid TOML"},
        BadManifest{"Empty", "", "name is missing"}, BadManifest{"NoEntry", "name = \"disk\"\n", "entry is missing"},
        BadManifest{"EntryWithoutFile", "name = \"disk\"\nentry = \"other:assess\"\n", "there is no other.py"},
        BadManifest{"EntryLeavesTheFolder", "name = \"disk\"\nentry = \"../x:assess\"\n", "entry must be 'module:function'"},
        BadManifest{"EntryWithoutFunction", "name = \"disk\"\nentry = \"disk:\"\n", "entry must be 'module:function'"},
        BadManifest{"NameOfWrongType", "name = 3\nentry = \"disk:assess\"\n", "plugin.toml:1:8: name must be a string"},
        BadManifest{"NameThatIsAPath", "name = \"../disk\"\nentry = \"disk:assess\"\n", "name must be 1 to 64 letters"},
        BadManifest{"UnknownKey", std::string(minimal) + "sumary = \"x\"\n", "unknown key 'sumary'; did you mean 'summary'?"},
        BadManifest{"UnknownKind", std::string(minimal) + "kind = \"export\"\n", "did you mean 'expert'?"},
        BadManifest{"NewerApi", std::string(minimal) + "api = 2\n", "api 2 is not known"},
        BadManifest{"UnknownRunner", std::string(minimal) + "runner = \"docker\"\n", "runner must be in_process or isolated"},
        BadManifest{"TimeOfZero", std::string(minimal) + "[limits]\ntime_s = 0\n", "limits.time_s must be a number from"},
        BadManifest{"TimeThatIsNoNumber", std::string(minimal) + "[limits]\ntime_s = nan\n", "limits.time_s must be"},
        BadManifest{"LimitsAsText", std::string(minimal) + "limits = \"60s\"\n", "limits must be a table"},
        BadManifest{"NumbersForHosts", std::string(minimal) + "[permissions]\nnetwork = [1]\n",
                    "permissions.network must be a list"},
        BadManifest{"RequirementWithAnAddress", std::string(minimal) + "requirements = [\"tiny\",\n\"x @ https://y/x.whl\"]\n",
                    "plugin.toml:4:1: requirements: 'x @ https://y/x.whl' is no package"},
        BadManifest{"RequirementThatIsAnOption", std::string(minimal) + "requirements = [\"-r other.txt\"]\n", "options of pip"},
        BadManifest{"RequirementOfAnotherType", std::string(minimal) + "requirements = [3]\n", "must be a list of strings"},
        BadManifest{"NewerPython", std::string(minimal) + "requires_python = \">=3.99\"\n",
                    "plugin.toml:3:19: needs Python >=3.99; Conclave runs 3."},
        BadManifest{"PythonThatIsNoVersion", std::string(minimal) + "requires_python = \"three\"\n", "is no list of versions"},
        BadManifest{"SecretsOfAnotherType", std::string(minimal) + "[permissions]\nsecrets = \"A\"\n",
                    "permissions.secrets must be a list of strings"},
        BadManifest{"SecretThatIsNoName", std::string(minimal) + "[permissions]\nsecrets = [\"A-B\"]\n",
                    "plugin.toml:3:1: permissions.secrets: 'A-B' is no name"},
        BadManifest{"NumberThatNamesASecret",
                    std::string(minimal) + "[settings.a]\ntype = \"int\"\ndefault = 1\nnames_secret = true\n",
                    "setting 'a' names a secret, so its type must be str"},
        BadManifest{"SettingWithoutDefault", std::string(minimal) + "[settings.a]\ntype = \"int\"\n",
                    "setting 'a' needs a default"},
        BadManifest{"SettingOfUnknownType", std::string(minimal) + "[settings.a]\ntype = \"date\"\ndefault = 1\n",
                    "must be one of int"},
        BadManifest{"DefaultOfAnotherType", std::string(minimal) + "[settings.a]\ntype = \"int\"\ndefault = \"5\"\n",
                    "plugin.toml:5:11: the default of setting 'a' must be of its type, int"},
        BadManifest{"NotFiniteDefault", std::string(minimal) + "[settings.a]\ntype = \"float\"\ndefault = inf\n",
                    "of its type, float"}),
    [](const auto& test) { return test.param.name; });

TEST_F(PluginCatalogTest, ReportsEveryFindingOfAManifestAtOnce) {
  plugin("disk", std::string(minimal) + "api = 2\nverison = \"1\"\n");
  const std::string message = only_problem();
  EXPECT_THAT(message, HasSubstr("api 2"));
  EXPECT_THAT(message, HasSubstr("did you mean 'version'?"));
}

TEST_F(PluginCatalogTest, OneBrokenPluginDoesNotHideTheOthers) {
  plugin("a_broken", "name = ");
  plugin("disk", minimal);
  const auto found = catalog();
  EXPECT_THAT(names(found), ElementsAre("disk"));
  EXPECT_EQ(found.problems.size(), 1U);
}

TEST_F(PluginCatalogTest, AFolderWithAManifestIsOnePlugin) {
  plugin("disk", minimal);
  EXPECT_THAT(names(read_catalog({}, {root / "disk"})), ElementsAre("disk"));
}

TEST_F(PluginCatalogTest, GroupsOfExpertsHooksAndRulesAreSearched) {
  plugin("experts/disk", minimal);
  write("rules/no_latest.py", "import conclave\n@conclave.rule\ndef check(config): return None\n");
  write("hooks/rename.py", "import conclave\n@conclave.hook\ndef on_evidence(evidence): return None\n");
  write("elsewhere/lost.py", "import conclave\n@conclave.expert\ndef assess(evidence, job): return None\n");
  const auto found = catalog();
  EXPECT_THAT(names(found), ElementsAre("disk", "no_latest", "rename"));
  EXPECT_EQ(found.find("rename")->kind, "hook");
  EXPECT_EQ(found.find("no_latest")->kind, "rule");
  EXPECT_FALSE(in_default_circle(*found.find("no_latest")));
}

TEST_F(PluginCatalogTest, ASingleFileIsAPluginByItsDecorator) {
  write(
      "disk.py",
      "\"\"\"Looks at disks.\"\"\"\nimport conclave\n\n@conclave.expert(scope=\"disk\")\ndef assess(evidence, job):\n    ...\n");
  write("helper.py", "def helper(): pass\n");
  const auto found = catalog();
  EXPECT_THAT(found.problems, IsEmpty());
  ASSERT_THAT(names(found), ElementsAre("disk"));
  EXPECT_EQ(found.plugins[0].scope, "disk");
  EXPECT_EQ(found.plugins[0].summary, "Looks at disks.");
  EXPECT_EQ(found.plugins[0].function, "");
}

TEST_F(PluginCatalogTest, ASingleFileIsAPluginByItsInlineHeader) {
  write("disk.py",
        "# /// script\r\n# dependencies = [\"numpy\"]\r\n# [tool.conclave]\r\n# name = \"disk_space\"\r\n# "
        "[tool.conclave.limits]\r\n"
        "# time_s = 3\r\n# ///\r\n\r\ndef assess(evidence, job):\r\n    pass\r\n");
  const auto found = catalog();
  ASSERT_THAT(found.problems, IsEmpty()) << found.problems.front().message;
  ASSERT_THAT(names(found), ElementsAre("disk_space"));
  EXPECT_EQ(found.plugins[0].time_s, 3);
  EXPECT_THAT(found.plugins[0].requirements, ElementsAre("numpy"));
}

TEST_F(PluginCatalogTest, ABrokenInlineHeaderIsReportedAtItsLineInTheFile) {
  write("disk.py",
        "import conclave\n# /// script\n# [tool.conclave]\n# scope = disk\n# ///\n@conclave.expert\ndef assess(e, j): ...\n");
  EXPECT_THAT(only_problem(), HasSubstr("disk.py:4:"));
}

TEST_F(PluginCatalogTest, TwoInlineHeadersAreRefused) {
  write("disk.py", "# /// script\n# [tool.conclave]\n# ///\n\n# /// script\n# [tool.conclave]\n# ///\n");
  EXPECT_THAT(only_problem(), HasSubstr("more than one '# /// script' block"));
}

TEST_F(PluginCatalogTest, AnUnclosedInlineHeaderIsOnlyAComment) {
  write("disk.py", "# /// script\n# [tool.conclave]\nx = 1\n");
  const auto found = catalog();
  EXPECT_THAT(found.plugins, IsEmpty());
  EXPECT_THAT(found.problems, IsEmpty());
}

TEST_F(PluginCatalogTest, AScriptOfAnotherToolIsNoProblem) {
  write("tool.py", "# /// script\n# dependencies = \"wrong\"\n# ///\nprint(1)\n");
  EXPECT_THAT(catalog().problems, IsEmpty());
}

TEST_F(PluginCatalogTest, WhatTheUserNamesHidesWhatIsShipped) {
  plugin("shipped/disk", std::string(minimal) + "version = \"shipped\"\n");
  plugin("mine/disk", std::string(minimal) + "version = \"mine\"\n");
  const auto found = read_catalog(root / "shipped", {root / "mine"});
  ASSERT_THAT(names(found), ElementsAre("disk"));
  EXPECT_EQ(found.plugins[0].version, "mine");
  EXPECT_EQ(found.plugins[0].trust, Trust::named);
  EXPECT_THAT(found.problems, IsEmpty());
}

TEST_F(PluginCatalogTest, ADuplicateNameIsReportedAndTheFirstStays) {
  plugin("a", std::string(minimal) + "version = \"first\"\n");
  plugin("b", minimal);
  EXPECT_THAT(only_problem(), HasSubstr("there is already a plugin named 'disk'"));
  EXPECT_EQ(catalog().plugins.at(0).version, "first");
}

TEST_F(PluginCatalogTest, AFolderThatDoesNotExistIsAProblem) {
  const auto found = read_catalog({}, {root / "nowhere"});
  ASSERT_EQ(found.problems.size(), 1U);
  EXPECT_THAT(found.problems[0].message, HasSubstr("No such file"));
}

TEST_F(PluginCatalogTest, HugeFilesAreRefused) {
  plugin("disk", minimal);
  write("disk/model.bin", "");
  fs::resize_file(root / "disk/model.bin", std::uintmax_t{1} << 40U);
  write("big.py", "");
  fs::resize_file(root / "big.py", std::uintmax_t{1} << 40U);
  const auto found = catalog();
  EXPECT_THAT(found.plugins, IsEmpty());
  ASSERT_EQ(found.problems.size(), 2U);
  EXPECT_THAT(found.problems[0].message, HasSubstr("larger than"));
}

TEST_F(PluginCatalogTest, LinksThatLoopAndPipesThatBlockAreProblems) {
  fs::create_symlink(root / "loop.py", root / "loop.py");
  ASSERT_EQ(::mkfifo((root / "pipe.py").c_str(), 0600), 0);
  plugin("disk", minimal);
  fs::create_directory_symlink(root / "disk", root / "disk/inside");
  const auto found = catalog();
  EXPECT_THAT(found.plugins, IsEmpty());
  ASSERT_EQ(found.problems.size(), 3U);
  EXPECT_THAT(found.problems[0].message, HasSubstr("links to folders"));
  EXPECT_THAT(found.problems[1].message, HasSubstr("symbolic links"));
  EXPECT_THAT(found.problems[2].message, HasSubstr("not a regular file"));
}

TEST_F(PluginCatalogTest, TheDigestFollowsEveryFileButNotTheCache) {
  plugin("disk", minimal);
  const auto before = catalog().plugins.at(0).sha256;
  write("disk/__pycache__/disk.pyc", "cache");
  EXPECT_EQ(catalog().plugins.at(0).sha256, before);
  write("disk/data/table.csv", "1,2");
  const auto with_data = catalog().plugins.at(0).sha256;
  EXPECT_NE(with_data, before);
  write("disk/data/table.csv", "1,3");
  EXPECT_NE(catalog().plugins.at(0).sha256, with_data);
}

TEST_F(PluginCatalogTest, AFileTheUserNamesMustHoldAnExpert) {
  write("plain.py", "x = 1\n");
  const auto plain = read_plugin(root / "plain.py", Trust::named);
  ASSERT_FALSE(plain.has_value());
  EXPECT_THAT(plain.error().message, HasSubstr("@conclave.expert"));
  const auto missing = read_plugin(root / "missing.py", Trust::named);
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().kind, ErrorKind::io);
}

TEST_F(PluginCatalogTest, ReadsAnEmptyAndABinaryFileWithoutAComplaint) {
  write("empty.py", "");
  write("binary.py", std::string("\0\xff\xfe\n# /// script\n", 18));
  const auto found = catalog();
  EXPECT_THAT(found.plugins, IsEmpty());
  EXPECT_THAT(found.problems, IsEmpty());
}

TEST_F(PluginCatalogTest, WhatHasRequirementsRunsInAWorkerWhateverItSays) {
  plugin("disk",
         std::string(minimal) + "runner = \"in_process\"\nrequirements = [\"numpy>=1.24\"]\nrequires_python = \">=3.8\"\n");
  const auto found = catalog();
  ASSERT_THAT(found.problems, IsEmpty());
  EXPECT_TRUE(runs_isolated(as_trusted(found.plugins[0], {"disk"})));
}

TEST_F(PluginCatalogTest, TheHeaderOfAFileSaysWhichPythonItNeeds) {
  write("a.py",
        "# /// script\n# dependencies = [\"a\", \"-e .\"]\n# requires-python = \">=3.99\"\n# ///\n@conclave.expert\ndef f(e, j): "
        "...\n");
  const auto found = catalog();
  EXPECT_THAT(found.plugins, IsEmpty());
  ASSERT_EQ(found.problems.size(), 1U);
  EXPECT_THAT(found.problems[0].message, HasSubstr("a.py:2:24: dependencies: '-e .' is no package"));
  EXPECT_THAT(found.problems[0].message, HasSubstr("a.py:3:21: needs Python >=3.99; Conclave runs 3."));
}

TEST_F(PluginCatalogTest, RequirementsLockGivesTheExactPackages) {
  const std::string hash = " --hash=sha256:" + std::string(64, 'a');
  plugin("disk", std::string(minimal) + "requirements = [\"Tiny_A\", \"win; os_name == 'nt'\"]\n");
  write("disk/requirements.lock", "tiny-a==1.0" + hash + "\ntiny-b==2.0" + hash + "\n");
  const auto found = catalog();
  ASSERT_THAT(found.problems, IsEmpty()) << found.problems[0].message;
  EXPECT_THAT(found.plugins[0].locked, ElementsAre("tiny-a==1.0" + hash, "tiny-b==2.0" + hash));
  write("disk/requirements.lock", "tiny-b==2.0" + hash + "\n");
  EXPECT_THAT(only_problem(), HasSubstr("requirements.lock: 'tiny-a' is missing, which plugin.toml needs"));
  write("disk/requirements.lock", "tiny-a==1.0" + hash + "\n--extra-index-url http://x\n");
  EXPECT_THAT(only_problem(), HasSubstr("requirements.lock:2: "));
}

}  // namespace
}  // namespace conclave::scripting
