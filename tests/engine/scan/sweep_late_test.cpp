// What a sweep does about silence, and about threads and descriptors.
#include <gmock/gmock.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <array>
#include <cstddef>

#include "engine/scan/sweep.h"
#include "tests/engine/scan/crowd.h"
#include "tests/engine/scan/name_server.h"

namespace conclave::scan {
namespace {

TEST(LateAnswers, AreSuspectFirstAndTriedAgain) {
  const SilentPort silent;
  ScanOptions options = patient;
  options.tell_suspects = true;
  std::vector<State> told;
  Job job;
  const auto results = scan::scan(std::vector{target(silent.port())}, options, job, [&](const ScanResult& result) {
    told.push_back(result.state);
    if (result.state == State::suspect) silent.wake_up();
  });
  EXPECT_THAT(told, testing::ElementsAre(State::suspect, State::open));
  EXPECT_EQ(results[0].state, State::open) << results[0].detail;
}

TEST(LateAnswers, AreNotToldToThoseWhoDidNotAsk) {
  const SilentPort silent;
  Job job;
  std::vector<State> told;
  static_cast<void>(scan::scan(std::vector{target(silent.port())}, {.timeout_ms = 600}, job,
                               [&](const ScanResult& result) { told.push_back(result.state); }));
  EXPECT_THAT(told, testing::ElementsAre(State::filtered));
}

TEST(LateAnswers, OfManySilentPortsAreAllSuspectedOnceAndFilteredOnce) {
  const SilentPort silent;
  const std::vector<Target> targets(400, target(silent.port()));
  ScanOptions options{.timeout_ms = 700};
  options.tell_suspects = true;
  std::map<State, int> told;
  Job job;
  const auto results = scan::scan(targets, options, job, [&](const ScanResult& result) { ++told[result.state]; });
  EXPECT_EQ(count(results)[State::filtered], 400);
  EXPECT_EQ(told[State::suspect], 400);
  EXPECT_EQ(told[State::filtered], 400);
  EXPECT_EQ(results[0].detail, "no answer within 700 ms");
}

TEST(Names, HaveAResultForEachAddress) {
  const LoopbackSocket listener("127.0.0.2");
  const auto lookup = [](const std::string&) {
    return Lookup{{*Address::from_text("127.0.0.1"), *Address::from_text("127.0.0.2")}, {}};
  };
  Job job;
  const auto result = sweep(std::vector{target(listener.port(), "name")}, patient, job, {}, names_by(lookup)).at(0);
  EXPECT_EQ(result.state, State::open);
  ASSERT_EQ(result.addresses.size(), 2U);
  EXPECT_EQ(result.addresses[0].address, "127.0.0.1");
  EXPECT_EQ(result.addresses[0].state, State::closed);
  EXPECT_EQ(result.addresses[0].detail, "Connection refused");
  EXPECT_EQ(result.addresses[1].address, "127.0.0.2");
  EXPECT_EQ(result.addresses[1].state, State::open);
  EXPECT_TRUE(result.addresses[1].latency_ms);
  EXPECT_TRUE(scan::scan(std::vector{target(listener.port(), "127.0.0.2")}, patient, job).at(0).addresses.empty());
}

TEST(Scan, CallsAPortOpenWhoseServerResetsAtOnce) {
  const LoopbackSocket listener;
  std::atomic<bool> done{false};
  std::thread server([&] {
    pollfd ready{listener.file(), POLLIN, 0};
    while (!done) {
      if (::poll(&ready, 1, 10) <= 0) continue;
      const int fd = ::accept4(listener.file(), nullptr, nullptr, SOCK_CLOEXEC);
      const linger now{1, 0};
      ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
      ::close(fd);
    }
  });
  const std::vector<Target> targets(500, target(listener.port()));
  Job job;
  EXPECT_EQ(count(scan::scan(targets, patient, job))[State::open], 500);
  done = true;
  server.join();
}

// As in a container whose rules forbid it.
bool forbid_unshare() {
  std::array<sock_filter, 4> code = {
      {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 0, 1),
       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
  const sock_fprog program{code.size(), code.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST(Crew, IsRightWhereThreadsMustShareDescriptors) {
  const Crowd crowd;
  const int code = in_child([&] {
    limit_descriptors(256);
    if (!forbid_unshare()) return 77;
    Job job;
    return crowd.wrong(scan::scan(crowd.targets, patient, job)) == 0 ? 0 : 1;
  });
  if (code == 77) GTEST_SKIP() << "not allowed to filter system calls";
  EXPECT_EQ(code, 0);
}

TEST(Crew, HasMoreInFlightThanOneTableHolds) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer knows one table of descriptors only";
#endif
  const SilentPort silent;
  EXPECT_EQ(in_child([&] {
              limit_descriptors(100);
              const std::vector<Target> targets(500, target(silent.port()));
              ScanOptions options{.timeout_ms = 60'000};
              options.tell_suspects = true;
              Job job;
              int suspects = 0;
              static_cast<void>(scan::scan(targets, options, job, [&](const ScanResult& result) {
                if (result.state != State::suspect || ++suspects == 300) job.request_stop();
              }));
              return suspects >= 300 ? 0 : 1;
            }),
            0);
}

TEST(Crew, KeepsNoPipeOfTheProgramOpen) {
  const SilentPort silent;
  const std::vector<Target> targets(600, target(silent.port()));
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  ScanOptions options{.timeout_ms = 60'000};
  options.tell_suspects = true;
  Job job;
  bool closed_for_all = false;
  static_cast<void>(scan::scan(targets, options, job, [&](const ScanResult& result) {
    if (result.state != State::suspect || job.stopped()) return;
    ::close(pipe[1]);
    pollfd end{pipe[0], POLLIN, 0};
    closed_for_all = ::poll(&end, 1, 0) == 1 && (end.revents & POLLHUP) != 0;
    job.request_stop();
  }));
  ::close(pipe[0]);
  EXPECT_TRUE(closed_for_all);
}

}  // namespace
}  // namespace conclave::scan
