// Rules of users over a configuration, in process and in workers.
#include <chrono>
#include <thread>

#include "engine/config/user_rules.h"
#include "tests/scripting/host_fixture.h"

namespace conclave::scripting {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

// What holds for rules that are trusted and for those that are merely named.
class RulesTest : public HostTest, public testing::WithParamInterface<bool> {
 protected:
  RulesTest() { in_workers = GetParam(); }

  void rule(const std::string& name, const std::string& body, double time_s = 20, const std::string& permissions = {}) {
    write(name + ".py", "# /// script\n# [tool.conclave]\n# kind = \"rule\"\n# [tool.conclave.limits]\n# time_s = " +
                            std::to_string(time_s) + "\n# [tool.conclave.permissions]\n" + permissions +
                            "# ///\nimport conclave, ctypes, os, time\n\n@conclave.rule\ndef check(config):\n    " + body + "\n");
    names.push_back(name);
  }
  [[nodiscard]] Hooks hooks() const {
    return host().hooks(subject, {{}, {folder}, {}, in_workers ? std::vector<std::string>{} : names});
  }
  static config::ConfigFile config() {
    auto file = config::read_config(
        "services:\n  api:\n    cpu_millicores: 50\n    image: shop:latest\n    memory_mb: 256\n    health_check: curl\n",
        "infra.yaml");
    EXPECT_TRUE(file.has_value());
    return *file;
  }
  // The texts of all problems afterwards.
  [[nodiscard]] std::vector<std::string> problems() {
    const auto checked = hooks().check_config(config(), receipt, job);
    if (!checked) return {checked.error().text()};
    std::vector<std::string> texts;
    for (const config::Problem& problem : checked->problems) texts.push_back(config::to_text(problem));
    return texts;
  }
  std::vector<std::string> names;
  std::vector<ReceiptHook> receipt;
  Job job;
};
INSTANTIATE_TEST_SUITE_P(Runners, RulesTest, testing::Bool(),
                         [](const auto& test) { return test.param ? std::string("isolated") : std::string("in_process"); });

TEST_P(RulesTest, ARuleAddsItsProblemsToThoseOfTheFile) {
  rule("no_latest",
       "for name, service in config['tree']['services'].items():\n"
       "        if service['image'].endswith(':latest'):\n"
       "            yield {'message': 'latest is no version', 'path': f'services.{name}.image', 'severity': 'error',\n"
       "                   'fix': 'name one'}\n"
       "    if not config['global_settings']: yield 'no settings'");
  const auto all = problems();
  ASSERT_THAT(all, SizeIs(4)) << testing::PrintToString(all);
  EXPECT_EQ(all[0], "infra.yaml: warning: no settings [no_latest]");
  EXPECT_THAT(all[1], HasSubstr("[cpu-too-low]"));
  EXPECT_THAT(all[2], HasSubstr("[image-latest]"));
  EXPECT_EQ(all[3], "infra.yaml:4:12: error: latest is no version; name one [no_latest]");
  ASSERT_THAT(receipt, SizeIs(1));
  EXPECT_EQ(receipt[0].hook, "rule");
  EXPECT_EQ(receipt[0].plugin, "no_latest");
  EXPECT_EQ(receipt[0].change, "found 2 problems");
}

TEST_P(RulesTest, EveryFailureIsOneWarningThatNamesTheRule) {
  rule("a_raises", "raise KeyError('services')");
  rule("b_number", "return 42");
  rule("c_hangs", "time.sleep(60)", 0.3);
  rule("d_leaves", "raise SystemExit(3)");
  rule("e_severe", "return {'message': 'x', 'severity': 'fatal'}");
  rule("f_keys", "return {'message': 'x', 'line': 3}");
  rule("g_many", "return ('x' for _ in iter(int, 1))");
  rule("h_silent", "return [{'path': 'services'}]");
  rule("i_good", "return ['seen']");
  const auto before = config().problems.size();
  const auto all = problems();
  ASSERT_THAT(all, SizeIs(before + 9)) << testing::PrintToString(all);
  const std::vector<std::string> why{"KeyError",
                                     "must return None, a problem or problems, not int",
                                     "no answer within",
                                     "SystemExit",
                                     "severity of a problem must be",
                                     "not 'line'",
                                     "at most 1000",
                                     "needs a message"};
  for (std::size_t i = 0; i < why.size(); ++i) {
    EXPECT_THAT(all[i], StartsWith("infra.yaml: warning: rule '" + names[i] + "' failed: "));
    EXPECT_THAT(all[i], HasSubstr(why[i]));
    EXPECT_THAT(all[i], testing::EndsWith("[rule-failed]"));
    EXPECT_THAT(receipt[i].change, StartsWith("failed: "));
  }
  EXPECT_EQ(all[8], "infra.yaml: warning: seen [i_good]");
}

TEST_P(RulesTest, OneThatChangesWhatItIsGivenChangesNothing) {
  rule("a_clears", "config['services'].clear(); config['tree'].clear()");
  rule("b_counts", "return str(len(config['services']) + len(config['tree']['services']))");
  const auto checked = hooks().check_config(config(), receipt, job);
  ASSERT_TRUE(checked.has_value());
  EXPECT_EQ(checked->model, config().model);
  EXPECT_EQ(checked->problems.at(0).message, "2");
  EXPECT_EQ(receipt.at(0).change, "found nothing");
}

TEST_P(RulesTest, AStopEndsOneThatHangs) {
  rule("hangs", "time.sleep(1000)", 100);
  std::thread stopper([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    job.request_stop();
  });
  const auto checked = hooks().check_config(config(), receipt, job);
  stopper.join();
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().kind, ErrorKind::cancelled);
}

TEST_P(RulesTest, WhatItPrintsBearsItsName) {
  rule("chatty", "print('looking')");
  (void)problems();
  EXPECT_EQ(printed().of("rule chatty"), "looking\n");
}

TEST_P(RulesTest, AReportHasTheProblemsAndNotesEachFailureOnce) {
  rule("a_bad", "raise ValueError('boo')");
  rule("b_good", "return {'message': 'no owner', 'path': 'services.api'}");
  expert("reads", "return '; '.join(problem.message for problem in evidence.config.problems)");
  write("infra.yaml", "services:\n  api: {cpu_millicores: 500}\n");
  subject.config = "infra.yaml";
  ConsultOptions options;
  options.hooks = hooks();
  const auto report = consult(subject, circle({"reads"}).experts, options, job);
  ASSERT_TRUE(report.has_value()) << report.error().text();
  EXPECT_THAT(report->responses.at(0).content, HasSubstr("no owner"));
  EXPECT_THAT(report->responses.at(0).content, HasSubstr("rule 'a_bad' failed: ValueError: boo"));
  std::vector<std::string> rules;
  for (const config::Problem& problem : report->problems) rules.push_back(problem.rule);
  EXPECT_THAT(rules, testing::UnorderedElementsAre("rule-failed", "b_good"));
  ASSERT_THAT(report->receipt.hooks, SizeIs(2));
  EXPECT_THAT(report->receipt.plugins, testing::Contains(testing::Field(&ReceiptPlugin::name, "b_good")));
}

class IsolatedRulesTest : public RulesTest {};
INSTANTIATE_TEST_SUITE_P(Runners, IsolatedRulesTest, testing::Values(true));

TEST_P(IsolatedRulesTest, CrashesAndTrespassesCostOneProblemEach) {
  rule("a_crashes", "ctypes.string_at(0)");
  rule("b_leaves", "os._exit(3)");
  rule("c_reads", "return open('/etc/passwd').read()");
  rule("d_speaks", "os.write(3, b'\\x20\\0\\0\\0{\"say\": \"answer\", \"returned\": 7}'); time.sleep(100)");
  rule("e_much", "return 'x' * (20 << 20)");
  const auto all = problems();
  const std::vector<std::string> why{"SIGSEGV", "exit code 3", "may not read /etc/passwd", "nonsense", "too large"};
  ASSERT_GE(all.size(), why.size());
  for (std::size_t i = 0; i < why.size(); ++i) EXPECT_THAT(all[i], testing::AllOf(HasSubstr(names[i]), HasSubstr(why[i])));
}

TEST_P(IsolatedRulesTest, WithTheNetworkItGetsNoConfigurationUnlessItWasGranted) {
  rule("a_talks", "return 'seen'", 20, "# network = [\"127.0.0.1:9\"]\n");
  rule("b_granted", "return 'seen'", 20, "# network = [\"127.0.0.1:9\"]\n# raw_evidence = true\n");
  const auto all = problems();
  EXPECT_THAT(all.at(0), HasSubstr("raw_evidence = true"));
  EXPECT_EQ(all.at(1), "infra.yaml: warning: seen [b_granted]");
}

}  // namespace
}  // namespace conclave::scripting
