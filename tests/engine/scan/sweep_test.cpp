#include "engine/scan/sweep.h"

#include <gmock/gmock.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>

#include <atomic>
#include <cstring>
#include <fstream>
#include <latch>
#include <thread>

#include "tests/engine/scan/crowd.h"
#include "tests/engine/scan/loopback.h"
#include "tests/engine/scan/name_server.h"

namespace conclave::scan {
namespace {

ScanResult scan_one(const Target& one, const ScanOptions& options = patient) {
  Job job;
  return scan::scan(std::vector{one}, options, job).at(0);
}

TEST(Scan, FindsAnOpenPort) {
  const LoopbackSocket listener;
  const ScanResult result = scan_one(target(listener.port()));
  EXPECT_EQ(result.state, State::open) << result.detail;
  EXPECT_EQ(result.address, "127.0.0.1");
  ASSERT_TRUE(result.latency_ms);
  EXPECT_GE(*result.latency_ms, 0);
  EXPECT_GT(result.time, 0);
}

TEST(Scan, FindsAClosedPort) {
  const LoopbackSocket bound("127.0.0.1", -1);
  const ScanResult result = scan_one(target(bound.port()));
  EXPECT_EQ(result.state, State::closed);
  EXPECT_EQ(result.detail, "Connection refused");
  EXPECT_TRUE(result.latency_ms);
}

TEST(Scan, FindsAnOpenPortOverIpv6) {
  const LoopbackSocket listener("::1");
  if (listener.port() == 0) GTEST_SKIP() << "this machine has no IPv6 loopback";
  EXPECT_EQ(scan_one(target(listener.port(), "::1")).state, State::open);
}

TEST(Scan, CallsAPortThatStaysSilentFiltered) {
  const SilentPort silent;
  const ScanResult result = scan_one(target(silent.port()), {.timeout_ms = 100, .resolve_timeout_ms = 100});
  EXPECT_EQ(result.state, State::filtered);
  EXPECT_EQ(result.detail, "no answer within 100 ms");
  EXPECT_FALSE(result.latency_ms);
}

TEST(Scan, TriesEveryAddressOfANameUntilOneIsOpen) {
  const LoopbackSocket listener("127.0.0.2");
  const auto lookup = [](const std::string&) {
    return Lookup{{*Address::from_text("127.0.0.1"), *Address::from_text("127.0.0.3"), *Address::from_text("127.0.0.2")}, {}};
  };
  Job job;
  const LoopbackSocket closed("127.0.0.4", -1);
  const auto results =
      sweep(std::vector{target(listener.port(), "name"), target(closed.port(), "name")}, patient, job, {}, names_by(lookup));
  EXPECT_EQ(results[0].state, State::open);
  EXPECT_EQ(results[0].address, "127.0.0.2");
  EXPECT_EQ(results[1].state, State::closed);
  EXPECT_EQ(results[1].address, "127.0.0.1") << "of equal results the first counts";
}

TEST(Scan, ReportsANameWithoutAnAddressAndScansTheRest) {
  const LoopbackSocket listener;
  Job job;
  const auto lookup = [](const std::string&) { return Lookup{{}, "Name or service not known"}; };
  const auto results = sweep(std::vector{target(1, "absent"), target(listener.port())}, patient, job, {}, names_by(lookup));
  EXPECT_EQ(results[0].state, State::dns_error);
  EXPECT_EQ(results[0].detail, "Name or service not known");
  EXPECT_EQ(results[0].address, "");
  EXPECT_EQ(results[1].state, State::open);
}

TEST(Scan, DoesNotWaitForAResolverThatHangs) {
  const LoopbackSocket listener;
  const auto release = std::make_shared<std::latch>(1);
  const auto lookup = [release](const std::string&) {
    release->wait();
    return Lookup{};
  };
  Job job;
  const auto results = sweep(std::vector{target(1, "hangs"), target(listener.port())},
                             {.timeout_ms = 30'000, .resolve_timeout_ms = 100}, job, {}, names_by(lookup));
  release->count_down();
  EXPECT_EQ(results[0].state, State::dns_error);
  EXPECT_EQ(results[0].detail, "no answer from the resolver within 100 ms");
  EXPECT_EQ(results[1].state, State::open);
}

TEST(Scan, AsksForEachNameOnce) {
  std::atomic<int> calls{0};
  const auto lookup = [&](const std::string&) {
    ++calls;
    return *look_up_directly("127.0.0.1");
  };
  std::vector<Target> targets;
  const LoopbackSocket listener;
  for (int i = 0; i < 50; ++i) targets.push_back(target(listener.port(), "name"));
  Job job;
  EXPECT_EQ(count(sweep(targets, patient, job, {}, names_by(lookup)))[State::open], 50);
  EXPECT_EQ(calls, 1);
}

TEST(Scan, RefusesTargetsThatCannotBe) {
  EXPECT_EQ(scan_one(target(0)).state, State::local_error);
  EXPECT_EQ(scan_one(target(5, "")).state, State::dns_error);
  Job job;
  EXPECT_TRUE(scan::scan({}, patient, job).empty());
}

TEST(Scan, IsRightAboutEveryOneOfManyTargets) {
  const Crowd crowd;
  Job job;
  std::size_t called = 0;
  const auto results = scan::scan(crowd.targets, patient, job, [&](const ScanResult&) { ++called; });
  EXPECT_EQ(crowd.wrong(results), 0U);
  EXPECT_EQ(called, crowd.targets.size());
  EXPECT_EQ(job.progress().done, crowd.targets.size());
  EXPECT_EQ(job.progress().total, crowd.targets.size());
}

TEST(Scan, IsRightWithFewDescriptors) {
  const Crowd crowd;
  EXPECT_EQ(in_child([&] {
              limit_descriptors(256);
              Job job;
              return crowd.wrong(scan::scan(crowd.targets, patient, job)) == 0 ? 0 : 1;
            }),
            0);
}

TEST(Scan, IsRightWhenDescriptorsRunOutOnTheWay) {
  const Crowd crowd;
  EXPECT_EQ(in_child([&] {
              // The first result takes away what was left, down to a handful.
              bool taken = false;
              const auto take = [&](const ScanResult&) {
                if (std::exchange(taken, true)) return;
                std::vector<int> fds;
                for (int fd = ::dup(0); fd >= 0; fd = ::dup(0)) fds.push_back(fd);
                for (std::size_t i = 0; i < 3 && i < fds.size(); ++i) ::close(fds[i]);
              };
              limit_descriptors(300);
              Job job;
              return crowd.wrong(scan::scan(crowd.targets, patient, job, take)) == 0 ? 0 : 1;
            }),
            0);
}

TEST(Scan, SaysThatThisMachineRanShortWhenNothingCanBeOpened) {
  const LoopbackSocket listener;
  EXPECT_EQ(in_child([&] {
              limit_descriptors(3);
              Job job;
              const std::vector<Target> targets(100, target(listener.port()));
              for (const ScanResult& result : scan::scan(targets, {.timeout_ms = 100, .resolve_timeout_ms = 100}, job))
                if (result.state != State::local_error || result.detail != "Too many open files") return 1;
              return 0;
            }),
            0);
}

TEST(Scan, AStopKeepsWhatIsKnownAndCancelsTheRest) {
  const LoopbackSocket listener;
  const SilentPort silent;
  std::vector<Target> targets = {target(listener.port())};
  for (int i = 0; i < 1000; ++i) targets.push_back(target(silent.port()));
  Job job;
  std::jthread stopper;
  const auto results =
      scan::scan(targets, patient, job, [&](const ScanResult&) { stopper = std::jthread([&] { job.request_stop(); }); });
  EXPECT_EQ(results[0].state, State::open);
  EXPECT_EQ(count(results)[State::cancelled], 1000);
  EXPECT_EQ(results[1000].target.name, targets[1000].name);
}

TEST(Scan, AStopBeforeTheStartCancelsEverything) {
  Job job;
  job.request_stop();
  const std::vector<Target> targets(10, target(1));
  EXPECT_EQ(count(scan::scan(targets, patient, job))[State::cancelled], 10);
}

// A network of its own whose ephemeral ports are the very ports that are scanned, so that connections meet themselves often.
bool enter_narrow_network() {
  if (::unshare(CLONE_NEWNET) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq loopback{};
  std::strncpy(loopback.ifr_name, "lo", IFNAMSIZ - 1);
  loopback.ifr_flags = IFF_UP | IFF_RUNNING;
  const bool up = ::ioctl(fd, SIOCSIFFLAGS, &loopback) == 0;
  ::close(fd);
  std::ofstream range("/proc/sys/net/ipv4/ip_local_port_range");
  range << "40000 40020" << std::flush;
  return up && range.good();
}

TEST(Scan, IsNotFooledByConnectionsThatMeetThemselves) {
  const int code = in_child([] {
    if (!enter_narrow_network()) return 77;
    std::vector<Target> targets;
    for (int round = 0; round < 100; ++round)
      for (std::uint16_t port = 40000; port <= 40020; ++port) targets.push_back(target(port));
    Job job;
    return count(scan::scan(targets, patient, job))[State::closed] == static_cast<int>(targets.size()) ? 0 : 1;
  });
  if (code == 77) GTEST_SKIP() << "not allowed to make a network of its own";
  EXPECT_EQ(code, 0);
}

TEST(Scan, SendsNothingToAForbiddenAddress) {
  const LoopbackSocket listener;
  ScanOptions options = patient;
  std::vector<std::string> asked;
  options.forbids = [&](const Address& address) {
    asked.push_back(address.text());
    return asked.back() == "127.0.0.1" ? "not here" : "";
  };
  const ScanResult result = scan_one(target(listener.port()), options);
  EXPECT_EQ(result.state, State::local_error);
  EXPECT_EQ(result.detail, "not here");
  EXPECT_EQ(result.address, "127.0.0.1");
  EXPECT_THAT(asked, testing::Each("127.0.0.1"));
}

TEST(Scan, TriesTheOtherAddressesOfANameIfOneIsForbidden) {
  const LoopbackSocket listener;
  ScanOptions options = patient;
  options.forbids = [](const Address& address) { return address.text() == "127.0.0.2" ? "not here" : ""; };
  Job job;
  const LookupFunction lookup = [](const std::string&) {
    return Lookup{{*Address::from_text("127.0.0.2"), *Address::from_text("127.0.0.1")}, {}};
  };
  const auto results = sweep(std::vector{target(listener.port(), "twice.example")}, options, job, {}, names_by(lookup));
  EXPECT_EQ(results.at(0).state, State::open);
  EXPECT_EQ(results.at(0).address, "127.0.0.1");
}

}  // namespace
}  // namespace conclave::scan
