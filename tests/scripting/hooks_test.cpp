#include "scripting/hooks.h"

#include "tests/scripting/host_fixture.h"

namespace conclave::scripting {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

class HooksTest : public HostTest {
 protected:
  void hook(const std::string& name, const std::string& code, double time_s = 20) const {
    write(name + ".py", "# /// script\n# [tool.conclave]\n# kind = \"hook\"\n# [tool.conclave.limits]\n# time_s = " +
                            std::to_string(time_s) + "\n# ///\nimport conclave, time\n\n" + code);
  }
  [[nodiscard]] Hooks hooks() const { return host().hooks({{}, {folder}}); }
  static config::ConfigFile config() {
    auto file =
        config::read_config("services:\n  api:\n    replicas: 1\n    cpu_millicores: 50\n    memory_mb: 256\n", "infra.yaml");
    EXPECT_TRUE(file.has_value());
    return *file;
  }
};

TEST_F(HooksTest, AHookChangesTheConfigurationAndTheReceiptSaysWhat) {
  hook("more",
       "@conclave.hook\ndef on_config_loaded(config):\n    config['services'][0]['cpu_millicores'] = 500\n"
       "    config['global_settings']['region'] = 'north'\n    return config\n");
  std::vector<ReceiptHook> receipt;
  const auto before = config();
  const auto after = hooks().on_config_loaded(before, receipt);
  ASSERT_TRUE(after.has_value());
  EXPECT_EQ(after->model.services.at(0).cpu_millicores, 500);
  EXPECT_EQ(after->model.global_settings.at("region"), "north");
  ASSERT_THAT(receipt, SizeIs(1));
  EXPECT_EQ(receipt[0].hook, "on_config_loaded");
  EXPECT_EQ(receipt[0].plugin, "more");
  EXPECT_THAT(receipt[0].change, HasSubstr("cpu_millicores"));
  EXPECT_THAT(receipt[0].change, HasSubstr("added global_settings.region"));
  // The finding that the change mends is gone.
  for (const auto& problem : after->problems)
    EXPECT_EQ(problem.message.find("50"), std::string::npos) << config::to_text(problem);
  EXPECT_LT(after->problems.size(), before.problems.size());
}

TEST_F(HooksTest, ReturningNothingChangesNothing) {
  hook("looks", "@conclave.hook\ndef on_config_loaded(config):\n    config['services'].clear()\n");
  std::vector<ReceiptHook> receipt;
  const auto after = hooks().on_config_loaded(config(), receipt);
  EXPECT_EQ(after->model, config().model);
  ASSERT_THAT(receipt, SizeIs(1));
  EXPECT_EQ(receipt[0].change, "nothing");
}

TEST_F(HooksTest, AFailingHookIsRecordedAndSkippedAndTheNextOneRuns) {
  hook("a_raises", "@conclave.hook\ndef on_config_loaded(config): raise KeyError('services')\n");
  hook("b_nonsense", "@conclave.hook\ndef on_config_loaded(config): return 42\n");
  hook("c_damages", "@conclave.hook\ndef on_config_loaded(config): return {'services': 'none'}\n");
  hook("d_hangs", "@conclave.hook\ndef on_config_loaded(config): time.sleep(60)\n", 0.3);
  hook("e_leaves", "@conclave.hook\ndef on_config_loaded(config): raise SystemExit(3)\n");
  hook("f_broken", "@conclave.hook\ndef on_config_loaded(config: return\n");
  hook("g_good", "@conclave.hook\ndef on_config_loaded(config):\n    config['services'][0]['replicas'] = 3\n    return config\n");
  std::vector<ReceiptHook> receipt;
  const auto after = hooks().on_config_loaded(config(), receipt);
  ASSERT_TRUE(after.has_value());
  EXPECT_EQ(after->model.services.at(0).replicas, 3);
  ASSERT_THAT(receipt, SizeIs(7));
  for (std::size_t i = 0; i < 6; ++i) EXPECT_THAT(receipt[i].change, StartsWith("failed: ")) << receipt[i].plugin;
  EXPECT_THAT(receipt[0].change, HasSubstr("KeyError"));
  EXPECT_THAT(receipt[3].change, HasSubstr("no answer within its time"));
  EXPECT_THAT(receipt[6].change, HasSubstr("replicas"));
}

TEST_F(HooksTest, APluginWithoutAnyHookFunctionSaysSo) {
  hook("forgot", "def on_evidence(evidence): return {'f': 1}\n");
  std::vector<ReceiptHook> receipt;
  ASSERT_TRUE(hooks().on_evidence(evidence, receipt).has_value());
  ASSERT_THAT(receipt, SizeIs(1));
  EXPECT_THAT(receipt[0].change, StartsWith("failed: "));
  EXPECT_THAT(receipt[0].change, HasSubstr("forgot.py is decorated with @conclave.hook"));
}

TEST_F(HooksTest, FactsOfAHookReachTheExperts) {
  hook("owner", "@conclave.hook\ndef on_evidence(evidence): return {'team': 'storage', 'lines': evidence.logs[0].lines}\n");
  std::vector<ReceiptHook> receipt;
  const auto enriched = hooks().on_evidence(evidence, receipt);
  ASSERT_TRUE(enriched.has_value());
  ASSERT_THAT(receipt, SizeIs(1));
  EXPECT_EQ(receipt[0].change, "added facts: team, lines");
  EXPECT_EQ((*enriched)->rows("facts.name"), 2U);
  EXPECT_EQ((*enriched)->text("facts.hook", 0), "owner");
  EXPECT_EQ((*enriched)->rows("logs.path"), evidence->rows("logs.path"));
  expert("reads", "return repr(dict(evidence.facts))");
  const Circle asked = circle({"reads"});
  Job job;
  EXPECT_EQ(ask(asked.experts, *enriched, job).at(0).content, "{'team': 'storage', 'lines': 2}");
}

TEST_F(HooksTest, FactsThatAreNotJsonAreAFailure) {
  hook("odd", "@conclave.hook\ndef on_evidence(evidence): return {'f': object()}\n");
  std::vector<ReceiptHook> receipt;
  const auto same = hooks().on_evidence(evidence, receipt);
  EXPECT_EQ(*same, evidence);
  EXPECT_THAT(receipt.at(0).change, StartsWith("failed: "));
}

TEST_F(HooksTest, OnlyHookPluginsThatWereNamedRun) {
  hook("mine", "@conclave.hook\ndef on_evidence(evidence): return {'f': 1}\n");
  const Hooks unnamed = host().hooks({});
  std::vector<ReceiptHook> receipt;
  if (unnamed.on_evidence) {
    ASSERT_TRUE(unnamed.on_evidence(evidence, receipt).has_value());
  }
  for (const auto& ran : receipt) EXPECT_NE(ran.plugin, "mine");
}

TEST(DescribeChange, NamesWhatWasAddedChangedAndRemoved) {
  const auto before = nlohmann::json::parse(R"({"a": {"b": 1, "c": 2}, "d": []})");
  const auto after = nlohmann::json::parse(R"({"a": {"b": 3}, "d": [], "e": null})");
  EXPECT_EQ(describe_change(before, after), "changed a.b, added e, removed a.c");
  EXPECT_EQ(describe_change(before, before), "");
}

}  // namespace
}  // namespace conclave::scripting
