#include "engine/case/log_commands.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <thread>

#include "engine/base/ids.h"
#include "engine/case/audit.h"
#include "engine/case/command_consent.h"
#include "engine/case/policy.h"
#include "tests/engine/case/fixture.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

const std::string two_lines = "2026-03-01T12:00:00Z INFO ready\n2026-03-01T12:00:01Z ERROR pool exhausted\n";

// A user of its own, with a case.
class LogCommands : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* variable : {"XDG_STATE_HOME", "XDG_CONFIG_HOME", "CONCLAVE_POLICY"}) {
      const char* value = std::getenv(variable);
      before_.emplace_back(variable, value != nullptr ? std::optional<std::string>(value) : std::nullopt);
    }
    ::setenv("XDG_STATE_HOME", (folder_.path() / "state").c_str(), 1);
    ::setenv("XDG_CONFIG_HOME", (folder_.path() / "config").c_str(), 1);
    ::unsetenv("CONCLAVE_POLICY");
    if (fs::exists("/etc/conclave/policy.toml")) GTEST_SKIP() << "this machine has a policy of its own";
    folder_.write("there/app.txt", two_lines);
    options_.snapshots = default_snapshot_folder();
    options_.on_run = [this](const CommandRun& run) { runs_.push_back(run); };  // or was refused
  }
  void TearDown() override {
    for (const auto& [name, value] : before_) value ? ::setenv(name, value->c_str(), 1) : ::unsetenv(name);
  }

  Case case_with(const std::string& logs, const std::string& name = "there/case.yaml") {
    return load_case(folder_.write(name, "question: q\nlogs:\n" + logs)).value();
  }
  Result<Gathered> gather_all(const Case& subject) {
    Job job;
    return gather(subject, std::nullopt, job, options_);
  }
  [[nodiscard]] bool none_ran() const {
    return !runs_.empty() && std::all_of(runs_.begin(), runs_.end(), [](const CommandRun& run) { return run.refused; });
  }
  void allow(const std::string& line) { options_.allowed.push_back(line); }

  TemporaryFolder folder_;
  CommandOptions options_;
  std::vector<CommandRun> runs_;
  std::vector<std::pair<const char*, std::optional<std::string>>> before_;
};

TEST_F(LogCommands, DoNotRunBecauseACaseNamesThem) {
  const auto gathered = gather_all(case_with("- command: touch ran; cat app.txt\n- app.txt\n"));
  ASSERT_TRUE(gathered) << gathered.error().text();
  EXPECT_FALSE(fs::exists(folder_.path() / "there/ran"));
  ASSERT_EQ(runs_.size(), 1U);
  EXPECT_EQ(audit_of_command(runs_[0]),
            (AuditLine{"command.refused", "touch ran; cat app.txt", "was not run: you did not agree to this command"}));
  EXPECT_EQ(gathered->evidence->rows("logs.path"), 1U);
  EXPECT_EQ(gathered->coverage, 0.5);
  EXPECT_TRUE(gathered->unreadable) << "no consensus, whatever the other logs say";
  ASSERT_EQ(gathered->problems.size(), 1U);
  EXPECT_EQ(gathered->problems[0].rule, "consent");
  EXPECT_THAT(config::to_text(gathered->problems[0]),
              AllOf(StartsWith("touch ran; cat app.txt: error: was not run: you did not agree"),
                    HasSubstr("--allow-command 'touch ran; cat app.txt'")));
}

TEST_F(LogCommands, AreLogsLikeOthersOnceTheUserAgrees) {
  allow("cat app.txt");
  const Case subject = case_with("- {command: cat app.txt, name: the api}\n- app.txt\n");
  const auto gathered = gather_all(subject);
  ASSERT_TRUE(gathered) << gathered.error().text();
  EXPECT_THAT(gathered->problems, IsEmpty());
  EXPECT_EQ(gathered->coverage, 1);
  EXPECT_FALSE(gathered->unreadable);
  const Evidence& evidence = *gathered->evidence;
  ASSERT_EQ(evidence.rows("logs.path"), 2U);
  EXPECT_EQ(evidence.text("logs.command", 0), "");
  EXPECT_EQ(evidence.text("logs.command", 1), "cat app.txt");
  EXPECT_EQ(evidence.text("logs.name", 1), "the api");
  EXPECT_EQ(evidence.integers("logs.lines")[1], 2);
  EXPECT_EQ(evidence.integers("logs.error_lines")[1], 1);
  const auto digest = sha256(two_lines);
  EXPECT_EQ(evidence.text("logs.path", 1), (options_.snapshots / (digest + ".log")).string());
  EXPECT_EQ(gathered->inputs.back().sha256, digest);
  ASSERT_EQ(runs_.size(), 1U);
  EXPECT_EQ(runs_[0].sha256, digest);
  EXPECT_EQ(runs_[0].result.bytes, two_lines.size());
}

TEST_F(LogCommands, AreCitedByTheirNameAndFoundByIt) {
  allow("cat app.txt");
  const auto cited_as = [&](const std::string& logs, const std::string& source) {
    const std::vector<ExpertPtr> experts{std::make_shared<FakeExpert>("a", "logs", [&](const Evidence& evidence) {
      return answer("failing", 0.9, {log_claim("pool", source.empty() ? std::string(evidence.text("logs.path", 0)) : source, 2)});
    })};
    ConsultOptions options;
    options.commands = options_;
    Job job;
    return consult(case_with(logs), experts, options, job);
  };
  for (const std::string source : {"", "cat app.txt"}) {
    const auto report = cited_as("- command: cat app.txt\n", source);
    ASSERT_TRUE(report) << report.error().text();
    const auto& citation = report->responses[0].claims[0].evidence[0];
    EXPECT_EQ(citation.source, "cat app.txt");
    EXPECT_TRUE(citation.verified.value());
    EXPECT_EQ(report->excerpts.at(0).source, "cat app.txt");
    EXPECT_EQ(report->logs[0]["name"], "cat app.txt");
    EXPECT_EQ(report->logs[0]["command"], "cat app.txt");
    EXPECT_EQ(replay(*report)->consensus.verdict, report->consensus.verdict);
  }
  EXPECT_TRUE(cited_as("- {command: cat app.txt, name: api}\n", "api")->responses[0].claims[0].evidence[0].verified.value());
  EXPECT_FALSE(cited_as("- {command: cat app.txt, name: api}\n", "apis")->responses[0].claims[0].evidence[0].verified.value());
}

TEST_F(LogCommands, NeedTheVeryLineThatWasAgreedTo) {
  for (const char* almost : {"cat app.txt ", "cat  app.txt", "cat app.txt;", "CAT app.txt", ""}) allow(almost);
  EXPECT_EQ(gather_all(case_with("- command: cat app.txt\n"))->problems.at(0).rule, "consent");
  EXPECT_TRUE(none_ran());
}

TEST_F(LogCommands, AreRememberedForTheFolderOfTheCaseAndNoOther) {
  const Case subject = case_with("- command: cat app.txt\n");
  ASSERT_TRUE(agree_to_command(subject.base, "cat app.txt"));
  ASSERT_TRUE(agree_to_command(subject.base, "cat app.txt"));
  EXPECT_THAT(*agreed_commands(subject.base), ElementsAre("cat app.txt"));
  struct stat info {};
  ASSERT_EQ(::stat(default_command_consents().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_THAT(gather_all(subject)->problems, IsEmpty());

  folder_.write("elsewhere/app.txt", "x\n");
  EXPECT_EQ(gather_all(case_with("- command: cat app.txt\n", "elsewhere/case.yaml"))->problems.at(0).rule, "consent")
      << "./collect.sh would be another program there";

  EXPECT_EQ(withdraw_command(subject.base, "cat app.txt"), true);
  EXPECT_EQ(withdraw_command(subject.base, "cat app.txt"), false);
  EXPECT_EQ(gather_all(subject)->problems.at(0).rule, "consent");
}

TEST_F(LogCommands, DoNotRunIfOthersCouldHaveWrittenWhatWasAgreedTo) {
  const Case subject = case_with("- command: cat app.txt\n");
  ASSERT_TRUE(agree_to_command(subject.base, "cat app.txt"));
  ::chmod(default_command_consents().c_str(), 0666);
  EXPECT_THAT(gather_all(subject)->problems.at(0).message, HasSubstr("others may use it"));
  ::chmod(default_command_consents().c_str(), 0600);
  folder_.write("state/conclave/commands.json", "{\"agreed\": [7]}");
  ::chmod(default_command_consents().c_str(), 0600);
  EXPECT_THAT(gather_all(subject)->problems.at(0).message, HasSubstr("damaged"));
  EXPECT_FALSE(agree_to_command(subject.base, "cat app.txt")) << "what is damaged is left as it is";
  EXPECT_TRUE(none_ran());
}

TEST_F(LogCommands, StayWithinThePolicy) {
  allow("cat app.txt");
  const Case subject = case_with("- command: cat app.txt\n");
  const auto policy = folder_.write("config/conclave/policy.toml", "[commands]\nallow = []\n");
  ::chmod(policy.c_str(), 0644);
  const auto gathered = gather_all(subject);
  EXPECT_EQ(gathered->problems.at(0).rule, "policy");
  EXPECT_THAT(gathered->problems.at(0).message, HasSubstr("does not allow commands"));
  folder_.write("config/conclave/policy.toml", "[commands]\nallow = [\"cat other.txt\"]\n");
  EXPECT_THAT(gather_all(subject)->problems.at(0).message, HasSubstr("does not allow this command"));
  EXPECT_TRUE(none_ran());
  folder_.write("config/conclave/policy.toml", "[commands]\nallow = [\"cat app.txt\"]\n");
  EXPECT_THAT(gather_all(subject)->problems, IsEmpty());
}

TEST_F(LogCommands, KeepTheOutputOfOneThatFailedAndSaySo) {
  allow("cat app.txt; echo no pod >&2; exit 3");
  const auto gathered = gather_all(case_with("- command: cat app.txt; echo no pod >&2; exit 3\n"));
  ASSERT_TRUE(gathered);
  EXPECT_EQ(gathered->evidence->integers("logs.lines")[0], 2);
  EXPECT_EQ(gathered->problems.at(0).severity, config::Severity::warning);
  EXPECT_THAT(gathered->problems.at(0).message, HasSubstr("ended with status 3: no pod"));
}

TEST_F(LogCommands, AreMissingEvidenceIfTheyFailWithoutAWord) {
  const std::string line = "echo token=s3cr3ts3cr3t >&2; exit 3";
  allow(line);
  Case subject = case_with("- command: " + line + "\n");
  const auto failed = gather_all(subject);
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().text(),
              AllOf(StartsWith(line + ": printed nothing and ended with status 3: "), Not(EndsWith("s3cr3t"))));
  subject.keep_going = true;
  const auto gathered = gather_all(subject);
  ASSERT_TRUE(gathered);
  EXPECT_TRUE(gathered->unreadable);
  EXPECT_EQ(runs_.size(), 2U);
  EXPECT_EQ(runs_[0].result.code, 3);
  EXPECT_EQ(runs_[0].sha256, "");
}

TEST_F(LogCommands, MayBeEmpty) {
  allow("true");
  const auto gathered = gather_all(case_with("- command: 'true'\n"));
  ASSERT_TRUE(gathered) << gathered.error().text();
  EXPECT_EQ(gathered->evidence->integers("logs.lines")[0], 0);
  EXPECT_FALSE(gathered->unreadable);
  EXPECT_THAT(gathered->problems.at(0).message, HasSubstr("printed nothing"));
}

TEST_F(LogCommands, TellWhatOfTheirWordsIsNotInTheLog) {
  allow("cat app.txt; echo beside >&2");
  const auto gathered = gather_all(case_with("- command: cat app.txt; echo beside >&2\n"));
  EXPECT_THAT(gathered->problems.at(0).message, HasSubstr("not part of the log: beside"));
}

TEST_F(LogCommands, StopWithTheJob) {
  allow("echo go; sleep 1000");
  Job job;
  std::jthread stopper([&](const std::stop_token& token) {
    while (!token.stop_requested() && job.progress().done == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    job.request_stop();
  });
  const auto gathered = gather(case_with("- command: echo go; sleep 1000\n"), std::nullopt, job, options_);
  ASSERT_FALSE(gathered);
  EXPECT_EQ(gathered.error().kind, ErrorKind::cancelled);
  EXPECT_EQ(runs_.at(0).result.end, logs::CommandEnd::cancelled) << "the audit log knows";
  EXPECT_TRUE(fs::is_empty(options_.snapshots)) << "and nothing is kept";
}

TEST_F(LogCommands, AreJudgedAgainFromWhatTheyPrinted) {
  const Case subject = case_with("- {command: cat app.txt, name: api}\n");
  options_.all_from_snapshots = true;
  const auto none = gather_all(subject);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().text(), "api: nothing that it printed before is kept");

  options_.all_from_snapshots = false;
  allow("cat app.txt");
  const auto first = gather_all(subject);
  folder_.write("there/app.txt", "other\n");
  options_.allowed.clear();  // nothing runs, so that nobody needs to agree
  options_.from_snapshots = {"cat app.txt"};
  const auto again = gather_all(subject);
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(again->evidence->text("logs.path", 0), first->evidence->text("logs.path", 0));
  EXPECT_EQ(again->evidence->integers("logs.lines")[0], 2);
  EXPECT_EQ(again->inputs.back().sha256, sha256(two_lines));
  EXPECT_THAT(again->problems.at(0).message, HasSubstr("it was not run; this is what it printed at 20"));
  EXPECT_FALSE(again->unreadable);
  EXPECT_EQ(runs_.size(), 1U);
}

TEST_F(LogCommands, AreNotJudgedOnASnapshotThatSomebodyChanged) {
  const Case subject = case_with("- command: cat app.txt\n");
  allow("cat app.txt");
  const auto first = gather_all(subject);
  std::ofstream(std::string(first->evidence->text("logs.path", 0)), std::ios::app) << "more\n";
  options_.all_from_snapshots = true;
  EXPECT_THAT(gather_all(subject).error().text(), HasSubstr("was changed since it was kept"));
}

TEST_F(LogCommands, RunAgainUnlessToldOtherwise) {
  const Case subject = case_with("- command: cat app.txt\n");
  allow("cat app.txt");
  EXPECT_TRUE(gather_all(subject));
  folder_.write("there/app.txt", "other\n");
  EXPECT_EQ(gather_all(subject)->inputs.back().sha256, sha256("other\n"));
  const SnapshotStore store(options_.snapshots);
  EXPECT_TRUE(store.find(sha256(two_lines))) << "the earlier one stays, for the report that names it";
  EXPECT_TRUE(store.find(sha256("other\n")));
  EXPECT_FALSE(store.find(sha256("never")));
  EXPECT_FALSE(store.find("../../etc/passwd"));
}

TEST_F(LogCommands, KeepSnapshotsForTheirOwnerAlone) {
  allow("cat app.txt");
  EXPECT_TRUE(gather_all(case_with("- command: cat app.txt\n")));
  struct stat info {};
  ASSERT_EQ(::stat(options_.snapshots.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
  for (const auto& file : fs::directory_iterator(options_.snapshots)) {
    ASSERT_EQ(::stat(file.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U) << file.path();
    EXPECT_THAT(file.path().filename().string(), Not(StartsWith("draft.")));
  }
}

TEST_F(LogCommands, DropSnapshotsThatAreOldOrTooMuch) {
  const auto dated = [&](const std::string& name, const std::string& text, int days_ago) {
    const auto file = folder_.write("state/conclave/snapshots/" + name, text);
    const timespec then{std::time(nullptr) - days_ago * 24 * 3600, 0};
    const std::array<timespec, 2> times{then, then};
    ::utimensat(AT_FDCWD, file.c_str(), times.data(), 0);
    return file;
  };
  using std::chrono::hours;
  const auto ancient = dated(std::string(64, 'a') + ".log", "1234567890", 40);
  const auto old = dated(std::string(64, 'b') + ".log", "1234567890", 20);
  const auto newer = dated(std::string(64, 'c') + ".log", "1234567890", 10);
  const auto now = dated(std::string(64, 'd') + ".log", std::string(100, 'x'), 0);
  const auto abandoned = dated("draft.XYZ", "x", 3);
  const auto stranger = dated("notes.txt", "x", 400);
  SnapshotStore(options_.snapshots).drop_old(hours(24 * 30), 115, hours(1));
  EXPECT_FALSE(fs::exists(ancient));
  EXPECT_FALSE(fs::exists(old)) << "130 bytes would be too many";
  EXPECT_TRUE(fs::exists(newer));
  EXPECT_TRUE(fs::exists(now));
  EXPECT_FALSE(fs::exists(abandoned));
  EXPECT_TRUE(fs::exists(stranger));
  SnapshotStore(options_.snapshots).drop_old(hours(24 * 30), 50, hours(1));
  EXPECT_FALSE(fs::exists(newer));
  EXPECT_TRUE(fs::exists(now)) << "in use, however large";
}

TEST_F(LogCommands, DoNotGetThePassphraseOrTheKeysOfExperts) {
  const std::string line = "echo \"[$CONCLAVE_PASSPHRASE][$OPENAI_API_KEY][$MY_EXPERTS_KEY]\"";
  allow(line);
  options_.secrets = {"MY_EXPERTS_KEY"};
  for (const char* name : {"CONCLAVE_PASSPHRASE", "OPENAI_API_KEY", "MY_EXPERTS_KEY"}) ::setenv(name, "sesame", 1);
  const auto gathered = gather_all(case_with("- command: '" + line + "'\n"));
  for (const char* name : {"CONCLAVE_PASSPHRASE", "OPENAI_API_KEY", "MY_EXPERTS_KEY"}) ::unsetenv(name);
  ASSERT_TRUE(gathered) << gathered.error().text();
  EXPECT_EQ(gathered->inputs.back().sha256, sha256("[][][]\n"));
}

TEST(AuditOfCommand, SaysHowItEndedAndNoSecret) {
  CommandRun run;
  run.line = "curl -H 'Authorization: Bearer abcdefghijklmnop0123456789' x";
  run.folder = "/srv";
  run.result.code = 3;
  run.result.bytes = 12;
  run.result.seconds = 0.25;
  run.sha256 = "ab12";
  const AuditLine line = audit_of_command(run);
  EXPECT_EQ(line.event, "command.run");
  EXPECT_THAT(line.subject, AllOf(StartsWith("curl -H"), Not(HasSubstr("abcdefghijklmnop"))));
  EXPECT_EQ(line.detail, "status 3, 12 bytes, 0.250 s, sha256 ab12, in /srv");
}

}  // namespace
}  // namespace conclave
