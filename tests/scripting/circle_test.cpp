#include "scripting/circle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>

#include "scripting/case_plugins.h"
#include "scripting/plugin_switches.h"

namespace conclave::scripting {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

class CircleTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "conclave_circle_XXXXXX").string();
    root = ::mkdtemp(name.data());
    for (const char* plugin : {"alpha", "beta"}) {
      write(std::string("shipped/") + plugin + "/plugin.toml",
            std::string("name = \"") + plugin + "\"\nversion = \"1\"\nentry = \"" + plugin +
                ":assess\"\n[settings.window]\ntype = \"int\"\ndefault = 5\n[settings.ratio]\ntype = \"float\"\ndefault = 0.5\n");
      write(std::string("shipped/") + plugin + "/" + plugin + ".py", "");
    }
    write("shipped/hooks/renames.py", "import conclave\n@conclave.hook\ndef on_evidence(evidence): ...\n");
    write("case/own.py", "import conclave\n@conclave.expert\ndef assess(evidence, job): ...\n");
    subject.base = root / "case";
    subject.file = root / "case/case.yaml";
  }
  void TearDown() override { fs::remove_all(root); }

  void write(const fs::path& path, std::string_view text) const {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  }
  Result<Circle> choose(const CircleRequest& request = {}) {
    made.clear();
    isolated.clear();
    return choose_circle(subject, request, root / "shipped",
                         [this](const PluginInfo& plugin, const nlohmann::json& settings, double weight,
                                const std::vector<std::string>& endpoints) -> ExpertPtr {
                           allowed = endpoints;
                           if (runs_isolated(plugin)) isolated.push_back(plugin.name);
                           made.push_back(plugin.name + " " + settings.dump() + " " + std::to_string(weight));
                           return nullptr;
                         });
  }
  std::string error(const CircleRequest& request = {}) {
    const auto circle = choose(request);
    EXPECT_FALSE(circle.has_value());
    return circle ? "" : circle.error().text();
  }
  fs::path root;
  Case subject;
  std::vector<std::string> made;
  std::vector<std::string> isolated;
  std::vector<std::string> allowed;  // endpoints
};

TEST_F(CircleTest, IsAllShippedExpertsIfTheCaseNamesNone) {
  const auto circle = choose();
  ASSERT_TRUE(circle.has_value());
  EXPECT_THAT(made, ElementsAre("alpha {\"ratio\":0.5,\"window\":5} 1.000000", "beta {\"ratio\":0.5,\"window\":5} 1.000000"));
}

TEST_F(CircleTest, IsWithThoseTheUserInstalledUnlessTheyAreOff) {
  ::setenv("XDG_DATA_HOME", (root / "data").c_str(), 1);      // NOLINT(concurrency-mt-unsafe): the host reads none meanwhile
  ::setenv("XDG_CONFIG_HOME", (root / "config").c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  write("data/conclave/plugins/mine.py", "import conclave\n@conclave.expert\ndef assess(evidence, job): ...\n");
  fs::permissions(root / "data/conclave/plugins", fs::perms(0755));
  fs::permissions(root / "data/conclave/plugins/mine.py", fs::perms(0644));
  ASSERT_TRUE(choose().has_value());
  EXPECT_THAT(made, ElementsAre(StartsWith("alpha"), StartsWith("beta"), StartsWith("mine")));
  EXPECT_THAT(isolated, ElementsAre("mine"));
  ASSERT_TRUE(set_enabled("mine", false).has_value());
  const auto circle = choose();
  EXPECT_THAT(made, SizeIs(2));
  ASSERT_THAT(circle->problems, SizeIs(1));
  EXPECT_THAT(circle->problems[0].message, HasSubstr("'mine' did not run"));
}

TEST_F(CircleTest, ANameIsLookedUpBesideTheCaseLast) {
  write("case/plugins/own.py", "import conclave\n@conclave.expert\ndef assess(evidence, job): ...\n");
  write("case/plugins/alpha.py", "import conclave\n@conclave.expert\ndef assess(evidence, job): ...\n");
  subject.experts = {{"own", nlohmann::json::object(), 1}, {"alpha", nlohmann::json::object(), 1}};
  const auto refused = choose();
  ASSERT_TRUE(refused.has_value()) << refused.error().text();
  EXPECT_THAT(made, ElementsAre(StartsWith("alpha {\"ratio\"")));  // the shipped one
  ASSERT_THAT(refused->refused, SizeIs(1));
  EXPECT_THAT(refused->refused[0].error->message, HasSubstr("conclave plugins lock"));
  ASSERT_TRUE(agree_to_case(subject).has_value());
  ASSERT_TRUE(choose().has_value());
  EXPECT_THAT(made, SizeIs(2));
  EXPECT_THAT(isolated, ElementsAre("own"));
}

TEST_F(CircleTest, HooksOfACaseRunIsolatedOnceTheirContentIsAgreedTo) {
  const std::string header = "# /// script\n# [tool.conclave]\n# kind = \"hook\"\n# ///\nimport conclave\n";
  write("shipped/hooks/middle.py", header + "@conclave.hook\ndef on_case_opened(case): ...\n");
  write("case/plugins/early.py", header + "@conclave.hook\ndef on_case_opened(case): ...\n");
  write("case/plugins/middle.py", header + "# hidden by the shipped one\n");
  const auto names = [&](const CircleRequest& request = {}) {
    std::vector<std::string> list;
    for (const PluginInfo& hook : called_by_consult(subject, request, root / "shipped"))
      list.push_back(hook.name + (runs_isolated(hook) ? " isolated" : ""));
    return list;
  };
  EXPECT_THAT(names(), ElementsAre("middle", "renames"));
  const auto refused = choose();
  ASSERT_TRUE(refused.has_value());
  ASSERT_THAT(refused->problems, SizeIs(1));
  EXPECT_EQ(refused->problems[0].rule, "consent");
  EXPECT_THAT(refused->problems[0].message, HasSubstr("hook 'early' did not run: it comes with the case"));
  EXPECT_THAT(refused->problems[0].fix, HasSubstr("conclave plugins lock"));
  EXPECT_THAT(names({{}, {}, {}, {"early"}}), ElementsAre("early", "middle", "renames"));  // --trust

  ASSERT_TRUE(agree_to_case(subject).has_value());
  EXPECT_THAT(names(), ElementsAre("early isolated", "middle", "renames"));
  EXPECT_THAT(choose()->problems, IsEmpty());
  ASSERT_TRUE(set_enabled("early", false).has_value());
  EXPECT_THAT(names(), ElementsAre("middle", "renames"));
  ASSERT_TRUE(set_enabled("early", true).has_value());
  write("case/plugins/early.py", header + "# changed since\n");
  EXPECT_THAT(names(), ElementsAre("middle", "renames"));
  subject.file.clear();
  EXPECT_THAT(names(), ElementsAre("middle", "renames"));
}

TEST_F(CircleTest, TakesSettingsAndWeightsOfTheCase) {
  subject.experts = {{"beta", {{"window", 7}, {"ratio", 1}}, 2.5}};
  ASSERT_TRUE(choose().has_value());
  EXPECT_THAT(made, ElementsAre("beta {\"ratio\":1.0,\"window\":7} 2.500000"));
}

TEST_F(CircleTest, WhatTheUserNamesReplacesTheChoiceButKeepsItsSettings) {
  subject.experts = {{"alpha", nlohmann::json::object(), 1}, {"beta", {{"window", 7}}, 2}};
  ASSERT_TRUE(choose({{"beta"}, {}}).has_value());
  EXPECT_THAT(made, ElementsAre("beta {\"ratio\":0.5,\"window\":7} 2.000000"));
}

TEST_F(CircleTest, UnknownNamesGetASuggestion) {
  subject.experts = {{"alph", nlohmann::json::object(), 1}};
  const auto circle = choose();
  ASSERT_FALSE(circle.has_value());
  EXPECT_EQ(circle.error().kind, ErrorKind::not_found);
  EXPECT_THAT(circle.error().text(), HasSubstr("case.yaml: there is no expert 'alph'; did you mean 'alpha'?"));
}

TEST_F(CircleTest, AnExpertThatCannotBeReadSaysWhy) {
  write("shipped/gamma/plugin.toml", "name = ");
  subject.experts = {{"gamma", nlohmann::json::object(), 1}};
  EXPECT_THAT(error(), HasSubstr("not valid TOML"));
}

TEST_F(CircleTest, ANamedFolderThatCannotBeReadIsAnError) {
  EXPECT_THAT(error({{}, {root / "nowhere"}}), HasSubstr("nowhere"));
  EXPECT_THAT(error({{}, {root / "case/own.py"}}), HasSubstr("own.py"));
  write("named/broken/plugin.toml", "name = ");
  EXPECT_TRUE(choose({{}, {root / "named"}}).has_value()) << "what is wrong with a plugin nobody asks for stops nothing";
  EXPECT_THAT(error({{}, {root / "named/broken"}}), HasSubstr("not valid TOML"));
}

TEST_F(CircleTest, AHookIsNoExpert) {
  subject.experts = {{"renames", nlohmann::json::object(), 1}};
  EXPECT_THAT(error(), HasSubstr("no expert but of kind hook"));
}

TEST_F(CircleTest, CodeThatOnlyTheCaseNamesIsRefused) {
  subject.experts = {{"./own.py", nlohmann::json::object(), 3}, {"alpha", nlohmann::json::object(), 1}};
  const auto circle = choose();
  ASSERT_TRUE(circle.has_value()) << circle.error().text();
  EXPECT_THAT(made, SizeIs(1));
  ASSERT_THAT(circle->refused, SizeIs(1));
  const auto& refused = circle->refused[0];
  EXPECT_EQ(refused.expert_name, "own");
  EXPECT_EQ(refused.status, consensus::Status::refused);
  EXPECT_EQ(refused.weight, 3);
  EXPECT_EQ(refused.error->type, "Refused");
  EXPECT_THAT(refused.error->message, HasSubstr("--plugins " + (root / "case").string()));
}

TEST_F(CircleTest, NamingTheFileOrItsFolderIsConsent) {
  EXPECT_THAT(choose({{(root / "case/own.py").string()}, {}})->refused, IsEmpty());
  subject.experts = {{"./own.py", nlohmann::json::object(), 1}};
  const auto circle = choose({{}, {root / "case"}});
  EXPECT_THAT(circle->refused, IsEmpty());
  EXPECT_THAT(circle->experts, SizeIs(1));
  // A folder whose name merely begins alike is another one.
  write("case2/other.py", "");
  EXPECT_THAT(choose({{}, {root / "case2"}})->refused, SizeIs(1));
}

TEST_F(CircleTest, ALinkOutOfTheNamedFolderIsNotInIt) {
  write("elsewhere/evil.py", "import conclave\n@conclave.expert\ndef assess(evidence, job): ...\n");
  fs::create_symlink(root / "elsewhere/evil.py", root / "case/evil.py");
  subject.experts = {{"./evil.py", nlohmann::json::object(), 1}};
  EXPECT_THAT(choose({{}, {root / "case"}})->refused, SizeIs(1));
}

TEST_F(CircleTest, RunsInAWorkerWhatAsksForItAndWhatIsNeitherShippedNorTrusted) {
  write("shipped/iso/plugin.toml", "name = \"iso\"\nentry = \"iso\"\nrunner = \"isolated\"\n");
  write("shipped/iso/iso.py", "");
  const auto where = [&](const CircleRequest& request) {
    EXPECT_TRUE(choose(request).has_value());
    return isolated;
  };
  EXPECT_THAT(where({{"alpha", "iso", (root / "case/own.py").string()}, {}}), ElementsAre("iso", "own"));
  EXPECT_THAT(where({{"iso", (root / "case/own.py").string()}, {}, {}, {"iso", "own"}}), ElementsAre("iso"));
}

TEST_F(CircleTest, TrustingANameAllowsWhatOnlyTheCaseNames) {
  subject.experts = {{"./own.py", nlohmann::json::object(), 1}};
  const auto circle = choose({{}, {}, {}, {"own"}});
  ASSERT_TRUE(circle.has_value());
  EXPECT_THAT(circle->refused, IsEmpty());
  EXPECT_THAT(isolated, IsEmpty());
  EXPECT_THAT(choose({{}, {}, {}, {"./own.py", "owner"}})->refused, SizeIs(1));
}

TEST_F(CircleTest, AMissingFileIsNotFound) {
  subject.experts = {{"./gone.py", nlohmann::json::object(), 1}};
  const auto circle = choose();
  ASSERT_FALSE(circle.has_value());
  EXPECT_EQ(circle.error().kind, ErrorKind::not_found);
}

TEST_F(CircleTest, SaysWhichSecretsItsExpertsMayAskFor) {
  write("shipped/alpha/plugin.toml",
        "name = \"alpha\"\nentry = \"alpha:assess\"\n[permissions]\nsecrets = [\"B_KEY\", \"A_KEY\"]\n"
        "[settings.variable]\ntype = \"str\"\ndefault = \"\"\nnames_secret = true\n");
  EXPECT_THAT(choose()->secrets, ElementsAre("A_KEY", "B_KEY"));
  subject.experts = {{"alpha", {{"variable", "OWN_KEY"}}, 1}};
  EXPECT_THAT(choose()->secrets, ElementsAre("A_KEY", "B_KEY", "OWN_KEY"));
  subject.experts = {{"beta", nlohmann::json::object(), 1}};
  EXPECT_THAT(choose()->secrets, IsEmpty());
}

TEST_F(CircleTest, TheSameExpertTwiceIsAnError) {
  subject.experts = {{"alpha", nlohmann::json::object(), 1}, {"alpha", nlohmann::json::object(), 1}};
  EXPECT_THAT(error(), HasSubstr("'alpha' is asked for twice"));
}

TEST_F(CircleTest, WeightsMustBeAboveZero) {
  for (const double weight : {0.0, -1.0, std::nan(""), HUGE_VAL}) {
    subject.experts = {{"alpha", nlohmann::json::object(), weight}};
    EXPECT_THAT(error(), HasSubstr("weight of expert 'alpha' must be above 0"));
  }
}

TEST_F(CircleTest, SettingsAreCheckedAgainstTheManifest) {
  const std::vector<std::pair<nlohmann::json, std::string>> wrong = {
      {{{"windwo", 1}}, "no setting 'windwo'; did you mean 'window'?"},
      {{{"window", "5"}}, "setting 'window' of expert 'alpha' must be of type int, not \"5\""},
      {{{"window", 1.5}}, "must be of type int"},
      {{{"window", true}}, "must be of type int"},
      {{{"ratio", nullptr}}, "must be of type float"},
      {{{"ratio", "\xff"}}, "must be of type float"},
      {nlohmann::json::array({1}), "must be a map"},
  };
  for (const auto& [settings, message] : wrong) {
    subject.experts = {{"alpha", settings, 1}};
    EXPECT_THAT(error(), HasSubstr(message));
  }
}

TEST_F(CircleTest, WhatIsWrongInTheCaseFileHasItsPlace) {
  const auto wrong = [this](const std::string& experts) {
    const auto file = read_case("question: q\nlogs: [a]\nexperts:\n" + experts, "case.yaml");
    EXPECT_TRUE(file && file->usable());
    subject.experts = file->value.experts;
    return error();
  };
  EXPECT_EQ(wrong("- alpha\n- bta\n"), "case.yaml:5:3: there is no expert 'bta'; did you mean 'beta'?");
  EXPECT_EQ(wrong("- name: alpha\n  settings:\n    windwo: 3\n"),
            "case.yaml:6:5: expert 'alpha' has no setting 'windwo'; did you mean 'window'?");
  EXPECT_THAT(wrong("- {name: alpha, settings: {window: soon}}\n"), StartsWith("case.yaml:4:28: setting 'window'"));
  EXPECT_THAT(wrong("- ./missing.py\n"), AllOf(StartsWith("case.yaml:4:3: "), HasSubstr("missing.py: cannot open")));
  EXPECT_THAT(error({{"alpah"}, {}}), StartsWith("there is no expert 'alpah'; did you mean 'alpha'?"));
}

}  // namespace
}  // namespace conclave::scripting
