#include "engine/consensus/conclude.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/engine/consensus/circle_builder.h"

namespace conclave::consensus {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Responses = std::vector<ExpertResponse>;

ConsensusResult must_conclude(const Responses& responses, const Question& question = {}, double coverage = 1.0,
                              bool unreadable = false) {
  auto result = conclude(responses, question, coverage, unreadable);
  EXPECT_TRUE(result) << result.error().text();
  return result ? *std::move(result) : ConsensusResult{};
}

std::vector<std::string> insights_of(const ConsensusResult& result, std::string_view kind) {
  std::vector<std::string> out;
  for (const Insight& insight : result.key_insights) {
    if (insight.kind == kind) out.push_back(insight.text);
  }
  return out;
}

TEST(Conclude, passes_a_circle_that_agrees_on_the_good_verdict) {
  const auto result = must_conclude({answer("a", "healthy"), answer("b", "healthy", 0.9), answer("c", "healthy", 0.7)});
  EXPECT_EQ(result.verdict, "healthy");
  EXPECT_TRUE(result.passed);
  EXPECT_EQ(result.reason, "All 3 experts say healthy in overall.");
  EXPECT_NEAR(result.confidence_score, 0.5 + 0.49 * 0.8, 1e-12);
  ASSERT_TRUE(result.confidence_interval);
  EXPECT_LT(result.confidence_interval->first, result.confidence_score);
  EXPECT_GT(result.confidence_interval->second, result.confidence_score);
  EXPECT_FALSE(result.calibrated);
  EXPECT_EQ(result.coverage, 1.0);
  EXPECT_EQ(result.consensus_text, "what b found") << "the most confident";
  EXPECT_THAT(insights_of(result, "calibration"), testing::SizeIs(1));
}

TEST(Conclude, lets_the_one_expert_that_sees_the_dead_database_speak_against_five_that_do_not_look_there) {
  Responses responses;
  for (const char* scope : {"cpu", "disk", "memory", "net", "web"}) responses.push_back(answer(scope, "healthy", 0.95, scope));
  responses.push_back(with_claim(answer("db", "failing", 0.9, "database"), "connection refused", true));
  const auto result = must_conclude(responses);
  EXPECT_EQ(result.verdict, "failing");
  EXPECT_FALSE(result.passed);
  EXPECT_GT(result.confidence_score, 0.9);
  EXPECT_THAT(result.reason, HasSubstr("database"));
  EXPECT_THAT(result.consensus_text, testing::StartsWith("what db found\nconnection refused"));
}

TEST(Conclude, does_not_let_one_wrong_expert_flip_a_scope_in_which_others_look) {
  Responses responses{with_claim(answer("loud", "failing", 1.0), "all is lost", true)};
  for (const char* name : {"a", "b", "c", "d"}) responses.push_back(answer(name, "healthy", 0.3));
  const auto result = must_conclude(responses);
  EXPECT_EQ(result.verdict, "healthy");
  ASSERT_THAT(result.dissenting_opinions, testing::SizeIs(1));
  EXPECT_EQ(result.dissenting_opinions[0].verdict, "failing");
  EXPECT_THAT(result.dissenting_opinions[0].experts, ElementsAre("loud"));
  EXPECT_THAT(result.dissenting_opinions[0].unique_claims, ElementsAre("all is lost"));
}

TEST(Conclude, does_not_confirm_a_lone_alarm_without_a_verified_claim_but_names_it) {
  const Responses responses{answer("a", "healthy", 0.9, "web"), answer("b", "healthy", 0.9, "web"),
                            answer("llm", "failing", 1.0, "logs")};
  const auto result = must_conclude(responses);
  EXPECT_EQ(result.verdict, "healthy");
  ASSERT_EQ(result.scopes.size(), 2U);
  EXPECT_EQ(result.scopes[0].scope, "logs");
  EXPECT_FALSE(result.scopes[0].confirmed);
  EXPECT_FALSE(result.scopes[0].verdict);
  EXPECT_NEAR(result.coverage, 2.0 / 3.0, 1e-12);
  EXPECT_THAT(result.reason, HasSubstr("a lone expert's alarm in logs is not confirmed"));
  EXPECT_THAT(insights_of(result, "unconfirmed"), ElementsAre(HasSubstr("llm")));
  EXPECT_THAT(result.dissenting_opinions, testing::SizeIs(1));
}

TEST(Conclude, has_no_verdict_if_the_only_alarm_is_unconfirmed) {
  const auto result = must_conclude({answer("llm", "failing", 1.0)});
  EXPECT_FALSE(result.verdict);
  EXPECT_FALSE(result.passed);
  EXPECT_THAT(result.reason, HasSubstr("not confirmed"));
  EXPECT_EQ(result.consensus_text, "");
}

TEST(Conclude, does_not_count_a_verdict_that_rests_only_on_unverified_claims) {
  const Responses responses{answer("a", "healthy"), with_claim(answer("liar", "failing", 1.0), "invented", false),
                            with_claim(answer("liar2", "failing", 1.0), "not looked at", std::nullopt)};
  const auto result = must_conclude(responses);
  EXPECT_EQ(result.verdict, "healthy");
  EXPECT_THAT(result.scopes[0].voters, ElementsAre("a"));
  EXPECT_THAT(insights_of(result, "unverified"), testing::SizeIs(2));
  EXPECT_NEAR(result.coverage, 1.0 / 3.0, 1e-12);
}

TEST(Conclude, counts_a_verdict_with_one_verified_claim_among_others) {
  auto response = with_claim(with_claim(answer("a", "failing"), "invented", false), "seen", true);
  const auto result = must_conclude({response});
  EXPECT_EQ(result.verdict, "failing");
  EXPECT_THAT(result.consensus_text, testing::Not(HasSubstr("invented")));
}

TEST(Conclude, does_not_take_a_claim_against_the_verdict_for_its_proof) {
  const auto result = must_conclude({with_claim(answer("a", "failing"), "all requests succeed", true, Stance::contradicts)});
  EXPECT_FALSE(result.verdict);
}

TEST(Conclude, counts_a_good_verdict_without_citations_but_not_one_whose_citations_were_made_up) {
  auto plain = answer("a", "healthy");
  plain.claims.push_back({"no errors", Stance::supports, 0.0, {}});
  EXPECT_EQ(must_conclude({plain}).verdict, "healthy");
  const auto result = must_conclude({with_claim(answer("a", "healthy"), "line 1 says all is well", false)});
  EXPECT_FALSE(result.verdict);
  EXPECT_THAT(result.reason, HasSubstr("could not be verified"));
}

TEST(Conclude, has_no_verdict_on_a_tie) {
  const auto result = must_conclude({answer("a", "healthy", 0.8), answer("b", "failing", 0.8)});
  EXPECT_FALSE(result.verdict);
  EXPECT_EQ(result.confidence_score, 0.0);
  EXPECT_THAT(result.reason, HasSubstr("tied in overall"));
  EXPECT_THAT(result.dissenting_opinions, testing::SizeIs(2)) << "both sides are heard";
}

TEST(Conclude, forbids_a_pass_while_another_scope_is_tied_but_not_a_bad_verdict) {
  Responses responses{answer("a", "healthy", 0.8, "x"), answer("b", "failing", 0.8, "x"), answer("c", "healthy", 0.8, "y"),
                      answer("d", "healthy", 0.8, "y")};
  EXPECT_FALSE(must_conclude(responses).verdict);
  responses[2].verdict = responses[3].verdict = "degraded";
  EXPECT_EQ(must_conclude(responses).verdict, "degraded");
}

TEST(Gate, demands_the_required_experts) {
  Question question;
  question.gate.required = {"db"};
  Responses responses{answer("a", "healthy"), answer("b", "healthy"), silent("db", Status::timed_out, "after 60 s")};
  auto result = must_conclude(responses, question);
  EXPECT_FALSE(result.verdict);
  EXPECT_THAT(result.reason, HasSubstr("required expert db did not answer"));
  EXPECT_THAT(insights_of(result, "coverage"), ElementsAre("db took too long: RuntimeError: after 60 s"));
  responses[2] = silent("db", Status::abstained, "no database here");
  EXPECT_FALSE(must_conclude(responses, question).verdict);
  responses[2] = answer("db", std::nullopt, 0.5, "overall", "looks fine");
  EXPECT_EQ(must_conclude(responses, question).verdict, "healthy");
  question.gate.required = {"nobody asked me"};
  EXPECT_FALSE(must_conclude(responses, question).verdict);
}

TEST(Gate, demands_more_than_half_of_those_that_did_not_abstain) {
  Responses responses{answer("a", "healthy"), silent("b", Status::failed, "x")};
  EXPECT_FALSE(must_conclude(responses).verdict) << "exactly half";
  EXPECT_THAT(must_conclude(responses).reason, HasSubstr("only 1 of 2 experts answered"));
  responses.push_back(answer("c", "healthy"));
  EXPECT_EQ(must_conclude(responses).verdict, "healthy");
  responses.pop_back();
  responses[1].status = Status::abstained;
  EXPECT_EQ(must_conclude(responses).verdict, "healthy") << "abstaining is neutral";
}

TEST(Gate, demands_the_number_of_answers_it_names) {
  Question question;
  question.gate.min_answered = 3;
  const Responses responses{answer("a", "healthy"), answer("b", "healthy")};
  EXPECT_FALSE(must_conclude(responses, question).verdict);
  question.gate.min_answered = 2;
  EXPECT_EQ(must_conclude(responses, question).verdict, "healthy");
}

TEST(Gate, demands_confidence_and_tells_how_much_there_was) {
  Question question;
  question.gate.min_confidence = 0.9;
  const auto result = must_conclude({answer("a", "healthy", 0.5), answer("b", "healthy", 0.5)}, question);
  EXPECT_FALSE(result.verdict);
  EXPECT_NEAR(result.confidence_score, 0.745, 1e-12);
  EXPECT_THAT(result.reason, HasSubstr("0.74"));
}

TEST(Gate, lets_unreadable_evidence_forbid_a_pass_but_not_an_alarm) {
  const Responses good{answer("a", "healthy"), answer("b", "healthy")};
  const auto result = must_conclude(good, {}, 0.5, true);
  EXPECT_FALSE(result.verdict);
  EXPECT_THAT(result.reason, HasSubstr("could not be read"));
  EXPECT_EQ(result.coverage, 0.5);
  const Responses bad{answer("a", "failing"), answer("b", "failing")};
  EXPECT_EQ(must_conclude(bad, {}, 0.5, true).verdict, "failing");
}

TEST(Gate, passes_every_verdict_it_names) {
  Question question;
  question.gate.pass = {"healthy", "degraded"};
  const auto result = must_conclude({answer("a", "degraded"), answer("b", "degraded")}, question);
  EXPECT_EQ(result.verdict, "degraded");
  EXPECT_TRUE(result.passed);
}

TEST(Conclude, has_no_verdict_if_nobody_answered) {
  for (const Responses& responses :
       {Responses{}, Responses{silent("a", Status::failed, "x")}, Responses{silent("a", Status::abstained)}}) {
    const auto result = must_conclude(responses);
    EXPECT_FALSE(result.verdict);
    EXPECT_FALSE(result.passed);
    EXPECT_EQ(result.coverage, 0.0);
    EXPECT_EQ(result.confidence_score, 0.0);
    EXPECT_EQ(result.effective_experts, 0.0);
    EXPECT_THAT(result.scopes, IsEmpty());
    EXPECT_THAT(result.reason, testing::EndsWith("."));
  }
}

TEST(Conclude, lets_an_abstainer_change_nothing_but_coverage) {
  const Responses without{answer("a", "healthy"), answer("b", "failing"), answer("c", "healthy")};
  Responses with = without;
  with.push_back(silent("d", Status::abstained, "not my field"));
  const auto a = must_conclude(without);
  const auto b = must_conclude(with);
  EXPECT_EQ(a.verdict, b.verdict);
  EXPECT_EQ(a.confidence_score, b.confidence_score);
  EXPECT_EQ(a.agreement_matrix, b.agreement_matrix);
  EXPECT_EQ(b.coverage, 0.75);
}

TEST(Conclude, groups_texts_without_labels_by_similarity_and_weighs_the_largest_group) {
  Responses responses{answer("a", std::nullopt, 0.9, "overall", "Use a cache in front of the database"),
                      answer("b", std::nullopt, 0.8, "overall", "use a cache in front of the database!"),
                      answer("c", std::nullopt, 0.8, "overall", "Rewrite everything in another language")};
  responses[0].weight = 2.0;
  const auto result = must_conclude(responses);
  EXPECT_FALSE(result.verdict);
  EXPECT_FALSE(result.passed);
  EXPECT_THAT(result.groups, ElementsAre(ElementsAre("a", "b"), ElementsAre("c")));
  EXPECT_NEAR(result.confidence_score, 0.75, 1e-12);
  EXPECT_EQ(result.consensus_text, "Use a cache in front of the database");
  EXPECT_EQ(result.coverage, 1.0);
  EXPECT_THAT(insights_of(result, "theme"), ElementsAre(HasSubstr("a and b say much the same")));
}

TEST(Conclude, never_groups_opposing_verdicts_even_with_the_same_words) {
  const auto result = must_conclude({answer("a", "healthy", 0.8, "overall", "the same words"),
                                     answer("b", "failing", 0.8, "overall", "the same words"),
                                     answer("c", std::nullopt, 0.8, "overall", "the same words")});
  for (const auto& group : result.groups) {
    EXPECT_FALSE(std::count(group.begin(), group.end(), "a") > 0 && std::count(group.begin(), group.end(), "b") > 0);
  }
  EXPECT_THAT(result.matrix_experts, ElementsAre("a", "b", "c"));
  EXPECT_EQ(result.agreement_matrix[0][1], 1.0);
}

TEST(Conclude, pools_all_scopes_of_an_unordered_question) {
  Question question;
  question.verdicts = {"disk", "network", "code"};
  question.ordered = false;
  const auto result = must_conclude(
      {answer("a", "network", 0.8, "x"), answer("b", "network", 0.7, "y"), answer("c", "code", 0.9, "z")}, question);
  EXPECT_EQ(result.verdict, "network");
  ASSERT_EQ(result.scopes.size(), 1U);
  EXPECT_EQ(result.scopes[0].scope, "overall");
  EXPECT_THAT(result.scopes[0].voters, ElementsAre("a", "b", "c"));
  const auto tie = must_conclude({answer("a", "network", 0.8, "x"), answer("b", "code", 0.8, "y")}, question);
  EXPECT_FALSE(tie.verdict);
}

TEST(Conclude, counts_near_copies_as_one_effective_expert) {
  const std::string text = "The database refused connections from 10:02 on";
  const auto clones = must_conclude({answer("a", "failing", 0.9, "overall", text), answer("b", "failing", 0.9, "overall", text),
                                     answer("c", "failing", 0.9, "overall", text + ".")});
  EXPECT_NEAR(clones.effective_experts, 1.0, 1e-12);
  EXPECT_LT(clones.confidence_score, 1.0) << "unanimous clones are not certainty";
  EXPECT_THAT(insights_of(clones, "redundancy"), testing::SizeIs(1));
  const auto different =
      must_conclude({answer("a", "failing", 0.9, "overall", "no route"), answer("b", "failing", 0.9, "overall", text)});
  EXPECT_NEAR(different.effective_experts, 2.0, 1e-12);
}

TEST(Conclude, says_that_one_expert_is_a_single_opinion) {
  EXPECT_THAT(insights_of(must_conclude({answer("a", "healthy")}), "single"), ElementsAre(HasSubstr("single opinion")));
}

TEST(Conclude, marks_an_outlier_in_confidence_from_four_experts_on) {
  Responses responses{answer("a", "healthy", 0.9), answer("b", "healthy", 0.9), answer("z", "healthy", 0.1)};
  EXPECT_THAT(insights_of(must_conclude(responses), "outlier"), IsEmpty());
  responses.push_back(answer("d", "healthy", 0.85));
  EXPECT_THAT(insights_of(must_conclude(responses), "outlier"), ElementsAre(HasSubstr("z is much less confident")));
}

TEST(Conclude, names_the_smallest_sets_whose_change_of_mind_changes_the_verdict) {
  const auto one = must_conclude({answer("a", "healthy", 0.8), answer("b", "healthy", 0.8), answer("c", "failing", 0.8)});
  ASSERT_FALSE(one.counterfactuals.empty());
  EXPECT_THAT(one.counterfactuals[0].experts, ElementsAre("a"));
  EXPECT_EQ(one.counterfactuals[0].scope, "overall");
  EXPECT_EQ(one.counterfactuals[0].becomes, "") << "to degraded: a three-way tie";
  EXPECT_EQ(one.counterfactuals[1].becomes, "failing");

  Responses five;
  for (const char* name : {"a", "b", "c", "d", "e"}) five.push_back(answer(name, "healthy", 0.8));
  const auto three = must_conclude(five);
  ASSERT_FALSE(three.counterfactuals.empty());
  for (const auto& found : three.counterfactuals) EXPECT_EQ(found.experts.size(), 3U);
  EXPECT_LE(three.counterfactuals.size(), 10U);

  five.push_back(answer("f", "healthy", 0.8));
  five.push_back(answer("g", "healthy", 0.8));
  const auto four = must_conclude(five);
  EXPECT_THAT(four.counterfactuals, testing::SizeIs(10));
  for (const auto& found : four.counterfactuals) EXPECT_EQ(found.experts.size(), 4U);
  for (char name = 'h'; name <= 'z'; ++name) five.push_back(answer(std::string(1, name), "healthy", 0.8));
  const auto half = must_conclude(five);
  ASSERT_FALSE(half.counterfactuals.empty()) << "too many sets to try one by one";
  for (const auto& found : half.counterfactuals) EXPECT_EQ(found.experts.size(), 13U);
}

TEST(Conclude, names_who_would_have_to_change_in_several_scopes_where_no_scope_is_enough) {
  Responses responses;
  for (const char* scope : {"logs", "services"}) {
    for (const char* name : {"a", "b", "c"}) responses.push_back(answer(std::string(scope) + name, "failing", 0.8, scope));
  }
  const auto result = must_conclude(responses);
  ASSERT_EQ(result.verdict, "failing");
  ASSERT_FALSE(result.counterfactuals.empty());
  for (const auto& found : result.counterfactuals) {
    EXPECT_EQ(found.scope, "logs and services");
    EXPECT_EQ(found.experts.size(), 4U) << "two in each";
    EXPECT_NE(found.becomes, "failing");
  }
  responses.push_back(answer("d", "healthy", 0.8, "web"));
  EXPECT_EQ(must_conclude(responses).counterfactuals.front().scope, "logs and services") << "web alone changes nothing";
}

TEST(Conclude, names_the_voter_whose_weight_alone_decides) {
  Responses responses{answer("heavy", "healthy", 0.8)};
  responses[0].weight = 30;
  for (char name = 'a'; name <= 'z'; ++name) responses.push_back(answer(std::string(1, name), "failing", 0.8));
  const auto result = must_conclude(responses);
  ASSERT_EQ(result.verdict, "healthy");
  for (const auto& found : result.counterfactuals) EXPECT_THAT(found.experts, ElementsAre("heavy"));
  EXPECT_THAT(result.counterfactuals, testing::SizeIs(2)) << "to degraded and to failing";
}

TEST(Conclude, has_an_interval_over_families_which_copies_do_not_narrow) {
  Responses responses{answer("a", "healthy", 0.9, "overall", "disk"), answer("b", "failing", 0.9, "overall", "network"),
                      answer("c", "healthy", 0.2, "overall", "memory"), answer("d", "healthy", 0.6, "overall", "queue")};
  const auto before = must_conclude(responses).confidence_interval;
  ASSERT_TRUE(before);
  EXPECT_GT(before->second - before->first, 0.1);
  EXPECT_EQ(must_conclude(responses).confidence_interval, before) << "the same each time";
  Responses clones(2, responses[0]);
  clones[1].expert_name = "a2";
  EXPECT_FALSE(must_conclude(clones).confidence_interval) << "one family";
  for (int i = 0; i < 20; ++i) clones.push_back(answer("z" + std::to_string(i), "healthy", 0.9, "overall", "disk"));
  clones.push_back(responses[1]);
  EXPECT_FALSE(must_conclude(clones).confidence_interval) << "two families";
  clones.push_back(responses[2]);
  EXPECT_GT(must_conclude(clones).confidence_interval->second - must_conclude(clones).confidence_interval->first, 0.1)
      << "22 copies are one witness";
}

// Three scopes of three experts that are well, and one in which a lone expert proves that something is not.
Responses one_alarm(double confidence) {
  Responses responses;
  for (const char* scope : {"config", "logs", "services"}) {
    for (const char* name : {"a", "b", "c"})
      responses.push_back(answer(std::string(scope) + name, "healthy", 0.9, scope, std::string("of ") + name + scope));
  }
  responses.push_back(with_claim(answer("alarm", "failing", confidence, "db", "it refuses"), "connection refused", true));
  return responses;
}

TEST(Conclude, does_not_lose_a_lone_experts_scope_when_it_draws_other_circles) {
  const auto result = must_conclude(one_alarm(0.95));
  ASSERT_EQ(result.verdict, "failing");
  ASSERT_TRUE(result.confidence_interval);
  const auto [low, high] = *result.confidence_interval;
  EXPECT_GT(low, 0.4) << "the alarm does not vanish in any of them";
  EXPECT_LT(low, result.confidence_score - 0.05) << "one expert's word is not sure, either";
  EXPECT_GE(high, result.confidence_score);
}

TEST(Conclude, is_surer_of_a_lone_expert_the_more_of_its_verdicts_were_judged) {
  double before = 1.0;
  for (const std::size_t judged : {0U, 20U, 200U, 2000U}) {
    Learned learned;
    learned.answers["alarm"] = judged;
    const auto result = *conclude(one_alarm(0.8), {}, 1.0, false, std::nullopt, {}, learned);
    const double width = result.confidence_interval->second - result.confidence_interval->first;
    EXPECT_LT(width, before) << judged;
    before = width;
  }
  EXPECT_LT(before, 0.1);
}

TEST(Conclude, says_whose_words_the_consensus_is_and_who_supports_them) {
  const auto claiming = [](ExpertResponse response, const char* text, Stance stance = Stance::supports) {
    return with_claim(std::move(response), text, true, stance);
  };
  const Responses responses{claiming(answer("a", "failing"), "12 connections to db1 were refused"),
                            claiming(answer("b", "failing"), "12 connections to db1 were refused!"),
                            claiming(answer("c", "failing"), "the queue is full"),
                            claiming(answer("d", "healthy"), "12 connections to db1 were refused"),
                            claiming(answer("e", "healthy"), "the queue is full", Stance::contradicts),
                            with_claim(answer("f", "failing"), "a line that does not exist", false)};
  const auto result = must_conclude(responses);
  ASSERT_EQ(result.verdict, "failing");
  ASSERT_THAT(result.statements, testing::SizeIs(3));
  EXPECT_FALSE(result.statements[0].claim);
  EXPECT_THAT(result.statements[0].contradicts, ElementsAre("d", "e"));
  EXPECT_THAT(result.statements[1].supports, ElementsAre("a", "b"));
  EXPECT_THAT(result.statements[1].contradicts, ElementsAre("d"));
  EXPECT_EQ(result.statements[1].voters, 5U) << "f does not vote";
  EXPECT_THAT(result.statements[2].supports, ElementsAre("c", "e")) << "e says that it speaks against its own verdict";
  EXPECT_THAT(result.consensus_text, HasSubstr("were refused (2 of 5 support, 1 contradicts)\n"));
  EXPECT_THAT(result.consensus_text, HasSubstr("the queue is full (2 of 5 support)"));
  EXPECT_NEAR(result.dissenting_opinions[0].effective_experts, 2.0, 1e-12);
}

TEST(Conclude, tells_what_a_lone_expert_says_once_and_counts_no_support_for_it) {
  const auto db = answer("db", "failing", 0.9, "db", "The database refuses. Disk is full.");
  const auto result = must_conclude({with_claim(with_claim(db, "disk is full", true), "connection refused", true)});
  EXPECT_EQ(result.consensus_text, "The database refuses. Disk is full.\nconnection refused");
  EXPECT_THAT(result.statements, testing::SizeIs(3)) << "for whoever wants the claims";
}

TEST(Conclude, bears_a_gate_that_demands_no_answer_and_weights_near_the_largest_number) {
  Question question;
  question.gate.min_answered = 0;
  EXPECT_FALSE(must_conclude({silent("a", Status::failed, "x")}, question).verdict);
  Responses responses{answer("a", "healthy"), answer("b", "failing"), answer("c", "healthy"), answer("d", "healthy")};
  for (ExpertResponse& response : responses) response.weight = std::numeric_limits<double>::max();
  const auto result = must_conclude(responses);
  ASSERT_TRUE(result.confidence_interval);
  EXPECT_GE(result.confidence_interval->first, 0.0);
  EXPECT_LE(result.confidence_interval->second, 1.0);
  EXPECT_NEAR(result.weights.at("a"), 0.25, 1e-12);
}

TEST(Conclude, estimates_the_cut_between_texts_and_says_so) {
  Responses responses;
  for (const char* text :
       {"the disk of db1 is full", "the disk of db1 is full!", "all is well", "all is very well", "certificate"}) {
    responses.push_back(answer("e" + std::to_string(responses.size()), std::nullopt, 0.5, "overall", text));
  }
  EXPECT_EQ(must_conclude(responses).grouping_threshold, 0.7);
  Question question;
  question.circle.min_consensus_threshold.reset();
  const auto result = must_conclude(responses, question);
  EXPECT_TRUE(result.threshold_estimated);
  EXPECT_THAT(result.groups, ElementsAre(ElementsAre("e0", "e1"), ElementsAre("e2", "e3"), ElementsAre("e4")));
  EXPECT_THAT(insights_of(result, "grouping"), testing::SizeIs(1));
}

TEST(Conclude, refuses_what_validation_refuses_and_names_it) {
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity(), 1.5, -0.1}) {
    const auto result = conclude(Responses{answer("wild", "healthy", bad)}, {});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::invalid_argument);
    EXPECT_THAT(result.error().text(), HasSubstr("response of 'wild' (responses[0]): confidence must be"));
  }
  const auto unknown = conclude(Responses{answer("a", "heathy")}, {});
  ASSERT_FALSE(unknown);
  EXPECT_THAT(unknown.error().message, HasSubstr("did you mean 'healthy'"));
}

TEST(Conclude, refuses_a_question_that_makes_no_sense) {
  const auto refused = [](auto change) {
    Question question;
    change(question);
    const auto result = conclude(Responses{answer("a", std::nullopt)}, question);
    return !result && result.error().kind == ErrorKind::invalid_argument;
  };
  EXPECT_TRUE(refused([](Question& q) { q.verdicts.clear(); }));
  EXPECT_TRUE(refused([](Question& q) { q.verdicts = {"a", "a"}; }));
  EXPECT_TRUE(refused([](Question& q) { q.verdicts = {"a", ""}; }));
  EXPECT_TRUE(refused([](Question& q) { q.gate.pass = {"splendid"}; }));
  EXPECT_TRUE(refused([](Question& q) { q.gate.min_confidence = std::nan(""); }));
  EXPECT_TRUE(refused([](Question& q) { q.gate.min_answered = -1; }));
  EXPECT_TRUE(refused([](Question& q) { q.circle.min_consensus_threshold = 1.5; }));
  EXPECT_TRUE(refused([](Question& q) { q.circle.max_threads = -2; }));
  EXPECT_FALSE(conclude({}, {}, std::nan("")));
}

}  // namespace
}  // namespace conclave::consensus
