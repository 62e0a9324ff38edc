#include "engine/case/service_past.h"

#include <gmock/gmock.h>

#include "engine/case/scan_history.h"
#include "tests/engine/case/fixture.h"
#include "tests/engine/scan/loopback.h"

namespace conclave {
namespace {

using scan::State;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ServicePast : public ::testing::Test {
 protected:
  void remember(State state, std::optional<double> latency_ms, int times = 1) {
    scan::ScanResult result;
    result.target = subject_.services.front();
    result.state = state;
    result.latency_ms = latency_ms;
    for (int i = 0; i < times; ++i) {
      result.time = ++time_ * us_per_second;
      ASSERT_TRUE(keep_scan(*history_, "test", std::span(&result, 1), 0));
    }
  }
  RememberedServices found(State state, double latency_ms) {
    EvidenceBuilder builder;
    builder.add_texts("services.name", {"db"});
    builder.add_texts("services.state", {std::string(scan::state_name(state))});
    builder.add_numbers("services.latency_ms", {latency_ms});
    builder.add_texts("services.unmet", {unmet_});
    return with_past_of_services(subject_, std::move(builder).seal().value(), past_of_services(*history_, subject_).value())
        .value();
  }
  static nlohmann::json history_of(const RememberedServices& services) {
    return nlohmann::json::parse(services.evidence->text("services.history", 0));
  }

  TemporaryFolder folder_;
  std::unique_ptr<store::Store> history_ = store::Store::open(folder_.path() / "history.db").value();
  Case subject_ = [] {
    Case subject;
    subject.name = "small";
    subject.question_text = "?";
    subject.services = {{"db", "127.0.0.1", 5432, {}}};
    return subject;
  }();
  std::string unmet_;
  int time_ = 0;
};

TEST_F(ServicePast, IsThisScanAndThoseBefore) {
  remember(State::open, 1.0, 3);
  remember(State::closed, {});
  const auto json = history_of(found(State::open, 5));
  EXPECT_EQ(json["scans"], 5);
  EXPECT_EQ(json["uptime"], 0.8);
  EXPECT_EQ(json["changes"], 2);
  EXPECT_EQ(json["up"], true);
  EXPECT_EQ(json["since_known"], true);
  EXPECT_EQ(json["latency_ms"]["count"], 4);
  EXPECT_EQ(json["latency_ms"]["p95"], 5.0);
}

TEST_F(ServicePast, SaysWhatFlaps) {
  for (int i = 0; i < 6; ++i) remember(i % 2 == 0 ? State::open : State::closed, 1);
  EXPECT_EQ(history_of(found(State::open, 1))["flapping"], true);
}

TEST_F(ServicePast, JudgesTheBoundByAllOfThem) {
  subject_.services.front().p95_ms = 10;
  remember(State::open, 4, 30);
  EXPECT_EQ(found(State::open, 500).evidence->text("services.unmet", 0), "");  // one in 31 may be slow
  remember(State::open, 40, 3);
  const auto now = found(State::open, 4);
  EXPECT_EQ(now.evidence->text("services.unmet", 0), "p95 40.00 ms, above 10.00 ms (of 34 scans)");
  EXPECT_THAT(now.problems, IsEmpty());
}

TEST_F(ServicePast, TellsThatAScanAloneWasJudged) {
  subject_.services.front().p95_ms = 10;
  unmet_ = "status 500, not 200";
  const auto now = found(State::open, 12);
  EXPECT_EQ(now.evidence->text("services.unmet", 0), "status 500, not 200; p95 12.00 ms, above 10.00 ms (of 1 scan)");
  ASSERT_EQ(now.problems.size(), 1U);
  EXPECT_THAT(config::to_text(now.problems.front()), HasSubstr("no earlier scan of it is remembered"));
}

TEST_F(ServicePast, DoesNotJudgeTheLatencyOfWhatIsDown) {
  subject_.services.front().p95_ms = 10;
  const auto now = found(State::closed, 3);
  EXPECT_EQ(now.evidence->text("services.unmet", 0), "");
  EXPECT_THAT(now.problems, IsEmpty());
}

TEST_F(ServicePast, IsNothingWhereNothingWasFoundOut) {
  EXPECT_EQ(found(State::local_error, std::numeric_limits<double>::quiet_NaN()).evidence->text("services.history", 0), "");
}

TEST_F(ServicePast, IsSeenByExpertsAndReportsOfAConsultation) {
  const scan::LoopbackSocket listener;
  subject_.services.front().port = listener.port();
  subject_.services.front().p95_ms = 100;
  remember(State::open, 5000, 40);
  std::string seen;
  const std::vector<ExpertPtr> experts = {std::make_shared<FakeExpert>("one", "services", [&seen](const Evidence& evidence) {
    seen = evidence.text("services.unmet", 0);
    return answer("failing", 0.9);
  })};
  ConsultOptions options;
  options.services_past = past_of_services(*history_, subject_).value();
  Job job;
  const auto report = consult(subject_, experts, options, job);
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_THAT(seen, HasSubstr("p95 5000.00 ms, above 100.00 ms (of 41 scans)"));
  const nlohmann::json service = to_json(*report).at("evidence").at("services").at(0);
  EXPECT_EQ(service.at("unmet"), seen);
  EXPECT_EQ(service.at("history").at("scans"), 41);
}

}  // namespace
}  // namespace conclave
