#include <gmock/gmock.h>

#include "engine/config/infrastructure.h"
#include "tests/engine/config/findings.h"
#include "tests/engine/temporary_folder.h"

namespace conclave::config {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

ConfigFile read(std::string_view text) { return must_be_read(read_config(text, "compose.yaml")); }

ConfigFile read_from(const TemporaryFolder& folder) { return must_be_read(read_config_file(folder.path() / "compose.yaml")); }

std::vector<std::string> findings(std::string_view text) { return findings(read(text)); }

constexpr std::string_view shop = R"(name: shop
x-logging: &logging
  logging: {driver: json-file, options: {max-size: 10m}}
x-limits: &limits
  resources:
    limits: {cpus: "0.50", memory: 256M}
    reservations: {memory: 128M}
services:
  web:
    <<: *logging
    image: registry.example.com:5000/shop/web:2.4.1
    ports:
      - "8443:443"
      - "127.0.0.1:9100-9102:9100-9102"
      - target: 53
        published: "5353"
        protocol: udp
    environment:
      LOG_LEVEL: info
      EMPTY:
    deploy:
      <<: *limits
      replicas: 1
    healthcheck:
      test: ["CMD", "curl", "-f", "http://localhost/health"]
      interval: 30s
    depends_on:
      api: {condition: service_healthy}
    networks: [front]
  api:
    build: ./api
    expose: ["8080"]
    mem_limit: 1g
    cpus: 1.5
    environment:
      - DATABASE_HOST=db
    healthcheck: {test: "wget -q -O- http://127.0.0.1:8080/live"}
    depends_on: [db]
    networks: [front, back]
    volumes: ["./config:/etc/api:ro", "uploads:/var/uploads"]
    secrets: [db_password]
  db:
    image: postgres:16.2@sha256:0123456789012345678901234567890123456789012345678901234567890123
    mem_limit: 2gb
    healthcheck: {test: ["CMD-SHELL", "pg_isready -U shop"]}
    environment: {POSTGRES_PASSWORD_FILE: /run/secrets/db_password}
    volumes:
      - {type: volume, source: data, target: /var/lib/postgresql/data}
    networks: {back: {aliases: [database]}}
  migrate:
    image: shop/migrate:7
    profiles: [tools]
    mem_limit: 128m
    healthcheck: {disable: true}
volumes: {data: {}, uploads: {}}
networks: {front: {}, back: {}}
secrets:
  db_password: {file: ./db_password.txt}
)";

TEST(Compose, BuildsTheModelOfAWholeShop) {
  const ConfigFile file = read(shop);
  EXPECT_EQ(file.kind, ConfigKind::compose);
  EXPECT_THAT(findings(file), IsEmpty());
  ASSERT_EQ(file.model.services.size(), 4U);
  const Service& web = file.model.services[0];
  EXPECT_EQ(web.image, "registry.example.com:5000/shop/web:2.4.1");
  EXPECT_THAT(web.ports, ElementsAre(8443, 9100, 9101, 9102, 5353));
  EXPECT_EQ(web.bindings[1], (Binding{9100, "127.0.0.1", false}));
  EXPECT_EQ(web.bindings[4], (Binding{5353, "", true}));
  EXPECT_EQ(web.cpu_millicores, 500);
  EXPECT_EQ(web.memory_mb, 256);
  EXPECT_EQ(web.health_check, "curl -f http://localhost/health");
  EXPECT_THAT(web.depends_on, ElementsAre("api"));
  EXPECT_THAT(web.environment, ElementsAre(Pair("LOG_LEVEL", "info")));
  EXPECT_EQ(web.location.text(), "compose.yaml:9:3");
  const Service& api = file.model.services[1];
  EXPECT_TRUE(api.built);
  EXPECT_EQ(api.memory_mb, 1024);
  EXPECT_EQ(api.cpu_millicores, 1500);
  EXPECT_THAT(api.ports, IsEmpty());
  EXPECT_EQ(file.model.services[2].memory_mb, 2048);
  const Service& migrate = file.model.services[3];
  EXPECT_EQ(migrate.health_check, "");
  EXPECT_THAT(migrate.profiles, ElementsAre("tools"));
  EXPECT_THAT(passed(file),
              UnorderedElementsAre("services.web.environment.EMPTY", "services.web.logging", "services.api.expose"));
}

TEST(Compose, ComesBackTheSameThroughJsonAndAHookThatChangesNothing) {
  const ConfigFile file = read(shop);
  const auto again = config_from_json(nlohmann::json::parse(to_json(file.model).dump()));
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(*again, file.model);
  EXPECT_EQ(with_model(file, *again).problems, file.problems);
}

TEST(Compose, NeverShowsASecret) {
  const ConfigFile file = read(R"(services:
  db:
    image: postgres:16
    environment:
      POSTGRES_PASSWORD: hunter2hunter2
      URL: postgres://shop:hunter2hunter2@db/shop
      TOKENS: [hunter2hunter2]
    command: --key hunter2hunter2
)");
  EXPECT_THAT(findings(file), ElementsAre("5:26 plain-text-secret", "6:12 secret-in-url", "7:15 wrong-type"));
  for (const Problem& problem : file.problems) EXPECT_THAT(to_text(problem), Not(HasSubstr("hunter2")));
}

TEST(Compose, ReportsReferencesToWhatIsNotDefined) {
  EXPECT_THAT(findings(R"(services:
  web:
    image: web:1
    depends_on: [databse]
    networks: [back]
    volumes: ["data:/data", "/srv:/srv", "./x:/x"]
    secrets: [{source: key_file}]
    configs: [settings]
  database: {image: "db:1"}
)"),
              ElementsAre("4:18 undefined-service", "5:16 undefined-reference", "6:15 undefined-reference",
                          "7:24 undefined-reference", "8:15 undefined-reference"));
}

TEST(Compose, FindsDependenciesThatWaitForEachOther) {
  EXPECT_THAT(findings("services:\n  a: {image: 'a:1', depends_on: [b]}\n  b: {image: 'b:1', depends_on: [c]}\n"
                       "  c: {image: 'c:1', depends_on: [a]}\n"),
              ElementsAre("4:3 dependency-cycle"));
}

TEST(Compose, FollowsALongChainOfDependencies) {
  std::string text = "services:\n";
  constexpr int count = 5'000;
  for (int i = 0; i < count; ++i)
    text += "  s" + std::to_string(i) + ": {image: 'a:1', depends_on: [s" + std::to_string((i + 1) % count) + "]}\n";
  EXPECT_THAT(findings(text), ElementsAre(std::to_string(count + 1) + ":3 dependency-cycle"));
}

TEST(Compose, PutsVariablesInAndReportsThoseThatAreNotSet) {
  const TemporaryFolder folder;
  (void)folder.write(".env", "# shared\nexport TAG=1.2 # the release\nNAME='$raw'\nGREETING=\"two\\nlines\"\nEMPTY=\n");
  (void)folder.write("compose.yaml", R"(services:
  web:
    image: web:${TAG}
    environment:
      A: ${MISSING:-fall${TAG}back}
      B: ${EMPTY:-x}${EMPTY-y}
      C: ${TAG:+is set}${MISSING:+is not}
      D: $$HOME $NAME
      E: ${MISSING}
      F: ${MISSING:?say it}
      G: ${TAG
      H: $GREETING
    mem_limit: 200m
)");
  const ConfigFile file = read_from(folder);
  EXPECT_THAT(findings(file), ElementsAre("9:10 undefined-variable", "10:10 missing-variable", "11:10 bad-interpolation"));
  const Service& web = file.model.services.at(0);
  EXPECT_EQ(web.image, "web:1.2");
  EXPECT_THAT(web.environment, ElementsAre(Pair("A", "fall1.2back"), Pair("B", "x"), Pair("C", "is set"), Pair("D", "$HOME $raw"),
                                           Pair("E", ""), Pair("F", ""), Pair("G", ""), Pair("H", "two\nlines")));
  EXPECT_EQ(file.tree["services"]["web"]["image"], "web:${TAG}");
}

TEST(Compose, DoesNotReadTheEnvironmentOfTheProgram) {
  ::setenv("CONCLAVE_COMPOSE_TEST", "leaked", 1);
  const ConfigFile file = read("services: {a: {image: 'a:${CONCLAVE_COMPOSE_TEST}', environment: [CONCLAVE_COMPOSE_TEST]}}\n");
  ::unsetenv("CONCLAVE_COMPOSE_TEST");
  EXPECT_EQ(file.model.services.at(0).image, "a:");
  EXPECT_THAT(file.model.services[0].environment, IsEmpty());
  EXPECT_THAT(findings(file), ElementsAre("1:23 undefined-variable"));
}

TEST(Compose, ReadsFilesOfVariablesBesideItself) {
  const TemporaryFolder folder;
  (void)folder.write("env/common.env", "A=1\nB=from file\nnot a line\n");
  (void)folder.write("compose.yaml", R"(services:
  web:
    image: web:1
    env_file:
      - ./env/common.env
      - missing.env
      - {path: other.env, required: false}
      - /etc/passwd
      - ../outside.env
    environment: [B=own]
)");
  const ConfigFile file = read_from(folder);
  EXPECT_THAT(findings(file), ElementsAre("5:9 wrong-type", "6:9 missing-env-file"));
  EXPECT_THAT(file.model.services.at(0).environment, ElementsAre(Pair("A", "1"), Pair("B", "own")));
  EXPECT_THAT(passed(file), ElementsAre("services.web.env_file", "services.web.env_file"));
}

TEST(Compose, DoesNotFollowALinkOutOfTheFolder) {
  const TemporaryFolder folder;
  (void)folder.write("compose.yaml", "services: {web: {image: 'web:1', env_file: link.env}}\n");
  std::filesystem::create_symlink("/etc/passwd", folder.path() / "link.env");
  const ConfigFile file = read_from(folder);
  EXPECT_THAT(file.model.services.at(0).environment, IsEmpty());
  EXPECT_THAT(passed(file), ElementsAre("services.web.env_file"));
}

TEST(Compose, ExtendsServicesOfThisFileAndOfOthers) {
  const TemporaryFolder folder;
  (void)folder.write("base/common.yml", R"(services:
  base:
    image: base:1
    environment: {LEVEL: info, REGION: eu}
    mem_limit: 256m
  worker:
    extends: base
    command: [work]
)");
  (void)folder.write("compose.yaml", R"(services:
  one:
    extends: {file: base/common.yml, service: worker}
    environment: [LEVEL=debug]
    ports: ["80:80"]
  two:
    extends: one
    ports: ["81:81"]
)");
  const ConfigFile file = read_from(folder);
  const Service& two = file.model.services.at(1);
  EXPECT_EQ(two.image, "base:1");
  EXPECT_EQ(two.memory_mb, 256);
  EXPECT_THAT(two.environment, ElementsAre(Pair("LEVEL", "debug"), Pair("REGION", "eu")));
  EXPECT_THAT(two.ports, ElementsAre(80, 81));
  EXPECT_THAT(findings(file), ElementsAre("5:13 duplicate-port"));
}

TEST(Compose, ReportsCyclesAndHolesOfExtends) {
  EXPECT_THAT(findings("services:\n  a: {image: 'a:1', extends: b}\n  b: {extends: a}\n  c: {image: 'c:1', extends: d}\n"
                       "  e: {image: 'e:1', extends: [x]}\n"),
              ElementsAre("2:30 extends-cycle", "3:16 extends-cycle", "4:30 undefined-service", "5:30 wrong-type"));
}

TEST(Compose, RefusesToGrowWithoutBound) {
  std::string text = "services:\n  s0: {image: 'a:1', labels: [";
  for (int i = 0; i < 20'000; ++i) text += "l,";
  text += "l]}\n";
  for (int i = 1; i < 1000; ++i) text += "  s" + std::to_string(i) + ": {extends: s0}\n";
  EXPECT_THAT(findings(text), Contains(HasSubstr("too-large")));
  text = "services:\n";
  for (int i = 0; i < 200; ++i) text += "  s" + std::to_string(i) + ": {image: 'a:1', ports: ['1-65535:1-65535']}\n";
  const ConfigFile file = read(text);
  EXPECT_THAT(findings(file), Contains(HasSubstr("too-large")));
}

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

TEST(Compose, OneValueCostsNoMoreThanItsShare) {
  const ConfigFile variables = read("services: {a: {image: 'a:1', command: '" + repeated("$A ", 150'000) + "'}}\n");
  EXPECT_LT(variables.problems.size(), 150'000U);
  EXPECT_THAT(findings(variables), Contains(HasSubstr("too-large")));
  const ConfigFile addresses = read("services: {a: {image: 'a:1', command: '" + repeated("http://u:p@x.com ", 100'000) + "'}}\n");
  EXPECT_THAT(findings(addresses), ElementsAre("1:39 secret-in-url", "1:39 insecure-url"));
  const ConfigFile marks = read("services: {a: {image: 'a:1'}} # " + repeated("conclave: ignore x # conclave:", 100'000));
  EXPECT_THAT(findings(marks), IsEmpty());
}

TEST(Compose, ALongNameIsNotRepeatedInEveryMessage) {
  const std::string name(1 << 20, 'n');
  std::string text = "services:\n  ? " + name + "\n  : {image: 'a:1', ports: ['80:80'], depends_on: [b0]}\n";
  for (int i = 0; i < 200; ++i)
    text += "  b" + std::to_string(i) + ": {image: 'a:1', ports: ['80:80'], depends_on: [b" + std::to_string(i + 1) + "]}\n";
  for (const Problem& problem : read(text).problems) EXPECT_LT(to_text(problem).size(), 1000U) << problem.rule;
}

TEST(Compose, ReportsPortsThatMeet) {
  EXPECT_THAT(findings(R"(services:
  a: {image: "a:1", ports: ["127.0.0.1:80:80", "53:53/udp", "53:53/tcp", "[::1]:9000:9000", "8080"]}
  b: {image: "b:1", ports: ["10.0.0.1:80:80", "8080"]}
  c: {image: "c:1", ports: ["80:80"]}
  d: {image: "d:1", ports: ["127.0.0.1:53:53/udp"]}
  e: {image: "e:1", ports: ["7000:80"], profiles: [one]}
  f: {image: "f:1", ports: ["7000:80"], profiles: [two]}
)"),
              ElementsAre("4:29 duplicate-port", "5:29 duplicate-port"));
}

TEST(Compose, ReportsPortsThatAreNone) {
  EXPECT_THAT(findings(R"(services:
  a:
    image: "a:1"
    ports: ["80:", "0:80", "80:80/icmp", "1-3:1-2", "70000:1", "x", "3-1:3-1", {published: 80}, [1], "1:2:3:4:5]"]
)"),
              ::testing::SizeIs(10));
}

TEST(Compose, ReportsWhatCannotRunTwice) {
  EXPECT_THAT(findings("services:\n  a: {image: 'a:1', scale: 3, container_name: a, ports: ['80:80']}\n"),
              ElementsAre("2:47 container-name-shared", "2:58 port-shared"));
}

TEST(Compose, ReportsAmountsThatAreNoneOrContradictEachOther) {
  EXPECT_THAT(findings(R"(services:
  a:
    image: a:1
    mem_limit: lots
    cpus: -1
    deploy:
      replicas: 1.5
      resources:
        limits: {memory: 128M}
        reservations: {memory: 1G}
  b: {image: "b:1", mem_limit: 1e300}
  c: {image: "c:1", mem_limit: 9999999999g}
)"),
              ElementsAre("4:16 bad-quantity", "5:11 bad-quantity", "7:17 bad-replicas", "10:32 limit-below-request",
                          "11:32 bad-quantity", "12:32 bad-quantity"));
}

TEST(Compose, NotesWhatContainersLack) {
  std::vector<std::string> rules;
  for (const Problem& problem :
       read("services: {a: {image: nginx}, b: {image: 'r:5000/x:latest'}, c: {build: .}, d: {}}\n").problems)
    rules.push_back(problem.rule);
  EXPECT_THAT(rules,
              UnorderedElementsAre("image-without-tag", "image-latest", "missing-image", "missing-resources", "missing-resources",
                                   "missing-resources", "missing-health-check", "missing-health-check", "missing-health-check"));
}

TEST(Compose, SuggestsWhatAnUnknownKeyWasMeantToBe) {
  const ConfigFile file = read("services:\n  a: {image: 'a:1', enviroment: {A: 1}}\nvolume: {}\n");
  EXPECT_THAT(findings(file), ElementsAre("2:21 unknown-key", "3:1 unknown-key"));
  EXPECT_THAT(to_text(file.problems.at(0)), HasSubstr("note"));
  EXPECT_THAT(passed(file), UnorderedElementsAre("services.a.enviroment", "volume"));
}

TEST(Compose, SurvivesTreesThatAreNoComposeFile) {
  for (const char* text :
       {"", "5", "[]", "services: 5", "services: []", "services: {a: 5}", "services: {a: }", "services: {a: []}",
        "services: {a: {ports: 5, deploy: 5, healthcheck: [], depends_on: 5, volumes: {}, environment: 5}}",
        "services: {a: {deploy: {resources: 5}, env_file: {}, networks: 5, image: {}, extends: {}}}",
        "services: {a: {deploy: {resources: {limits: [], reservations: 1}}, profiles: {}, build: []}}",
        "services: {\"\": {image: \"${\", ports: [\"\", \":\", \"::\", \"]:\", \"/\", \"[\"]}}"})
    EXPECT_TRUE(read_config(text, "compose.yaml")) << text;
}

TEST(Kind, IsSeenByTheContentBeforeTheName) {
  const auto kind = [](std::string_view text, const char* name) { return kind_name(read_config(text, name)->kind); };
  EXPECT_EQ(kind("services: {a: {memory_mb: 512, image: x}}", "docker-compose.yml"), "native");
  EXPECT_EQ(kind("services: {a: {build: .}}", "x.yaml"), "compose");
  EXPECT_EQ(kind("services: {a: {ports: [80]}}", "x.yaml"), "native");
  EXPECT_EQ(kind("services: {a: {ports: [80]}}", "/srv/docker-compose.prod.yml"), "compose");
  EXPECT_EQ(kind("", "x.yaml"), "native");
}

}  // namespace
}  // namespace conclave::config
