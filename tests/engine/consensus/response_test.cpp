#include "engine/consensus/response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace conclave::consensus {
namespace {

using nlohmann::json;
using testing::HasSubstr;

ExpertResponse full_response() {
  ExpertResponse response;
  response.expert_name = "errors";
  response.scope = "logs.errors";
  response.verdict = "failing";
  response.confidence = 0.1 + 0.2;
  response.weight = 2.5;
  response.content = "The database went away.";
  Claim claim{"connection refused", Stance::contradicts, 0.9, {}};
  claim.evidence.push_back({"log", "/var/log/app.log", 17, "", true, "17: connection refused"});
  claim.evidence.push_back({"template", "app", 0, "00ff00ff00ff00ff", std::nullopt, ""});
  response.claims.push_back(claim);
  response.metadata = {{"model", "none"}, {"tokens", 12}};
  response.timestamp = 1'772'366'405'250'000;
  response.error = ResponseError{"ValueError", "no", "Traceback ..."};
  response.seconds = 1.25;
  return response;
}

TEST(Response, survives_the_way_through_json_text_unchanged) {
  const auto response = full_response();
  const auto back = response_from_json(json::parse(to_json(response).dump()));
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(*back, response);
}

TEST(Response, writes_missing_values_as_null_and_never_leaves_them_out) {
  ExpertResponse response;
  response.expert_name = "quiet";
  const json out = to_json(response);
  for (const char* key : {"verdict", "error", "timestamp"}) {
    ASSERT_TRUE(out.contains(key)) << key;
    EXPECT_TRUE(out[key].is_null()) << key;
  }
  EXPECT_EQ(*response_from_json(out), response);
}

TEST(Response, becomes_json_that_can_be_written_whatever_bytes_and_numbers_it_holds) {
  auto response = full_response();
  response.content = std::string("\xff\xfe\0 nul", 8);
  response.metadata = {{"k\xc3", "\xc3"}, {"nan", std::nan("")}};
  response.confidence = std::numeric_limits<double>::infinity();
  std::string text;
  ASSERT_NO_THROW(text = to_json(response).dump());
  const auto back = response_from_json(json::parse(text));
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_TRUE(std::isnan(back->confidence));
  EXPECT_FALSE(validate(*back));
}

TEST(Response, bounds_the_depth_of_metadata_it_writes) {
  auto response = full_response();
  json deep = 1;
  for (int i = 0; i < 5000; ++i) deep = json::array({std::move(deep)});
  response.metadata = {{"deep", std::move(deep)}};
  EXPECT_LT(to_json(response).dump().size(), 10'000U);
}

struct BadJson {
  const char* text;
  const char* field;
  const char* message;
};

class ResponseJson : public testing::TestWithParam<BadJson> {};

TEST_P(ResponseJson, is_refused_with_the_name_of_the_field) {
  const auto result = response_from_json(json::parse(GetParam().text));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::serialization);
  EXPECT_EQ(result.error().where, GetParam().field);
  EXPECT_THAT(result.error().message, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Wrong, ResponseJson,
    testing::Values(BadJson{"[]", "", "object"}, BadJson{"null", "", "object"}, BadJson{"{}", "expert_name", "missing"},
                    BadJson{R"({"expert_name": 3})", "expert_name", "text"},
                    BadJson{R"({"expert_name": "a", "confidance": 1})", "confidance", "did you mean 'confidence'"},
                    BadJson{R"({"expert_name": "a", "confidence": "high"})", "confidence", "number"},
                    BadJson{R"({"expert_name": "a", "verdict": 3})", "verdict", "label"},
                    BadJson{R"({"expert_name": "a", "status": "fine"})", "status", "unknown value 'fine'"},
                    BadJson{R"({"expert_name": "a", "claims": {}})", "claims", "list"},
                    BadJson{R"({"expert_name": "a", "claims": [{}]})", "claims[0].text", "missing"},
                    BadJson{R"({"expert_name": "a", "claims": [{"text": "t", "stance": "for"}]})", "claims[0].stance", "unknown"},
                    BadJson{R"({"expert_name": "a", "claims": [{"text": "t", "evidence": [{"kind": "log", "line": -1}]}]})",
                            "claims[0].evidence[0].line", "whole number"},
                    BadJson{R"({"expert_name": "a", "claims": [{"text": "t", "evidence": [{"kind": "log", "line": 1.5}]}]})",
                            "claims[0].evidence[0].line", "whole number"},
                    BadJson{R"({"expert_name": "a", "metadata": 1})", "metadata", "object"},
                    BadJson{R"({"expert_name": "a", "timestamp": "yesterday"})", "timestamp", "ISO 8601"},
                    BadJson{R"({"expert_name": "a", "error": "boom"})", "error", "object"}));

TEST(Validate, accepts_the_bounds_of_every_range) {
  auto response = full_response();
  for (const double confidence : {0.0, 1.0}) {
    response.confidence = confidence;
    EXPECT_TRUE(validate(response));
  }
}

TEST(Validate, refuses_numbers_outside_their_range_and_names_response_and_field) {
  const double nan = std::nan("");
  const double inf = std::numeric_limits<double>::infinity();
  for (const double bad : {nan, inf, -inf, -0.01, 1.01}) {
    auto response = full_response();
    response.confidence = bad;
    const auto result = validate(response);
    ASSERT_FALSE(result) << bad;
    EXPECT_THAT(result.error().text(), testing::AllOf(HasSubstr("errors"), HasSubstr("confidence")));
    response = full_response();
    response.claims[0].severity = bad;
    ASSERT_FALSE(validate(response));
    EXPECT_THAT(validate(response).error().text(), HasSubstr("claims[0].severity"));
  }
  for (const double bad : {nan, inf, 0.0, -1.0}) {
    auto response = full_response();
    response.weight = bad;
    ASSERT_FALSE(validate(response)) << bad;
    EXPECT_THAT(validate(response).error().text(), HasSubstr("weight"));
  }
}

TEST(Validate, refuses_empty_names) {
  auto response = full_response();
  response.expert_name = " \t";
  EXPECT_FALSE(validate(response));
  response = full_response();
  response.scope.clear();
  EXPECT_FALSE(validate(response));
  response = full_response();
  response.verdict = "";
  EXPECT_FALSE(validate(response));
}

TEST(Validate, ignores_the_numbers_of_a_response_that_failed) {
  auto response = full_response();
  response.status = Status::failed;
  response.confidence = std::nan("");
  EXPECT_TRUE(validate(response));
}

TEST(Claim, is_verified_only_if_every_one_of_its_citations_was_found) {
  Claim claim{"x", Stance::supports, 0.5, {}};
  EXPECT_FALSE(claim.verified()) << "no citation";
  claim.evidence.push_back({"log", "a", 1, "", true, ""});
  EXPECT_TRUE(claim.verified());
  claim.evidence.push_back({"log", "a", 2, "", std::nullopt, ""});
  EXPECT_FALSE(claim.verified()) << "one was not looked at";
  claim.evidence.back().verified = false;
  EXPECT_FALSE(claim.verified());
}

ExpertResponse saying(const char* verdict) {
  ExpertResponse response = full_response();
  response.verdict = verdict;
  return response;
}

TEST(QuestionOf, is_the_usual_one_or_which_of_the_labels_it_is) {
  const Question usual;
  EXPECT_EQ(question_of({}), usual);
  EXPECT_EQ(question_of(std::vector{saying("failing")}), usual);
  EXPECT_EQ(question_of(std::vector{saying("splendid"), saying("failing")}), usual) << "a label that is none is to be told";

  ExpertResponse shares = saying("hold");
  shares.probabilities = {{"hold", 0.6}, {"ship", 0.4}};
  ExpertResponse failed = saying("failing");
  failed.status = Status::failed;
  const Question own = question_of(std::vector{saying("ship"), shares, saying("caf\u00e9"), saying("cafe\u0301"), failed});
  EXPECT_THAT(own.verdicts, testing::SizeIs(3)) << "two are the same in another form";
  EXPECT_THAT(own.verdicts, testing::UnorderedElementsAre("ship", "hold", "caf\u00e9"));
  EXPECT_FALSE(own.ordered);
  EXPECT_EQ(own.gate.pass, own.verdicts);
}

TEST(Names, of_enumerations_read_back) {
  for (const char* name : {"answered", "abstained", "failed", "timed_out", "killed", "refused", "cancelled"}) {
    ASSERT_TRUE(status_from_name(name)) << name;
    EXPECT_EQ(status_name(*status_from_name(name)), name);
  }
  for (const char* name : {"cosine", "jaccard", "levenshtein"}) EXPECT_EQ(similarity_name(*similarity_from_name(name)), name);
  for (const char* name : {"supports", "contradicts", "neutral"}) EXPECT_EQ(stance_name(*stance_from_name(name)), name);
  EXPECT_FALSE(status_from_name("Answered"));
  EXPECT_FALSE(similarity_from_name(""));
  EXPECT_FALSE(stance_from_name("for"));
}

}  // namespace
}  // namespace conclave::consensus
