#include "engine/case/hook_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace conclave {
namespace {

using consensus::ExpertResponse;
using nlohmann::json;
using testing::HasSubstr;

EvidencePtr two_services() {
  EvidenceBuilder builder;
  builder.add_texts("services.name", {"api", "web"});
  builder.add_texts("services.host", {"10.0.0.1", "::1"});
  builder.add_integers("services.port", {80, 443});
  builder.add_texts("services.expect", {"open", "open"});
  builder.add_texts("services.state", {"open", "closed"});
  builder.add_numbers("services.latency_ms", {1.5, std::numeric_limits<double>::quiet_NaN()});
  builder.add_texts("services.address", {"10.0.0.1", "::1"});
  builder.add_texts("services.detail", {"", "Connection refused"});
  builder.add_texts("logs.path", {"app.log"});
  return std::move(builder).seal().value();
}

ExpertResponse answer(const std::string& name) {
  ExpertResponse response;
  response.expert_name = name;
  response.content = "fine";
  response.verdict = "healthy";
  response.confidence = 0.9;
  return response;
}

TEST(ServiceChanges, replace_what_they_name_and_leave_the_rest) {
  const EvidencePtr before = two_services();
  const auto changed =
      with_service_changes(before, json::parse(R"([null, {"detail": "known", "state": "open", "latency_ms": 3}])"));
  ASSERT_TRUE(changed.has_value()) << changed.error().text();
  EXPECT_EQ(changed->change, "changed web (detail, latency_ms, state)");
  const json services = services_of(*changed->value);
  EXPECT_EQ(services[0], services_of(*before)[0]);
  EXPECT_EQ(services[1]["state"], "open");
  EXPECT_EQ(services[1]["detail"], "known");
  EXPECT_EQ(services[1]["latency_ms"], 3);
  EXPECT_EQ(services[1]["target"], "[::1]:443");
  EXPECT_EQ(changed->value->text("logs.path", 0), "app.log");
  EXPECT_EQ(services_of(*before)[1]["state"], "closed");
}

TEST(ServiceChanges, are_none_if_nothing_is_named) {
  const EvidencePtr before = two_services();
  const auto changed = with_service_changes(before, json::parse("[null, {}]"));
  EXPECT_EQ(changed->value, before);
  EXPECT_EQ(changed->change, "");
}

TEST(ServiceChanges, refuse_what_is_not_theirs) {
  for (const char* changes : {R"([null])", R"(7)", R"([null, 7])", R"([null, {"name": "x"}])", R"([null, {"target": "x"}])",
                              R"([null, {"state": "up"}])", R"([null, {"state": 1}])", R"([null, {"detail": null}])",
                              R"([null, {"latency_ms": -1}])", R"([null, {"latency_ms": "fast"}])"}) {
    const auto changed = with_service_changes(two_services(), json::parse(changes));
    ASSERT_FALSE(changed.has_value()) << changes;
    EXPECT_EQ(changed.error().kind, ErrorKind::circle);
  }
}

TEST(ResponseChanges, replace_what_they_name_and_leave_the_rest) {
  const auto changed =
      with_response_changes({answer("a"), answer("b")}, json::parse(R"([{"verdict": "failing", "confidence": 0.2}, null])"));
  ASSERT_TRUE(changed.has_value()) << changed.error().text();
  EXPECT_EQ(changed->change, "changed a (confidence, verdict)");
  EXPECT_EQ(changed->value[0].verdict, "failing");
  EXPECT_EQ(changed->value[0].confidence, 0.2);
  EXPECT_EQ(changed->value[0].content, "fine");
  EXPECT_EQ(changed->value[1], answer("b"));
}

TEST(ResponseChanges, refuse_what_is_not_theirs) {
  for (const char* changes :
       {R"([])", R"([{"expert_name": "x"}])", R"([{"weight": 9}])", R"([{"status": "abstained"}])", R"([{"confidence": 2}])",
        R"([{"confidence": null}])", R"([{"content": 7}])", R"([{"claims": "x"}])"}) {
    EXPECT_FALSE(with_response_changes({answer("a")}, json::parse(changes)).has_value()) << changes;
  }
  ExpertResponse failed = answer("a");
  failed.status = consensus::Status::failed;
  EXPECT_THAT(with_response_changes({failed}, json::parse(R"([{"content": "x"}])")).error().message, HasSubstr("did not answer"));
}

TEST(Notes, are_problems_that_say_whose_they_are) {
  const auto notes = notes_of("pager", json::parse(R"(["told the team", "twice"])"));
  ASSERT_EQ(notes->value.size(), 2U);
  EXPECT_EQ(notes->value[0].message, "pager: told the team");
  EXPECT_EQ(notes->value[0].severity, config::Severity::note);
  EXPECT_EQ(notes->change, "added 2 notes");
  EXPECT_TRUE(notes_of("pager", nullptr)->value.empty());
}

TEST(Notes, are_bounded) {
  EXPECT_FALSE(notes_of("pager", json::array({7})).has_value());
  EXPECT_FALSE(notes_of("pager", "text").has_value());
  EXPECT_FALSE(notes_of("pager", json::array({std::string(10'001, 'x')})).has_value());
  EXPECT_FALSE(notes_of("pager", json(std::vector<std::string>(101, "x"))).has_value());
}

}  // namespace
}  // namespace conclave
