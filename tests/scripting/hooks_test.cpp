#include "scripting/hooks.h"

#include <unistd.h>

#include <chrono>
#include <thread>

#include "tests/scripting/host_fixture.h"

namespace conclave::scripting {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

class AnyHooks : public HostTest {
 protected:
  void hook(const std::string& name, const std::string& code, double time_s = 20, const std::string& permissions = {}) {
    write(name + ".py",
          "# /// script\n# [tool.conclave]\n# kind = \"hook\"\n# [tool.conclave.limits]\n# time_s = " + std::to_string(time_s) +
              "\n# [tool.conclave.permissions]\n" + permissions + "# ///\nimport conclave, ctypes, os, time\n\n" + code);
    names.push_back(name);
  }
  [[nodiscard]] Hooks hooks() const {
    return host().hooks(subject, {{}, {folder}, {}, in_workers ? std::vector<std::string>{} : names});
  }
  static config::ConfigFile config() {
    auto file =
        config::read_config("services:\n  api:\n    replicas: 1\n    cpu_millicores: 50\n    memory_mb: 256\n", "infra.yaml");
    EXPECT_TRUE(file.has_value());
    return *file;
  }
  static EvidencePtr with_services() {
    EvidenceBuilder builder;
    builder.add_texts("services.name", {"api", "web"});
    builder.add_texts("services.host", {"10.0.0.1", "10.0.0.2"});
    builder.add_integers("services.port", {80, 443});
    builder.add_texts("services.expect", {"open", "open"});
    builder.add_texts("services.state", {"open", "closed"});
    builder.add_numbers("services.latency_ms", {1.5, 2});
    builder.add_texts("services.address", {"10.0.0.1", "10.0.0.2"});
    builder.add_texts("services.detail", {"", "Connection refused"});
    return std::move(builder).seal().value();
  }
  static consensus::ExpertResponse answer(const std::string& name) {
    consensus::ExpertResponse response;
    response.expert_name = name;
    response.content = "fine";
    response.verdict = "healthy";
    response.confidence = 0.75;
    return response;
  }
  std::vector<std::string> names;
  std::vector<ReceiptHook> receipt;
  Job job;
};

// What holds for hooks that are trusted and for those that are merely named.
class HooksTest : public AnyHooks, public testing::WithParamInterface<bool> {
 protected:
  HooksTest() { in_workers = GetParam(); }
};
INSTANTIATE_TEST_SUITE_P(Runners, HooksTest, testing::Bool(),
                         [](const auto& test) { return test.param ? std::string("isolated") : std::string("in_process"); });

TEST_P(HooksTest, AHookChangesScanResultsAndTheReceiptSaysWhich) {
  const auto evidence = with_services();
  hook("knows",
       "@conclave.hook\ndef on_scan_result(result):\n    if result['name'] != 'web': return None\n"
       "    result['detail'] = 'known since ' + result['state']\n    return result\n");
  const auto after = hooks().on_scan_result(evidence, receipt, job);
  ASSERT_TRUE(after.has_value());
  EXPECT_EQ((*after)->text("services.detail", 1), "known since closed");
  EXPECT_EQ((*after)->text("services.detail", 0), "");
  ASSERT_THAT(receipt, SizeIs(1));
  EXPECT_EQ(receipt[0].change, "changed web (detail)");
}

TEST_P(HooksTest, AHookChangesResponsesAndTheReceiptSaysWhich) {
  hook("calms",
       "@conclave.hook\ndef on_response(response):\n"
       "    return {'confidence': 0.25} if response.expert_name == 'loud' else response\n");
  const auto after = hooks().on_response({answer("calm"), answer("loud")}, receipt, job);
  ASSERT_TRUE(after.has_value());
  EXPECT_EQ(after->at(0), answer("calm"));
  EXPECT_EQ(after->at(1).confidence, 0.25);
  ASSERT_THAT(receipt, SizeIs(1));
  EXPECT_EQ(receipt[0].change, "changed loud (confidence)");
}

TEST_P(HooksTest, AHookNotesSomethingOnTheReport) {
  Report report;
  report.case_name = "nightly";
  hook("a_pager", "@conclave.hook\ndef on_consensus(report): return 'told the team of ' + report.case_name\n");
  hook("b_pager", "@conclave.hook\ndef on_consensus(report): return ['one', 'two']\n");
  hook("c_silent", "@conclave.hook\ndef on_consensus(report): pass\n");
  const auto notes = hooks().on_consensus(report, receipt, job);
  ASSERT_TRUE(notes.has_value());
  ASSERT_THAT(*notes, SizeIs(3));
  EXPECT_EQ(notes->at(0).message, "a_pager: told the team of nightly");
  EXPECT_EQ(notes->at(2).message, "b_pager: two");
  ASSERT_THAT(receipt, SizeIs(3));
  EXPECT_EQ(receipt[0].change, "added 1 note");
  EXPECT_EQ(receipt[2].change, "nothing");
}

TEST_P(HooksTest, AHookSeesTheCaseThatWasOpenedAndNotesSomething) {
  subject.logs = {"app.log", "\xff*.log"};
  hook("a_greets",
       "@conclave.hook\ndef on_case_opened(case):\n    assert case.to_dict()['logs'][1] == os.fsdecode(b'\\xff*.log')\n"
       "    try: case.name = 'x'\n    except AttributeError: return [case.question, f'{len(case.logs)} logs']\n");
  hook("b_fails", "@conclave.hook\ndef on_case_opened(case): return 7\n");
  hook("c_other", "@conclave.hook\ndef on_evidence(evidence): ...\n");
  const auto notes = hooks().on_case_opened(subject, receipt, job);
  ASSERT_TRUE(notes.has_value());
  ASSERT_THAT(receipt, SizeIs(2));
  EXPECT_EQ(receipt[0].hook, "on_case_opened");
  EXPECT_EQ(receipt[0].change, "added 2 notes");
  EXPECT_GT(receipt[0].seconds, 0);
  EXPECT_THAT(receipt[1].change, HasSubstr("on_case_opened must return None, a text or texts, not int"));
  ASSERT_THAT(*notes, SizeIs(2));
  EXPECT_EQ(notes->at(0).message, "a_greets: " + subject.question_text);
  EXPECT_EQ(notes->at(1).message, "a_greets: 2 logs");
}

TEST_P(HooksTest, AHookThatReturnsNonsenseOfAResultIsSkippedAsAWhole) {
  hook("a_renames", "@conclave.hook\ndef on_response(response): return {'expert_name': 'other'}\n");
  hook("b_numbers", "@conclave.hook\ndef on_response(response): return 7\n");
  hook("c_objects", "@conclave.hook\ndef on_response(response): return {'metadata': {'x': object()}}\n");
  hook("d_halfway",
       "@conclave.hook\ndef on_response(response):\n    if response.expert_name == 'b': raise KeyError('b')\n"
       "    return {'content': 'changed'}\n");
  hook("e_talks", "@conclave.hook\ndef on_consensus(report): return {'verdict': 'healthy'}\n");
  const auto after = hooks().on_response({answer("a"), answer("b")}, receipt, job);
  ASSERT_TRUE(after.has_value());
  EXPECT_THAT(*after, ElementsAre(answer("a"), answer("b")));
  EXPECT_TRUE(hooks().on_consensus(Report{}, receipt, job)->empty());
  ASSERT_THAT(receipt, SizeIs(5));
  for (const ReceiptHook& each : receipt) EXPECT_THAT(each.change, StartsWith("failed: ")) << each.plugin;
  EXPECT_THAT(receipt[0].change, HasSubstr("may not change 'expert_name' of a"));
}

TEST_P(HooksTest, AHookChangesTheConfigurationAndTheReceiptSaysWhat) {
  hook("more",
       "@conclave.hook\ndef on_config_loaded(config):\n    config['services'][0]['cpu_millicores'] = 500\n"
       "    config['global_settings']['region'] = 'north'\n    return config\n");
  const auto before = config();
  const auto after = hooks().on_config_loaded(before, receipt, job);
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

TEST_P(HooksTest, ReturningNothingChangesNothing) {
  hook("looks", "@conclave.hook\ndef on_config_loaded(config):\n    config['services'].clear()\n");
  const auto after = hooks().on_config_loaded(config(), receipt, job);
  EXPECT_EQ(after->model, config().model);
  ASSERT_THAT(receipt, SizeIs(1));
  EXPECT_EQ(receipt[0].change, "nothing");
}

TEST_P(HooksTest, AFailingHookIsRecordedAndSkippedAndTheNextOneRuns) {
  hook("a_raises", "@conclave.hook\ndef on_config_loaded(config): raise KeyError('services')\n");
  hook("b_nonsense", "@conclave.hook\ndef on_config_loaded(config): return 42\n");
  hook("c_damages", "@conclave.hook\ndef on_config_loaded(config): return {'services': 'none'}\n");
  hook("d_hangs", "@conclave.hook\ndef on_config_loaded(config): time.sleep(60)\n", 0.3);
  hook("e_leaves", "@conclave.hook\ndef on_config_loaded(config): raise SystemExit(3)\n");
  hook("f_broken", "@conclave.hook\ndef on_config_loaded(config: return\n");
  hook("g_good", "@conclave.hook\ndef on_config_loaded(config):\n    config['services'][0]['replicas'] = 3\n    return config\n");
  const auto after = hooks().on_config_loaded(config(), receipt, job);
  ASSERT_TRUE(after.has_value());
  EXPECT_EQ(after->model.services.at(0).replicas, 3);
  ASSERT_THAT(receipt, SizeIs(7));
  for (std::size_t i = 0; i < 6; ++i) EXPECT_THAT(receipt[i].change, StartsWith("failed: ")) << receipt[i].plugin;
  EXPECT_THAT(receipt[0].change, HasSubstr("KeyError"));
  EXPECT_THAT(receipt[3].change, HasSubstr("no answer within"));
  EXPECT_THAT(receipt[6].change, HasSubstr("replicas"));
}

TEST_P(HooksTest, APluginWithoutAnyHookFunctionSaysSo) {
  hook("forgot", "def on_evidence(evidence): return {'f': 1}\n");
  ASSERT_TRUE(hooks().on_evidence(evidence, receipt, job).has_value());
  ASSERT_THAT(receipt, SizeIs(1));
  EXPECT_THAT(receipt[0].change, StartsWith("failed: "));
  EXPECT_THAT(receipt[0].change, HasSubstr("forgot.py is decorated with @conclave.hook"));
}

TEST_P(HooksTest, FactsOfAHookReachTheExperts) {
  hook("owner", "@conclave.hook\ndef on_evidence(evidence): return {'team': 'storage', 'lines': evidence.logs[0].lines}\n");
  const auto enriched = hooks().on_evidence(evidence, receipt, job);
  ASSERT_TRUE(enriched.has_value());
  ASSERT_THAT(receipt, SizeIs(1));
  EXPECT_EQ(receipt[0].change, "added facts: team, lines");
  EXPECT_EQ((*enriched)->rows("facts.name"), 2U);
  EXPECT_EQ((*enriched)->text("facts.hook", 0), "owner");
  EXPECT_EQ((*enriched)->rows("logs.path"), evidence->rows("logs.path"));
  expert("reads", "return repr(dict(evidence.facts))");
  const Circle asked = circle({"reads"});
  EXPECT_EQ(ask(asked.experts, *enriched, job).at(0).content, "{'team': 'storage', 'lines': 2}");
}

TEST_P(HooksTest, FactsThatAreNotJsonAreAFailure) {
  hook("odd", "@conclave.hook\ndef on_evidence(evidence): return {'f': object()}\n");
  const auto same = hooks().on_evidence(evidence, receipt, job);
  EXPECT_EQ(*same, evidence);
  EXPECT_THAT(receipt.at(0).change, StartsWith("failed: "));
}

TEST_P(HooksTest, OnlyHookPluginsThatWereNamedRun) {
  hook("mine", "@conclave.hook\ndef on_evidence(evidence): return {'f': 1}\n");
  const Hooks unnamed = host().hooks(subject, {});
  if (unnamed.on_evidence) {
    ASSERT_TRUE(unnamed.on_evidence(evidence, receipt, job).has_value());
  }
  for (const auto& ran : receipt) EXPECT_NE(ran.plugin, "mine");
}

TEST_P(HooksTest, EachSeesWhatTheOneBeforeAdded) {
  hook("a_first", "@conclave.hook\ndef on_evidence(evidence): return {'n': 1, 'kept': [1.5, None, {'deep': 'é'}]}\n");
  hook("b_next", "@conclave.hook\ndef on_evidence(evidence): return {'n': evidence.facts['n'] + 1}\n");
  const auto enriched = hooks().on_evidence(evidence, receipt, job);
  ASSERT_TRUE(enriched.has_value());
  ASSERT_EQ((*enriched)->rows("facts.name"), 2U);
  EXPECT_EQ(nlohmann::json::parse((*enriched)->text("facts.json", 0)), nlohmann::json::parse("[1.5, null, {\"deep\": \"é\"}]"));
  EXPECT_EQ((*enriched)->text("facts.json", 1), "2");
  EXPECT_EQ((*enriched)->text("facts.hook", 1), "b_next");
}

TEST_P(HooksTest, AStopEndsAHookThatHangs) {
  hook("hangs", "@conclave.hook\ndef on_evidence(evidence): time.sleep(1000)\n", 100);
  std::thread stopper([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    job.request_stop();
  });
  const auto started = std::chrono::steady_clock::now();
  EXPECT_TRUE(hooks().on_evidence(evidence, receipt, job).has_value());
  stopper.join();
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(30));
  ASSERT_THAT(receipt, SizeIs(1));
  EXPECT_THAT(receipt[0].change, StartsWith("failed: "));
  EXPECT_EQ(hooks().on_evidence(evidence, receipt, job).error().kind, ErrorKind::cancelled);
}

TEST_P(HooksTest, WhatTheyPrintBearsTheirName) {
  hook("chatty", "@conclave.hook\ndef on_evidence(evidence): print('looking')\n");
  EXPECT_TRUE(hooks().on_evidence(evidence, receipt, job).has_value());
  EXPECT_EQ(printed().of("hook chatty"), "looking\n");
}

class IsolatedHooksTest : public AnyHooks {
 protected:
  IsolatedHooksTest() { in_workers = true; }
};

TEST_F(IsolatedHooksTest, WhatIsNotTrustedRunsInAnotherProcess) {
  hook("where", "@conclave.hook\ndef on_evidence(evidence): return {'process': os.getpid()}\n");
  const auto isolated = hooks().on_evidence(evidence, receipt, job);
  ASSERT_TRUE(isolated.has_value());
  EXPECT_NE((*isolated)->text("facts.json", 0), std::to_string(::getpid()));
  in_workers = false;
  const auto trusted = hooks().on_evidence(evidence, receipt, job);
  ASSERT_TRUE(trusted.has_value());
  EXPECT_EQ((*trusted)->text("facts.json", 0), std::to_string(::getpid()));
}

TEST_F(IsolatedHooksTest, CrashesHangsAndNonsenseAreSkippedAndTheNextOneRuns) {
  const std::string on_evidence = "@conclave.hook\ndef on_evidence(evidence): ";
  hook("a_crashes", on_evidence + "ctypes.string_at(0)\n");
  hook("b_leaves", on_evidence + "os._exit(3)\n");
  hook("c_hangs", on_evidence + "\n    while True:\n        try: time.sleep(100)\n        except BaseException: pass\n", 0.5);
  hook("d_returns", on_evidence + "return {'much': 'x' * (20 << 20)}\n");
  hook("e_speaks", on_evidence + "os.write(3, b'\\x20\\0\\0\\0{\"say\": \"answer\", \"returned\": 7}'); time.sleep(100)\n");
  hook("f_reads", on_evidence + "return {'users': open('/etc/passwd').read()}\n");
  hook("g_good", on_evidence + "return {'build': 7}\n");
  const auto enriched = hooks().on_evidence(evidence, receipt, job);
  ASSERT_TRUE(enriched.has_value());
  ASSERT_THAT(receipt, SizeIs(7));
  const std::vector<std::string> why{"SIGSEGV",   "exit code 3", "no answer within 0.5 s",
                                     "too large", "nonsense",    "may not read /etc/passwd"};
  for (std::size_t i = 0; i < why.size(); ++i) {
    EXPECT_THAT(receipt[i].change, StartsWith("failed: "));
    EXPECT_THAT(receipt[i].change, HasSubstr(why[i]));
  }
  EXPECT_EQ(receipt[6].change, "added facts: build");
  EXPECT_EQ((*enriched)->rows("facts.name"), 1U);
}

TEST_F(IsolatedHooksTest, WithTheNetworkTheyGetRedactedEvidenceAndNoConfiguration) {
  write("app.log", "2026-03-01T12:00:00Z ERROR login failed password=hunter2\n");
  evidence = gather(subject, std::nullopt, job)->evidence;
  const std::string code =
      "@conclave.hook\ndef on_config_loaded(config): return config\n\n"
      "@conclave.hook\ndef on_evidence(evidence): return {'text': evidence.logs[0].samples[0].text}\n";
  hook("a_talks", code, 20, "# network = [\"127.0.0.1:9\"]\n");
  hook("b_granted", code, 20, "# network = [\"127.0.0.1:9\"]\n# raw_evidence = true\n");
  const auto fact_without = [&](const std::string& removed) {
    fs::remove(folder / (removed + ".py"));
    const auto enriched = hooks().on_evidence(evidence, receipt, job);
    return enriched ? std::string((*enriched)->text("facts.json", 0)) : enriched.error().text();
  };
  EXPECT_TRUE(hooks().on_config_loaded(config(), receipt, job).has_value());
  ASSERT_THAT(receipt, SizeIs(2));
  EXPECT_THAT(receipt[0].change, HasSubstr("raw_evidence = true"));
  EXPECT_EQ(receipt[1].change, "nothing");
  EXPECT_THAT(fact_without("nothing yet"), HasSubstr("hunter2"));  // of b_granted, whose fact replaces the other
  EXPECT_THAT(fact_without("b_granted"), testing::Not(HasSubstr("hunter2")));
}

TEST(DescribeChange, NamesWhatWasAddedChangedAndRemoved) {
  const auto before = nlohmann::json::parse(R"({"a": {"b": 1, "c": 2}, "d": []})");
  const auto after = nlohmann::json::parse(R"({"a": {"b": 3}, "d": [], "e": null})");
  EXPECT_EQ(describe_change(before, after), "changed a.b, added e, removed a.c");
  EXPECT_EQ(describe_change(before, before), "");
}

TEST_F(IsolatedHooksTest, OneThatMayUseTheNetworkGetsResponsesRedacted) {
  consensus::ExpertResponse response = answer("a");
  response.content = "mail admin@example.com now";
  hook("sends", "@conclave.hook\ndef on_response(response): return {'metadata': {'seen': response.content}}\n", 20,
       "# network = [\"api.example.com:443\"]\n");
  const auto after = hooks().on_response({response}, receipt, job);
  ASSERT_TRUE(after.has_value());
  EXPECT_THAT(receipt.at(0).change, HasSubstr("metadata"));
  EXPECT_THAT(after->at(0).metadata.dump(), HasSubstr("[redacted"));
  EXPECT_EQ(after->at(0).content, response.content);
}

TEST_F(IsolatedHooksTest, OneThatMayUseTheNetworkGetsTheCaseRedacted) {
  subject.question_text = "Why did admin@example.com lose access?";
  hook("sends", "@conclave.hook\ndef on_case_opened(case): return case.question\n", 20,
       "# network = [\"api.example.com:443\"]\n");
  const auto notes = hooks().on_case_opened(subject, receipt, job);
  ASSERT_TRUE(notes.has_value());
  ASSERT_THAT(*notes, SizeIs(1)) << receipt.at(0).change;
  EXPECT_THAT(notes->at(0).message, HasSubstr("[redacted"));
}

class StartupHooks : public AnyHooks {
 protected:
  std::vector<StartedHook> start_up(bool trusted) {
    std::vector<PluginInfo> plugins;
    for (const std::string& name : names) {
      auto plugin = read_plugin(folder / (name + ".py"), trusted ? Trust::trusted : Trust::named);
      EXPECT_TRUE(plugin.has_value());
      EXPECT_TRUE(plugin->runs_at_start);
      plugins.push_back(std::move(*plugin));
    }
    return host().start_up(plugins, job);
  }
};

TEST_F(StartupHooks, InProcessTheyHaveTheApplication) {
  hook("first", "@conclave.hook\ndef on_startup(app):\n    print(app.version, app.case)\n");
  const auto started = start_up(true);
  ASSERT_THAT(started, SizeIs(1));
  EXPECT_EQ(started[0].failure, "");
  EXPECT_THAT(printed().of("hook first"), HasSubstr(" None"));
}

TEST_F(StartupHooks, InAWorkerTheyMaySayThings) {
  hook("first", "@conclave.hook\ndef on_startup(app):\n    for i in range(30): app.message(f'{i} ' + 'x' * 5000)\n");
  hook("second", "@conclave.hook\ndef on_startup(app):\n    app.show('logs')\n");
  const auto started = start_up(false);
  ASSERT_THAT(started, SizeIs(2));
  EXPECT_THAT(started[0].messages, SizeIs(20));
  EXPECT_THAT(started[0].messages[3], StartsWith("3 xxx"));
  EXPECT_THAT(started[0].messages[3], SizeIs(2000));
  EXPECT_THAT(started[1].failure, HasSubstr("app.show is for plugins that run inside Conclave"));
}

TEST_F(StartupHooks, OneThatFailsOrCrashesDoesNotKeepTheOthers) {
  hook("a_crash", "@conclave.hook\ndef on_startup(app): os.abort()\n");
  hook("b_raise", "@conclave.hook\ndef on_startup(app): raise ValueError('no')\n");
  hook("c_value", "@conclave.hook\ndef on_startup(app): return 3\n");
  hook("d_well", "@conclave.hook\ndef on_startup(app): app.message('well')\n");
  const auto started = start_up(false);
  ASSERT_THAT(started, SizeIs(4));
  EXPECT_NE(started[0].failure, "");
  EXPECT_THAT(started[1].failure, StartsWith("ValueError: no"));
  EXPECT_THAT(started[2].failure, HasSubstr("on_startup returns nothing, not int"));
  EXPECT_THAT(started[3].messages, ElementsAre("well"));
}

TEST_F(StartupHooks, AFailureInProcessNamesWhatWasRaised) {
  hook("raises", "@conclave.hook\ndef on_startup(app): raise ValueError('no')\n");
  EXPECT_THAT(start_up(true).at(0).failure, HasSubstr("ValueError: no"));
}

TEST_F(StartupHooks, AHookWithoutOneIsNotKnownToRunAtTheStart) {
  write("other.py", "import conclave\n@conclave.hook\ndef on_evidence(evidence): ...\n");
  EXPECT_FALSE(read_plugin(folder / "other.py", Trust::named)->runs_at_start);
}

}  // namespace
}  // namespace conclave::scripting
