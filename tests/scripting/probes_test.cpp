// Probes asked by consult(), in process and in workers.
#include <thread>

#include "tests/engine/scan/loopback.h"
#include "tests/scripting/host_fixture.h"

namespace conclave::scripting {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class ProbesTest : public HostTest, public testing::WithParamInterface<bool> {
 protected:
  ProbesTest() { in_workers = GetParam(); }

  void probe(const std::string& name, const std::string& body, double time_s = 20, const std::string& prefix = "async ") {
    write(name + ".py", "# /// script\n# [tool.conclave.limits]\n# time_s = " + std::to_string(time_s) +
                            "\n# ///\nimport asyncio, conclave, time\n\n@conclave.probe\n" + prefix +
                            "def talk(connection, target):\n    " + body + "\n");
    names.push_back(name);
    subject.services.push_back({name, "127.0.0.1", server.port(), std::nullopt, name});
  }
  [[nodiscard]] Result<Report> consulted() {
    auto chosen = host().circle(subject, {{}, {folder}, {}, in_workers ? std::vector<std::string>{} : names});
    if (!chosen) return tl::unexpected(chosen.error());
    ConsultOptions options;
    options.probes = chosen->probes;
    return consult(subject, {}, options, job);
  }
  const scan::LoopbackSocket server;  // takes connections and says nothing
  std::vector<std::string> names;
  Job job;
};
INSTANTIATE_TEST_SUITE_P(Runners, ProbesTest, testing::Bool(),
                         [](const auto& test) { return test.param ? std::string("isolated") : std::string("in_process"); });

TEST_P(ProbesTest, SayMoreThanThatAServiceIsOpen) {
  probe("ready", "return target['name'] + ' is ready'");
  probe("worse", "return {'state': 'closed', 'detail': 'no such thing', 'latency_ms': None}", 20, "");
  const auto report = consulted();
  ASSERT_TRUE(report.has_value()) << report.error().text();
  EXPECT_EQ(report->services[0]["detail"], "ready is ready");
  EXPECT_EQ(report->services[1]["state"], "closed");
  EXPECT_TRUE(report->services[1]["latency_ms"].is_null());
  EXPECT_THAT(report->receipt.plugins, SizeIs(2));
  EXPECT_THAT(report->receipt.hooks, SizeIs(2));
}

TEST_P(ProbesTest, ThatFailCostAWarningEachAndDelayNobody) {
  probe("hangs", "await connection.read()", 0.5);
  probe("blocks", "time.sleep(3)", 0.5);
  probe("raises", "raise KeyError('boo')");
  probe("nonsense", "return 42");
  probe("ready", "return 'fine'");
  const auto report = consulted();
  ASSERT_TRUE(report.has_value()) << report.error().text();
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(report->services[i]["state"], "open");
    EXPECT_THAT(report->services[i]["detail"].get<std::string>(), HasSubstr("failed: "));
  }
  EXPECT_THAT(report->services[0]["detail"].get<std::string>(), HasSubstr("no answer within 0.5 s"));
  EXPECT_EQ(report->services[4]["detail"], "fine");
  const auto failed = std::count_if(report->problems.begin(), report->problems.end(),
                                    [](const config::Problem& problem) { return problem.rule == "probe-failed"; });
  EXPECT_EQ(failed, 4);
}

TEST_P(ProbesTest, OneThatIsNotThereIsSaidBeforeAnythingIsGathered) {
  probe("ready", "return None");
  subject.services[0].probe = "redy";
  const auto circle = host().circle(subject, {{}, {folder}, {}, {}});
  ASSERT_FALSE(circle.has_value());
  EXPECT_EQ(circle.error().kind, ErrorKind::not_found);
  EXPECT_THAT(circle.error().message, HasSubstr("there is no probe 'redy'; did you mean 'ready'?"));
  const auto report = consult(subject, {}, ConsultOptions{}, job);
  ASSERT_FALSE(report.has_value());
  EXPECT_THAT(report.error().message, HasSubstr("the probe 'redy'"));
}

TEST_P(ProbesTest, EndWhenTheConsultationIsStopped) {
  probe("hangs", "await asyncio.sleep(1000)");
  const std::jthread stopper([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    job.request_stop();
  });
  const auto report = consulted();
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().kind, ErrorKind::cancelled);
}

}  // namespace
}  // namespace conclave::scripting
