#include "engine/config/infrastructure.h"

#include <gmock/gmock.h>

#include "tests/engine/config/findings.h"

namespace conclave::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

ConfigFile read(std::string_view text) { return must_be_read(read_config(text, "f.yaml")); }

std::vector<std::string> problems(std::string_view text) {
  std::vector<std::string> out;
  for (const Problem& problem : read(text).problems) out.push_back(to_text(problem));
  return out;
}

constexpr std::string_view good = R"(version: "3"
services:
  api:
    replicas: 2
    cpu_millicores: 500
    memory_mb: 256
    ports: [8080, "9090"]
    environment: {LEVEL: debug, EMPTY: }
  db:
    memory_mb: 1024
    ports: 5432
    environment: [USER=app, "URL=a=b"]
global_settings:
  region: eu
  retry: {count: 3, waits: [1, 2]}
)";

TEST(ReadConfig, BuildsTheModelInTheOrderOfTheFile) {
  const ConfigFile file = read(good);
  EXPECT_THAT(file.problems, IsEmpty());
  ASSERT_EQ(file.model.services.size(), 2U);
  const Service& api = file.model.services[0];
  EXPECT_EQ(api.name, "api");
  EXPECT_EQ(api.replicas, 2);
  EXPECT_EQ(api.cpu_millicores, 500);
  EXPECT_EQ(api.memory_mb, 256);
  EXPECT_THAT(api.ports, ElementsAre(8080, 9090));
  EXPECT_THAT(api.environment, ElementsAre(Pair("EMPTY", ""), Pair("LEVEL", "debug")));
  EXPECT_EQ(api.location.text(), "f.yaml:3:3");
  const Service& db = file.model.services[1];
  EXPECT_EQ(db.replicas, 1);
  EXPECT_EQ(db.cpu_millicores, 0);
  EXPECT_THAT(db.ports, ElementsAre(5432));
  EXPECT_THAT(db.environment, ElementsAre(Pair("URL", "a=b"), Pair("USER", "app")));
  EXPECT_THAT(file.model.global_settings, ElementsAre(Pair("region", "eu"), Pair("retry.count", "3"), Pair("retry.waits[0]", "1"),
                                                      Pair("retry.waits[1]", "2")));
  EXPECT_EQ(file.tree["services"]["api"]["replicas"], 2);
}

TEST(ReadConfig, TakesServicesAsAListToo) {
  const ConfigFile file = read("services:\n- name: api\n  ports: [80]\n- name: db\n");
  EXPECT_THAT(file.problems, IsEmpty());
  ASSERT_EQ(file.model.services.size(), 2U);
  EXPECT_EQ(file.model.services[0].name, "api");
  EXPECT_EQ(file.model.services[1].location.text(), "f.yaml:4:3");
}

TEST(ReadConfig, ListsEveryScalarWithItsPathAndPlace) {
  const ConfigFile file = read("services:\n  api:\n    ports: [80, 443]\n    name:\n");
  std::vector<std::string> values;
  for (const FlatValue& value : file.values)
    values.push_back(value.path + "=" + value.value + "@" + std::to_string(value.line) + ":" + std::to_string(value.column));
  EXPECT_THAT(values, ElementsAre("services.api.ports[0]=80@3:13", "services.api.ports[1]=443@3:17", "services.api.name=@4:5"));
}

TEST(ReadConfig, TellsKeysWithDotsFromNestedOnes) {
  const ConfigFile file = read(
      "services:\n  api.v2: {memory_mb: 256}\nglobal_settings:\n  log.level: debug\n  log: {level: info, file.name: a}\n"
      "x-a: {b.c: 1, b: {c: 2}}\n");
  std::vector<std::string> paths;
  for (const FlatValue& value : file.values) paths.push_back(value.path);
  EXPECT_THAT(paths, ElementsAre("services.\"api.v2\".memory_mb", "global_settings.\"log.level\"", "global_settings.log.level",
                                 "global_settings.log.\"file.name\"", "x-a.\"b.c\"", "x-a.b.c"));
  EXPECT_EQ(file.model.services.at(0).name, "api.v2");
  EXPECT_EQ(file.model.global_settings.count("log.level"), 1U);
  EXPECT_EQ(file.model.global_settings.at("log.\"file.name\""), "a");
}

TEST(ReadConfig, ReportsEveryProblemAtOnceInOrderOfPlace) {
  EXPECT_THAT(
      problems(R"(services:
  api:
    replicas: -1
    cpu_millicores: 50
    memory_mb: 512Mi
    ports: [80, "8080:90", 80, 70000, -1, x]
    enviroment: {A: 1}
  db:
    memory_mb: 64
    cpu_millicores: 250m
    replicas: "3"
    ports:
      -
      - 80
    environment: [A=b, C, A=c, {}]
  db2: 5
global_settings: none
extra: 1
)"),
      ElementsAre(
          "f.yaml:3:15: error: replicas of service 'api' must be 0 to 2147483647, not '-1' [bad-replicas]",
          "f.yaml:4:21: warning: service 'api' gets 50 millicores, less than 100; give it at least 100 [cpu-too-low]",
          "f.yaml:5:16: error: memory_mb of service 'api' must be a whole number, not '512Mi'; write 512 [wrong-type]",
          "f.yaml:6:17: error: a port of service 'api' must be a number from 1 to 65535, not '8080:90'; write 8080 [bad-port]",
          "f.yaml:6:28: error: port 80 of service 'api' is listed twice (first in line 6); remove one of them [duplicate-port]",
          "f.yaml:6:32: error: a port of service 'api' must be a number from 1 to 65535, not '70000' [bad-port]",
          "f.yaml:6:39: error: a port of service 'api' must be a number from 1 to 65535, not '-1' [bad-port]",
          "f.yaml:6:43: error: a port of service 'api' must be a number from 1 to 65535, not 'x' [bad-port]",
          "f.yaml:7:5: warning: unknown key 'enviroment' in service 'api'; did you mean 'environment'? [unknown-key]",
          "f.yaml:9:16: warning: service 'db' gets 64 MiB of memory, less than 128; give it at least 128 [memory-too-low]",
          "f.yaml:10:21: error: cpu_millicores of service 'db' must be a whole number, not '250m'; write 250 [wrong-type]",
          "f.yaml:11:15: error: replicas of service 'db' must be a whole number, not '3'; write 3 [bad-replicas]",
          "f.yaml:13:7: error: a port of service 'db' must be a number from 1 to 65535, not nothing [bad-port]",
          "f.yaml:14:9: error: port 80 of service 'db' is already used by service 'api' (first in line 6); give one of them "
          "another port [duplicate-port]",
          "f.yaml:15:24: error: an environment variable of service 'db' must be written NAME=value, not 'C' [wrong-type]",
          "f.yaml:15:27: error: environment variable 'A' of service 'db' is set twice; remove one of them [duplicate-variable]",
          "f.yaml:15:32: error: an environment variable of service 'db' must be written NAME=value, not a map [wrong-type]",
          "f.yaml:16:8: error: service 'db2' must be a map of keys and values, not '5' [wrong-type]",
          "f.yaml:17:18: error: global_settings must be a map of keys and values, not 'none' [wrong-type]",
          "f.yaml:18:1: warning: unknown key 'extra' in the configuration [unknown-key]"));
}

TEST(ReadConfig, ReportsNamesThatAreMissingOrTwice) {
  EXPECT_THAT(
      problems("services:\n- replicas: 1\n- name: a\n- name: a\n"),
      ElementsAre(
          "f.yaml:2:3: error: a service without a name; give it a name [missing-name]",
          "f.yaml:4:9: error: service 'a' is defined twice (first in line 3); rename or remove one of them [duplicate-service]"));
}

TEST(ReadConfig, ReportsANameThatContradictsItsKey) {
  EXPECT_THAT(problems("services:\n  a: {name: b}\n  c: {name: c}\n"),
              ElementsAre(HasSubstr("said twice, and differently: 'b'")));
}

TEST(ReadConfig, ReportsAFileThatIsNoConfiguration) {
  EXPECT_THAT(problems("just text"), ElementsAre(HasSubstr("the configuration must be a map")));
  EXPECT_THAT(problems(""),
              ElementsAre("f.yaml:1:1: warning: the configuration names no services; add the key services [no-services]"));
  EXPECT_THAT(problems("services: 5"), ElementsAre(HasSubstr("services must be a map by name or a list, not '5'")));
}

TEST(ReadConfig, LeavesExtensionKeysAlone) {
  EXPECT_THAT(problems("x-defaults: &d {replicas: 2}\nservices:\n  a:\n    <<: *d\n"), IsEmpty());
}

TEST(ReadConfig, PlacesAMergedValueWhereItIsWritten) {
  EXPECT_THAT(problems("x-d: &d\n  memory_mb: 64\nservices:\n  a: {<<: *d}\n"),
              ElementsAre(HasSubstr("f.yaml:2:14: warning: service 'a'")));
}

TEST(ReadConfig, RefusesWhatIsNotYaml) {
  const auto file = read_config("a: [", "f.yaml");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().kind, ErrorKind::parse);
}

TEST(ReadConfig, RefusesPathsThatWouldFillTheMemory) {
  std::string text = std::string(1000, 'k') + ": [";
  for (int i = 0; i < 300'000; ++i) text += "1,";
  const auto file = read_config(text + "]", "f.yaml");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().kind, ErrorKind::limit);
}

TEST(Check, FindsTheSameInAModelMadeByAHook) {
  InfrastructureConfig config;
  config.services.resize(3);
  config.services[0].name = "a";
  config.services[0].cpu_millicores = 99;
  config.services[0].memory_mb = 127;
  config.services[0].ports = {80, 80, 0};
  config.services[1].name = "a";
  config.services[1].ports = {80};
  config.services[1].replicas = -1;
  config.services[1].cpu_millicores = 100;
  config.services[1].memory_mb = 128;
  std::vector<std::string> rules;
  for (const Problem& problem : check(config)) rules.push_back(problem.rule);
  EXPECT_THAT(rules, ElementsAre("cpu-too-low", "memory-too-low", "duplicate-port", "bad-port", "duplicate-service",
                                 "bad-replicas", "duplicate-port", "missing-name"));
}

TEST(WithModel, KeepsWhatStaysWithItsPlaceDropsWhatIsMendedAndAddsWhatIsNew) {
  const ConfigFile before = read(R"(services:
  api:
    cpu_millicores: 50
    memory_mb: 64
    ports: [80]
  db:
    ports: [80, 5432]
extra: 1
)");
  InfrastructureConfig model = before.model;
  model.services[0].cpu_millicores = 500;
  model.services[0].replicas = -1;
  std::vector<std::string> problems;
  for (const Problem& problem : with_model(before, model).problems) problems.push_back(to_text(problem));
  EXPECT_THAT(problems, ElementsAre(HasSubstr("f.yaml:4:16: warning: service 'api' gets 64 MiB"),
                                    HasSubstr("f.yaml:7:13: error: port 80 of service 'db' is already used"),
                                    HasSubstr("f.yaml:8:1: warning: unknown key 'extra'"), HasSubstr("[bad-replicas]")));
  EXPECT_EQ(with_model(before, before.model).problems, before.problems);
}

TEST(WithModel, KeepsEveryProblemOfAFileThatNobodyChanged) {
  const ConfigFile file = read("services:\n- {name: a, ports: [80, 80]}\n- {name: a, ports: [80]}\n- {replicas: 2}\n");
  EXPECT_EQ(file.problems.size(), 4U);
  EXPECT_EQ(with_model(file, file.model).problems, file.problems);
}

TEST(ConfigJson, ComesBackTheSame) {
  const InfrastructureConfig model = read(good).model;
  const auto again = config_from_json(nlohmann::json::parse(to_json(model).dump()));
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(*again, model);
}

TEST(ConfigJson, IsReadStrictly) {
  const auto error = [](const char* text) {
    const auto config = config_from_json(nlohmann::json::parse(text));
    return config ? std::string("read") : config.error().text();
  };
  EXPECT_EQ(error("[]"), "configuration: must be an object");
  EXPECT_EQ(error(R"({"service": []})"), "configuration: unknown key 'service'");
  EXPECT_EQ(error(R"({"services": {}})"), "services: must be an array");
  EXPECT_EQ(error(R"({"services": [{}]})"), "services[0]: has no name");
  EXPECT_EQ(error(R"({"services": [{"name": 5}]})"), "services[0].name: must be text");
  EXPECT_EQ(error(R"({"services": [{"name": "a", "replicas": 1.5}]})"), "services[0].replicas: must be a whole number");
  EXPECT_EQ(error(R"({"services": [{"name": "a", "replicas": -1}]})"), "services[0].replicas: must be from 0 to 2147483647");
  EXPECT_EQ(error(R"({"services": [{"name": "a", "memory_mb": 18446744073709551615}]})"),
            "services[0].memory_mb: must be from 0 to 2147483647");
  EXPECT_EQ(error(R"({"services": [{"name": "a", "ports": [65536]}]})"), "services[0].ports: must be from 0 to 65535");
  EXPECT_EQ(error(R"({"services": [{"name": "a", "environment": {"A": 1}}]})"), "services[0].environment.A: must be text");
  EXPECT_EQ(error(R"({"global_settings": 5})"), "global_settings: must be an object");
  EXPECT_EQ(error(R"({"services": [{"name": "a", "replicas": null}], "global_settings": null})"), "read");
}

}  // namespace
}  // namespace conclave::config
