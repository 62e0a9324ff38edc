#include "engine/case/past.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/case/fixture.h"

namespace conclave {
namespace {

using testing::ElementsAre;

TEST(Past, ACaseIsKnownByTheAbsolutePathOfItsFile) {
  Case subject;
  subject.name = "nightly";
  EXPECT_EQ(case_key(subject), "nightly");
  subject.file = "cases/../night.yaml";
  EXPECT_EQ(case_key(subject), std::filesystem::current_path() / "night.yaml");
}

TEST(Past, HooksAndExpertsSeeTheReportBefore) {
  const TemporaryFolder folder;
  folder.write("app.log", "2026-03-01T12:00:00Z INFO ready\n");
  const Case subject = load_case(folder.write("case.yaml", "question: Is it safe?\nlogs: [app.log]\n")).value();
  const auto history = store::Store::open(folder.path() / "history.db").value();
  std::vector<std::string> seen;
  const auto look = [&seen](const Evidence& evidence) {
    seen.push_back(evidence.rows("previous.json") ? std::string(evidence.text("previous.json", 0)) : "none");
  };
  const std::vector<ExpertPtr> experts = {std::make_shared<FakeExpert>("one", "logs", [&look](const Evidence& evidence) {
    look(evidence);
    return answer("healthy", 0.9);
  })};
  ConsultOptions options;
  options.hooks.on_evidence = [&look](EvidencePtr evidence, std::vector<ReceiptHook>&, Job&) -> Result<EvidencePtr> {
    look(*evidence);
    return evidence;
  };
  std::string first;
  for (int round = 0; round < 2; ++round) {
    options.previous = last_report_json(*history, subject).value();
    Job job;
    const auto report = consult(subject, experts, options, job);
    ASSERT_TRUE(report) << report.error().text();
    ASSERT_TRUE(keep_report(*history, subject, *report));
    if (round == 0) first = to_json(*report).dump();
  }
  EXPECT_THAT(seen, ElementsAre("none", "none", first, first));
  const auto kept = history->list_reports(10).value();
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[0].case_key, (folder.path() / "case.yaml").string());
}

TEST(Past, AReportWhoseCaseHasANameThatIsNoUtf8IsKept) {
  const TemporaryFolder folder;
  const auto history = store::Store::open(folder.path() / "history.db").value();
  Case subject;
  subject.file = folder.path() / "case\xff.yaml";
  Report report;
  report.id = "0123456789abcdef";
  report.case_file = subject.file.string();
  ASSERT_TRUE(keep_report(*history, subject, report));
  EXPECT_TRUE(last_report_json(*history, subject).value().has_value());
}

}  // namespace
}  // namespace conclave
