// What runs, how it is stopped, and where it is: on the script thread and in workers.
#include <thread>

#include "scripting/stack_text.h"
#include "tests/scripting/host_fixture.h"

namespace conclave::scripting {
namespace {

using namespace std::chrono_literals;
using consensus::ExpertResponse;
using consensus::Status;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using State = RunningScript::State;

class RunningTest : public HostTest {
 protected:
  // Asks in the background; what came of it.
  std::future<ExpertResponse> begin(const std::string& name) {
    return std::async(std::launch::async, [this, name] { return ask_one(name); });
  }

  // The script of this name as soon as `fits`; fails the test if that does not come.
  template <class Fits>
  RunningScript wait_for(const std::string& who, Fits fits) {
    for (int i = 0; i < 6000; ++i) {
      for (const RunningScript& script : host().running()) {
        if (script.who == who && fits(script)) return script;
      }
      std::this_thread::sleep_for(10ms);
    }
    ADD_FAILURE() << who << " was not seen so";
    return {};
  }
  RunningScript wait_for(const std::string& who, State state) {
    return wait_for(who, [state](const RunningScript& script) { return script.state == state; });
  }

  // Until the stack holds `text`; the last one seen.
  std::string stack_with(std::uint64_t id, const std::string& text) {
    std::string last;
    for (int i = 0; i < 500; ++i) {
      const auto stack = host().stack(id);
      last = stack ? *stack : stack.error().text();
      if (last.find(text) != std::string::npos) return last;
      std::this_thread::sleep_for(20ms);
    }
    return last;
  }
};

TEST_F(RunningTest, NothingRunsAtFirst) {
  for (int i = 0; i < 1000 && !host().running().empty(); ++i) std::this_thread::sleep_for(5ms);
  EXPECT_TRUE(host().running().empty());
  EXPECT_FALSE(host().stop(12345, StopHow::ask));
  EXPECT_EQ(host().stack(12345).error().kind, ErrorKind::not_found);
}

TEST_F(RunningTest, AnExpertIsSeenRunningWithItsStackAndStopsWhenAsked) {
  expert("polite", "def inner():\n    while not job.cancelled(): time.sleep(0.01)\ninner()\nreturn 'stopped'");
  auto waiting = begin("polite");
  const RunningScript script = wait_for("expert polite", State::running);
  EXPECT_FALSE(script.in_worker);
  const std::string stack = stack_with(script.id, "in inner");
  EXPECT_THAT(stack, HasSubstr("polite.py\", line"));
  EXPECT_THAT(stack, HasSubstr("while not job.cancelled(): time.sleep(0.01)"));
  EXPECT_THAT(stack, Not(HasSubstr("_host.py")));
  EXPECT_TRUE(host().stop(script.id, StopHow::ask));
  EXPECT_THAT(waiting.get().status, AnyOf(Status::answered, Status::cancelled));
}

TEST_F(RunningTest, AnInterruptEndsWhatDoesNotListen) {
  expert("deaf", "time.sleep(600)", 600);
  auto waiting = begin("deaf");
  const RunningScript script = wait_for("expert deaf", State::running);
  EXPECT_FALSE(host().stop(script.id, StopHow::kill));  // not in this process
  EXPECT_TRUE(host().stop(script.id, StopHow::interrupt));
  ASSERT_EQ(waiting.wait_for(60s), std::future_status::ready);
  EXPECT_EQ(waiting.get().status, Status::cancelled);
}

TEST_F(RunningTest, OneThatWaitsForItsTurnSaysSo) {
  expert("first", "while not job.cancelled(): time.sleep(0.01)", 60);
  expert("second", "return 'answer'");
  auto first = begin("first");
  const RunningScript running = wait_for("expert first", State::running);
  auto second = begin("second");
  const RunningScript waiting = wait_for("expert second", State::waiting);
  EXPECT_THAT(*host().stack(waiting.id), HasSubstr("waits for its turn"));
  host().stop(running.id, StopHow::ask);
  first.get();
  EXPECT_EQ(second.get().status, Status::answered);
}

TEST_F(RunningTest, AnAwaitingExpertShowsWhereItAwaits) {
  expert("awaiting", "async def inner():\n    await asyncio.sleep(600)\nawait inner()", 600, "async def");
  auto waiting = begin("awaiting");
  const RunningScript script = wait_for("expert awaiting", State::awaiting);
  const std::string stack = stack_with(script.id, "in inner");
  EXPECT_THAT(stack, HasSubstr("awaiting.py\", line"));
  EXPECT_LT(stack.find("in assess"), stack.find("in inner"));
  host().stop(script.id, StopHow::interrupt);
  EXPECT_EQ(waiting.get().status, Status::cancelled);
}

// A regular expression that backtracks holds the GIL for longer than anybody waits.
TEST_F(RunningTest, TheStackIsSeenWhileCCodeHoldsTheGil) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer keeps signals back from code that it did not instrument";
#endif
  auto waiting = execute("import re\ndef search():\n    re.match(r'(a+)+$', 'a' * 60 + 'b')\n\nprint('go'); search()");
  const RunningScript script = wait_for("console", [](const RunningScript& seen) { return seen.seconds > 0.05; });
  const auto begun = std::chrono::steady_clock::now();
  const std::string stack = stack_with(script.id, "in search");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 10s);
  EXPECT_THAT(stack, HasSubstr("<console "));
  EXPECT_TRUE(host().stop(script.id, StopHow::interrupt));
  EXPECT_EQ(waiting.get().state, ConsoleReply::State::interrupted);
}

class RunningWorkerTest : public RunningTest {
 protected:
  void SetUp() override {
    RunningTest::SetUp();
    in_workers = true;
  }
};

TEST_F(RunningWorkerTest, AWorkerIsSeenWithItsStackAndKilled) {
  expert("hung", "def inner():\n    while True:\n        try: time.sleep(600)\n        except BaseException: pass\ninner()", 600);
  auto waiting = begin("hung");
  const RunningScript script = wait_for("expert hung", State::running);
  EXPECT_TRUE(script.in_worker);
  for (int i = 0; i < 3; ++i) {
    const std::string stack = stack_with(script.id, "in inner");
    EXPECT_THAT(stack, HasSubstr("hung.py\", line"));
    EXPECT_THAT(stack, Not(HasSubstr("_worker.py")));
    EXPECT_EQ(stack.find("in inner"), stack.rfind("in inner"));  // each look begins anew
  }
  EXPECT_TRUE(host().stop(script.id, StopHow::kill));
  ASSERT_EQ(waiting.wait_for(60s), std::future_status::ready);
  EXPECT_EQ(waiting.get().status, Status::killed);
  EXPECT_FALSE(host().stop(script.id, StopHow::kill));
}

TEST_F(RunningWorkerTest, AWorkerThatIsAskedClimbsTheLadderByItself) {
  expert("stubborn", "while True:\n    try: time.sleep(600)\n    except BaseException: pass", 600);
  auto waiting = begin("stubborn");
  const RunningScript script = wait_for("expert stubborn", State::running);
  EXPECT_TRUE(host().stop(script.id, StopHow::ask));
  ASSERT_EQ(waiting.wait_for(60s), std::future_status::ready);
  EXPECT_EQ(waiting.get().status, Status::cancelled);
}

TEST(StackText, TurnsADumpIntoATraceback) {
  const std::string text = readable_stack(
      "Stack (most recent call first):\n"
      "  File \"/tmp/no such \\xfc.py\", line 3 in inner\n"
      "  File \"/tmp/no such \\u20ac.py\", line 9 in assess\n"
      "  File \"/usr/lib/conclave/_host.py\", line 100 in expert\n");
  EXPECT_EQ(text,
            "  File \"/tmp/no such \xE2\x82\xAC.py\", line 9, in assess\n"
            "  File \"/tmp/no such \xC3\xBC.py\", line 3, in inner\n");
}

TEST(StackText, ShowsTheThreadThatRunsFirstAndLeavesOutTheWorkersOwn) {
  const std::string text = readable_stack(
      "Thread 0x00007f (most recent call first):\n  File \"/lib/threading.py\", line 1 in wait\n"
      "  File \"/x/conclave/_worker.py\", line 2 in read\n\n"
      "Thread 0x00007e (most recent call first):\n  File \"/plugin/mine.py\", line 7 in helper\n\n"
      "Current thread 0x00007d (most recent call first):\n  File \"/plugin/mine.py\", line 5 in assess\n");
  EXPECT_THAT(text, StartsWith("The thread that runs it:\n  File \"/plugin/mine.py\", line 5, in assess\nAnother thread:"));
  EXPECT_THAT(text, Not(HasSubstr("threading.py")));
}

TEST(StackText, ReadsNonsense) {
  EXPECT_EQ(readable_stack(std::string_view()), "");
  EXPECT_EQ(readable_stack("  File \"x"), "");
  EXPECT_EQ(readable_stack("  File \"a\", line 99999999999999 in b\nnonsense\xff\n"), "");
  EXPECT_EQ(readable_stack("  File \"\", line \n\n\0\n"), "");
  EXPECT_EQ(readable_stack("  File \"\\x4\\uD800\\U00110000\\\", line 4 in \\x"),
            "  File \"\\x4\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\\U00110000\\\", line 4, in \\x\n");
}

TEST_F(RunningTest, FramesShowTheLineOfTheirSource) {
  write("some.py", "one\n    two = \xff\nthree\n");
  const std::string file = (folder / "some.py").string();
  const auto text = [](const std::string& name, int line, const std::string& function) {
    return readable_stack(std::vector<StackFrame>{{"/x/conclave/_host.py", 1, "main"}, {name, line, function}});
  };
  EXPECT_EQ(text(file, 2, "f"), "  File \"" + file + "\", line 2, in f\n    two = \xEF\xBF\xBD\n");
  EXPECT_EQ(text(file, 9, ""), "  File \"" + file + "\", line 9\n");
  EXPECT_EQ(text(folder.string(), 1, "f"), "  File \"" + folder.string() + "\", line 1, in f\n");
}

}  // namespace
}  // namespace conclave::scripting
