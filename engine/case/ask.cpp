#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "engine/case/expert.h"

namespace conclave {
namespace {

using consensus::ExpertResponse;
using consensus::Status;
using Clock = std::chrono::steady_clock;

// Outlives ask(): a late expert still holds it, and finds the round closed.
struct Round {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::optional<ExpertResponse>> answers;
  std::size_t open = 0;
  bool closed = false;
};

ExpertResponse signed_by(const ExpertInfo& info, ExpertResponse response) {
  response.expert_name = info.name;
  response.weight = info.weight;
  if (response.scope.empty()) response.scope = info.scope;
  if (response.timestamp == 0) response.timestamp = now_us();
  return response;
}

// Waits until all have answered, the deadline has passed, or the job has been stopped and a second has gone by for experts to
// end.
void wait_for_all(Round& round, std::unique_lock<std::mutex>& lock, Job& job, Clock::time_point deadline) {
  constexpr auto grace = std::chrono::seconds(1);
  bool stopping = false;
  while (round.open > 0 && Clock::now() < deadline) {
    round.changed.wait_for(lock, std::chrono::milliseconds(20));
    if (job.stopped() && !stopping) {
      stopping = true;
      deadline = std::min(deadline, Clock::now() + grace);
    }
  }
}

// What keeps it from being asked.
std::optional<consensus::ResponseError> trouble_with(Expert& expert, Job& job) {
  const auto prepared = expert.prepare(job);
  if (prepared) return std::nullopt;
  return consensus::ResponseError{
      prepared.error().kind == ErrorKind::cancelled ? "Cancelled" : "CircleError", prepared.error().text(), {}};
}

}  // namespace

ExpertResponse without_answer(const ExpertInfo& info, Status status, consensus::ResponseError error) {
  ExpertResponse response;
  response.expert_name = info.name;
  response.scope = info.scope;
  response.weight = info.weight;
  response.status = status;
  response.timestamp = now_us();
  response.error = std::move(error);
  return response;
}

std::vector<ExpertResponse> ask(std::span<const ExpertPtr> experts, const EvidencePtr& evidence, Job& job,
                                const OnResponse& on_response) {
  std::vector<std::optional<consensus::ResponseError>> unprepared;  // their time begins when all are
  for (const ExpertPtr& expert : experts) unprepared.push_back(trouble_with(*expert, job));
  job.begin("asking experts", experts.size(), "experts");
  auto round = std::make_shared<Round>();
  round->answers.resize(experts.size());
  round->open = experts.size();

  double budget_s = 5;
  std::vector<JobPtr> jobs;
  for (std::size_t i = 0; i < experts.size(); ++i) {
    const ExpertInfo& info = experts[i]->info();
    budget_s += info.timeout_s;
    jobs.push_back(std::make_shared<Job>(info.name, job));
    const auto done = [round, i, info, &job, &on_response](ExpertResponse response) {
      const std::lock_guard lock(round->mutex);
      if (round->closed || round->answers[i]) return;  // `job` and `on_response` live only while the round is open
      round->answers[i] = signed_by(info, std::move(response));
      --round->open;
      job.advance();
      if (on_response) on_response(*round->answers[i]);
      round->changed.notify_all();
    };
    if (!unprepared[i])
      experts[i]->start(evidence, jobs.back(), done);
    else
      done(without_answer(info, job.stopped() ? Status::cancelled : Status::failed, std::move(*unprepared[i])));
  }

  std::unique_lock lock(round->mutex);
  wait_for_all(*round, lock, job,
               Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(budget_s)));
  round->closed = true;
  std::vector<ExpertResponse> responses;
  for (std::size_t i = 0; i < experts.size(); ++i) {
    if (round->answers[i]) {
      responses.push_back(std::move(*round->answers[i]));
      continue;
    }
    const bool stopped = job.stopped();
    jobs[i]->request_stop();
    const Status status = stopped ? Status::cancelled : Status::timed_out;
    const char* why = stopped ? "the consultation was cancelled" : "no answer within the time of the whole circle";
    responses.push_back(without_answer(experts[i]->info(), status, {stopped ? "Cancelled" : "TimeoutError", why, {}}));
    if (on_response) on_response(responses.back());
  }
  return responses;
}

}  // namespace conclave
