#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <thread>

#include "tests/engine/case/fixture.h"

namespace conclave {
namespace {

using consensus::Status;

EvidencePtr nothing() { return EvidenceBuilder().seal().value(); }

// Keeps what it was given, and answers when the test says so.
class SlowExpert : public Expert {
 public:
  SlowExpert() {
    info_.name = "slow";
    info_.timeout_s = -4.8;  // the circle waits the sum of the time-outs plus 5 s
  }
  [[nodiscard]] const ExpertInfo& info() const override { return info_; }
  void start(EvidencePtr, JobPtr job, std::function<void(consensus::ExpertResponse)> done) override {
    job_ = std::move(job);
    done_ = std::move(done);
  }
  ExpertInfo info_;
  JobPtr job_;
  std::function<void(consensus::ExpertResponse)> done_;
};

TEST(Ask, RecordsWhoNeverAnswersAndDropsALateAnswer) {
  const auto slow = std::make_shared<SlowExpert>();
  const std::vector<ExpertPtr> experts = {
      slow, std::make_shared<FakeExpert>("fast", "logs", [](const Evidence&) { return answer("healthy", 1); })};
  std::static_pointer_cast<FakeExpert>(experts.back())->info_.timeout_s = 0;
  std::vector<consensus::ExpertResponse> responses;
  {
    Job job;
    responses = ask(experts, nothing(), job);
  }
  ASSERT_EQ(responses.size(), 2U);
  EXPECT_EQ(responses[0].status, Status::timed_out);
  EXPECT_EQ(responses[0].expert_name, "slow");
  EXPECT_EQ(responses[1].status, Status::answered);
  EXPECT_EQ(responses[1].scope, "logs");
  EXPECT_TRUE(slow->job_->stopped()) << "it is told to end";
  slow->done_(answer("failing", 1));  // after job and callback are gone
}

TEST(Ask, EndsSoonWhenTheJobIsStopped) {
  const auto slow = std::make_shared<SlowExpert>();
  slow->info_.timeout_s = 600;
  Job job;
  const std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    job.request_stop();
  });
  const std::vector<ExpertPtr> experts = {slow};
  const auto responses = ask(experts, nothing(), job);
  EXPECT_EQ(responses[0].status, Status::cancelled);
}

TEST(Ask, TakesAnswersFromAnyThreadAndTellsOfEach) {
  class Threaded : public FakeExpert {
   public:
    using FakeExpert::FakeExpert;
    void start(EvidencePtr evidence, JobPtr job, std::function<void(consensus::ExpertResponse)> done) override {
      thread_ = std::jthread([this, evidence, job, done] { FakeExpert::start(evidence, job, done); });
    }
    std::jthread thread_;
  };
  std::vector<ExpertPtr> experts;
  for (int i = 0; i < 16; ++i) {
    experts.push_back(
        std::make_shared<Threaded>("e" + std::to_string(i), "s", [](const Evidence&) { return answer("healthy", 0.5); }));
  }
  std::vector<std::string> told;
  Job job;
  const auto responses =
      ask(experts, nothing(), job, [&](const consensus::ExpertResponse& response) { told.push_back(response.expert_name); });
  EXPECT_EQ(told.size(), 16U);
  EXPECT_EQ(job.progress().done, 16U);
  for (int i = 0; i < 16; ++i) EXPECT_EQ(responses[static_cast<std::size_t>(i)].expert_name, "e" + std::to_string(i));
}

// Needs something that takes longer to get than the circle waits for answers.
class NeedyExpert : public FakeExpert {
 public:
  using FakeExpert::FakeExpert;
  Result<void> prepare(Job& job) override {
    job.begin("Installing things", 0, "");
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    if (error_.message.empty()) return {};
    return tl::unexpected(error_);
  }
  Error error_;
};

TEST(Ask, WhatExpertsNeedIsPreparedBeforeTheirTimeBegins) {
  std::vector<ExpertPtr> experts;
  for (const char* name : {"a", "b"}) {
    const auto expert = std::make_shared<NeedyExpert>(name, "s", [](const Evidence&) { return answer("healthy", 1); });
    expert->info_.timeout_s = -2.4;  // 0.2 s for the whole circle
    experts.push_back(expert);
  }
  Job job;
  for (const auto& response : ask(experts, nothing(), job)) EXPECT_EQ(response.status, Status::answered);
  EXPECT_EQ(job.progress().phase, "asking experts");
}

TEST(Ask, WhoCannotBePreparedIsAFailureAndTheOthersAnswer) {
  const auto needy = std::make_shared<NeedyExpert>("needy", "s", [](const Evidence&) { return answer("failing", 1); });
  needy->error_ = fail(ErrorKind::circle, "there is no tiny").value();
  const std::vector<ExpertPtr> experts = {
      needy, std::make_shared<FakeExpert>("fine", "s", [](const Evidence&) { return answer("healthy", 1); })};
  std::vector<std::string> told;
  Job job;
  const auto responses =
      ask(experts, nothing(), job, [&](const consensus::ExpertResponse& response) { told.push_back(response.expert_name); });
  EXPECT_EQ(responses[0].status, Status::failed);
  EXPECT_EQ(responses[0].error.value().message, "there is no tiny");
  EXPECT_EQ(responses[1].status, Status::answered);
  EXPECT_EQ(told, (std::vector<std::string>{"needy", "fine"}));
  EXPECT_EQ(job.progress().done, 2U);
}

TEST(Ask, AStopWhileExpertsArePreparedIsACancellation) {
  const auto needy = std::make_shared<NeedyExpert>("needy", "s", [](const Evidence&) { return answer("failing", 1); });
  needy->error_ = fail_cancelled().value();
  const std::vector<ExpertPtr> experts = {needy};
  Job job;
  job.request_stop();
  EXPECT_EQ(ask(experts, nothing(), job)[0].status, Status::cancelled);
}

TEST(Ask, OfNobodyIsEmpty) {
  Job job;
  EXPECT_TRUE(ask({}, nothing(), job).empty());
}

}  // namespace
}  // namespace conclave
