#include "engine/logs/command_source.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <future>
#include <thread>

#include "tests/engine/logs/files.h"

namespace conclave::logs {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr double patience_s = 60;  // of tests in which nothing may take long, on a machine that is busy

class CommandSource : public testing::Test {
 protected:
  CommandOrder order(std::string line) const { return {std::move(line), folder_.path(), patience_s}; }

  Result<CommandResult> run(const CommandOrder& order) {
    const auto file = folder_.path() / "output";
    const int output = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    auto result = run_command(order, output, job_);
    ::close(output);
    printed_ = read_file(file);
    if (result) {
      EXPECT_EQ(result->bytes, printed_.size());
    }
    return result;
  }
  CommandResult run(std::string line) {
    auto result = run(order(std::move(line)));
    EXPECT_TRUE(result) << result.error().text();
    return result ? std::move(*result) : CommandResult{};
  }

  // Of a process that wrote its number into a file.
  [[nodiscard]] bool lives(const std::string& name) const {
    const pid_t process = std::atoi(read_file(folder_.path() / name).c_str());
    EXPECT_GT(process, 1);
    for (int tries = 0; tries < 1000; ++tries) {  // one that was killed is a zombie until init has seen it
      const std::string state = read_file("/proc/" + std::to_string(process) + "/stat");
      if (state.empty() || state.find(") Z ") != std::string::npos || state.find(") X ") != std::string::npos) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
  }

  TemporaryFolder folder_;
  Job job_;
  std::string printed_;
};

TEST_F(CommandSource, KeepsWhatItPrintsByteByByte) {
  const auto result = run("printf 'one\\r\\n\\000two\\377'");
  EXPECT_EQ(result.end, CommandEnd::exited);
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(printed_, std::string("one\r\n\0two\xff", 10));
  EXPECT_EQ(job_.progress().done, 10U);
}

TEST_F(CommandSource, RunsPipesInItsFolder) {
  folder_.write("app.log", "b\na\n");
  run("sort app.log | head -1; pwd");
  EXPECT_EQ(printed_, "a\n" + std::filesystem::canonical(folder_.path()).string() + "\n");
}

TEST_F(CommandSource, KeepsTheOutputOfOneThatFailsAndTellsItsStatus) {
  const auto result = run("echo before; echo no such pod >&2; exit 3");
  EXPECT_EQ(result.end, CommandEnd::exited);
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(printed_, "before\n");
  EXPECT_EQ(result.errors, "no such pod\n");
}

TEST_F(CommandSource, SaysThatAProgramIsMissing) {
  const auto result = run("conclave-has-no-such-program");
  EXPECT_EQ(result.code, 127);
  EXPECT_EQ(printed_, "");
  EXPECT_THAT(result.errors, HasSubstr("not found"));
}

TEST_F(CommandSource, PrintsNothingIfItPrintsNothing) {
  const auto result = run("true");
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.bytes, 0U);
  EXPECT_EQ(result.errors, "");
}

TEST_F(CommandSource, TellsTheSignalThatEndedIt) {
  const auto result = run("kill -9 $$");
  EXPECT_EQ(result.end, CommandEnd::killed);
  EXPECT_EQ(result.code, SIGKILL);
}

TEST_F(CommandSource, CannotRunWhereThereIsNoFolder) {
  auto nowhere = order("true");
  nowhere.folder /= "nowhere";
  const auto result = run(nowhere);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::io);
  EXPECT_THAT(result.error().text(), HasSubstr("nowhere"));
}

TEST_F(CommandSource, StopsAtItsTimeAndKeepsWholeLines) {
  auto endless = order("echo first; printf unfinished; echo $$ > pid; sleep 1000");
  endless.timeout_s = 1;
  const auto result = run(endless);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->end, CommandEnd::timed_out);
  EXPECT_GE(result->seconds, 1);
  EXPECT_LT(result->seconds, patience_s / 2);
  EXPECT_EQ(printed_, "first\n");
  EXPECT_FALSE(lives("pid"));
}

TEST_F(CommandSource, StopsAtItsLimitOfBytes) {
  auto flood = order("echo $$ > pid; exec yes 0123456789");
  flood.max_bytes = 1'000'000;
  const auto result = run(flood);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->end, CommandEnd::too_large);
  EXPECT_GT(result->bytes, 999'980U);
  EXPECT_LE(result->bytes, 1'000'000U);
  EXPECT_THAT(printed_, EndsWith("\n0123456789\n"));
  EXPECT_FALSE(lives("pid"));
}

TEST_F(CommandSource, MayPrintExactlyItsLimit) {
  auto exact = order("printf 1234567890");
  exact.max_bytes = 10;
  EXPECT_EQ(run(exact)->end, CommandEnd::exited);
  exact.max_bytes = 9;
  EXPECT_EQ(run(exact)->end, CommandEnd::too_large);
  EXPECT_EQ(printed_, "123456789") << "no line ended: nothing is left out";
}

TEST_F(CommandSource, LosesNothingOfAFlood) {
  const auto result = run("head -c 50000000 /dev/zero; printf end");
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.bytes, 50'000'003U);
  EXPECT_THAT(printed_.substr(49'999'990), EndsWith("end"));
}

TEST_F(CommandSource, KeepsOnlyTheEndOfWhatItComplains) {
  const auto result = run("seq 100000 >&2; printf '\\377last' >&2; echo out");
  EXPECT_LE(result.errors.size(), 4096U + 2);
  EXPECT_THAT(result.errors, EndsWith("100000\n\xEF\xBF\xBDlast"));
  EXPECT_EQ(printed_, "out\n");
}

TEST_F(CommandSource, EndsAtOnceWhenTheJobIsStopped) {
  auto running = std::async(std::launch::async, [&] { return run(order("echo $$ > pid; echo go; sleep 1000")); });
  while (job_.progress().done == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  job_.request_stop();
  const auto result = running.get();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->end, CommandEnd::cancelled);
  EXPECT_LT(result->seconds, patience_s / 2);
  EXPECT_FALSE(lives("pid"));
}

TEST_F(CommandSource, DoesNotWaitForAGrandchildThatHoldsThePipe) {
  const auto result =
      run("sh -c 'echo $$ > pid; echo from below; exec sleep 1000' & while [ ! -s pid ]; do sleep 0.01; done; echo done");
  EXPECT_EQ(result.end, CommandEnd::exited);
  EXPECT_EQ(result.code, 0);
  EXPECT_LT(result.seconds, patience_s / 2);
  EXPECT_THAT(printed_, HasSubstr("done\n"));
  EXPECT_FALSE(lives("pid")) << "nothing of its group outlives it";
}

TEST_F(CommandSource, WaitsForTheLastWordsOfAGrandchild) {
  run("(sleep 0.05; echo late) & echo early");
  EXPECT_EQ(printed_, "early\nlate\n");
}

TEST_F(CommandSource, DoesNotWaitForOneThatLeftItsGroupEither) {
  const auto result = run("setsid sh -c 'echo $$ > pid; exec sleep 1000' & while [ ! -s pid ]; do sleep 0.01; done");
  EXPECT_EQ(result.end, CommandEnd::exited);
  EXPECT_LT(result.seconds, patience_s / 2);
  ::kill(std::atoi(read_file(folder_.path() / "pid").c_str()), SIGKILL);
}

TEST_F(CommandSource, GoesOnAfterItsOutputIsClosed) {
  const auto result = run("echo before; exec >&-; sleep 0.3; exit 4");
  EXPECT_EQ(result.code, 4);
  EXPECT_GE(result.seconds, 0.3);
}

TEST_F(CommandSource, CannotReadOrAskATerminal) {
  const auto result = run("cat; (: < /dev/tty) 2>/dev/null || echo no terminal");
  EXPECT_EQ(printed_, "no terminal\n");
  EXPECT_EQ(result.code, 0);
}

TEST_F(CommandSource, InheritsNoDescriptorsAndDefaultSignals) {
  const auto file = folder_.write("secret", "");
  const int open = ::open(file.c_str(), O_RDONLY);  // without O_CLOEXEC
  run("ls -l /proc/self/fd");
  ::close(open);
  EXPECT_THAT(printed_, Not(HasSubstr("secret")));
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  const auto result = run("yes | head -1 >/dev/null; sh -c 'kill -PIPE $$'; echo $?");
  std::signal(SIGPIPE, before);
  EXPECT_EQ(printed_, std::to_string(128 + SIGPIPE) + "\n");
}

TEST_F(CommandSource, InheritsTheEnvironmentExceptWhatIsWithheld) {
  ::setenv("CONCLAVE_TEST_KEY", "sesame", 1);
  ::setenv("CONCLAVE_TEST_KEY_2", "open", 1);
  auto ask = order("echo \"$CONCLAVE_TEST_KEY/$CONCLAVE_TEST_KEY_2/$HOME\"");
  ask.withheld = {"CONCLAVE_TEST_KEY"};
  EXPECT_TRUE(run(ask));
  ::unsetenv("CONCLAVE_TEST_KEY");
  ::unsetenv("CONCLAVE_TEST_KEY_2");
  const char* home = std::getenv("HOME");
  EXPECT_EQ(printed_, std::string("/open/") + (home == nullptr ? "" : home) + "\n");
}

TEST_F(CommandSource, IsAnErrorWhereNothingCanBeKept) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  if (full < 0) GTEST_SKIP() << "no /dev/full here";
  const auto result = run_command(order("echo $$ > pid; exec yes"), full, job_);
  ::close(full);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().os_error, ENOSPC);
  EXPECT_FALSE(lives("pid"));
}

}  // namespace
}  // namespace conclave::logs
