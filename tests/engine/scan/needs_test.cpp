#include "engine/scan/probe/needs.h"

#include <gmock/gmock.h>

namespace conclave::scan {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Needs needs(const char* text) { return *needs_from_json(json::parse(text)); }

Facts answered(int status, double total_ms) {
  Facts facts;
  facts.http.emplace().status = status;
  facts.http->total_ms = total_ms;
  return facts;
}

TEST(Needs, SurviveTheWayThroughJson) {
  const Needs all = needs(R"({"tls_valid_days": 14, "http": {"path": "/health", "status": 200, "within_ms": 300.5,
                              "body_matches": "o+k", "json": {"$.db": "up", "$.n[0]": 3}}})");
  EXPECT_EQ(*needs_from_json(to_json(all)), all);
  EXPECT_TRUE(needs("{}").empty());
}

TEST(Needs, SayWhatIsWrongWithThem) {
  const auto flaw = [](const char* text) { return needs_from_json(json::parse(text)).error().message; };
  EXPECT_THAT(flaw(R"({"tls_valid_day": 1})"), HasSubstr("did you mean 'tls_valid_days'"));
  EXPECT_THAT(flaw(R"({"tls_valid_days": -1})"), HasSubstr("whole number"));
  EXPECT_THAT(flaw(R"({"http": 200})"), HasSubstr("map"));
  EXPECT_THAT(flaw(R"({"http": {"status": 20}})"), HasSubstr("100 to 599"));
  EXPECT_THAT(flaw(R"({"http": {"path": "/a b"}})"), HasSubstr("path begins with /"));
  EXPECT_THAT(flaw(R"({"http": {"path": "/a\r\nHost: b"}})"), HasSubstr("path begins with /"));
  EXPECT_THAT(flaw(R"({"http": {"body_matches": "("}})"), HasSubstr("at character"));
  EXPECT_THAT(flaw(R"({"http": {"json": {"status": "up"}}})"), HasSubstr("$.checks[0].status"));
  EXPECT_THAT(flaw("[]"), HasSubstr("map"));
}

TEST(Needs, AreJudgedOnTheAnswer) {
  const Needs wanted = needs(R"({"http": {"status": 200, "within_ms": 300, "body_matches": "^ok$"}})");
  EXPECT_THAT(unmet(wanted, answered(200, 12), "ok"), IsEmpty());
  EXPECT_THAT(unmet(wanted, answered(503, 312.34), "no"),
              ElementsAre("status 503, not 200", "took 312.3 ms, not 300.0", "the body does not match '^ok$'"));
  EXPECT_THAT(unmet(wanted, Facts{}, ""), ElementsAre("no answer by HTTP"));
}

TEST(Needs, LookIntoJson) {
  const Needs wanted = needs(R"({"http": {"json": {"$.db": "up", "$.n[1]": 2}}})");
  EXPECT_THAT(unmet(wanted, answered(200, 1), R"({"db": "up", "n": [1, 2]})"), IsEmpty());
  EXPECT_THAT(unmet(wanted, answered(200, 1), R"({"db": "down", "n": "x"})"),
              ElementsAre("$.db is \"down\", not \"up\"", "the body has no $.n[1]"));
  EXPECT_THAT(unmet(wanted, answered(200, 1), "{"), ElementsAre("the body is not JSON"));
  EXPECT_THAT(unmet(needs(R"({"http": {"json": {"$": 1}}})"), answered(200, 1), std::string(200'000, '[')),
              ElementsAre("the body is not JSON"));
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_EQ(unmet(needs(R"({"http": {"json": {"$": 1}}})"), answered(200, 1), deep).size(), 1U);
}

TEST(Needs, BoundTheWorkOfAnExpression) {
  const Needs wanted = needs(R"({"http": {"body_matches": "(a+)+$"}})");
  EXPECT_THAT(unmet(wanted, answered(200, 1), std::string(60, 'a') + "b"), ElementsAre(HasSubstr("takes too long")));
  EXPECT_THAT(unmet(wanted, answered(200, 1), "\xff\xfe a"), IsEmpty());  // no UTF-8 before it
}

TEST(Needs, WantACertificateThatIsTrustedAndLastsLongEnough) {
  const Needs wanted = needs(R"({"tls_valid_days": 14})");
  Facts facts;
  EXPECT_THAT(unmet(wanted, facts, ""), ElementsAre("no TLS"));
  Tls& tls = facts.tls.emplace();
  tls.chain.emplace_back();
  tls.days_left = 14;
  tls.verified = true;
  EXPECT_THAT(unmet(wanted, facts, ""), IsEmpty());
  tls.days_left = 13;
  tls.verified = false;
  tls.verify_error = "self-signed certificate";
  EXPECT_THAT(unmet(wanted, facts, ""),
              ElementsAre("certificate: self-signed certificate", "certificate valid for 13 days, not 14"));
}

}  // namespace
}  // namespace conclave::scan
