// Texts of a circle compared by an embedding, in process and in workers.
#include "tests/scripting/host_fixture.h"

namespace conclave::scripting {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class EmbeddingsTest : public HostTest, public testing::WithParamInterface<bool> {
 protected:
  EmbeddingsTest() { in_workers = GetParam(); }

  void SetUp() override {
    HostTest::SetUp();
    expert("a", "return 'the disk is full'");
    expert("b", "return 'no space left'");
    expert("c", "return 'all is well'");
    subject.question.circle.similarity_algorithm = consensus::Similarity::semantic;
    subject.question.circle.embedding = "meaning";
    for (const char* name : {"a", "b", "c"}) subject.experts.push_back({name, nlohmann::json::object(), 1.0});
  }
  void embedding(const std::string& body) const {
    write("meaning.py", "import conclave, ctypes, os\n\n@conclave.embedding\ndef embed(texts):\n    " + body + "\n");
  }
  [[nodiscard]] CircleRequest request() const {
    return {{}, {folder}, {}, in_workers ? std::vector<std::string>{} : std::vector<std::string>{"meaning", "a", "b", "c"}};
  }
  [[nodiscard]] Result<Report> consulted() const {
    auto chosen = host().circle(subject, request());
    if (!chosen) return tl::unexpected(chosen.error());
    ConsultOptions options;
    options.embedding = chosen->embedding;
    Job job;
    return consult(subject, chosen->experts, options, job);
  }
};
INSTANTIATE_TEST_SUITE_P(Runners, EmbeddingsTest, testing::Bool(),
                         [](const auto& test) { return test.param ? std::string("isolated") : std::string("in_process"); });

TEST_P(EmbeddingsTest, TheCircleIsGroupedByItsVectorsAndDerivedAgainWithoutIt) {
  embedding("return [[1.0, 'well' in text] for text in texts]");
  const auto report = consulted();
  ASSERT_TRUE(report.has_value()) << report.error().text();
  EXPECT_EQ(report->consensus.agreement_matrix[0][1], 1);
  EXPECT_NEAR(report->consensus.agreement_matrix[0][2], 0.7071, 1e-4);
  ASSERT_TRUE(report->receipt.embedding.has_value());
  EXPECT_EQ(report->receipt.embedding->plugin.name, "meaning");
  EXPECT_THAT(report->receipt.plugins, testing::Contains(testing::Field(&ReceiptPlugin::name, "meaning")));

  const auto kept = report_from_json(nlohmann::json::parse(to_json(*report).dump()));
  ASSERT_TRUE(kept.has_value()) << kept.error().text();
  const auto again = replay(*kept);
  ASSERT_TRUE(again.has_value()) << again.error().text();
  EXPECT_EQ(again->consensus.agreement_matrix, report->consensus.agreement_matrix);
  EXPECT_EQ(again->consensus.groups, report->consensus.groups);
}

TEST_P(EmbeddingsTest, WhatItDoesWrongIsNamedAndLosesNoAnswer) {
  for (const auto& [body, why] : std::vector<std::pair<std::string, std::string>>{
           {"return [[1.0]]", "not 1 for 3"},
           {"return [[1.0], [2.0, 3.0], [1.0]]", "vector 2 has 2 dimensions"},
           {"return [[float('nan')]] * 3", "no finite number"},
           {"raise KeyError('boo')", "KeyError"},
           {"return 7", "not int"},
       }) {
    embedding(body);
    const auto report = consulted();
    ASSERT_TRUE(report.has_value()) << body;
    EXPECT_EQ(report->responses.size(), 3U);
    ASSERT_TRUE(report->receipt.embedding.has_value());
    EXPECT_THAT(report->receipt.embedding->failure, HasSubstr("embedding 'meaning' failed"));
    EXPECT_THAT(report->receipt.embedding->failure, HasSubstr(why));
    ASSERT_FALSE(report->problems.empty());
    EXPECT_EQ(report->problems.back().rule, "embedding-failed");
    const auto again = replay(*report);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->consensus.groups, report->consensus.groups);
  }
}

TEST_P(EmbeddingsTest, OneThatIsNotThereIsSaidBeforeAnybodyIsAsked) {
  auto circle = host().circle(subject, request());
  ASSERT_FALSE(circle.has_value());
  EXPECT_EQ(circle.error().kind, ErrorKind::not_found);
  embedding("return []");
  subject.question.circle.embedding = "meanin";
  circle = host().circle(subject, request());
  ASSERT_FALSE(circle.has_value());
  EXPECT_THAT(circle.error().message, HasSubstr("did you mean 'meaning'"));
  subject.question.circle.embedding = "a";
  circle = host().circle(subject, request());
  ASSERT_FALSE(circle.has_value());
  EXPECT_THAT(circle.error().message, HasSubstr("is no embedding but of kind expert"));
  Job job;
  const auto report = consult(subject, {}, ConsultOptions{}, job);
  ASSERT_FALSE(report.has_value());
  EXPECT_THAT(report.error().message, HasSubstr("embedding 'a'"));
}

TEST_P(EmbeddingsTest, ACaseThatComparesOtherwiseCallsNone) {
  embedding("raise KeyError('boo')");
  subject.question.circle = {};
  const auto circle = host().circle(subject, request());
  ASSERT_TRUE(circle.has_value()) << circle.error().text();
  EXPECT_FALSE(circle->embedding.has_value());
  EXPECT_TRUE(consulted().has_value());
}

}  // namespace
}  // namespace conclave::scripting
