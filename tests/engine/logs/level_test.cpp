#include "engine/logs/level.h"

#include <gtest/gtest.h>

#include <string>

namespace conclave::logs {
namespace {

struct Case {
  const char* line;
  Level level;
};

class LevelOfLine : public testing::TestWithParam<Case> {};

TEST_P(LevelOfLine, IsWhatTheHeaderDeclares) { EXPECT_EQ(level_of(GetParam().line), GetParam().level) << GetParam().line; }

INSTANTIATE_TEST_SUITE_P(
    Headers, LevelOfLine,
    testing::Values(
        Case{"2015-10-18 18:10:44,545 ERROR [RMCommunicator Allocator] o.a.h.m.RM: ERROR IN CONTACTING RM. ", Level::error},
        Case{"2015-07-29 19:29:03,816 - WARN  [RecvWorker:188:QuorumCnxManager$RecvWorker@765] - Interrupting", Level::warning},
        Case{"081110 220637 32 INFO dfs.FSNamesystem: BLOCK* NameSystem.delete: failed", Level::info},
        Case{"- 1121496582 2005.07.15 R02-M0-NA-C:J16-U11 2005-07-15-23.49.42.308319 R02 RAS KERNEL FATAL core", Level::fatal},
        Case{"[Sun Dec 04 04:47:44 2005] [notice] workerEnv.init() ok", Level::info},
        Case{"[Sun Mar 01 12:00:05.123456 2026] [core:error] [pid 35708] [client 10.0.0.1] no", Level::error},
        Case{"2026/03/01 12:00:05 [crit] 31#31: *1 connect() failed", Level::fatal},
        Case{"[2026-03-01T12:00:05,123][WARN ][o.e.n.Node               ] [es1] low disk", Level::warning},
        Case{"ts=2026-03-01T12:00:05Z level=warn msg=\"error rate\"", Level::warning},
        Case{"{\"time\":\"2026-03-01T12:00:05Z\",\"level\":\"error\",\"msg\":\"x\"}", Level::error},
        Case{"{\"severity\": \"DEBUG\", \"message\": \"fatal\"}", Level::debug},
        Case{"{\"level\":40,\"msg\":\"x\"}", Level::warning}, Case{"<3>kernel: disk failed", Level::error},
        Case{"<34>1 2026-03-01T12:00:05Z host su - - failed", Level::fatal},
        Case{"E0301 12:00:05.123456 1 controller.go:114] could not", Level::error},
        Case{"E/ActivityManager( 1702): ANR", Level::error},
        Case{"03-17 16:13:38.811  1702  2395 D WindowManager: printFreezing", Level::debug},
        Case{"E, [2026-03-01T12:00:05.1 #12] ERROR -- : boom", Level::error},
        Case{"[E 260301 12:00:05 web:1] 500 GET /", Level::error}, Case{"ERROR:root:something", Level::error},
        Case{"[12:00:05 INF] Started", Level::info}, Case{"2026-03-01 12:00:05,123 - my.module - ERROR - bad", Level::error},
        Case{"2026-03-01 12:00:05.123 UTC [123] FATAL:  role does not exist", Level::fatal},
        Case{"Dec 10 11:04:32 LabSZ sshd[25523]: error: Received disconnect", Level::error},
        Case{"2016-09-28 04:30:30, Info                  CBS    Loaded", Level::info},
        Case{"17/06/09 20:10:40 INFO executor.Executor: Running", Level::info},
        Case{"web_1  | WARNING: root user", Level::warning}, Case{"\x1b[0m", Level::unknown},
        Case{"fail: Microsoft.Hosting[0]", Level::error},
        Case{"2026-03-01T12:00:05.123Z\tERROR\tmain.go:12\tboom", Level::error}));

INSTANTIATE_TEST_SUITE_P(
    Messages, LevelOfLine,
    testing::Values(
        Case{"", Level::unknown}, Case{"Jun 14 15:16:01 combo sshd[1]: authentication ERROR for root", Level::unknown},
        Case{"connection to database lost with ERROR", Level::unknown}, Case{"the ERROR page was shown", Level::unknown},
        Case{"Dec 10 06:55:46 LabSZ sshd[24200]: Failed password for root from 1.2.3.4 port 38926 ssh2", Level::unknown},
        Case{"20171223-22:19:58:411|HiH_Binder|30002312|bulk fail errorCode = 4,errorMessage = ERR_X", Level::unknown},
        Case{"\tat com.example.ErrorHandler.run(ErrorHandler.java:1)", Level::unknown}, Case{"<999>x", Level::unknown},
        Case{"Errors were found", Level::unknown}, Case{"informative", Level::unknown}));

TEST(Level, IsNotLookedForBehindTheHeader) {
  EXPECT_EQ(level_of("2026-03-01 12:00:05 " + std::string(200, '1') + " ERROR"), Level::unknown);
}

TEST(Level, IsFoundInBytesThatAreNotText) { EXPECT_EQ(level_of(std::string("\0\xff\xfe[error]\0", 11)), Level::error); }

TEST(Level, TellsWhereTheHeaderGoesOn) {
  const std::string line = "2026-03-01 12:00:05 [ERROR] boom";
  EXPECT_EQ(line.substr(locate_level(line).end), " boom");
}

TEST(Level, HasANameForEach) {
  EXPECT_EQ(level_name(Level::unknown), "unknown");
  EXPECT_EQ(level_name(Level::fatal), "fatal");
}

TEST(Level, OfAJsonObjectIsThatOfItsFieldOrOfTheMessageInIt) {
  const std::string wide(300, 'x');
  EXPECT_EQ(level_of(R"({"msg":"level: error","level":"warn"})"), Level::warning);
  EXPECT_EQ(level_of(R"({"msg":")" + wide + R"(","severity":"ERROR"})"), Level::error);
  EXPECT_EQ(level_of(R"({"t":{"$date":"2026-03-01T12:00:05Z"},"s":"E","c":"NETWORK"})"), Level::error);
  EXPECT_EQ(level_of(R"({"MESSAGE":"x","PRIORITY":"4"})"), Level::warning);
  EXPECT_EQ(level_of(R"({"name":"app","level":50,"msg":"x"})"), Level::error);
  EXPECT_EQ(level_of(R"({"@fields":{"lvl":"DEBUG"}})"), Level::debug);
  EXPECT_EQ(level_of(R"({"log":"2026-03-01 12:00:05 ERROR disk full\n","stream":"stderr"})"), Level::error);
  EXPECT_EQ(level_of(R"({"msg":"an error occurred"})"), Level::unknown);
  EXPECT_EQ(level_of(R"({"levels":["error"],"tags":[{"level":"error"}]})"), Level::unknown);
}

TEST(Level, OfMonologStandsBehindTheChannel) {
  EXPECT_EQ(level_of("[2026-03-01 12:00:05] production.ERROR: no such table"), Level::error);
  EXPECT_EQ(level_of("[2026-03-01T12:00:05.123456+00:00] app.WARNING: slow [] []"), Level::warning);
  EXPECT_EQ(level_of("[2026-03-01 12:00:05] a.b.error: text"), Level::unknown);
}

}  // namespace
}  // namespace conclave::logs
