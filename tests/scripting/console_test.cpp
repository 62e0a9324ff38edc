#include <mutex>
#include <thread>

#include "tests/scripting/host_fixture.h"

namespace conclave::scripting {
namespace {

using namespace std::chrono_literals;
using State = ConsoleReply::State;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class ConsoleHostTest : public HostTest {
 protected:
  // Waits until what was executed has printed `text`, so that it is known to run.
  static void wait_for_output(const std::string& text) {
    for (int i = 0; i < 12000 && printed().of("console").find(text) == std::string::npos; ++i) std::this_thread::sleep_for(5ms);
    ASSERT_THAT(printed().of("console"), HasSubstr(text));
  }
};

TEST_F(ConsoleHostTest, ShowsTheValueOfAnExpressionAndKeepsItAsUnderscore) {
  EXPECT_EQ(output_of("6 * 7"), "42\n");
  EXPECT_EQ(output_of("_ + 1"), "43\n");
}

TEST_F(ConsoleHostTest, AsksForMoreUntilTheStatementIsWhole) {
  EXPECT_EQ(run("for i in range(2):").state, State::incomplete);
  EXPECT_EQ(run("for i in range(2):\n    print(i)").state, State::incomplete);
  EXPECT_EQ(output_of("for i in range(2):\n    print(i)\n"), "0\n1\n");
  EXPECT_EQ(run("(1,").state, State::incomplete);
}

TEST_F(ConsoleHostTest, ReportsErrorsWithoutTheHostsOwnFrames) {
  EXPECT_EQ(run("1 / 0").state, State::failed);
  const auto text = printed().of("console");
  EXPECT_THAT(text, HasSubstr("ZeroDivisionError"));
  EXPECT_THAT(text, HasSubstr("1 / 0"));
  EXPECT_THAT(text, Not(HasSubstr("_console.py")));
  EXPECT_THAT(text, Not(HasSubstr("_host.py")));
  EXPECT_EQ(run("a b").state, State::failed);
  EXPECT_EQ(run(std::string("'\0'", 3)).state, State::failed);
  EXPECT_EQ(run("\xff\xfe").state, State::failed);
}

TEST_F(ConsoleHostTest, ExitAsksForItAndDoesNotDoIt) {
  const auto reply = run("exit(3)");
  EXPECT_EQ(reply.state, State::exit_requested);
  EXPECT_EQ(reply.exit_code, 3);
  EXPECT_EQ(output_of("1"), "1\n");
}

TEST_F(ConsoleHostTest, AwaitsAtTopLevel) {
  EXPECT_EQ(output_of("import asyncio\nawait asyncio.sleep(0.01, 'slept')"), "'slept'\n");
}

TEST_F(ConsoleHostTest, PlainCodeMayRunALoopOfItsOwn) {
  run("import asyncio\nasync def two():\n    return 2\n");
  EXPECT_EQ(output_of("asyncio.run(two())"), "2\n");
  EXPECT_EQ(output_of("await two()"), "2\n");
}

TEST_F(ConsoleHostTest, CommandsBehindOneThatAwaitsWaitForIt) {
  auto first = execute("import asyncio\nawait asyncio.sleep(0.2)\nprint('first')");
  auto second = execute("print('second')");
  second.get();
  EXPECT_EQ(first.wait_for(0s), std::future_status::ready);
  EXPECT_EQ(printed().of("console"), "first\nsecond\n");
}

TEST_F(ConsoleHostTest, InputIsAtItsEndAndHelpDoesNotWait) {
  run("input()");
  EXPECT_THAT(printed().of("console"), HasSubstr("EOFError"));
  EXPECT_THAT(output_of("help(len)"), HasSubstr("Return the number of items"));
  EXPECT_EQ(run("help()").state, State::complete);
}

TEST_F(ConsoleHostTest, ThreadsOfTheConsolePrintUnderItsName) {
  EXPECT_EQ(output_of("import threading\nt = threading.Thread(target=lambda: print('from a thread'))\nt.start(); t.join()"),
            "from a thread\n");
}

TEST_F(ConsoleHostTest, TextThatIsNotUnicodeIsPrintedAllTheSame) {
  EXPECT_EQ(output_of("print('\\udcff')"), "?\n");
  EXPECT_EQ(output_of("import sys\n_n = sys.stdout.buffer.write(b'\\xff\\n')"), "\xEF\xBF\xBD\n");
}

TEST_F(ConsoleHostTest, SaysWhichPythonItIs) {
  EXPECT_EQ(output_of("import sys\nsys.executable, sys.prefix, sys.flags.isolated, sys.flags.utf8_mode"),
            "('/usr/bin/python3', '/usr', 1, 1)\n");
  EXPECT_EQ(output_of("import subprocess\nsubprocess.run([sys.executable, '-c', 'raise SystemExit(5)']).returncode"), "5\n");
}

// The loops here ask for memory: ThreadSanitizer hands signals on only in functions it wraps.
TEST_F(ConsoleHostTest, InterruptEndsAnEndlessLoop) {
  auto waiting = execute("print('go')\nwhile True: bytes(1000)\n");
  wait_for_output("go");
  host().interrupt();
  ASSERT_EQ(waiting.wait_for(60s), std::future_status::ready);
  EXPECT_EQ(waiting.get().state, State::interrupted);
  EXPECT_THAT(printed().of("console"), HasSubstr("KeyboardInterrupt"));
}

TEST_F(ConsoleHostTest, InterruptEndsSleepingAndWaiting) {
  for (const char* code :
       {"import time\nprint('go')\ntime.sleep(60)", "import threading\nprint('go')\nthreading.Event().wait(60)",
        "import asyncio\nprint('go')\nawait asyncio.sleep(60)"}) {
    printed().clear();
    auto waiting = execute(code);
    wait_for_output("go");
    host().interrupt();
    ASSERT_EQ(waiting.wait_for(60s), std::future_status::ready) << code;
    EXPECT_EQ(waiting.get().state, State::interrupted) << code;
  }
}

TEST_F(ConsoleHostTest, AnInterruptIsRaisedOnceAndNotInTheNextCommand) {
  auto waiting = execute(
      "import time\nprint('go')\ntry:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    time.sleep(0.5)\n    print('cleaned "
      "up')\n");
  wait_for_output("go");
  host().interrupt();
  EXPECT_EQ(waiting.get().state, State::complete);
  EXPECT_THAT(printed().of("console"), HasSubstr("cleaned up"));
  host().interrupt();  // nothing runs
  EXPECT_EQ(output_of("import time\ntime.sleep(0.3)\n'unharmed'"), "'unharmed'\n");
}

TEST_F(ConsoleHostTest, SaysWhatItIsBusyWith) {
  EXPECT_EQ(host().busy_with(), "");
  auto waiting = execute("print('go')\nwhile True: bytes(1000)\n");
  wait_for_output("go");
  EXPECT_THAT(host().busy_with(), HasSubstr("console"));
  host().interrupt();
  waiting.get();
}

TEST_F(ConsoleHostTest, CompletesDottedNamesWithoutRunningAnything) {
  run("class Trap:\n"
      "    touched = []\n"
      "    @property\n"
      "    def prop(self):\n        Trap.touched.append('property')\n"
      "    def __getattr__(self, name):\n        Trap.touched.append(name); raise AttributeError\n"
      "    def __dir__(self):\n        Trap.touched.append('dir'); return []\n"
      "    def __call__(self):\n        Trap.touched.append('call'); return self\n");
  run("trap = Trap()\ntrap.inner = Trap()");
  EXPECT_THAT(complete("trap."), ElementsAre("trap.inner", "trap.prop", "trap.touched"));
  EXPECT_THAT(complete("print(trap.inner.pr"), ElementsAre("trap.inner.prop"));
  EXPECT_THAT(complete("trap.prop."), IsEmpty());
  EXPECT_THAT(complete("trap()."), IsEmpty());
  EXPECT_THAT(complete("nothing."), IsEmpty());
  EXPECT_THAT(complete("\xff"), IsEmpty());
  EXPECT_THAT(complete("tra"), ElementsAre("trap"));
  EXPECT_EQ(output_of("Trap.touched"), "[]\n");
}

TEST_F(ConsoleHostTest, SeesTheReportThatWasPublished) {
  Job job;
  expert("good", "return 'fine'");
  const Circle asked = circle({"good"});
  auto report = consult(subject, asked.experts, {}, job);
  ASSERT_TRUE(report.has_value()) << report.error().text();
  host().publish({std::make_shared<const Case>(subject), std::make_shared<const Report>(*report), evidence});
  EXPECT_EQ(output_of("case.name"), "'test'\n");
  EXPECT_EQ(output_of("evidence.logs[0].lines"), "2\n");
  EXPECT_EQ(output_of("report.responses[0].expert_name"), "'good'\n");
}

TEST_F(ConsoleHostTest, CaseEvidenceReportAndAppAreAtHandFromTheStart) {
  host().publish({});
  EXPECT_EQ(output_of("case, evidence, report, app.case"), "(None, None, None, None)\n");
  EXPECT_THAT(output_of("app"), HasSubstr("app.open(path)"));
  host().publish({std::make_shared<const Case>(subject), nullptr, nullptr});
  EXPECT_EQ(output_of("case.question, app.case is case"), "('Is it well?', True)\n");
}

TEST_F(ConsoleHostTest, TipsCallsWithoutRunningAnything) {
  run("def add(x, y=2):\n    'Adds.'\n\ntouched = []\nclass Trap:\n    def __getattr__(self, name): touched.append(name)\n");
  run("trap = Trap()");
  EXPECT_EQ(call_tip("add(1, "), "add(x, y=2)\nAdds.");
  EXPECT_EQ(call_tip("trap.some("), "");
  EXPECT_EQ(call_tip("\xff("), "");
  EXPECT_EQ(output_of("touched"), "[]\n");
}

// input() and app ask whoever attached; here that is the test, on the thread that is asked.
class AttachedConsoleTest : public ConsoleHostTest {
 protected:
  void SetUp() override {
    ConsoleHostTest::SetUp();
    Frontend frontend;
    frontend.asks_line = [this](Asks what) {
      const std::lock_guard lock(mutex_);
      asked_.push_back(what);
      if (what == Asks::nothing || answers_.empty()) return;
      const auto answer = answers_.front();
      answers_.erase(answers_.begin());
      std::thread([answer] { host().answer(answer); }).detach();
    };
    frontend.requests = [this](std::string_view what, const nlohmann::json& argument) {
      const std::lock_guard lock(mutex_);
      requests_ += std::string(what) + " " + argument.dump() + "\n";
    };
    host().attach(std::move(frontend));
  }
  void TearDown() override {
    host().attach({});
    ConsoleHostTest::TearDown();
  }

  std::mutex mutex_;
  std::vector<Asks> asked_;
  std::vector<std::optional<std::string>> answers_;
  std::string requests_;
};

TEST_F(AttachedConsoleTest, InputPrintsItsPromptAndReturnsWhatIsAnswered) {
  answers_ = {"Ann", "\xc3\xa9 \xff"};
  EXPECT_EQ(output_of("name = input('Who? ')\nname"), "Who? 'Ann'\n");
  EXPECT_EQ(output_of("input()"), "'\xc3\xa9 \xef\xbf\xbd'\n");
  answers_ = {"first", "second", std::nullopt};
  EXPECT_EQ(output_of("import sys\nsys.stdin.read()"), "'first\\nsecond\\n'\n");
}

TEST_F(AttachedConsoleTest, APasswordIsAskedForHidden) {
  answers_ = {"hunter2", "", std::nullopt};
  EXPECT_EQ(output_of("import getpass\nsecret = getpass.getpass('Key: ')\nlen(secret)"), "Key: 7\n");
  EXPECT_EQ(output_of("from getpass import getpass as ask\nask()"), "Password: ''\n");
  EXPECT_EQ(run("getpass.getpass()").state, State::failed);
  EXPECT_THAT(printed().of("console"), HasSubstr("EOFError"));
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(asked_, std::vector<Asks>(3, Asks::secret));
}

TEST_F(AttachedConsoleTest, TheEndOfInputIsAnEofError) {
  answers_ = {std::nullopt};
  EXPECT_EQ(run("input('? ')").state, State::failed);
  EXPECT_THAT(printed().of("console"), HasSubstr("EOFError"));
}

TEST_F(AttachedConsoleTest, InterruptEndsInputWithKeyboardInterruptAndALateAnswerIsDropped) {
  auto waiting = execute("input('go? ')");
  wait_for_output("go? ");
  host().interrupt();
  ASSERT_EQ(waiting.wait_for(60s), std::future_status::ready);
  EXPECT_EQ(waiting.get().state, State::interrupted);
  host().answer("too late");
  answers_ = {"in time"};
  EXPECT_EQ(output_of("input()"), "'in time'\n");
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(asked_, (std::vector<Asks>{Asks::line, Asks::nothing, Asks::line}));
}

TEST_F(AttachedConsoleTest, OnlyTheConsoleItselfIsAsked) {
  run("import threading\nfound = []\n"
      "def ask():\n    try: input()\n    except EOFError as error: found.append(str(error))\n\n"
      "t = threading.Thread(target=ask); t.start(); t.join()");
  EXPECT_THAT(output_of("found"), HasSubstr("a thread has nobody to ask"));
  for (const char* code : {"input('secret? ')\nreturn 'no'", "import getpass; getpass.getpass()\nreturn 'no'"}) {
    for (const bool isolated : {false, true}) {
      in_workers = isolated;
      expert("asking", code);
      const auto response = ask_one("asking");
      ASSERT_TRUE(response.error.has_value());
      EXPECT_EQ(response.error->type, "EOFError");
      EXPECT_THAT(response.error->message, HasSubstr("has nobody to ask"));
    }
  }
  EXPECT_TRUE(asked_.empty());
}

TEST_F(AttachedConsoleTest, ExitDoesNotCloseTheInput) {
  EXPECT_EQ(run("exit()").state, State::exit_requested);
  answers_ = {"still there"};
  EXPECT_EQ(output_of("input()"), "'still there'\n");
}

TEST_F(AttachedConsoleTest, ADebuggerTalksThroughInput) {
  answers_ = {"p 6 * 7", "c", "c", std::nullopt};
  run("import pdb\npdb.set_trace(); x = 1");
  EXPECT_THAT(printed().of("console"), HasSubstr("42"));
}

TEST_F(AttachedConsoleTest, AppAsksTheWindow) {
  run("app.show('logs')\napp.go_to('app.log', 2)\napp.consult()");
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(requests_, "show \"logs\"\ngo_to [\"app.log\",2]\nconsult null\n");
}

TEST_F(ConsoleHostTest, ConsultFromTheConsoleDoesNotDeadlockWhileExpertsOfTheProgramWait) {
  expert("slow", "await asyncio.sleep(0.5)\nreturn 'slow'", 20, "async def");
  expert("queued", "time.sleep(0.2)\nreturn 'queued'");
  expert("mine", "return 'mine'");
  expert("mine_async", "await asyncio.sleep(0.01)\nreturn 'mine too'", 20, "async def");
  std::thread program([this] {
    const auto responses = ask_all({"slow", "queued"});
    EXPECT_EQ(responses[0].content, "slow");
    EXPECT_EQ(responses[1].content, "queued");
  });
  const std::string base = folder.string();
  const auto reply = run("import conclave\nmade = conclave.Case(question='?', logs=['" + base +
                         "/app.log'])\nreport = conclave.consult(made, experts=['" + base + "/mine.py', '" + base +
                         "/mine_async.py'])\nsorted(r.content for r in report.responses)");
  program.join();
  EXPECT_EQ(reply.state, State::complete);
  EXPECT_THAT(printed().of("console"), HasSubstr("['mine', 'mine too']"));
}

}  // namespace
}  // namespace conclave::scripting
