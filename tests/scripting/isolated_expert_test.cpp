#include <thread>

#include "tests/scripting/host_fixture.h"

namespace conclave::scripting {
namespace {

using namespace std::chrono_literals;
using consensus::Status;
using testing::HasSubstr;

// What tests/python/test_isolated.py does from a plain Python, here through the program's host.
class IsolatedExpertTest : public HostTest {
 protected:
  void SetUp() override {
    HostTest::SetUp();
    in_workers = true;
  }
};

TEST_F(IsolatedExpertTest, AnswersFromAnotherProcessAndPrintsUnderItsName) {
  expert("disk", "print('looking')\nreturn {'content': str(os.getpid()), 'verdict': 'failing', 'confidence': 0.9}");
  const auto response = ask_one("disk");
  ASSERT_EQ(response.status, Status::answered) << (response.error ? response.error->message : "");
  EXPECT_NE(response.content, std::to_string(::getpid()));
  EXPECT_EQ(response.verdict, "failing");
  EXPECT_EQ(printed().of("expert disk"), "looking\n");
}

TEST_F(IsolatedExpertTest, CrashesAndHangsCostOneResponseEach) {
  expert("crash", "import ctypes\nctypes.string_at(0)");
  expert("leave", "os._exit(3)");
  expert("hang", "while True: pass", 0.5);
  expert("good", "return 'fine'");
  const auto responses = ask_all({"crash", "leave", "hang", "good"});
  EXPECT_EQ(responses[0].status, Status::killed);
  EXPECT_THAT(responses[0].error.value().message, HasSubstr("SIGSEGV"));
  EXPECT_THAT(responses[0].error.value().traceback, HasSubstr("crash.py"));
  EXPECT_EQ(responses[1].status, Status::killed);
  EXPECT_THAT(responses[1].error.value().message, HasSubstr("exit code 3"));
  EXPECT_EQ(responses[2].status, Status::timed_out);
  EXPECT_EQ(responses[3].content, "fine");
}

TEST_F(IsolatedExpertTest, AStopEndsItWithinTheGraceOfTheCircle) {
  expert("hang", "while True: pass");
  const Circle asked = circle({"hang"});
  Job job;
  std::thread stopper([&job] {
    std::this_thread::sleep_for(500ms);
    job.request_stop();
  });
  const auto responses = ask(asked.experts, evidence, job);
  stopper.join();
  EXPECT_EQ(responses.at(0).status, Status::cancelled);
}

TEST_F(IsolatedExpertTest, TellsItsProgress) {
  expert("steps", "job.progress(3, 10)\nwhile not job.cancelled(): time.sleep(0.01)\nreturn 'x'");
  const Circle asked = circle({"steps"});
  const auto job = std::make_shared<Job>("steps");
  std::promise<consensus::ExpertResponse> ended;
  auto waiting = ended.get_future();
  asked.experts.at(0)->start(evidence, job,
                             [&ended](consensus::ExpertResponse response) { ended.set_value(std::move(response)); });
  for (int i = 0; i < 1000 && job->progress().done != 3; ++i) std::this_thread::sleep_for(20ms);
  EXPECT_EQ(job->progress().done, 3U);
  EXPECT_EQ(job->progress().total, 10U);
  job->request_stop();
  EXPECT_EQ(waiting.get().content, "x");
}

}  // namespace
}  // namespace conclave::scripting
