#include "engine/case/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/case/fixture.h"

namespace conclave {
namespace {

using testing::ElementsAre;

std::shared_ptr<FakeExpert> plugin(const std::string& name, const std::string& sha256) {
  auto expert = std::make_shared<FakeExpert>(name, "logs", [](const Evidence&) { return answer("healthy", 0.9); });
  expert->info_.version = "1.0";
  expert->info_.sha256 = sha256;
  return expert;
}

TEST(Audit, NamesWhatRunsWhatMayNotAndWhatIsContacted) {
  Case subject;
  subject.name = "night";
  subject.services = {{.name = "db", .host = "db.example.net", .port = 5432, .expect = {}}};
  const std::vector<ExpertPtr> experts = {plugin("bursts", std::string(64, 'a')), plugin("a function", "")};
  ConsultOptions options;
  options.hooks.plugins = {{"renames", "2", std::string(64, 'b')}};
  consensus::ExpertResponse refused;
  refused.expert_name = "stranger";
  refused.error = consensus::ResponseError{"Refused", "not named by you", {}};
  options.refused = {refused};
  EXPECT_THAT(audit_of_consultation(subject, experts, options),
              ElementsAre(AuditLine{"plugin.run", "bursts 1.0", std::string(64, 'a')},
                          AuditLine{"plugin.run", "renames 2", std::string(64, 'b')},
                          AuditLine{"plugin.refused", "stranger", "not named by you"},
                          AuditLine{"scan", "1 target", "case night: db.example.net:5432"}));
}

TEST(Audit, IsAppendedToTheUsersFile) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "state" / "audit.jsonl";
  ASSERT_TRUE(write_audit({}, file));
  EXPECT_FALSE(std::filesystem::exists(file));
  const std::vector<AuditLine> lines = {audit_of_endpoint("https://a:443", true, "here"),
                                        audit_of_endpoint("https://a:443", false, "here")};
  ASSERT_TRUE(write_audit(lines, file));
  std::ifstream in(file);
  std::vector<std::string> events;
  for (std::string line; std::getline(in, line);) events.push_back(nlohmann::json::parse(line)["event"]);
  EXPECT_THAT(events, ElementsAre("endpoint.allow", "endpoint.withdraw"));
  EXPECT_FALSE(write_audit(lines, folder.path()));
}

}  // namespace
}  // namespace conclave
