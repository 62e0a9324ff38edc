#include "engine/case/consult.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/case/fixture.h"

namespace conclave {
namespace {

using consensus::ExpertResponse;
using consensus::Status;
using testing::HasSubstr;

Case case_over(const TemporaryFolder& folder, const std::string& yaml) {
  return load_case(folder.write("case.yaml", "question: Is it safe?\n" + yaml)).value();
}

Result<Report> run(const Case& subject, const std::vector<ExpertPtr>& experts, const ConsultOptions& options = {}) {
  Job job;
  return consult(subject, experts, options, job);
}

ExpertPtr saying(const std::string& name, const std::string& scope, ExpertResponse response) {
  return std::make_shared<FakeExpert>(name, scope, [response](const Evidence&) { return response; });
}

const std::string three_lines =
    "2026-03-01T12:00:00Z INFO ready\n2026-03-01T12:00:01Z ERROR pool exhausted\n2026-03-01T12:00:02Z INFO ok\n";

TEST(Consult, PassesWhenTheCircleFindsNothing) {
  const TemporaryFolder folder;
  folder.write("app.log", three_lines);
  const auto report = run(case_over(folder, "logs: [app.log]\n"),
                          {saying("a", "logs", answer("healthy", 0.9)), saying("b", "logs", answer("healthy", 0.8))});
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report->consensus.verdict, "healthy");
  EXPECT_TRUE(report->consensus.passed);
  EXPECT_EQ(report->exit_code(), 0);
  EXPECT_EQ(report->logs[0]["lines"], 3);
  EXPECT_EQ(report->logs[0]["error_lines"], 1);
}

consensus::Claim config_claim(std::string id) {
  consensus::Claim claim{"it is set", consensus::Stance::supports, 0.5, {}};
  claim.evidence.push_back({"config", "infra.yaml", 0, std::move(id), {}, {}});
  return claim;
}

TEST(Consult, FindsConfigurationUnderKeysWithDots) {
  const TemporaryFolder folder;
  folder.write("infra.yaml",
               "services:\n  api.v2: {memory_mb: 256}\n  api: {v2: {memory_mb: 512}}\nx-both: {a.b: dotted, a: {b: nested}}\n"
               "x-dot: {\"log.level\": debug, p.q: 1, \"p\\\"q\": 2}\n");
  const auto excerpts = [&](const std::vector<std::string>& ids) {
    std::vector<consensus::Claim> claims;
    for (const std::string& id : ids) claims.push_back(config_claim(id));
    const auto report = run(case_over(folder, "config: infra.yaml\n"), {saying("a", "config", answer("healthy", 0.9, claims))});
    std::vector<std::string> found;
    for (const auto& claim : report->responses.at(0).claims)
      found.push_back(*claim.evidence[0].verified ? claim.evidence[0].excerpt : "not found");
    return found;
  };
  EXPECT_THAT(excerpts({"x-both.\"a.b\"", "x-both.a.b", "services.\"api.v2\".memory_mb", "x-dot.\"p\\\"q\""}),
              testing::ElementsAre("x-both.\"a.b\": dotted", "x-both.a.b: nested", "services.\"api.v2\".memory_mb: 256",
                                   "x-dot.\"p\\\"q\": 2"));
  // Without quotes, as people and models write it: where only one value can be meant.
  EXPECT_THAT(
      excerpts({"x-dot.log.level", "x-dot.p.q", "x-dot.log", "x-dot.\"log", "services.api.v2.memory_mb"}),
      testing::ElementsAre("x-dot.log.level: debug", "x-dot.p.q: 1", "not found", "not found", "services.api.v2.memory_mb: 512"));
}

TEST(Consult, ShowsNoDrawnSecretOfAConfigurationUnderWhateverKey) {
  const TemporaryFolder folder;
  const std::string drawn = "kJ8s9dF3hG7kL2mN5pQ8rT1vW4xZ7bC0";
  folder.write("infra.yaml", "x-mail:\n  salt: " + drawn + "\n  image: app@sha256:" + std::string(64, 'a') + "\n");
  consensus::Claim by_line{"salted", consensus::Stance::supports, 0.5, {{"config", "infra.yaml", 2, {}, {}, {}}}};
  consensus::Claim digest{"pinned", consensus::Stance::supports, 0.5, {{"config", "infra.yaml", 3, {}, {}, {}}}};
  const auto report = run(case_over(folder, "config: infra.yaml\n"),
                          {saying("a", "config", answer("healthy", 0.9, {config_claim("x-mail.salt"), by_line, digest}))});
  ASSERT_TRUE(report);
  const auto& claims = report->responses.at(0).claims;
  EXPECT_EQ(claims[0].evidence[0].excerpt, "x-mail.salt: [redacted random-value]");
  EXPECT_EQ(claims[1].evidence[0].excerpt, "  salt: [redacted random-value]");
  EXPECT_THAT(claims[2].evidence[0].excerpt, HasSubstr("app@sha256:aaaa"));
  EXPECT_EQ(to_json(*report).dump().find(drawn), std::string::npos);
}

TEST(Consult, BelievesALoneExpertOnlyWithAVerifiedClaim) {
  const TemporaryFolder folder;
  folder.write("app.log", three_lines);
  const Case subject = case_over(folder, "logs: [app.log]\n");
  const auto healthy = saying("calm", "other", answer("healthy", 0.9));

  const auto real =
      run(subject, {healthy, saying("alarm", "logs", answer("failing", 0.9, {log_claim("pool exhausted", "app.log", 2)}))});
  ASSERT_TRUE(real);
  EXPECT_EQ(real->consensus.verdict, "failing");
  EXPECT_EQ(real->exit_code(), 1);
  ASSERT_EQ(real->excerpts.size(), 1U);
  EXPECT_THAT(real->excerpts[0].text, HasSubstr("pool exhausted"));

  const auto invented =
      run(subject, {healthy, saying("alarm", "logs", answer("failing", 0.9, {log_claim("fire", "app.log", 4)}))});
  ASSERT_TRUE(invented);
  EXPECT_NE(invented->consensus.verdict, "failing");
  EXPECT_EQ(invented->responses[1].claims[0].evidence[0].verified, false);
}

TEST(Consult, RecordsAnUnknownVerdictOrANonsenseConfidenceAsFailure) {
  const TemporaryFolder folder;
  folder.write("app.log", three_lines);
  const auto report = run(case_over(folder, "logs: [app.log]\n"),
                          {saying("odd", "logs", answer("splendid", 0.9)), saying("sure", "logs", answer("healthy", 17)),
                           saying("good", "logs", answer("healthy", 0.9)), saying("also", "logs", answer("healthy", 0.9)),
                           saying("too", "logs", answer("healthy", 0.9))});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->responses[0].status, Status::failed);
  EXPECT_THAT(report->responses[0].error->message, HasSubstr("splendid"));
  EXPECT_EQ(report->responses[1].status, Status::failed);
  EXPECT_EQ(report->exit_code(), 0) << report->consensus.reason;
}

TEST(Consult, FailsOnNamedEvidenceThatCannotBeRead) {
  const TemporaryFolder folder;
  const Case subject = case_over(folder, "logs: [missing.log]\n");
  const auto report = run(subject, {saying("a", "logs", answer("healthy", 0.9))});
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().text(), HasSubstr("missing.log"));
}

TEST(Consult, KeepsGoingWhenAskedButNeverPassesOnUnreadEvidence) {
  const TemporaryFolder folder;
  folder.write("app.log", three_lines);
  Case subject = case_over(folder, "logs: [app.log, missing.log]\nconfig: gone.yaml\n");
  subject.keep_going = true;
  const auto report = run(subject, {saying("a", "logs", answer("healthy", 0.9))});
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report->exit_code(), 3);
  EXPECT_EQ(report->problems.size(), 2U);
  EXPECT_LT(report->consensus.coverage, 0.5);
}

TEST(Consult, TakesWeightsOverThoseOfTheCase) {
  const TemporaryFolder folder;
  folder.write("app.log", three_lines);
  ConsultOptions options;
  options.weights = {{"a", 5.0}};
  const auto report = run(case_over(folder, "logs: [app.log]\n"),
                          {saying("a", "logs", answer("healthy", 0.9)), saying("b", "logs", answer("failing", 0.9)),
                           saying("c", "logs", answer("failing", 0.9))},
                          options);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->receipt.weights.at("a"), 5.0);
  EXPECT_EQ(report->consensus.verdict, "healthy");
}

TEST(Consult, LetsHooksChangeConfigurationAndEvidenceAndRecordsIt) {
  const TemporaryFolder folder;
  folder.write("infra.yaml", "services:\n  api: {replicas: 1, cpu_millicores: 500, memory_mb: 512, ports: [80]}\n");
  ConsultOptions options;
  options.hooks.on_config_loaded = [](config::ConfigFile config, std::vector<ReceiptHook>& receipt,
                                      Job&) -> Result<config::ConfigFile> {
    config.model.services.front().replicas = 3;
    receipt.push_back({"on_config_loaded", "test", "replicas", 0});
    return config;
  };
  options.hooks.on_evidence = [](EvidencePtr evidence, std::vector<ReceiptHook>&, Job&) -> Result<EvidencePtr> {
    EvidenceBuilder builder;
    builder.add_texts("facts.name", {"region"});
    builder.add_missing_from(*evidence);
    return std::move(builder).seal();
  };
  std::string model;
  std::string fact;
  const auto expert = std::make_shared<FakeExpert>("a", "config", [&](const Evidence& evidence) {
    model = evidence.text("config.model", 0);
    fact = evidence.text("facts.name", 0);
    return answer("healthy", 0.9);
  });
  const auto report = run(case_over(folder, "config: infra.yaml\n"), {expert}, options);
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_THAT(model, HasSubstr("\"replicas\":3"));
  EXPECT_EQ(fact, "region");
  ASSERT_EQ(report->receipt.hooks.size(), 1U);
}

TEST(Consult, StopsWithItsJob) {
  const TemporaryFolder folder;
  folder.write("app.log", three_lines);
  Job job;
  job.request_stop();
  const std::vector<ExpertPtr> experts = {saying("a", "logs", answer("healthy", 0.9))};
  const auto report = consult(case_over(folder, "logs: [app.log]\n"), experts, {}, job);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind, ErrorKind::cancelled);
}

TEST(Consult, LetsHooksNoteOnACaseBeforeAnythingIsGathered) {
  const TemporaryFolder folder;
  folder.write("app.log", three_lines);
  std::vector<std::string> order;
  ConsultOptions options;
  options.hooks.on_case_opened = [&](const Case& subject, std::vector<ReceiptHook>& receipt, Job&) {
    order.push_back("opened " + subject.question_text);
    receipt.push_back({"on_case_opened", "greets", "added 1 note", 0.25});
    return Result<std::vector<config::Problem>>({{config::Severity::note, "hook-note", "greets: hello", {}, {}}});
  };
  options.on_gathered = [&](const Gathered& gathered) {
    order.push_back("gathered");
    EXPECT_TRUE(gathered.problems.empty());
  };
  const Case subject = case_over(folder, "logs: [app.log]\n");
  const auto report = run(subject, {saying("a", "logs", answer("healthy", 0.9))}, options);
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_THAT(order, testing::ElementsAre("opened Is it safe?", "gathered"));
  ASSERT_EQ(report->problems.size(), 1U);
  EXPECT_EQ(report->problems[0].message, "greets: hello");
  ASSERT_EQ(report->receipt.hooks.size(), 1U);
  EXPECT_EQ(report->receipt.hooks[0].seconds, 0.25);

  // Of a case that was opened before, what they said then.
  options.opened = OpenedCase{{}, {{"on_case_opened", "greets", "failed: late\ntraceback", 1}}};
  const auto again = run(subject, {saying("a", "logs", answer("healthy", 0.9))}, options);
  EXPECT_THAT(order, testing::ElementsAre("opened Is it safe?", "gathered", "gathered"));
  EXPECT_EQ(again->problems.at(0).message, "hook on_case_opened of greets failed: late");
}

TEST(Consult, SaysWhichHookFailed) {
  const TemporaryFolder folder;
  folder.write("app.log", three_lines);
  ConsultOptions options;
  options.hooks.on_evidence = [](EvidencePtr evidence, std::vector<ReceiptHook>& receipt, Job&) -> Result<EvidencePtr> {
    receipt.push_back({"on_evidence", "sound", "facts build", 0});
    receipt.push_back({"on_evidence", "masks", "failed: ValueError: boom\n\nAt:\n  masks.py(3)", 0});
    return evidence;
  };
  const auto report = run(case_over(folder, "logs: [app.log]\n"), {saying("a", "logs", answer("healthy", 0.9))}, options);
  ASSERT_TRUE(report) << report.error().text();
  ASSERT_EQ(report->problems.size(), 1U);
  EXPECT_EQ(report->problems[0].rule, "hook-failed");
  EXPECT_EQ(report->problems[0].message, "hook on_evidence of masks failed: ValueError: boom");
}

TEST(Report, SurvivesJsonAndReplaysBitByBit) {
  const TemporaryFolder folder;
  folder.write("app.log", three_lines);
  const auto report = run(case_over(folder, "logs: [app.log]\n"),
                          {saying("a", "logs", answer("failing", 0.73, {log_claim("pool", "app.log", 2)})),
                           saying("b", "logs", answer("degraded", 0.61)), saying("c", "other", answer("healthy", 0.9))});
  ASSERT_TRUE(report);
  const auto json = to_json(*report);
  const auto again = report_from_json(nlohmann::json::parse(json.dump()));
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(to_json(*again), json);
  EXPECT_EQ(to_json(replay(*again).value()).dump(), json.dump());
}

TEST(Report, RefusesJsonThatIsNoReport) {
  EXPECT_EQ(report_from_json(nlohmann::json::array()).error().kind, ErrorKind::serialization);
  EXPECT_FALSE(report_from_json({{"schema", 2}}));
  EXPECT_FALSE(report_from_json({{"schema", 1}, {"id", 7}}));
  EXPECT_EQ(report_from_json({{"schema", 1}}).error().text(), "not a report: key 'id' not found");
}

TEST(Gather, SaysWhatAGlobFoundButCouldNotRead) {
  const TemporaryFolder folder;
  folder.write("logs/a.log", three_lines);
  std::filesystem::create_symlink("nowhere", folder.path() / "logs/b.log");
  Job job;
  const auto gathered = gather(case_over(folder, "logs: [logs/*.log]\n"), std::nullopt, job);
  ASSERT_TRUE(gathered) << gathered.error().text();
  EXPECT_EQ(gathered->problems.size(), 1U);
  EXPECT_LT(gathered->coverage, 1.0);
  EXPECT_FALSE(gathered->unreadable) << "a glob's find is a problem, not named evidence";
}

TEST(Gather, ReadsAFileNamedTwiceOnce) {
  const TemporaryFolder folder;
  folder.write("a.log", three_lines);
  Job job;
  const auto gathered = gather(case_over(folder, "logs: [a.log, ./a.log, \"*.log\"]\n"), std::nullopt, job);
  ASSERT_TRUE(gathered);
  EXPECT_EQ(gathered->evidence->rows("logs.path"), 1U);
}

}  // namespace
}  // namespace conclave
