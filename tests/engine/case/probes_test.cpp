#include "engine/case/probes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <thread>

#include "engine/case/hook_changes.h"
#include "engine/scan/address.h"
#include "tests/engine/scan/loopback.h"

namespace conclave {
namespace {

using nlohmann::json;
using scan::LoopbackSocket;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;
using Done = std::function<void(Result<json>)>;

scan::ScanResult open_at(std::uint16_t port, const std::string& name, const std::string& probe = "ready") {
  scan::ScanResult result;
  result.target = {name, "127.0.0.1", port, std::nullopt, probe};
  result.state = scan::State::open;
  result.address = "127.0.0.1";
  return result;
}

// A probe that answers at once with what `say` makes of the service.
Probe answering(std::function<Result<json>(const json& service)> say) {
  Probe probe;
  probe.plugin.name = "ready";
  probe.start = [say = std::move(say)](int socket, const json& service, double, const JobPtr&, const Done& done) {
    ::close(socket);
    done(say(service));
  };
  return probe;
}

// One that never answers; its socket is closed when the test ends.
struct Silent {
  std::vector<int> sockets;
  std::vector<Done> kept;
  Probe probe(double time_s) {
    Probe probe;
    probe.plugin.name = "silent";
    probe.time_s = time_s;
    probe.grace_s = 0;
    probe.start = [this](int socket, const json&, double, const JobPtr&, Done done) {
      sockets.push_back(socket);
      kept.push_back(std::move(done));
    };
    return probe;
  }
  ~Silent() {
    for (const int socket : sockets) ::close(socket);
  }
};

Probed asked(const std::vector<scan::ScanResult>& results, const Probes& probes, const scan::ScanOptions& options = {}) {
  Job job;
  auto probed = ask_probes(results, probes, options, job);
  EXPECT_TRUE(probed.has_value()) << probed.error().text();
  return probed ? std::move(*probed) : Probed{};
}

TEST(Probes, GetAConnectionAndSayWhatChanges) {
  const LoopbackSocket server;
  Probe probe = answering([](const json& service) { return json{{"detail", service["target"]}, {"state", "closed"}}; });
  const auto start = probe.start;
  probe.start = [&](int socket, json service, double seconds, const JobPtr& job, const Done& done) {
    sockaddr_in other{};
    socklen_t size = sizeof other;
    EXPECT_EQ(::getpeername(socket, reinterpret_cast<sockaddr*>(&other), &size), 0);
    EXPECT_EQ(ntohs(other.sin_port), server.port());
    EXPECT_DOUBLE_EQ(seconds, 10);  // ten times the time-out of a scan
    start(socket, std::move(service), seconds, job, done);
  };
  const auto results = std::vector{open_at(server.port(), "web"), open_at(server.port(), "other", "")};
  const Probed probed = asked(results, {{"ready", probe}});
  const std::string target = "127.0.0.1:" + std::to_string(server.port());
  EXPECT_THAT(probed.changes, ElementsAre(json{{"detail", target}, {"state", "closed"}}, json(nullptr)));
  ASSERT_THAT(probed.hooks, SizeIs(1));
  EXPECT_EQ(probed.hooks[0].hook, "probe");
  EXPECT_EQ(probed.hooks[0].change, "changed web (detail, state)");
  EXPECT_THAT(probed.problems, IsEmpty());
  const scan::ScanResult changed = with_change(results[0], probed.changes[0]);
  EXPECT_EQ(changed.state, scan::State::closed);
  EXPECT_EQ(changed.detail, target);
}

TEST(Probes, ThatFailOrTalkNonsenseLeaveTheServiceOpen) {
  const LoopbackSocket server;
  const std::vector<std::pair<Result<json>, std::string>> answers{
      {fail(ErrorKind::script, "KeyError: boo\n\nTraceback"), "KeyError: boo"},
      {json{{"state", "fine"}}, "state must be one of those"},
      {json{{"name", "x"}}, "'name' of a service may not be changed"},
      {json{{"detail", 7}}, "detail must be text"},
      {json{{"detail", std::string(most_detail_bytes + 1, 'x')}}, "detail must not be longer than 4096 bytes"},
      {json{{"latency_ms", -1}}, "latency_ms must be"},
      {json::array({1}), "no object"},
      {json::parse("{", nullptr, false), "no object"},
  };
  for (const auto& [answer, why] : answers) {
    const Probed probed =
        asked({open_at(server.port(), "web")}, {{"ready", answering([answer = answer](const json&) { return answer; })}});
    ASSERT_THAT(probed.problems, SizeIs(1)) << why;
    EXPECT_EQ(probed.problems[0].rule, "probe-failed");
    EXPECT_EQ(probed.problems[0].severity, config::Severity::warning);
    EXPECT_THAT(probed.problems[0].message, HasSubstr(why));
    EXPECT_THAT(probed.hooks[0].change, StartsWith("failed: web: "));
    ASSERT_TRUE(probed.changes[0].is_object());
    EXPECT_THAT(probed.changes[0]["detail"].get<std::string>(), HasSubstr(why));
    EXPECT_FALSE(probed.changes[0].contains("state"));
  }
}

TEST(Probes, ThatNeverAnswerAreGivenUpAndDelayNobody) {
  const LoopbackSocket server;
  Silent silent;
  std::vector<scan::ScanResult> results;
  for (int i = 0; i < 3; ++i) results.push_back(open_at(server.port(), "late", "silent"));
  results.push_back(open_at(server.port(), "web"));
  const auto nothing = answering([](const json&) { return json(nullptr); });
  const auto started = std::chrono::steady_clock::now();
  const Probed probed = asked(results, {{"silent", silent.probe(0.3)}, {"ready", nothing}});
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(10));
  ASSERT_THAT(probed.hooks, SizeIs(4));
  EXPECT_EQ(probed.hooks[0].change, "web: nothing");
  EXPECT_THAT(probed.problems, SizeIs(3));
  for (const Done& late : silent.kept) late(json{{"detail", "too late"}});  // heard by nobody
}

TEST(Probes, AreAskedSoManyAtATime) {
  const LoopbackSocket server;
  std::mutex mutex;
  std::size_t now = 0;
  std::size_t most = 0;
  std::vector<std::jthread> threads;
  Probe probe;
  probe.plugin.name = "ready";
  probe.start = [&](int socket, const json&, double, const JobPtr&, const Done& done) {
    const std::lock_guard lock(mutex);
    most = std::max(most, ++now);
    threads.emplace_back([&, socket, done] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      ::close(socket);
      {
        const std::lock_guard inner(mutex);
        --now;
      }
      done(json(nullptr));
    });
  };
  const std::vector<scan::ScanResult> results(3 * most_probes, open_at(server.port(), "web"));
  EXPECT_THAT(asked(results, {{"ready", probe}}).hooks, SizeIs(3 * most_probes));
  EXPECT_GT(most, 1);
  EXPECT_LE(most, most_probes);
}

TEST(Probes, AreNotConnectedWhereItIsForbiddenOrNobodyListens) {
  const LoopbackSocket server;
  const LoopbackSocket bound("127.0.0.1", -1);
  bool began = false;
  const Probes probes{{"ready", answering([&](const json&) {
                         began = true;
                         return json(nullptr);
                       })}};
  scan::ScanOptions options;
  options.forbids = [](const scan::Address&) { return std::string("the policy does not allow it"); };
  EXPECT_THAT(asked({open_at(server.port(), "web")}, probes, options).changes[0]["detail"].get<std::string>(),
              HasSubstr("the policy does not allow it"));
  EXPECT_THAT(asked({open_at(bound.port(), "web")}, probes).changes[0]["detail"].get<std::string>(),
              HasSubstr("Connection refused"));
  EXPECT_FALSE(began);
}

TEST(Probes, ThatCannotBePreparedFailForEachOfTheirServices) {
  const LoopbackSocket server;
  Probe probe = answering([](const json&) { return json(nullptr); });
  int prepared = 0;
  probe.prepare = [&](Job&) -> Result<void> {
    ++prepared;
    return fail(ErrorKind::circle, "no environment");
  };
  const Probed probed = asked({open_at(server.port(), "a"), open_at(server.port(), "b")}, {{"ready", probe}});
  EXPECT_EQ(prepared, 1);
  EXPECT_THAT(probed.problems, SizeIs(2));
}

TEST(Probes, EndWithTheJob) {
  const LoopbackSocket server;
  Silent silent;
  Job job;
  const std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    job.request_stop();
  });
  const std::vector<scan::ScanResult> results{open_at(server.port(), "late", "silent")};
  const auto probed = ask_probes(results, {{"silent", silent.probe(600)}}, {}, job);
  ASSERT_FALSE(probed.has_value());
  EXPECT_EQ(probed.error().kind, ErrorKind::cancelled);
}

TEST(Probes, ThatACaseNamesHaveToBeThere) {
  Case subject;
  subject.services = {open_at(1, "web").target};
  EXPECT_THAT(check_probes(subject, {}).error().message, HasSubstr("the probe 'ready'"));
  EXPECT_TRUE(check_probes(subject, {{"ready", Probe{}}}).has_value());
}

}  // namespace
}  // namespace conclave
