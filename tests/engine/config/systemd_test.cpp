#include <gmock/gmock.h>

#include "engine/config/infrastructure.h"
#include "engine/config/unit.h"
#include "tests/engine/config/findings.h"
#include "tests/engine/temporary_folder.h"

namespace conclave::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

ConfigFile read(std::string_view text, const std::string& name = "web.service") { return must_be_read(read_config(text, name)); }

std::vector<std::string> findings(std::string_view text, const std::string& name = "web.service") {
  return findings(read(text, name));
}

TEST(Unit, JoinsContinuedLinesAndLeavesCommentsOut) {
  const auto root = read_unit(
      "# top\n[Service]\nExecStart=/bin/a \\\n# in between\n; and again\n   --flag \\\n --last\nUser = web\r\n", "u.service");
  ASSERT_TRUE(root) << root.error().text();
  const Node& service = *root->find("Service");
  EXPECT_EQ(service.find("ExecStart")->scalar, "/bin/a --flag --last");
  EXPECT_EQ(service.find("ExecStart")->location.text(), "u.service:3:11");
  EXPECT_EQ(service.find("User")->scalar, "web");
  EXPECT_EQ(service.find("User")->location.text(), "u.service:8:8");
}

TEST(Unit, RepeatedKeysAreAListAndAnEmptyOneStartsAgain) {
  const auto root = read_unit("[Service]\nExecStart=a\nExecStart=\nExecStart=b\n[Unit]\nAfter=x\n[Service]\nExecStart=c\n", "u");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->to_json()["Service"]["ExecStart"], (nlohmann::json{"b", "c"}));
  EXPECT_EQ(root->entries.size(), 2U);
}

TEST(Unit, TakesEnvironmentsOutOfTheirQuotes) {
  const auto root = read_unit("[Service]\nEnvironment=A=1 \"B=two words\" 'C=x\\'y'\nEnvironment=D=4\n", "u");
  ASSERT_TRUE(root);
  const Node& environment = *root->find("Service")->find("Environment");
  EXPECT_EQ(environment.to_json(), (nlohmann::json{"A=1", "B=two words", "C=x'y", "D=4"}));
  EXPECT_EQ(environment.items[1].location.text(), "u:2:17");
}

TEST(Unit, RefusesWhatIsNoUnit) {
  const auto error = [](std::string_view text) {
    const auto root = read_unit(text, "u");
    return root ? std::string("read") : root.error().text();
  };
  EXPECT_THAT(error("a=b\n"), HasSubstr("u:1:1: a line before the first [Section]"));
  EXPECT_THAT(error("[A]\nword\n"), HasSubstr("u:2:1: this line is neither"));
  EXPECT_THAT(error("[A]\n=b\n"), HasSubstr("u:2:1"));
  EXPECT_THAT(error("[A\n"), HasSubstr("u:1:1: a section"));
  EXPECT_THAT(error(std::string_view("[A]\nb=\0\n", 8)), HasSubstr("u:2:3: a NUL byte"));
  EXPECT_THAT(error("[A]\nb=\xFF\n"), HasSubstr("invalid UTF-8"));
  EXPECT_EQ(error(""), "read");
  EXPECT_EQ(error("[A]\nb=c\\"), "read");
}

TEST(Unit, CountsTheWordsOfOneLine) {
  std::string text = "[Service]\nEnvironment=";
  for (int i = 0; i < 1000; ++i) text += "a ";
  TreeLimits limits;
  limits.max_nodes = 100;
  const auto root = read_unit(text, "u", limits);
  ASSERT_FALSE(root);
  EXPECT_EQ(root.error().kind, ErrorKind::limit);
}

TEST(Systemd, BuildsAServiceFromAUnit) {
  const TemporaryFolder folder;
  (void)folder.write("db.service", "[Service]\nExecStart=db\n");
  (void)folder.write("web.env", "MODE=fast\n");
  const auto path = folder.write("web.service", R"([Unit]
Description=The shop
Requires=db.service
After=db.service network-online.target
[Service]
Type=notify
ExecStart=/usr/bin/web --port 8080
Environment=LEVEL=info "GREETING=hello there"
EnvironmentFile=-/etc/default/web
EnvironmentFile=web.env
User=web
Restart=on-failure
WatchdogSec=30s
MemoryMax=512M
CPUQuota=150%
[Install]
WantedBy=multi-user.target
)");
  const auto file = read_config_file(path);
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_EQ(file->kind, ConfigKind::systemd);
  EXPECT_THAT(file->problems, IsEmpty());
  const Service& web = file->model.services.at(0);
  EXPECT_EQ(web.name, "web.service");
  EXPECT_EQ(web.memory_mb, 512);
  EXPECT_EQ(web.cpu_millicores, 1500);
  EXPECT_EQ(web.health_check, "watchdog within 30s");
  EXPECT_THAT(web.depends_on, ElementsAre("db.service"));
  EXPECT_THAT(web.environment, ElementsAre(Pair("GREETING", "hello there"), Pair("LEVEL", "info"), Pair("MODE", "fast")));
  EXPECT_THAT(passed(*file), ElementsAre("Unit", "Service.EnvironmentFile"));
}

TEST(Systemd, ReportsUnitsAndKeysThatAreNearlyKnown) {
  const TemporaryFolder folder;
  (void)folder.write("database.service", "[Service]\nExecStart=db\n");
  const auto path = folder.write("web.service",
                                 "[Unit]\nAfter=databse.service\n[Service]\nUser=w\nExecStrat=x\nExecStart=x\n"
                                 "DB_PASSWORD=x\nMemoryMax=lots\nCPUQuota=2\nX-Mine=1\n");
  const auto file = read_config_file(path);
  ASSERT_TRUE(file);
  EXPECT_THAT(findings(*file), ElementsAre("2:7 undefined-unit", "5:1 unknown-key", "7:13 plain-text-secret", "8:11 bad-quantity",
                                           "9:10 bad-quantity"));
}

TEST(Systemd, ReadsSocketsTimersAndDropIns) {
  const ConfigFile socket = read(
      "[Socket]\nListenStream=8080\nListenStream=127.0.0.1:9000\nListenDatagram=[::1]:53\n"
      "ListenStream=/run/web.sock\nListenStream=99999\n",
      "web.socket");
  EXPECT_THAT(findings(socket), ElementsAre("6:14 bad-port"));
  EXPECT_THAT(socket.model.services.at(0).ports, ElementsAre(8080, 9000, 53));
  EXPECT_EQ(socket.model.services[0].bindings[2], (Binding{53, "::1", true}));
  EXPECT_THAT(findings("[Timer]\nPersistent=true\n", "t.timer"), ElementsAre("1:1 missing-command"));
  EXPECT_THAT(findings("[Timer]\nOnCalendar=daily\n", "t.timer"), IsEmpty());
  const ConfigFile drop_in = read("[Service]\nMemoryMax=64M\n", "/etc/systemd/system/web.service.d/limits.conf");
  EXPECT_EQ(drop_in.model.services.at(0).name, "web.service");
  EXPECT_THAT(findings(drop_in), ElementsAre("2:11 memory-too-low"));
}

TEST(Systemd, ReportsASericeThatRunsNothingOrAsRoot) {
  const ConfigFile file = read("[Service]\nRestart=no\n");
  std::vector<std::string> rules;
  for (const Problem& problem : file.problems) rules.push_back(problem.rule);
  EXPECT_THAT(rules, ElementsAre("missing-command", "runs-as-root", "missing-resources", "no-restart"));
  EXPECT_THAT(findings("[Service]\nType=oneshot\nExecStart=\n"), IsEmpty());
}

}  // namespace
}  // namespace conclave::config
