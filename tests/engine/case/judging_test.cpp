#include "engine/case/judging.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/case/past.h"
#include "tests/engine/case/fixture.h"

namespace conclave {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Judging : public testing::Test {
 protected:
  // The report of a circle, kept in the history.
  Report consulted(std::vector<ExpertPtr> experts, const ConsultOptions& options = {}) const {
    Job job;
    auto report = consult(subject_, experts, options, job);
    EXPECT_TRUE(report) << report.error().text();
    EXPECT_TRUE(keep_report(*history_, subject_, *report));
    return *report;
  }
  static ExpertPtr expert(const std::string& name, const std::string& verdict, const std::string& scope = "logs") {
    return std::make_shared<FakeExpert>(name, scope, [verdict](const Evidence&) { return answer(verdict, 0.9); });
  }
  TemporaryFolder folder_;
  Case subject_ =
      load_case(folder_.write("case.yaml", "question: Is it safe?\nlogs: [" +
                                               folder_.write("app.log", "2026-03-01T12:00:00Z INFO ready\n").string() + "]\n"))
          .value();
  std::unique_ptr<store::Store> history_ = store::Store::open(folder_.path() / "history.db").value();
};

TEST_F(Judging, learns_who_said_what_and_what_was_true) {
  const Report report = consulted({expert("one", "healthy"), expert("two", "healthy"), expert("three", "failing")});
  const auto row = judge(*history_, report.id.substr(0, 8), {"wrong", "", "the disk was full"});
  ASSERT_TRUE(row) << row.error().text();
  EXPECT_EQ(row->report_id, report.id);
  EXPECT_EQ(row->note, "the disk was full");
  const auto lessons = lessons_of(*history_).value();
  ASSERT_THAT(lessons, SizeIs(1));
  EXPECT_EQ(lessons[0].verdict, "healthy");
  EXPECT_THAT(lessons[0].truth, ElementsAre("degraded", "failing"));
  EXPECT_THAT(lessons[0].opinions, SizeIs(3));
  EXPECT_EQ(lessons[0].confidence, report.consensus.confidence_score);
  EXPECT_THAT(row->lesson, testing::Not(HasSubstr("It is healthy."))) << "no text of an expert";
  EXPECT_TRUE(std::all_of(lessons[0].opinions.begin(), lessons[0].opinions.end(), [](const auto& o) { return o.votes; }));
}

TEST_F(Judging, of_a_report_at_hand_needs_no_report_in_the_history) {
  Job job;
  const std::vector<ExpertPtr> experts = {expert("one", "healthy"), expert("two", "healthy")};
  const Report report = consult(subject_, experts, {}, job).value();
  EXPECT_FALSE(judge(*history_, report.id, {"right", "", ""}));
  const auto row = judge(*history_, report, {"right", "", ""});
  ASSERT_TRUE(row) << row.error().text();
  EXPECT_THAT(lessons_of(*history_)->front().truth, ElementsAre("healthy"));
  EXPECT_EQ(judge(*history_, Report(), {"healthy", "", ""}).error().kind, ErrorKind::invalid_argument) << "it has no id";
}

TEST_F(Judging, says_wrong_of_two_verdicts_is_the_other_one) {
  subject_.question.verdicts = {"go", "stop"};
  const Report report = consulted({expert("one", "go"), expert("two", "go")});
  ASSERT_TRUE(judge(*history_, report.id, {"wrong", "", ""}));
  EXPECT_THAT(lessons_of(*history_)->front().truth, ElementsAre("stop"));
}

TEST_F(Judging, outlives_the_report) {
  const Report report = consulted({expert("one", "healthy"), expert("two", "healthy")});
  ASSERT_TRUE(judge(*history_, report.id, {"right", "", ""}));
  ASSERT_EQ(history_->purge_older_than(now_us() + us_per_second).value(), 1U);
  EXPECT_THAT(lessons_of(*history_).value(), SizeIs(1));
  ASSERT_TRUE(take_back(*history_, report.id.substr(0, 6), ""));
  EXPECT_THAT(lessons_of(*history_).value(), IsEmpty());
}

TEST_F(Judging, of_a_scope_and_of_the_report_stand_side_by_side_until_taken_back) {
  const Report report = consulted({expert("one", "healthy"), expert("two", "healthy", "net"), expert("three", "healthy", "net")});
  ASSERT_TRUE(judge(*history_, report.id, {"right", "", ""}));
  ASSERT_TRUE(judge(*history_, report.id, {"failing", "net", ""}));
  EXPECT_THAT(lessons_of(*history_).value(), SizeIs(2));
  ASSERT_TRUE(take_back(*history_, "last", "net"));
  const auto gone = take_back(*history_, report.id, "net");
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind, ErrorKind::not_found);
  EXPECT_THAT(lessons_of(*history_).value(), SizeIs(1));
}

TEST_F(Judging, names_what_the_report_does_not_have) {
  const Report report = consulted({expert("one", "healthy"), expert("two", "healthy")});
  const auto said = [&](const Judgement& judgement) {
    const auto row = judge(*history_, report.id, judgement);
    return row ? std::string() : row.error().message;
  };
  EXPECT_THAT(said({"faling", "", ""}), HasSubstr("did you mean 'failing'"));
  EXPECT_THAT(said({"right", "lgos", ""}), HasSubstr("did you mean 'logs'"));
  EXPECT_THAT(said({"\xff", "", ""}), HasSubstr("neither right nor wrong"));
  EXPECT_FALSE(judge(*history_, "ffffffff", {"right", "", ""}));
  EXPECT_THAT(lessons_of(*history_).value(), IsEmpty());
}

TEST_F(Judging, asks_for_the_label_where_there_was_no_verdict) {
  const Report report = consulted({expert("one", "healthy"), expert("two", "failing"), expert("three", "failing")}, {});
  ASSERT_FALSE(report.consensus.verdict == "healthy");
  const Report tied =
      consulted({expert("one", "healthy"), expert("two", "failing"), expert("three", "healthy"), expert("four", "failing")});
  ASSERT_EQ(tied.consensus.verdict, std::nullopt);
  const auto row = judge(*history_, tied.id, {"right", "", ""});
  ASSERT_FALSE(row);
  EXPECT_THAT(row.error().message, HasSubstr("say which was true"));
  EXPECT_TRUE(judge(*history_, tied.id, {"failing", "", ""}));
}

TEST_F(Judging, means_the_verdict_where_one_is_called_right) {
  subject_.question.verdicts = {"left", "right"};
  const Report report = consulted({expert("one", "left"), expert("two", "left")});
  ASSERT_TRUE(judge(*history_, report.id, {"right", "", ""}));
  EXPECT_THAT(lessons_of(*history_)->front().truth, ElementsAre("right"));
}

TEST_F(Judging, names_a_judgement_that_is_damaged) {
  ASSERT_TRUE(history_->set_judgement({"aaaa1", "", "right", "", 1, "{\"lesson\": 1}", true}));
  const auto lessons = lessons_of(*history_);
  ASSERT_FALSE(lessons);
  EXPECT_EQ(lessons.error().kind, ErrorKind::serialization);
  EXPECT_THAT(lessons.error().message, HasSubstr("aaaa1"));
  ASSERT_TRUE(history_->forget_judgements());
  EXPECT_TRUE(lessons_of(*history_)) << "what no longer counts is not read";
}

TEST_F(Judging, of_a_report_with_labels_of_another_question_can_still_be_learned_from) {
  Report report = consulted({expert("one", "healthy"), expert("two", "healthy")});
  report.responses[0].verdict = "health\xC3\xBF";
  report.receipt.question.gate.pass = {"healthy", "fine"};
  const auto lesson = lesson_of(report, {"right", "", ""});
  ASSERT_TRUE(lesson) << lesson.error().text();
  EXPECT_FALSE(lesson->opinions[0].votes);
  EXPECT_THAT(lesson->passing, ElementsAre("healthy"));
  EXPECT_TRUE(consensus::lesson_from_json(to_json(*lesson))) << "one odd report must not spoil what the others teach";
}

TEST_F(Judging, is_audited_without_its_note) {
  const store::JudgementRow row{"0123456789", "net", "failing", "password: hunter2", 1, "{}", true};
  EXPECT_EQ(audit_of_judgement(row, false), (AuditLine{"history.judge", "0123456789", "truly failing in net"}));
  EXPECT_EQ(audit_of_judgement(row, true).event, "history.unjudge");
}

// Enough judgements of three experts, of which the third is always wrong, that something is learned.
void teach(store::Store& history, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    consensus::Lesson lesson;
    lesson.report = "taught" + std::to_string(1000 + i);
    lesson.question = {{"healthy", "degraded", "failing"}, true};
    lesson.passing = {"healthy"};
    lesson.scopes = {{"logs", "healthy"}};
    lesson.verdict = "healthy";
    lesson.confidence = 0.95;
    const std::string truth = i % 4 == 0 ? "failing" : "healthy";
    for (const auto& [name, verdict] : {std::pair<std::string, std::string>{"one", truth},
                                        {"two", "healthy"},
                                        {"three", truth == "failing" ? "healthy" : "failing"}}) {
      lesson.opinions.push_back({name, "logs", consensus::Status::answered, verdict, 0.9, true, 0, 0});
    }
    lesson.truth = {truth};
    ASSERT_TRUE(history.set_judgement({lesson.report, "", truth, "", 1, to_json(lesson).dump(), true}));
  }
}

class Learning : public Judging {
 protected:
  Report consulted_with(const consensus::Learned& learned) const {
    ConsultOptions options;
    options.learned = learned;
    return consulted({expert("one", "healthy"), expert("two", "healthy"), expert("three", "failing")}, options);
  }
};

TEST_F(Learning, without_judgements_changes_no_bit_of_a_report) {
  const auto without_chance = [](const Report& report) {
    nlohmann::json json = to_json(report);
    for (const char* key : {"id", "started", "seconds"}) json.erase(key);
    for (auto& response : json["responses"]) response.erase("seconds"), response.erase("timestamp");
    return json;
  };
  const auto learned = learned_from(*history_, subject_.question).value();
  EXPECT_EQ(without_chance(consulted_with(learned)), without_chance(consulted_with({})));
}

TEST_F(Learning, is_in_weights_confidence_and_receipt_and_replays_to_the_same_bits) {
  teach(*history_, 60);
  const auto learned = learned_from(*history_, subject_.question).value();
  const Report report = consulted_with(learned);
  EXPECT_EQ(report.receipt.weights.at("three"), learned.weights.at("three"));
  EXPECT_LT(report.receipt.weights.at("three"), 0.1);
  EXPECT_EQ(report.receipt.learned.version, learned.version);
  EXPECT_TRUE(report.consensus.calibrated);
  EXPECT_NE(report.consensus.confidence_score, report.consensus.uncalibrated_score);
  const auto read = report_from_json(nlohmann::json::parse(to_json(report).dump()));
  ASSERT_TRUE(read) << read.error().text();
  teach(*history_, 5);  // what is learned later does not change what was
  const auto again = replay(*read);
  ASSERT_TRUE(again);
  EXPECT_EQ(to_json(*again).dump(), to_json(report).dump());
}

TEST_F(Learning, multiplies_the_weights_of_the_case) {
  teach(*history_, 60);
  ConsultOptions options;
  options.learned = learned_from(*history_, subject_.question).value();
  options.weights = {{"one", 3.0}};
  const Report report = consulted({expert("one", "healthy"), expert("new", "healthy"), expert("three", "failing")}, options);
  EXPECT_EQ(report.receipt.weights.at("one"), 3.0 * options.learned.weights.at("one"));
  EXPECT_EQ(report.receipt.weights.at("new"), 1.0) << "of whom nothing is known";
}

TEST_F(Learning, takes_the_confidence_from_before_calibration) {
  teach(*history_, 60);
  const Report report = consulted_with(learned_from(*history_, subject_.question).value());
  ASSERT_TRUE(judge(*history_, report.id, {"right", "", ""}));
  const auto lessons = lessons_of(*history_).value();
  const auto own = std::find_if(lessons.begin(), lessons.end(), [&](const auto& lesson) { return lesson.report == report.id; });
  EXPECT_EQ(own->confidence, report.consensus.uncalibrated_score);
}

TEST_F(Learning, begins_anew_when_it_was_reset) {
  teach(*history_, 60);
  ASSERT_EQ(history_->forget_judgements().value(), 60U);
  EXPECT_TRUE(learned_from(*history_, subject_.question)->nothing());
}

TEST_F(Learning, reads_reports_of_before) {
  nlohmann::json old = to_json(consulted_with({}));
  old["receipt"].erase("learned");
  old.erase("uncalibrated_score");
  const auto read = report_from_json(old);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_TRUE(read->receipt.learned.nothing());
  EXPECT_EQ(read->consensus.uncalibrated_score, read->consensus.confidence_score);
  nlohmann::json damaged = old;
  damaged["receipt"]["learned"] = {{"learned", 1}};
  EXPECT_FALSE(report_from_json(damaged));
}

}  // namespace
}  // namespace conclave
