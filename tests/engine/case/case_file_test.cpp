#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/case/case.h"

namespace conclave {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

CaseFile read(std::string_view yaml) { return read_case(yaml, "dir/case.yaml").value(); }

std::string problems_of(std::string_view yaml) {
  const auto result = read_case(yaml, "case.yaml");
  if (!result) return result.error().text();
  std::string text;
  for (const auto& problem : result->problems) text += config::to_text(problem) + "\n";
  return text;
}

TEST(CaseFile, NeedsOnlyAQuestionAndOneKindOfEvidence) {
  const CaseFile file = read("question: Is it safe?\nlogs: [app.log]\n");
  EXPECT_TRUE(file.usable());
  EXPECT_EQ(file.value.name, "case") << "named after the file";
  EXPECT_EQ(file.value.base, "dir");
  EXPECT_THAT(file.value.question.verdicts, ElementsAre("healthy", "degraded", "failing"));
  EXPECT_TRUE(file.value.experts.empty());
}

TEST(CaseFile, AFileThatSaysNothingIsNoCase) {
  for (const char* nothing : {"", "\n", "# later\n", "---\n", "null\n"}) {
    EXPECT_THAT(problems_of(nothing), HasSubstr("a case needs a question")) << nothing;
  }
}

TEST(CaseFile, ReadsEveryKey) {
  const CaseFile file = read(R"(
version: 1
name: deploy
question: Is it safe to go on?
verdicts: [ok, bad]
ordered: false
gate: {required: [a], min_answered: 2, min_confidence: 0.6, pass: [ok]}
change_time: 2026-03-01T12:00:00Z
time_range: [2026-03-01T11:00Z, 2026-03-01T13:00Z]
logs: [a.log, "logs/*.gz"]
services:
  - 127.0.0.1:80,81
  - {name: db, target: "[::1]:5432", expect: closed}
config: infra.yaml
experts:
  - a
  - {name: b, weight: 2.5, settings: {window_minutes: 10}}
circle: {min_consensus_threshold: 0.5, similarity_algorithm: jaccard, enable_parallel_processing: false, max_threads: 2}
)");
  for (const auto& problem : file.problems) ADD_FAILURE() << config::to_text(problem);
  const Case& value = file.value;
  EXPECT_EQ(value.question.gate.min_answered, 2);
  EXPECT_FALSE(value.question.ordered);
  EXPECT_EQ(value.change_time, parse_time("2026-03-01T12:00:00Z"));
  ASSERT_TRUE(value.time_range);
  ASSERT_EQ(value.services.size(), 3U);
  EXPECT_EQ(value.services[2].name, "db");
  EXPECT_EQ(value.services[2].host, "::1");
  EXPECT_EQ(value.services[2].expect, scan::State::closed);
  ASSERT_EQ(value.experts.size(), 2U);
  EXPECT_EQ(value.experts[1].weight, 2.5);
  EXPECT_EQ(value.experts[1].settings["window_minutes"], 10);
  EXPECT_EQ(value.question.circle.similarity_algorithm, consensus::Similarity::jaccard);
  EXPECT_EQ(value.question.circle.max_threads, 2);
}

TEST(CaseFile, NamesPlaceAndNearMissOfUnknownKeys) {
  EXPECT_THAT(problems_of("question: q\nlogz: [a]\nlogs: [a]\n"), HasSubstr("case.yaml:2:1"));
  EXPECT_THAT(problems_of("question: q\nlogz: [a]\nlogs: [a]\n"), HasSubstr("did you mean 'logs'?"));
}

TEST(CaseFile, ReportsEveryMistakeAtOnce) {
  const std::string text = problems_of(R"(question: q
verdicts: [one]
gate: {min_confidence: 7, pass: [good]}
change_time: noon
time_range: [2026-03-02, 2026-03-01]
logs: {a: b}
services: [nowhere]
experts: [{weight: 1}]
circle: {similarity_algorithm: telepathy}
)");
  for (const char* place : {"case.yaml:2:", "case.yaml:3:", "case.yaml:4:", "case.yaml:5:", "case.yaml:6:", "case.yaml:7:",
                            "case.yaml:8:", "case.yaml:9:"}) {
    EXPECT_THAT(text, HasSubstr(place));
  }
}

TEST(CaseFile, IsUnusableWithoutQuestionOrEvidence) {
  EXPECT_FALSE(read("logs: [a.log]\n").usable());
  EXPECT_FALSE(read("question: q\n").usable());
  EXPECT_FALSE(read("").usable());
  EXPECT_FALSE(read("[1, 2]").usable());
}

TEST(CaseFile, SaysWhatIsWrongWithExpectations) {
  const std::string start = "question: q\nservices:\n- {target: 'a:443', ";
  EXPECT_EQ(problems_of(start + "tls_valid_days: 14, http: {status: 200, within_ms: 300}}\n"), "");
  EXPECT_THAT(problems_of(start + "tls_valid_days: soon}\n"), HasSubstr("case.yaml:3:"));
  EXPECT_EQ(problems_of(start + "p95_ms: 2.5}\n"), "");
  for (const char* bound : {"0", "-1", "fast", ".inf", ".nan", "[5]"})
    EXPECT_THAT(problems_of(start + "p95_ms: " + bound + "}\n"), HasSubstr("p95_ms of a service must be")) << bound;
  EXPECT_THAT(problems_of(start + "expect: closed, p95_ms: 5}\n"), HasSubstr("only of what is open"));
  EXPECT_THAT(problems_of(start + "http: {statuss: 200}}\n"), HasSubstr("did you mean 'status'"));
  EXPECT_THAT(problems_of(start + "expect: closed, http: {status: 200}}\n"), HasSubstr("only of what is open"));
}

TEST(CaseFile, ReadsCommandsAmongTheLogs) {
  const CaseFile file = read(R"(question: q
logs:
- app.log
- command: kubectl logs deploy/api --since=1h
- {command: "  docker logs api 2>&1 ", name: api, timeout: 2.5, max_bytes: 1000000}
- other.log
)");
  ASSERT_TRUE(file.usable());
  EXPECT_THAT(file.value.logs, testing::ElementsAre("app.log", "other.log"));
  ASSERT_EQ(file.value.commands.size(), 2U);
  EXPECT_EQ(file.value.commands[0], (LogCommand{"kubectl logs deploy/api --since=1h", "kubectl logs deploy/api --since=1h"}));
  EXPECT_EQ(file.value.commands[0].location.line, 4);
  EXPECT_EQ(file.value.commands[1], (LogCommand{"docker logs api 2>&1", "api", 2.5, 1'000'000}));
  EXPECT_TRUE(read("question: q\nlogs: {command: dmesg}\n").usable()) << "one command, and no list";
}

TEST(CaseFile, SaysWhatIsWrongWithACommand) {
  const auto said = [](const std::string& log) { return problems_of("question: q\nlogs:\n- " + log + "\n"); };
  EXPECT_THAT(said("{comand: dmesg}"), AllOf(HasSubstr("case.yaml:3:"), HasSubstr("did you mean 'command'?")));
  EXPECT_THAT(said("{name: dmesg}"), HasSubstr("needs a command"));
  EXPECT_THAT(said("{command: [dmesg]}"), HasSubstr("case.yaml:3:"));
  EXPECT_THAT(said("[dmesg]"), HasSubstr("must be paths or commands, not a list"));
  EXPECT_THAT(said("{command: ''}"), HasSubstr("must not be empty"));
  EXPECT_THAT(said("{command: dmesg, timeout: 0}"), HasSubstr("timeout"));
  EXPECT_THAT(said("{command: dmesg, timeout: 1h}"), HasSubstr("timeout"));
  EXPECT_THAT(said("{command: dmesg, max_bytes: 0}"), HasSubstr("max_bytes"));
  EXPECT_THAT(said("{command: \"dmesg\\nrm -rf x\"}"), HasSubstr("is one line"));
  EXPECT_THAT(said("{command: dmesg}\n- {command: dmesg, name: other}"), HasSubstr("two logs are 'dmesg'"));
  EXPECT_THAT(said("{command: dmesg, name: a}\n- {command: dmesg -T, name: a}"), HasSubstr("two logs are 'a'"));
}

TEST(CaseFile, RefusesCommandsInWhichSomethingIsHidden) {
  for (const std::string hidden :
       {"\t", "\x1b", "\x7f", "\xC2\x9B", "\xE2\x80\xAE", "\xE2\x81\xA6", "\xE2\x80\x8B", "\xEF\xBB\xBF", "\xD8\x9C"})
    EXPECT_THAT(flaw_of_command("dmesg " + hidden + "x"), HasSubstr("cannot be seen"));
  EXPECT_THAT(flaw_of_command("echo gr\xC3\xBC\xC3\x9F\xE2\x82\xAC \xF0\x9F\x98\x80"), "");
  EXPECT_NE(flaw_of_command("echo \xff"), "");
  EXPECT_NE(flaw_of_command(std::string(5000, 'x')), "");
  EXPECT_NE(flaw_of_command(std::string("a\0b", 3)), "");
}

TEST(CaseFile, SaysOnceWhatIsWrongWithTheOnlyEvidence) {
  for (const char* evidence : {"services: [nowhere]\n", "services: 127.0.0.1:80\n", "logs: {a: b}\n", "config: [a]\n"}) {
    const std::string text = problems_of(std::string("question: q\n") + evidence);
    EXPECT_THAT(text, HasSubstr("case.yaml:2:"));
    EXPECT_THAT(text, Not(HasSubstr("needs evidence"))) << evidence;
  }
  for (const char* none : {"", "logs: []\n", "services: []\nconfig:\n"}) {
    EXPECT_THAT(problems_of(std::string("question: q\n") + none), HasSubstr("needs evidence")) << none;
  }
}

TEST(CaseFile, KnowsWhereExpertsAndTheirSettingsAreSaid) {
  const auto file = read("question: q\nlogs: [a]\nexperts:\n- one\n- settings: {window: 5}\n  name: two\n");
  ASSERT_EQ(file.value.experts.size(), 2U);
  EXPECT_THAT(file.value.experts[0].place(), HasSubstr("case.yaml:4:3"));
  EXPECT_THAT(file.value.experts[1].place(), HasSubstr("case.yaml:6:9"));
  EXPECT_THAT(file.value.experts[1].place("window"), HasSubstr("case.yaml:5:14"));
  EXPECT_EQ(file.value.experts[1].place("other"), file.value.experts[1].place());
  EXPECT_EQ(ExpertChoice{"one"}.place(), "");
  EXPECT_EQ(file.value.experts[0], ExpertChoice{"one"}) << "places are no part of what is asked";
}

TEST(CaseFile, RefusesFutureVersionsAndDuplicateExperts) {
  EXPECT_FALSE(read("version: 2\nquestion: q\nlogs: [a]\n").usable());
  EXPECT_FALSE(read("question: q\nlogs: [a]\nexperts: [a, a]\n").usable());
}

TEST(CaseFile, ThatIsNotYamlIsAnErrorWithItsPlace) {
  const auto result = read_case("question: [unclosed\n", "case.yaml");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::parse);
  EXPECT_THAT(result.error().text(), HasSubstr("case.yaml:"));
}

TEST(CaseFile, OfAnAliasBombIsRefusedInBoundedTime) {
  std::string yaml = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) yaml += "*a" + std::to_string(i - 1) + ",";
    yaml += "]\n";
  }
  const auto result = read_case(yaml, "case.yaml");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::limit);
}

TEST(LoadCase, PutsAllProblemsIntoOneError) {
  const auto result = load_case("/no/such/case.yaml");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::io);
  EXPECT_EQ(result.error().os_error, ENOENT);
}

}  // namespace
}  // namespace conclave
