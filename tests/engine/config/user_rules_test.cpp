#include "engine/config/user_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conclave::config {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* by_name = R"(services:
  api:
    image: shop:latest
    cpu_millicores: 500
    ports: [8080, 9090]
  db.main:
    image: postgres
    environment: {A: b}
global_settings:
  region: north
)";

ConfigFile read(const char* text) {
  auto file = read_config(text, "infra.yaml");
  EXPECT_TRUE(file.has_value());
  return std::move(*file);
}

std::vector<Problem> found(const ConfigFile& file, const char* answer) {
  auto problems = problems_of_rule(file, "mine", json::parse(answer));
  EXPECT_TRUE(problems.has_value()) << problems.error().text();
  return problems ? std::move(*problems) : std::vector<Problem>{};
}

// line:column, or what is said instead.
std::string place(const ConfigFile& file, const std::string& path) {
  const auto problems = problems_of_rule(file, "mine", json::array({{{"message", "x"}, {"path", path}}}));
  if (!problems) return problems.error().text();
  const Location& at = problems->at(0).location;
  EXPECT_EQ(at.file, "infra.yaml");
  return std::to_string(at.line) + ":" + std::to_string(at.column);
}

TEST(UserRules, AProblemBearsTheNameOfItsRuleAndItsPlace) {
  const auto problems = found(read(by_name), R"([
      {"message": "latest is no version", "path": "services.api.image", "severity": "error", "fix": "name one"},
      {"message": "odd"}])");
  ASSERT_THAT(problems, SizeIs(2));
  EXPECT_EQ(to_text(problems[0]), "infra.yaml:3:12: error: latest is no version; name one [mine]");
  EXPECT_EQ(to_text(problems[1]), "infra.yaml: warning: odd [mine]");
}

TEST(UserRules, APlaceIsFoundHoweverItsPathIsWritten) {
  const ConfigFile file = read(by_name);
  for (const char* path :
       {"services.api.ports[1]", "services.api.ports.1", "/services/api/ports/1", "services[0].ports[1]", "/services/0/ports/1"})
    EXPECT_EQ(place(file, path), "5:19") << path;
  for (const char* path : {"services.\"db.main\".image", "services.db.main.image", "/services/db.main/image"})
    EXPECT_EQ(place(file, path), "7:12") << path;
  EXPECT_EQ(place(file, "global_settings.region"), "10:11");
}

TEST(UserRules, AnItemOfAListIsFoundByItsNameToo) {
  const ConfigFile file = read("services:\n  - name: web\n  - name: api\n    memory_mb: 200\n");
  EXPECT_EQ(place(file, "services.api.memory_mb"), "4:16");
  EXPECT_EQ(place(file, "/services/1/memory_mb"), "4:16");
}

TEST(UserRules, WhatIsNotInTheFileStandsWhereTheInnermostStandsThatIs) {
  const ConfigFile file = read(by_name);
  EXPECT_EQ(place(file, "services.api"), "2:3");
  EXPECT_EQ(place(file, "services.api.healthcheck.interval"), "2:3");
  EXPECT_EQ(place(file, "services.api.ports"), "5:13");
  EXPECT_EQ(place(file, "services.api.ports[7]"), "5:13");
  EXPECT_EQ(place(file, "services[9].image"), "3:12");
  EXPECT_EQ(place(file, "networks"), "0:0");
  EXPECT_EQ(place(read("services: {}\n"), "services.api"), "0:0");
}

TEST(UserRules, AnyTextIsAPath) {
  const ConfigFile file = read(by_name);
  for (const char* path : {"", "/", "//", "[", "[]", "]", "[x", ".", "..", "\"", "\"a", "services.", "services..", "/services/~",
                           "/services/~2/~1", "services[18446744073709551616]", "services[-1]", "api\xff"})
    (void)place(file, path);
  EXPECT_EQ(place(read("- 1\n- 2\n"), "[1]"), "2:3");
  EXPECT_EQ(place(read("a~/b: 1\nservices: {}\n"), "/a~0~1b"), "1:7");
}

TEST(UserRules, NothingIsNoProblem) {
  EXPECT_THAT(found(read(by_name), "null"), IsEmpty());
  EXPECT_THAT(found(read(by_name), "[]"), IsEmpty());
}

TEST(UserRules, NonsenseIsRefusedAsAWhole) {
  const ConfigFile file = read(by_name);
  for (const char* answer :
       {"7", "{}", "\"text\"", "[7]", "[\"text\"]", "[{}]", R"([{"message": ""}])", R"([{"message": 7}])",
        R"([{"message": "x", "path": ["services"]}])", R"([{"message": "x", "severity": "fatal"}])",
        R"([{"message": "x", "severity": 2}])", R"([{"message": "x", "fix": {}}])", R"([{"message": "x"}, null])"}) {
    const auto problems = problems_of_rule(file, "mine", json::parse(answer));
    ASSERT_FALSE(problems.has_value()) << answer;
    EXPECT_EQ(problems.error().kind, ErrorKind::script);
  }
  EXPECT_FALSE(problems_of_rule(file, "mine", json(json::value_t::discarded)).has_value());
  EXPECT_FALSE(problems_of_rule(file, "mine", json::array({{{"message", std::string(10'001, 'x')}}})).has_value());
  EXPECT_FALSE(problems_of_rule(file, "mine", json(1001, {{"message", "x"}})).has_value());
  EXPECT_TRUE(problems_of_rule(file, "mine", json(1000, {{"message", "x"}})).has_value());
}

TEST(UserRules, AnOddEncodingIsMended) {
  const auto problems = problems_of_rule(read(by_name), "mine", json::array({{{"message", "a\xff"}}}));
  ASSERT_TRUE(problems.has_value());
  EXPECT_EQ(problems->at(0).message, "a\xEF\xBF\xBD");
}

TEST(UserRules, AFailureIsOneWarningWithTheFirstLine) {
  const Problem failed = failed_rule(read(by_name), "mine", "KeyError: 'image'\n\nTraceback ...");
  EXPECT_EQ(to_text(failed), "infra.yaml: warning: rule 'mine' failed: KeyError: 'image' [rule-failed]");
}

TEST(UserRules, ProblemsAreSortedInAmongThoseOfTheFile) {
  ConfigFile file = read("services:\n  api:\n    cpu_millicores: 5\n  web:\n    cpu_millicores: 5\n");
  ASSERT_THAT(file.problems, SizeIs(2));
  file = with_problems(std::move(file), found(file, R"([{"message": "x", "path": "services.web"}])"));
  ASSERT_THAT(file.problems, SizeIs(3));
  EXPECT_EQ(file.problems[1].message, "x");
  EXPECT_EQ(file.problems[1].location.line, 4);
}

TEST(UserRules, ARuleIsGivenTheModelAndAllThatStandsInTheFile) {
  const json given = for_rules(read(by_name));
  EXPECT_EQ(given["file"], "infra.yaml");
  EXPECT_EQ(given["services"][0]["name"], "api");
  EXPECT_EQ(given["tree"]["services"]["api"]["image"], "shop:latest");
}

TEST(UserRules, ManyProblemsOfALargeFileAreFoundInOnePass) {
  std::string text = "services:\n";
  for (int i = 0; i < 20'000; ++i) text += "  s" + std::to_string(i) + ": {image: x, memory_mb: 256}\n";
  const ConfigFile file = read(text.c_str());
  auto answer = json::array();
  for (int i = 0; i < 1000; ++i) answer.push_back({{"message", "x"}, {"path", "services.s" + std::to_string(i * 20) + ".image"}});
  const auto problems = problems_of_rule(file, "mine", answer);
  ASSERT_TRUE(problems.has_value());
  EXPECT_EQ(problems->at(999).location.line, 19'982);
}

TEST(UserRules, WordsForTheReceipt) {
  EXPECT_EQ(found_in_words(0), "found nothing");
  EXPECT_EQ(found_in_words(1), "found 1 problem");
  EXPECT_EQ(found_in_words(2), "found 2 problems");
}

}  // namespace
}  // namespace conclave::config
