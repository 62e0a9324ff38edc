// One loop on the calling thread connects, hands connections over and collects answers, which come from other threads through a
// list and an eventfd. What it waits for has a deadline of its own each, so that no server, and no probe, holds up another.
#include "engine/case/probes.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <deque>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "engine/base/text.h"
#include "engine/case/hook_changes.h"
#include "engine/case/policy.h"
#include "engine/scan/connection.h"
#include "engine/scan/probe/protocols.h"

namespace conclave {
namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::json;

constexpr std::chrono::milliseconds tick{50};  // a stop is looked at this often
constexpr std::size_t longest_failure = 500;   // bytes

Clock::duration in_clock(double seconds) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

std::string target_of(const scan::Target& target) {
  const std::string host = target.host.find(':') == std::string::npos ? target.host : "[" + target.host + "]";
  return host + ":" + std::to_string(target.port);
}

json service_of(const scan::ScanResult& result) {
  return {{"name", valid_utf8(result.target.name)},
          {"target", valid_utf8(target_of(result.target))},
          {"expect", scan::state_name(result.target.expect.value_or(scan::State::open))},
          {"state", scan::state_name(result.state)},
          {"latency_ms", result.latency_ms ? json(*result.latency_ms) : json(nullptr)},
          {"address", result.address},
          {"detail", valid_utf8(result.detail)}};
}

// Shared with whoever answers, perhaps after nobody waits any more.
class Answers {
 public:
  Answers() : file_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  Answers(const Answers&) = delete;
  Answers& operator=(const Answers&) = delete;
  ~Answers() {
    if (file_ >= 0) ::close(file_);
  }
  using Answer = std::pair<std::size_t, Result<json>>;
  [[nodiscard]] int file() const { return file_; }
  void add(std::size_t result, Result<json> answer) {
    const std::lock_guard lock(mutex_);
    answers_.emplace_back(result, std::move(answer));
    const std::uint64_t one = 1;
    (void)!::write(file_, &one, sizeof one);
  }
  std::vector<Answer> take() {
    std::uint64_t count = 0;
    (void)!::read(file_, &count, sizeof count);
    const std::lock_guard lock(mutex_);
    return std::exchange(answers_, {});
  }

 private:
  const int file_;
  std::mutex mutex_;
  std::vector<Answer> answers_;
};

class Asking {
 public:
  Asking(std::span<const scan::ScanResult> results, const Probes& probes, const scan::ScanOptions& options, Job& job)
      : results_(results), probes_(probes), options_(options), job_(job) {
    probed_.changes.resize(results.size());
  }

  Result<Probed> run() {
    for (std::size_t i = 0; i < results_.size(); ++i) {
      if (results_[i].state == scan::State::open && probes_.contains(results_[i].target.probe)) waiting_.push_back(i);
    }
    job_.begin("asking probes", waiting_.size(), "services");
    prepare();
    while ((!waiting_.empty() || !running_.empty()) && !job_.stopped()) {
      while (!waiting_.empty() && running_.size() < most_probes) connect();
      wait();
      for (auto& [result, answer] : answers_->take()) {
        if (const auto run = find(result); run != running_.end()) ended(run, std::move(answer));
      }
      expire();
    }
    if (!job_.stopped()) return std::move(probed_);
    for (const Run& run : running_) run.job->request_stop();
    return fail_cancelled();
  }

 private:
  struct Run {
    std::size_t result;
    const Probe* probe;
    Clock::time_point started;
    Clock::time_point deadline;
    std::optional<scan::Connection> connecting;  // nothing once it was handed over
    JobPtr job;
  };
  using Running = std::vector<Run>::iterator;

  Running find(std::size_t result) {
    return std::find_if(running_.begin(), running_.end(), [&](const Run& run) { return run.result == result; });
  }
  [[nodiscard]] const Probe& probe_of(std::size_t result) const { return probes_.at(results_[result].target.probe); }

  // A probe that cannot be prepared fails for each of its services.
  void prepare() {
    std::map<std::string, Result<void>> prepared;
    std::deque<std::size_t> ready;
    for (const std::size_t result : waiting_) {
      if (job_.stopped()) return;
      const Probe& probe = probe_of(result);
      auto found = prepared.find(probe.plugin.name);
      if (found == prepared.end())
        found = prepared.emplace(probe.plugin.name, probe.prepare ? probe.prepare(job_) : Result<void>()).first;
      if (found->second)
        ready.push_back(result);
      else
        record(result, tl::unexpected(found->second.error()), Clock::now());
    }
    waiting_ = std::move(ready);
  }

  void connect() {
    const std::size_t result = waiting_.front();
    waiting_.pop_front();
    const auto now = Clock::now();
    const auto address = scan::Address::from_text(results_[result].address);
    Result<scan::Connection> connection = fail(ErrorKind::io, "cannot connect again to '" + results_[result].address + "'");
    if (address) {
      const scan::Address with_port = address->with_port(results_[result].target.port);
      std::string why = options_.forbids ? options_.forbids(with_port) : std::string();
      connection = why.empty() ? scan::Connection::begin(with_port) : fail(ErrorKind::security, std::move(why));
    }
    if (!connection) return record(result, tl::unexpected(std::move(connection.error())), now);
    running_.push_back({result, &probe_of(result), now, now + std::chrono::milliseconds(std::max(options_.timeout_ms, 1)),
                        std::move(*connection), std::make_shared<Job>("probe " + probe_of(result).plugin.name, job_)});
  }

  void wait() {
    std::vector<pollfd> files{{answers_->file(), POLLIN, 0}};
    std::vector<std::size_t> owners;
    auto until = Clock::now() + tick;
    for (const Run& run : running_) {
      until = std::min(until, run.deadline);
      if (!run.connecting) continue;
      files.push_back({run.connecting->file(), POLLOUT, 0});
      owners.push_back(run.result);
    }
    if (running_.empty()) return;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    if (::poll(files.data(), files.size(), static_cast<int>(std::max<std::int64_t>(left, 0))) <= 0) return;
    for (std::size_t i = 1; i < files.size(); ++i) {
      if (files[i].revents != 0) connected(find(owners[i - 1]));
    }
  }

  void connected(Running run) {
    if (auto there = run->connecting->established(); !there) return ended(run, tl::unexpected(std::move(there.error())));
    const Probe& probe = *run->probe;
    const double seconds = std::min(probe.time_s, probe_time_factor * std::max(options_.timeout_ms, 1) / 1000);
    const int socket = run->connecting->release();
    run->connecting.reset();
    run->deadline = Clock::now() + in_clock(seconds + probe.grace_s);
    // Nothing of this object: the answer may come when it is gone.
    probe.start(socket, service_of(results_[run->result]), seconds, run->job,
                [answers = answers_, result = run->result](Result<json> answer) { answers->add(result, std::move(answer)); });
  }

  void expire() {
    const auto now = Clock::now();
    for (std::size_t i = running_.size(); i-- > 0;) {
      const auto run = running_.begin() + static_cast<std::ptrdiff_t>(i);
      if (now < run->deadline) continue;
      if (run->connecting) {
        ended(run, fail(ErrorKind::io, "cannot connect again: no answer within " + std::to_string(options_.timeout_ms) + " ms"));
      } else {
        ended(run, fail(ErrorKind::circle, "no answer within its time, and it ignored interruption"));
      }
    }
  }

  void ended(Running run, Result<json> answer) {
    run->job->request_stop();  // also of one that nobody waits for
    const Run over = std::move(*run);
    running_.erase(run);
    record(over.result, std::move(answer), over.started);
  }

  void record(std::size_t index, Result<json> answer, Clock::time_point started) {
    const scan::ScanResult& result = results_[index];
    const std::string& plugin = probe_of(index).plugin.name;
    const std::string name = valid_utf8(result.target.name);
    if (answer && !answer->is_null()) {
      if (auto valid = check_service_change(*answer); !valid) answer = tl::unexpected(std::move(valid.error()));
    }
    std::string words = name + ": nothing";
    if (!answer) {
      const std::string& whole = answer.error().message;
      const std::string why = valid_utf8(whole.substr(0, std::min(whole.find('\n'), longest_failure)));
      words = "failed: " + name + ": " + valid_utf8(whole);
      answer = json{{"detail", "probe " + plugin + " failed: " + why}};
      probed_.problems.push_back({config::Severity::warning,
                                  "probe-failed",
                                  "probe " + plugin + " failed, so nobody knows more than that it is open: " + why,
                                  {},
                                  {name, 0, 0}});
    } else if (!answer->is_null() && !answer->empty()) {
      words.clear();
      for (const auto& [field, value] : answer->items()) words += (words.empty() ? "" : ", ") + field;
      words = "changed " + name + " (" + words + ")";
    }
    probed_.changes[index] = std::move(*answer);
    probed_.hooks.push_back({"probe", plugin, words, std::chrono::duration<double>(Clock::now() - started).count()});
    job_.advance();
  }

  std::span<const scan::ScanResult> results_;
  const Probes& probes_;
  const scan::ScanOptions& options_;
  Job& job_;
  std::deque<std::size_t> waiting_;
  std::vector<Run> running_;
  std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();
  Probed probed_;
};

}  // namespace

Result<Probed> ask_probes(std::span<const scan::ScanResult> results, const Probes& probes, const scan::ScanOptions& options,
                          Job& job) {
  return Asking(results, probes, options, job).run();
}

scan::ScanResult with_change(scan::ScanResult result, const json& fields) {
  if (!fields.is_object()) return result;
  if (const auto state = fields.find("state"); state != fields.end())
    result.state = scan::state_from_name(state->get_ref<const std::string&>()).value_or(result.state);
  if (const auto detail = fields.find("detail"); detail != fields.end()) result.detail = detail->get<std::string>();
  if (const auto latency = fields.find("latency_ms"); latency != fields.end())
    result.latency_ms = latency->is_null() ? std::nullopt : std::optional(latency->get<double>());
  return result;
}

Result<void> check_probes(const Case& subject, const Probes& probes) {
  for (const scan::Target& target : subject.services) {
    if (target.probe.empty() || scan::is_probe_name(target.probe) || probes.contains(target.probe)) continue;
    return fail(ErrorKind::circle,
                "the case asks '" + target.name + "' by the probe '" + target.probe + "', and there is none here");
  }
  return {};
}

Result<ProbedServices> probe_services(const Case& subject, const EvidencePtr& evidence, const Probes& probes, Job& job) {
  if (auto there = check_probes(subject, probes); !there) return tl::unexpected(std::move(there.error()));
  ProbedServices probed;
  probed.evidence = evidence;
  const std::size_t rows = std::min(evidence->rows("services.name"), subject.services.size());
  std::vector<scan::ScanResult> results(rows);
  const auto latency = evidence->numbers("services.latency_ms");
  bool any = false;
  for (std::size_t row = 0; row < rows; ++row) {
    scan::ScanResult& result = results[row];
    result.target = subject.services[row];
    result.state = scan::state_from_name(evidence->text("services.state", row)).value_or(scan::State::cancelled);
    result.address = evidence->text("services.address", row);
    result.detail = evidence->text("services.detail", row);
    if (!std::isnan(latency[row])) result.latency_ms = latency[row];
    any = any || (probes.contains(result.target.probe) && result.state == scan::State::open);
  }
  if (!any) return probed;
  const auto policy = policy_in_force();
  if (!policy) return tl::unexpected(policy.error());
  const scan::ScanOptions options = policy->within({});
  auto answers = ask_probes(results, probes, options, job);
  if (!answers) return tl::unexpected(std::move(answers.error()));
  auto changed = with_service_changes(evidence, std::move(answers->changes));
  if (!changed) return tl::unexpected(std::move(changed.error()));
  probed.evidence = std::move(changed->value);
  probed.hooks = std::move(answers->hooks);
  probed.problems = std::move(answers->problems);
  return probed;
}

}  // namespace conclave
