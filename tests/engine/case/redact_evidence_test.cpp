#include "engine/case/redact_evidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace conclave {
namespace {

using testing::HasSubstr;
using testing::Not;

EvidencePtr sample() {
  EvidenceBuilder builder;
  builder.add_texts("logs.path", {"/var/log/app password=x.log"});
  builder.add_integers("logs.lines", {3});
  builder.add_texts("samples.text", {"login failed password=hunter2", "mail to ann@example.com bounced"});
  builder.add_texts("values.path", {"db.password", "db.host"});
  builder.add_texts("values.value", {"two words", "localhost"});
  builder.add_texts("config.json", {R"({"db": {"password": "two words", "port": 5432, "hosts": ["192.0.2.7"]}})"});
  builder.add_texts("facts.json", {"{ no json, token=abcdef"});
  return std::move(builder).seal().value();
}

TEST(RedactEvidence, TakesSecretsOutOfTextsAndKeepsWhatCitationsName) {
  const auto cleaned = redacted(*sample());
  ASSERT_TRUE(cleaned.has_value());
  const Evidence& evidence = **cleaned;
  EXPECT_EQ(evidence.text("logs.path", 0), "/var/log/app password=x.log");
  EXPECT_EQ(evidence.integers("logs.lines")[0], 3);
  EXPECT_EQ(evidence.text("samples.text", 0), "login failed password=[redacted secret]");
  EXPECT_THAT(std::string(evidence.text("samples.text", 1)), Not(HasSubstr("ann@")));
}

TEST(RedactEvidence, KnowsASecretOfTheConfigurationByItsName) {
  const auto cleaned = redacted(*sample());
  ASSERT_TRUE(cleaned.has_value());
  const Evidence& evidence = **cleaned;
  EXPECT_EQ(evidence.text("values.value", 0), "[redacted secret]");
  EXPECT_EQ(evidence.text("values.value", 1), "localhost");
  const auto config = nlohmann::json::parse(evidence.text("config.json", 0));
  EXPECT_EQ(config["db"]["password"], "[redacted secret]");
  EXPECT_EQ(config["db"]["port"], 5432);
  EXPECT_EQ(config["db"]["hosts"][0], "[redacted ipv4]");
}

TEST(RedactEvidence, LeavesOutJsonThatNobodyCanRead) { EXPECT_EQ((*redacted(*sample()))->text("facts.json", 0), "null"); }

}  // namespace
}  // namespace conclave
