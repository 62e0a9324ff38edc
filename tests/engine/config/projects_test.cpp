// Compose files that include others, that are put over others, and files of any kind that are in each other's way.
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
using ::testing::Pair;

class Projects : public testing::Test {
 protected:
  ConfigFile read(const std::string& name = "compose.yaml") const {
    return must_be_read(read_config_file(folder_.path() / name));
  }

  std::vector<ConfigFile> read_together(const std::vector<std::string>& names) const {
    std::vector<std::filesystem::path> paths;
    for (const std::string& name : names) paths.push_back(folder_.path() / name);
    std::vector<ConfigFile> files;
    for (auto& file : read_config_files(paths)) files.push_back(must_be_read(std::move(file)));
    return files;
  }

  static std::vector<std::string> names(const ConfigFile& file) {
    std::vector<std::string> out;
    for (const Service& service : file.model.services) out.push_back(service.name);
    return out;
  }

  // "file:line rule", without notes; the file without its folder.
  static std::vector<std::string> placed(const ConfigFile& file) {
    std::vector<std::string> out;
    for (const Problem& problem : file.problems)
      if (problem.severity != Severity::note)
        out.push_back(std::filesystem::path(problem.location.file).filename().string() + ":" +
                      std::to_string(problem.location.line) + " " + problem.rule);
    return out;
  }

  const TemporaryFolder folder_;
};

TEST_F(Projects, AnOverrideFileBesideIsPutOverTheFile) {
  (void)folder_.write("compose.yaml", R"(services:
  web:
    image: web:1
    command: [serve, --quiet]
    ports: ["80:80", "8443:443/tcp"]
    environment: {LEVEL: info, REGION: eu}
    volumes: ["data:/data", "./a:/etc/a"]
    depends_on: [db]
  db: {image: "db:1"}
volumes: {data: {}}
)");
  (void)folder_.write("compose.override.yaml", R"(services:
  web:
    image: web:2
    command: [debug]
    ports: ["8443:443", "9000:9000"]
    environment: [LEVEL=debug]
    volumes: ["other:/data"]
    depends_on: {mail: {condition: service_started}}
  mail: {image: "mail:1"}
volumes: {other: {}}
)");
  const ConfigFile file = read();
  EXPECT_THAT(names(file), ElementsAre("web", "db", "mail"));
  const Service& web = file.model.services[0];
  EXPECT_EQ(web.image, "web:2");
  EXPECT_THAT(web.ports, ElementsAre(80, 8443, 9000));
  EXPECT_THAT(web.environment, ElementsAre(Pair("LEVEL", "debug"), Pair("REGION", "eu")));
  EXPECT_THAT(web.depends_on, ElementsAre("db", "mail"));
  EXPECT_THAT(placed(file), IsEmpty());
  EXPECT_EQ(file.tree["services"]["web"]["image"], "web:1") << "the tree is the file as it is written";
}

TEST_F(Projects, ResetRemovesAndOverrideReplacesWhatTheFileBeforeSays) {
  (void)folder_.write("compose.yaml", R"(services:
  web:
    image: web:1
    ports: ["80:80", "8443:443"]
    environment: {LEVEL: info, REGION: eu}
    depends_on: [db]
    deploy: {replicas: 3}
  db: {image: "db:1", ports: ["5432:5432"]}
  gone: {image: "gone:1"}
)");
  (void)folder_.write("compose.override.yaml", R"(services:
  web:
    ports: !override ["8080:80"]
    environment: {LEVEL: !reset null, MORE: yes}
    depends_on: !reset []
    deploy: {replicas: !override 1}
  db: {ports: !reset }
  gone: !reset {}
)");
  const ConfigFile file = read();
  EXPECT_THAT(names(file), ElementsAre("web", "db"));
  const Service& web = file.model.services[0];
  EXPECT_EQ(web.image, "web:1");
  EXPECT_THAT(web.ports, ElementsAre(8080));
  EXPECT_THAT(web.environment, ElementsAre(Pair("MORE", "yes"), Pair("REGION", "eu")));
  EXPECT_THAT(web.depends_on, IsEmpty());
  EXPECT_EQ(web.replicas, 1);
  EXPECT_THAT(file.model.services[1].ports, IsEmpty());
  EXPECT_THAT(placed(file), IsEmpty());
}

TEST_F(Projects, AThirdFileMaySayAnewWhatTheSecondReset) {
  (void)folder_.write("compose.yaml", "services:\n  web: {image: 'a:1', ports: ['80:80'], environment: {A: one}}\n");
  (void)folder_.write("compose.two.yaml", "services:\n  web: {ports: !reset [], environment: !override {B: two}}\n");
  (void)folder_.write("compose.three.yaml", "services:\n  web: {ports: ['81:81'], environment: {C: three}}\n");
  const auto web = read_together({"compose.yaml", "compose.two.yaml", "compose.three.yaml"})[0].model.services.at(0);
  EXPECT_THAT(web.ports, ElementsAre(81));
  EXPECT_THAT(web.environment, ElementsAre(Pair("B", "two"), Pair("C", "three")));
}

TEST_F(Projects, WhatIsExtendedCanBeResetToo) {
  (void)folder_.write("compose.yaml", R"(services:
  base: {image: "a:1", ports: ["80:80"], environment: {A: one}}
  web: {extends: base}
)");
  (void)folder_.write("compose.override.yaml", "services:\n  web: {ports: !reset [], environment: !override {B: two}}\n");
  const ConfigFile file = read();
  EXPECT_THAT(file.model.services.at(0).ports, ElementsAre(80));
  EXPECT_THAT(file.model.services.at(1).ports, IsEmpty());
  EXPECT_THAT(file.model.services.at(1).environment, ElementsAre(Pair("B", "two")));
  EXPECT_EQ(file.model.services.at(1).image, "a:1");
}

TEST_F(Projects, AFileAloneIsWithoutWhatItResets) {
  (void)folder_.write("alone.yaml", R"(services:
  web: {image: "a:1", ports: !reset ["80:80"], environment: [A=one, !reset B=two], profiles: !override [debug]}
volumes: {data: !reset {}}
)");
  const ConfigFile file = read("alone.yaml");
  const Service& web = file.model.services.at(0);
  EXPECT_THAT(web.ports, IsEmpty());
  EXPECT_THAT(web.environment, ElementsAre(Pair("A", "one")));
  EXPECT_THAT(web.profiles, ElementsAre("debug"));
  EXPECT_THAT(placed(file), IsEmpty());
}

TEST_F(Projects, ProblemsStandWhereTheyAre) {
  (void)folder_.write("compose.yaml", "services:\n  web: {image: 'web:1'}\n");
  (void)folder_.write("compose.override.yaml",
                      "services:\n  web:\n    image: web\n    environment: {DB_PASSWORD: hunter2secret}\n    imagee: x\n");
  EXPECT_THAT(placed(read()), ElementsAre("compose.override.yaml:3 image-without-tag", HasSubstr("compose.override.yaml:4 "),
                                          "compose.override.yaml:5 unknown-key"));
  (void)folder_.write("compose.override.yaml", "services:\n  web:\n    image: web  # conclave: ignore image-without-tag\n");
  EXPECT_THAT(placed(read()), IsEmpty());
  (void)folder_.write("compose.override.yaml", "services: [");
  EXPECT_THAT(placed(read()), ElementsAre("compose.yaml:1 unreadable-override"));
}

TEST_F(Projects, OnlyTheFileThatComposeLooksForHasAnOverride) {
  (void)folder_.write("compose.override.yaml", "services: {more: {image: 'a:1'}}");
  (void)folder_.write("shop.yaml", "services: {web: {image: 'a:1', build: .}}");
  EXPECT_THAT(names(read("shop.yaml")), ElementsAre("web"));
}

TEST_F(Projects, FilesOfOneFolderAreMergedInTheirOrderAndKeepWhatIsTheirs) {
  (void)folder_.write("compose.yaml", "services:\n  web: {image: 'a:1', ports: ['80:80']}\n");
  (void)folder_.write("compose.prod.yaml",
                      "services:\n  web: {image: 'a:2', deploy: {replicas: 1}}\n  db: {image: db, ports: ['80:5432']}\n");
  (void)folder_.write("compose.override.yaml", "services:\n  dev: {image: 'dev:1'}\n");
  const auto files = read_together({"compose.yaml", "compose.prod.yaml"});
  EXPECT_THAT(names(files[0]), ElementsAre("web"));
  EXPECT_EQ(files[0].model.services[0].image, "a:2");
  EXPECT_THAT(names(files[1]), ElementsAre("db"));
  EXPECT_THAT(placed(files[0]), IsEmpty());
  EXPECT_THAT(placed(files[1]), ElementsAre("compose.prod.yaml:3 image-without-tag", "compose.prod.yaml:3 duplicate-port"));
}

TEST_F(Projects, IncludesFilesWithTheirOwnFolderAndVariables) {
  (void)folder_.write("compose.yaml", R"(include:
  - parts/db.yaml
  - path: [parts/mail.yaml, parts/mail.more.yaml]
    env_file: parts/mail.env
services:
  web: {image: "web:1", depends_on: [db, mail], volumes: ["data:/x"]}
)");
  (void)folder_.write(".env", "DB=7\n");
  (void)folder_.write("parts/.env", "DB=1\nTAG=9\n");
  (void)folder_.write("parts/db.yaml", R"(services:
  db:
    image: "db:${DB}.${TAG}"
    env_file: db.env
    extends: {file: base.yaml, service: base}
volumes: {data: {}}
)");
  (void)folder_.write("parts/base.yaml", "services: {base: {mem_limit: 256m}}");
  (void)folder_.write("parts/db.env", "USER=me\n");
  (void)folder_.write("parts/mail.env", "PORT=25\n");
  (void)folder_.write("parts/mail.yaml", "services: {mail: {image: 'mail:1', ports: ['${PORT}:25']}}");
  (void)folder_.write("parts/mail.more.yaml", "services: {mail: {image: 'mail:2'}}");
  const ConfigFile file = read();
  EXPECT_THAT(placed(file), IsEmpty());
  EXPECT_THAT(passed(file), IsEmpty());
  ASSERT_THAT(names(file), ElementsAre("db", "mail", "web"));
  const Service& db = file.model.services[0];
  EXPECT_EQ(db.image, "db:7.9") << "the project's own variables win";
  EXPECT_EQ(db.memory_mb, 256);
  EXPECT_THAT(db.environment, ElementsAre(Pair("USER", "me")));
  EXPECT_EQ(file.model.services[1].image, "mail:2");
  EXPECT_THAT(file.model.services[1].ports, ElementsAre(25));
}

TEST_F(Projects, IncludedServicesMeetTheOthers) {
  (void)folder_.write("part.yaml", "services:\n  db: {image: 'db:1', ports: ['80:1']}\n  web: {image: 'w:1'}\n");
  (void)folder_.write(
      "compose.yaml",
      "include: [part.yaml]\nservices:\n  web: {image: 'w:2', ports: ['80:2']}\n  a: {image: 'a:1', depends_on: [x]}\n");
  EXPECT_THAT(placed(read()), ElementsAre("compose.yaml:3 duplicate-service", "compose.yaml:3 duplicate-port",
                                          "compose.yaml:4 undefined-service"));
  (void)folder_.write("compose.yaml", "include: [part.yaml]\n");
  (void)folder_.write("compose.override.yaml", "services: {db: {image: 'db:2'}}\n");
  const ConfigFile file = read();
  EXPECT_THAT(placed(file), IsEmpty());
  EXPECT_EQ(file.model.services[0].image, "db:2") << "an override file may change what is included";
}

TEST_F(Projects, WhatCannotBeIncludedIsSaid) {
  (void)folder_.write("compose.yaml", R"(include:
  - absent.yaml
  - ../outside.yaml
  - oci://example.com/shop
  - {project_directory: x}
  - compose.yaml
  - bad.yaml
services: {web: {image: "a:1", depends_on: [perhaps]}}
)");
  (void)folder_.write("bad.yaml", "a: [");
  const ConfigFile file = read();
  EXPECT_THAT(placed(file), ElementsAre("compose.yaml:2 missing-include", "compose.yaml:5 wrong-type",
                                        "compose.yaml:6 include-cycle", "compose.yaml:7 missing-include"))
      << "services that were not read may be what is depended on";
  EXPECT_THAT(passed(file), ElementsAre("include", "include"));
  EXPECT_THAT(findings(must_be_read(read_config("include: 5\nservices: {a: {image: 'a:1'}}", "compose.yaml"))),
              ElementsAre("1:10 wrong-type"));
  EXPECT_THAT(passed(must_be_read(read_config("include: [a.yaml]\nservices: {a: {image: 'a:1'}}", "compose.yaml"))),
              ElementsAre("include"))
      << "a text has no files beside it";
}

TEST_F(Projects, IncludesAreBounded) {
  (void)folder_.write("compose.yaml", "include: [a.yaml]\nservices: {}\n");
  (void)folder_.write("a.yaml", "include: [b.yaml]\n");
  (void)folder_.write("b.yaml", "include: [a.yaml]\n");
  EXPECT_THAT(placed(read()), ElementsAre("b.yaml:1 include-cycle"));
  for (int i = 0; i < 100; ++i)
    (void)folder_.write("n" + std::to_string(i) + ".yaml", "include: [n" + std::to_string(i + 1) + ".yaml]\n");
  (void)folder_.write("compose.yaml", "include: [n0.yaml]\nservices: {}\n");
  EXPECT_THAT(placed(read()), ElementsAre(HasSubstr("include-cycle")));
  std::string wide = "include:\n";
  for (int i = 0; i < 100; ++i) {
    wide += "  - m" + std::to_string(i) + ".yaml\n";
    (void)folder_.write("m" + std::to_string(i) + ".yaml", "services: {}\n");
  }
  (void)folder_.write("compose.yaml", wide);
  EXPECT_THAT(placed(read()), Contains(HasSubstr("too-large")));
}

TEST_F(Projects, PortsAreUsedOnceAcrossFiles) {
  (void)folder_.write("a/compose.yaml", "services:\n  web:\n    image: a:1\n    ports: ['8080:80', '127.0.0.1:53:53/udp']\n");
  (void)folder_.write("b/compose.yaml", "services:\n  web:\n    image: b:1\n    ports: ['8080:80', '53:53']\n");
  (void)folder_.write("c.yaml", "services:\n  api: {replicas: 1, ports: [8080]}\n");
  const auto files = read_together({"a/compose.yaml", "b/compose.yaml", "c.yaml"});
  EXPECT_THAT(placed(files[0]), IsEmpty());
  EXPECT_THAT(placed(files[1]), ElementsAre("compose.yaml:4 duplicate-port"));
  EXPECT_THAT(placed(files[2]), ElementsAre("c.yaml:2 duplicate-port"));
  const auto found = std::ranges::find(files[1].problems, "duplicate-port", &Problem::rule);
  ASSERT_NE(found, files[1].problems.end());
  EXPECT_THAT(found->message, HasSubstr("port 8080 of service 'web' is already used by service 'web' (first in "));
  EXPECT_THAT(found->message, HasSubstr("a/compose.yaml:4:"));
  EXPECT_EQ(with_model(files[1], files[1].model).problems, files[1].problems) << "a hook that changes nothing";
  EXPECT_THAT(placed(read_together({"b/compose.yaml"})[0]), IsEmpty());
}

TEST_F(Projects, PortsOfFilesThatAreIgnoredOrHaveAddressesOfTheirOwnAreInNobodysWay) {
  (void)folder_.write("a/compose.yaml", "services:\n  web:\n    image: a:1\n    ports: ['80:80']\n");
  (void)folder_.write("b/compose.yaml",
                      "services:\n  web:\n    image: b:1\n    # conclave: ignore duplicate-port\n    ports: ['80:80']\n");
  (void)folder_.write("pod.yaml",
                      "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    - {name: c, image: 'c:1', "
                      "ports: [{containerPort: 80}], resources: {limits: {memory: 1Gi}}}\n");
  const auto files = read_together({"a/compose.yaml", "b/compose.yaml", "pod.yaml"});
  for (const ConfigFile& file : files)
    EXPECT_THAT(placed(file), testing::Not(Contains(HasSubstr("duplicate-port")))) << file.file;
}

}  // namespace
}  // namespace conclave::config
