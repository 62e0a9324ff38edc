#include "engine/consensus/semantic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "engine/consensus/conclude.h"

namespace conclave::consensus {
namespace {

using nlohmann::json;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;

ExpertResponse said(const std::string& name, const std::string& text, Status status = Status::answered) {
  ExpertResponse response;
  response.expert_name = name;
  response.content = text;
  response.status = status;
  return response;
}

Question semantic_question() {
  Question question;
  question.circle.similarity_algorithm = Similarity::semantic;
  return question;
}

TEST(Semantic, OnlyTextsOfThoseThatAnsweredAreEmbedded) {
  const std::vector<ExpertResponse> responses{said("a", "one"), said("b", ""), said("c", "late", Status::timed_out),
                                              said("d", "tw\xff")};
  EXPECT_THAT(texts_to_embed(responses), ElementsAre("one", "tw\xEF\xBF\xBD"));
}

TEST(Semantic, VectorsAreComparedByTheirDirection) {
  const auto similar = semantic_similarities(json::parse("[[1, 0], [3, 0], [1, 1], [-2, 0], [0, 0], [0, 5]]"), 6);
  ASSERT_TRUE(similar.has_value());
  EXPECT_THAT((*similar)[0], ElementsAre(1, DoubleNear(1, 1e-15), DoubleNear(std::sqrt(0.5), 1e-15), 0, 0, 0));
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ((*similar)[i][i], 1);
    for (std::size_t j = 0; j < 6; ++j) EXPECT_EQ((*similar)[i][j], (*similar)[j][i]);
  }
}

TEST(Semantic, HugeAndTinyVectorsHaveDirections) {
  const auto similar = semantic_similarities(json::parse("[[1e300, 1e300], [1e-300, 1e-300], [1e300, -1e300]]"), 3);
  ASSERT_TRUE(similar.has_value());
  EXPECT_NEAR((*similar)[0][1], 1, 1e-12);
  EXPECT_NEAR((*similar)[0][2], 0, 1e-12);
}

TEST(Semantic, NonsenseIsRefusedWithItsPlace) {
  const auto why = [](const json& vectors, std::size_t texts) {
    const auto similar = semantic_similarities(vectors, texts);
    EXPECT_FALSE(similar.has_value()) << vectors;
    if (similar) return std::string();
    EXPECT_EQ(similar.error().kind, ErrorKind::circle);
    return similar.error().message;
  };
  EXPECT_THAT(why(json::parse("[[1], [2]]"), 3), HasSubstr("2 vectors for 3 texts"));
  EXPECT_THAT(why(json::parse("[]"), 1), HasSubstr("0 vectors for 1 text"));
  EXPECT_THAT(why(json::parse("[[1, 2], [1]]"), 2), HasSubstr("vector 2 has 1 dimensions, and the first 2"));
  EXPECT_THAT(why(json::parse("[[]]"), 1), HasSubstr("vector 1 has no dimensions"));
  EXPECT_THAT(why(json::parse("[[1], [null]]"), 2), HasSubstr("vector 2 holds something that is no finite number"));
  EXPECT_THAT(why(json::array({json::array({std::nan("")})}), 1), HasSubstr("no finite number"));
  EXPECT_THAT(why(json::parse(R"([["1"]])"), 1), HasSubstr("no finite number"));
  EXPECT_THAT(why(json::parse("[1]"), 1), HasSubstr("no list of numbers"));
  EXPECT_THAT(why(json::parse("{}"), 0), HasSubstr("a list of vectors"));
  EXPECT_THAT(why(json(), 0), HasSubstr("a list of vectors"));
}

TEST(Semantic, WhatDidNotAnswerHasNoPlaceAmongTheVectors) {
  const std::vector<ExpertResponse> responses{said("a", "one"), said("b", "late", Status::timed_out), said("c", "two"),
                                              said("d", "")};
  const auto all = semantic_agreements(responses, json::parse("[[1, 0], [1, 0]]"));
  ASSERT_TRUE(all.has_value());
  EXPECT_THAT((*all)[0], ElementsAre(1, 0, 1, 0));
  EXPECT_THAT((*all)[3], ElementsAre(0, 1, 0, 1));
}

TEST(Semantic, GroupsAreThoseOfTheVectorsWhateverTheOrder) {
  const std::vector<ExpertResponse> responses{said("c", "the disk is full"), said("a", "no space left"), said("b", "all is well"),
                                              said("d", "", Status::failed)};
  const auto agreements = semantic_agreements(responses, json::parse("[[1, 0.1], [1, 0.2], [0, 1]]"));
  ASSERT_TRUE(agreements.has_value());
  const auto result = conclude(responses, semantic_question(), 1.0, false, *agreements);
  ASSERT_TRUE(result.has_value()) << result.error().text();
  EXPECT_THAT(result->groups, ElementsAre(ElementsAre("a", "c"), ElementsAre("b")));
  EXPECT_THAT(result->matrix_experts, ElementsAre("a", "b", "c"));
  EXPECT_GT(result->agreement_matrix[0][2], 0.98);
  EXPECT_LT(result->agreement_matrix[0][1], 0.3);

  const std::vector<ExpertResponse> turned(responses.rbegin(), responses.rend());
  const auto again = conclude(turned, semantic_question(), 1.0, false,
                              *semantic_agreements(turned, json::parse("[[0, 1], [1, 0.2], [1, 0.1]]")));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->agreement_matrix, result->agreement_matrix);
  EXPECT_EQ(again->groups, result->groups);
}

TEST(Semantic, NothingIsComparedByOtherMeansInItsPlace) {
  const std::vector<ExpertResponse> responses{said("a", "one"), said("b", "two")};
  const auto without = conclude(responses, semantic_question());
  ASSERT_FALSE(without.has_value());
  EXPECT_THAT(without.error().message, HasSubstr("embedding"));
  const Agreements fine{{1, 0.5}, {0.5, 1}};
  EXPECT_TRUE(conclude(responses, semantic_question(), 1.0, false, fine).has_value());
  EXPECT_FALSE(conclude(responses, Question{}, 1.0, false, fine).has_value());
  for (const Agreements& odd : {Agreements{}, Agreements{{1, 0.5}}, Agreements{{1, 0.5}, {0.5}}, Agreements{{1, 0.5}, {0.4, 1}},
                                Agreements{{1, 1.5}, {1.5, 1}}, Agreements{{1, std::nan("")}, {std::nan(""), 1}}})
    EXPECT_FALSE(conclude(responses, semantic_question(), 1.0, false, odd).has_value());
}

TEST(Semantic, AnswersThatWereNotComparedPassNothing) {
  const std::string why = "embedding 'meaning' failed: \xff";
  const auto judged = [](const char* name, const char* text, const char* verdict) {
    ExpertResponse response = said(name, text);
    response.verdict = verdict;
    response.confidence = 0.9;
    return response;
  };
  const std::vector<ExpertResponse> well{judged("a", "all is well", "healthy"), judged("b", "all is well", "healthy")};
  const auto passing = conclude(well, semantic_question(), 1.0, false, std::nullopt, why);
  ASSERT_TRUE(passing.has_value());
  EXPECT_EQ(passing->verdict, std::nullopt);
  EXPECT_FALSE(passing->passed);
  EXPECT_THAT(passing->reason,
              HasSubstr("healthy, but their texts could not be compared: embedding 'meaning' failed: \xEF\xBF\xBD"));
  EXPECT_EQ(passing->groups.size(), 1U);

  const std::vector<ExpertResponse> bad{judged("a", "it is down", "failing"), judged("b", "no answer", "failing")};
  const auto down = conclude(bad, semantic_question(), 1.0, false, std::nullopt, why);
  ASSERT_TRUE(down.has_value());
  EXPECT_EQ(down->verdict, "failing");

  EXPECT_FALSE(conclude(well, Question{}, 1.0, false, std::nullopt, why).has_value());
  EXPECT_FALSE(conclude(well, semantic_question(), 1.0, false, Agreements{{1, 1}, {1, 1}}, why).has_value());
}

TEST(Semantic, NoResponsesNeedNoVectors) {
  EXPECT_TRUE(semantic_agreements({}, json::array()).has_value());
  EXPECT_TRUE(conclude({}, semantic_question(), 1.0, false, Agreements{}).has_value());
}

}  // namespace
}  // namespace conclave::consensus
