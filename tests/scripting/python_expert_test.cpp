#include <thread>

#include "tests/scripting/host_fixture.h"

namespace conclave::scripting {
namespace {

using namespace std::chrono_literals;
using consensus::Status;
using testing::HasSubstr;
using testing::SizeIs;

class PythonExpertTest : public HostTest {};

TEST_F(PythonExpertTest, AnswersWithVerdictClaimsAndScope) {
  expert("disk",
         "log = evidence.logs[0]\n"
         "return {'content': 'full', 'verdict': 'failing', 'confidence': 0.9,\n"
         "        'claims': [{'text': 'no space', 'severity': 0.8,\n"
         "                    'evidence': [{'kind': 'log', 'source': log.path, 'line': 2}]}]}");
  const auto response = ask_one("disk");
  ASSERT_EQ(response.status, Status::answered) << (response.error ? response.error->traceback : "");
  EXPECT_EQ(response.expert_name, "disk");
  EXPECT_EQ(response.scope, "disk");
  EXPECT_EQ(response.verdict, "failing");
  EXPECT_EQ(response.confidence, 0.9);
  ASSERT_THAT(response.claims, SizeIs(1));
  EXPECT_EQ(response.claims[0].evidence.at(0).line, 2U);
}

TEST_F(PythonExpertTest, KnowsTheEndpointsTheUserAgreedToAndNoOthers) {
  expert("asking", "return repr(job.allowed_endpoints)");
  EXPECT_EQ(ask_one("asking").content, "()");
  Case asked = subject;
  asked.experts = {{"asking", nlohmann::json::object(), 1.0}};
  const auto circle =
      host().circle(asked, {{}, {folder}, {"https://api.example.com", "http://127.0.0.1:8080/v1", "no \xff text"}, {"asking"}});
  ASSERT_TRUE(circle.has_value()) << circle.error().text();
  Job job;
  const auto responses = ask(circle->experts, evidence, job);
  ASSERT_THAT(responses, SizeIs(1));
  EXPECT_EQ(responses[0].content, "('https://api.example.com', 'http://127.0.0.1:8080/v1', 'no \xef\xbf\xbd text')");
}

TEST_F(PythonExpertTest, AbstainsByReturningNothing) {
  expert("silent", "return None");
  EXPECT_EQ(ask_one("silent").status, Status::abstained);
}

struct Bad {
  std::string name;
  std::string body;
  std::string type;
  std::string text;  // in message or traceback
};

class BadExpertTest : public PythonExpertTest, public testing::WithParamInterface<Bad> {};

TEST_P(BadExpertTest, IsARecordedFailureAndTheNextOneStillAnswers) {
  expert("bad", GetParam().body);
  expert("good", "return 'fine'");
  const auto responses = ask_all({"bad", "good"});
  EXPECT_EQ(responses[0].status, Status::failed);
  EXPECT_EQ(responses[0].expert_name, "bad");
  ASSERT_TRUE(responses[0].error.has_value());
  EXPECT_EQ(responses[0].error->type, GetParam().type);
  EXPECT_THAT(responses[0].error->message + responses[0].error->traceback, HasSubstr(GetParam().text));
  EXPECT_EQ(responses[1].status, Status::answered);
}

INSTANTIATE_TEST_SUITE_P(
    Experts, BadExpertTest,
    testing::Values(Bad{"Raises", "raise ValueError('no such disk')", "ValueError", "no such disk"},
                    Bad{"LeavesByExit", "sys.exit(3)", "SystemExit", "sys.exit(3)"},
                    Bad{"ReturnsNonsense", "return 42", "TypeError", "nonsense"},
                    Bad{"ReturnsAnUnknownField", "return {'content': 'x', 'confidense': 1}", "ValueError", "confidence"},
                    Bad{"RaisesBaseException", "raise BaseException('odd')", "BaseException", "odd"},
                    Bad{"InterruptsItself", "raise KeyboardInterrupt", "KeyboardInterrupt", "in assess"},
                    Bad{"CancelsItself", "raise asyncio.CancelledError", "CancelledError", "in assess"},
                    Bad{"SaysItWasCancelled", "raise conclave.Cancelled", "Cancelled", "in assess"},
                    Bad{"RecursesForEver", "def f(): f()\nf()", "RecursionError", "recursion"},
                    Bad{"CannotBeCompiled", "return (", "SyntaxError", "never closed"},
                    Bad{"ImportsWhatIsNotThere", "import no_such_module_here", "ModuleNotFoundError", "no_such_module_here"}),
    [](const auto& test) { return test.param.name; });

TEST_F(PythonExpertTest, OneThatFailsToLoadIsARecordedFailure) {
  write("broken.py", "import conclave\nraise OSError('at import')\n@conclave.expert\ndef assess(evidence, job): ...\n");
  const auto response = ask_one("broken");
  EXPECT_EQ(response.status, Status::failed);
  EXPECT_EQ(response.expert_name, "broken");
  ASSERT_TRUE(response.error.has_value());
  EXPECT_THAT(response.error->traceback, HasSubstr("at import"));
}

TEST_F(PythonExpertTest, WhatItRaisesByItselfOnTheLoopOrWhileItLoadsIsAFailureToo) {
  expert("interrupts", "await asyncio.sleep(0)\nraise KeyboardInterrupt", 20, "async def");
  expert("cancels", "await asyncio.sleep(0)\nraise asyncio.CancelledError", 20, "async def");
  expert("leaves", "await asyncio.sleep(0)\nsys.exit(1)", 20, "async def");
  write("loads.py", "import asyncio, conclave\nraise asyncio.CancelledError\n@conclave.expert\ndef assess(evidence, job): ...\n");
  expert("good", "return 'fine'", 20, "async def");
  const auto responses = ask_all({"interrupts", "cancels", "leaves", "loads", "good"});
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(responses[i].status, Status::failed) << responses[i].expert_name;
    ASSERT_TRUE(responses[i].error.has_value());
    EXPECT_THAT(responses[i].error->traceback, HasSubstr(responses[i].expert_name + ".py")) << responses[i].error->message;
  }
  EXPECT_EQ(responses[4].status, Status::answered);
}

struct Hang {
  std::string name;
  std::string body;
  std::string def = "def";
};

class HangingExpertTest : public PythonExpertTest, public testing::WithParamInterface<Hang> {};

TEST_P(HangingExpertTest, TimesOutAndTheNextOneStillAnswers) {
  expert("hangs", GetParam().body, 0.5, GetParam().def);
  expert("good", "return 'fine'");
  const auto responses = ask_all({"hangs", "good"});
  EXPECT_EQ(responses[0].status, Status::timed_out) << (responses[0].error ? responses[0].error->traceback : "");
  ASSERT_TRUE(responses[0].error.has_value());
  EXPECT_EQ(responses[0].error->type, "TimeoutError");
  EXPECT_EQ(responses[1].status, Status::answered);
}

INSTANTIATE_TEST_SUITE_P(Experts, HangingExpertTest,
                         testing::Values(Hang{"Looping", "while True: pass"}, Hang{"Sleeping", "time.sleep(60)"},
                                         Hang{"WaitingForALock", "threading.Event().wait()"},
                                         Hang{"InASubprocess", "import subprocess\nsubprocess.run(['sleep', '60'])"},
                                         Hang{"Awaiting", "await asyncio.sleep(60)", "async def"},
                                         Hang{"BlockingTheLoop", "time.sleep(60)", "async def"},
                                         Hang{"LoopingInTheLoop", "while True: pass", "async def"}),
                         [](const auto& test) { return test.param.name; });

TEST_F(PythonExpertTest, OneThatSwallowsInterruptsIsGivenUpAndNamedToThoseBehindIt) {
  // Two loops, so that an interruption during the handling of one before it is swallowed as well.
  const std::string held = "not os.path.exists('" + (folder / "let_go").string() + "')";
  expert("stubborn",
         "import os\nwhile " + held + ":\n    try:\n        while " + held +
             ":\n            try:\n                time.sleep(0.05)\n            except BaseException:\n                pass\n"
             "    except BaseException:\n        pass\nreturn 'too late'",
         0.5);
  expert("behind", "return 'fine'");
  const auto responses = ask_all({"stubborn", "behind"});
  EXPECT_EQ(responses[0].status, Status::timed_out);
  ASSERT_TRUE(responses[0].error.has_value());
  EXPECT_THAT(responses[0].error->message, HasSubstr("ignores interruption"));
  ASSERT_EQ(responses[1].status, Status::failed);
  ASSERT_TRUE(responses[1].error.has_value());
  EXPECT_THAT(responses[1].error->message, HasSubstr("the script thread is stuck in expert stubborn, line "));
  // When it comes back after all, the thread goes on.
  write("let_go", "");
  EXPECT_EQ(output_of("'back'"), "'back'\n");
  EXPECT_EQ(ask_one("behind").status, Status::answered);
}

TEST_F(PythonExpertTest, CodeThatHoldsTheInterpreterBlocksNoThreadOfTheProgram) {
  // Python checks for signals in neither of these; sum() over a range runs for about 4 s in C.
  expert("holds", "sum(range(250_000_000))\nreturn 'late'", 0.3);
  expert("behind", "return 'fine'");
  const auto responses = ask_all({"holds", "behind"});
  EXPECT_THAT(responses[0].status, testing::AnyOf(Status::timed_out));
  EXPECT_THAT(host().busy_with(), testing::AnyOf(HasSubstr("holds"), testing::IsEmpty()));
  EXPECT_EQ(output_of("'back'"), "'back'\n");
}

TEST_F(PythonExpertTest, AsyncExpertsOverlap) {
  // Each waits for the other: one after the other they would both time out.
  write("shared_state.py", "");
  for (const char* name : {"left", "right"}) {
    expert(name,
           "meeting = sys.modules.setdefault('meeting', type(sys)('meeting'))\n"
           "meeting.came = getattr(meeting, 'came', 0) + 1\n"
           "while meeting.came < 2: await asyncio.sleep(0.01)\nreturn 'met'",
           10, "async def");
  }
  for (const auto& response : ask_all({"left", "right"})) EXPECT_EQ(response.content, "met");
}

TEST_F(PythonExpertTest, ASyncExpertMayRunALoopOfItsOwn) {
  expert("own_loop", "return asyncio.run(asyncio.sleep(0, 'done'))");
  EXPECT_EQ(ask_one("own_loop").content, "done");
}

TEST_F(PythonExpertTest, MegabytesOfOutputAreCutAndTagged) {
  expert("loud", "for i in range(3000): print('x' * 1023)\nreturn 'said it'");
  EXPECT_EQ(ask_one("loud").status, Status::answered);
  const auto text = printed().of("expert loud");
  EXPECT_GT(text.size(), 1'000'000U);
  EXPECT_LT(text.size(), 1'100'000U);
  EXPECT_TRUE(text.ends_with("[more output of this plugin is not shown]\n"));
}

TEST_F(PythonExpertTest, AStoppedJobCancelsWhatRunsAndWhatWaits) {
  expert("first", "while not job.cancelled(): time.sleep(0.01)\nraise conclave.Cancelled");
  expert("second", "return 'never'");
  const Circle asked = circle({"first", "second"});
  Job job;
  std::thread stopper([&job] {
    std::this_thread::sleep_for(300ms);
    job.request_stop();
  });
  const auto responses = ask(asked.experts, evidence, job);
  stopper.join();
  EXPECT_EQ(responses.at(0).status, Status::cancelled);
  EXPECT_EQ(responses.at(1).status, Status::cancelled);
}

TEST_F(PythonExpertTest, InterruptStopsTheExpertThatRunsAndNoOther) {
  expert("long", "print('go')\ntime.sleep(30)");
  expert("next", "return 'fine'");
  std::thread interrupter([] {
    for (int i = 0; i < 12000 && printed().of("expert long").empty(); ++i) std::this_thread::sleep_for(5ms);
    host().interrupt();
  });
  const auto responses = ask_all({"long", "next"});
  interrupter.join();
  EXPECT_EQ(responses[0].status, Status::cancelled);
  EXPECT_EQ(responses[1].status, Status::answered);
}

TEST_F(PythonExpertTest, SettingsReachTheExpert) {
  write("tuned/plugin.toml",
        "name = \"tuned\"\nentry = \"tuned:assess\"\n[settings.window]\ntype = \"int\"\ndefault = 5\n"
        "[settings.ratio]\ntype = \"float\"\ndefault = 0.5\n");
  write("tuned/tuned.py", "def assess(evidence, job): return repr(sorted(job.settings.items()))\n");
  Case asked = subject;
  asked.experts = {{"tuned", {{"window", 7}}, 2.0}};
  const auto chosen = host().circle(asked, {{}, {folder}});
  ASSERT_TRUE(chosen.has_value()) << chosen.error().text();
  Job job;
  const auto responses = ask(chosen->experts, evidence, job);
  EXPECT_EQ(responses.at(0).content, "[('ratio', 0.5), ('window', 7)]");
  EXPECT_EQ(responses.at(0).weight, 2.0);
}

}  // namespace
}  // namespace conclave::scripting
