#include <gmock/gmock.h>

#include "engine/config/ignores.h"
#include "engine/config/image.h"
#include "engine/config/quantity.h"
#include "engine/config/secret_keys.h"
#include "engine/config/user_rules.h"
#include "tests/engine/config/findings.h"

namespace conclave::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

ConfigFile read(const std::string& settings) {
  return must_be_read(read_config("services: {}\nglobal_settings:\n" + settings, "f.yaml"));
}

std::vector<std::string> rules(const std::string& setting) {
  std::vector<std::string> out;
  for (const Problem& problem : read("  " + setting + "\n").problems) out.push_back(problem.rule);
  return out;
}

TEST(SecretKeys, AreToldFromOthers) {
  for (const char* key : {"password", "DB_PASSWORD", "apiKey", "api-key", "client_secret", "tokens", "SALT_SECRET_VALUE",
                          "AWS_SECRET_ACCESS_KEY", "passphrase", "credentials", "key", "db_pass"})
    EXPECT_TRUE(is_secret_key(key)) << key;
  for (const char* key : {"name", "passenger", "keyboard", "monkey", "public_key", "tokenizer", "password_file", "compass", ""})
    EXPECT_FALSE(is_secret_key(key)) << key;
}

TEST(ValueRules, FindSecretsByNameAndByTheirLetters) {
  EXPECT_THAT(rules("password: hunter2"), ElementsAre("plain-text-secret"));
  EXPECT_THAT(rules("note: kX9/dJ2mQz7LrTb4VwYp8NcEs1"), ElementsAre("plain-text-secret"));
  for (const char* harmless : {"password: ${PASSWORD}", "password: /run/secrets/p", "password: ''", "password: '{{ vault }}'",
                               "max_tokens: 4096", "path: /opt/Program1/lib/Plugins/Example22",
                               "digest: 0123456789abcdef0123456789abcdef", "text: a long text of several words 1 A"})
    EXPECT_THAT(rules(harmless), IsEmpty()) << harmless;
}

TEST(ValueRules, FindAddressesThatLeaveWithoutEncryptionOrWithAPassword) {
  EXPECT_THAT(rules("a: http://api.shop.com/v1"), ElementsAre("insecure-url"));
  EXPECT_THAT(rules("a: see http://localhost:80 and ftp://files.shop.com"), ElementsAre("insecure-url"));
  EXPECT_THAT(rules("a: redis://cache.shop.com:6379"), ElementsAre("insecure-url"));
  EXPECT_THAT(rules("a: postgres://u:hunter2@db/x"), ElementsAre("secret-in-url"));
  for (const char* harmless :
       {"a: https://api.shop.com", "a: http://api:8080", "a: http://10.1.2.3", "a: http://172.20.0.1", "a: 'http://[::1]:80'",
        "a: http://x.svc", "a: http://${HOST}/", "a: postgres://u:${PASSWORD}@db/x", "a: '://'", "a: 'http://'", "a: 'http://['"})
    EXPECT_THAT(rules(harmless), IsEmpty()) << harmless;
  EXPECT_THAT(rules("a: http://172.99.0.1"), ElementsAre("insecure-url"));
}

TEST(ValueRules, FindBrokenEncryption) {
  EXPECT_THAT(rules("ssl_protocols: TLSv1.1 TLSv1.2"), ElementsAre("weak-encryption"));
  EXPECT_THAT(rules("tls_min_version: VersionTLS10"), ElementsAre("weak-encryption"));
  EXPECT_THAT(rules("ciphers: HIGH:RC4-SHA"), ElementsAre("weak-encryption"));
  EXPECT_THAT(rules("insecure_skip_verify: true"), ElementsAre("weak-encryption"));
  EXPECT_THAT(rules("NODE_TLS_REJECT_UNAUTHORIZED: 0"), ElementsAre("weak-encryption"));
  for (const char* harmless :
       {"ssl_protocols: TLSv1.2 TLSv1.3", "ciphers: 'HIGH:!aNULL:!RC4:-3DES'", "insecure_skip_verify: false", "title: about RC4"})
    EXPECT_THAT(rules(harmless), IsEmpty()) << harmless;
}

TEST(ValueRules, NoteNumbersThatJsonLacks) {
  EXPECT_THAT(rules("a: [.nan, -.inf, 1e999, '.nan', 1.5]"), ElementsAre("not-in-json", "not-in-json", "not-in-json"));
}

TEST(Ignores, HoldForTheirLineTheLineBelowOrTheFile) {
  EXPECT_THAT(findings(read("  password: hunter2  # conclave: ignore plain-text-secret\n"
                            "  # conclave: ignore plain-text-secret, insecure-url\n"
                            "  token: 'http://shop.com'\n"
                            "  secret: hunter2\n")),
              ElementsAre("6:11 plain-text-secret"));
  EXPECT_THAT(findings(read("  password: hunter2\n  secret: hunter2\n# conclave: ignore-file plain-text-secret\n")), IsEmpty());
  EXPECT_THAT(findings(read("  password: '# conclave: ignore-file plain-text-secret'\n")), ElementsAre("3:13 plain-text-secret"));
}

TEST(Ignores, ThatMatchNothingAreANoteUnlessTheRuleIsOfAUser) {
  const ConfigFile file = read("  a: 1  # conclave: ignore plain-text-secret\n  b: 2  # conclave: ignore owner\n");
  ASSERT_EQ(file.problems.size(), 1U);
  EXPECT_EQ(to_text(file.problems[0]),
            "f.yaml:3:9: note: there is no problem plain-text-secret to ignore here; remove the comment [unused-ignore]");
  Problem owner{Severity::warning, "owner", "no owner", "", {"f.yaml", 4, 3}};
  EXPECT_EQ(with_problems(file, {owner}).problems.size(), 1U);
  owner.location.line = 3;
  EXPECT_EQ(with_problems(file, {owner}).problems.size(), 2U);
}

TEST(Ignores, StayWhenAHookChangesTheModel) {
  const auto file = read_config("services:\n  a:\n    memory_mb: 64  # conclave: ignore memory-too-low\n", "f.yaml");
  ASSERT_TRUE(file);
  EXPECT_THAT(file->problems, IsEmpty());
  EXPECT_THAT(with_model(*file, file->model).problems, IsEmpty());
}

TEST(ImageTags, AreReadPastRegistriesAndPorts) {
  EXPECT_EQ(tag_of("nginx"), ImageTag::none);
  EXPECT_EQ(tag_of("localhost:5000/nginx"), ImageTag::none);
  EXPECT_EQ(tag_of("localhost:5000/nginx:latest"), ImageTag::latest);
  EXPECT_EQ(tag_of("nginx:1.25"), ImageTag::fixed);
  EXPECT_EQ(tag_of("nginx@sha256:00"), ImageTag::fixed);
  EXPECT_EQ(tag_of("${IMAGE}"), ImageTag::fixed);
}

TEST(Quantities, AreThoseOfTheirKind) {
  EXPECT_THAT(compose_bytes("1.5gb"), Optional(1.5 * 1024 * 1024 * 1024));
  EXPECT_THAT(compose_bytes("64M"), Optional(64.0 * 1024 * 1024));
  EXPECT_THAT(kubernetes_quantity("250m"), Optional(0.25));
  EXPECT_THAT(kubernetes_quantity("1Gi"), Optional(1024.0 * 1024 * 1024));
  EXPECT_THAT(kubernetes_quantity("12e6"), Optional(12e6));
  EXPECT_THAT(kubernetes_quantity("2E"), Optional(2e18));
  EXPECT_THAT(systemd_bytes("512M"), Optional(512.0 * 1024 * 1024));
  for (const char* bad : {"", "x", "-1", "+1", "inf", "nan", "0x10", "1 G", "1GiB", "1e999"}) {
    EXPECT_FALSE(compose_bytes(bad)) << bad;
    EXPECT_FALSE(kubernetes_quantity(bad)) << bad;
    EXPECT_FALSE(systemd_bytes(bad)) << bad;
    EXPECT_FALSE(plain_number(bad)) << bad;
  }
}

}  // namespace
}  // namespace conclave::config
