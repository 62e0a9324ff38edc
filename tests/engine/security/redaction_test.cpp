#include "engine/security/redaction.h"

#include <gtest/gtest.h>

#include <chrono>
#include <regex>

namespace conclave::security {
namespace {

struct Example {
  const char* rule;
  std::string text;
  std::string redacted;
};

const std::string pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7-x\nabc=\n-----END RSA PRIVATE KEY-----";

std::vector<Example> examples() {
  return {
      {"private-key", "key:\n" + pem + "\nnext line", "key:\n[redacted private-key]\nnext line"},
      {"private-key", "-----BEGIN PRIVATE KEY-----\n" + std::string(64, 'A') + "\nERROR disk is full",
       "[redacted private-key]\nERROR disk is full"},
      {"jwt", "got eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl now", "got [redacted jwt] now"},
      {"authorization", "Authorization: Basic dXNlcjpwYXNz x", "Authorization: Basic [redacted authorization] x"},
      {"authorization", R"({"authorization": "abc", "a": 1})", R"({"authorization": "[redacted authorization]", "a": 1})"},
      {"bearer-token", "sent bearer 0123456789abcdef01", "sent bearer [redacted bearer-token]"},
      {"url-password", "postgres://app:p@ss@db:5432/x", "postgres://app:[redacted url-password]@db:5432/x"},
      {"url-password", "redis://:pw@cache/0", "redis://:[redacted url-password]@cache/0"},
      {"cookie", "Set-Cookie: sid=1; HttpOnly\nGET /", "Set-Cookie: [redacted cookie]\nGET /"},
      {"secret", "DB_PASSWORD=hunter2 retry", "DB_PASSWORD=[redacted secret] retry"},
      {"secret", "password: 'two words', user: bob", "password: [redacted secret], user: bob"},
      {"secret", R"("client_secret": "a\"b c", "n": 1)", R"("client_secret": [redacted secret], "n": 1)"},
      {"secret", R"(body="{\"token\":\"abc\",\"n\":1}")", R"(body="{\"token\":[redacted secret],\"n\":1}")"},
      {"secret-option", "run --password hunter2 --verbose", "run --password [redacted secret-option] --verbose"},
      {"api-key", "key AKIAIOSFODNN7EXAMPLE used", "key [redacted api-key] used"},
      {"api-key", "ghp_" + std::string(36, 'a') + ".", "[redacted api-key]."},
      {"email", "mail to <ann.b+c@example.co.uk>.", "mail to <[redacted email]>."},
      {"card-number", "paid with 4111 1111 1111 1111 ok", "paid with [redacted card-number] ok"},
      {"card-number", "amex 378282246310005", "amex [redacted card-number]"},
      {"ipv4", "from 203.0.113.7:443", "from [redacted ipv4]:443"},
      {"ipv6", "peer [2001:db8::1]:80", "peer [[redacted ipv6]]:80"},
      {"ipv6", "peer fe80::1, 1:2:3:4:5:6:7:8", "peer [redacted ipv6], [redacted ipv6]"},
  };
}

TEST(Redaction, takes_out_what_each_rule_names_and_nothing_else) {
  for (const Example& example : examples()) {
    const Redacted result = redact(example.text);
    EXPECT_EQ(result.text, example.redacted);
    EXPECT_EQ(result.counts.size(), 1U) << example.text;
    EXPECT_TRUE(result.counts.contains(example.rule)) << example.text;
  }
}

TEST(Redaction, has_an_example_for_every_rule) {
  for (const RedactionRule& rule : redaction_rules()) {
    const auto all = examples();
    EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const Example& e) { return e.rule == rule.name; })) << rule.name;
  }
}

TEST(Redaction, leaves_ordinary_log_lines_alone) {
  for (const std::string text : {
           "2026-03-01T12:34:56.789Z INFO api listening on 127.0.0.1:8080 and [::1]:8080 and 0.0.0.0:80",
           "Failed password for root from ::1 port 22 ssh2",
           "systemd[1]: Started getty@tty1.service",
           "basic configuration loaded; bearer authentication failed; max_tokens=4096; PWD=/root",
           "std::vector<int>::at 12:34:56 blk_-1608999687919862906 id 4111111111111112 1772366400000000",
           "",
       }) {
    const Redacted result = redact(text);
    EXPECT_EQ(result.text, text);
    EXPECT_TRUE(result.counts.empty()) << text;
  }
}

TEST(Redaction, counts_replacements_by_rule) {
  const Redacted result = redact("a@b.example c@d.example password=x 198.51.100.1");
  EXPECT_EQ(result.counts, (std::map<std::string, std::uint64_t>{{"email", 2}, {"secret", 1}, {"ipv4", 1}}));
}

TEST(Redaction, of_redacted_text_changes_nothing) {
  for (const Example& example : examples()) EXPECT_EQ(redact(example.redacted).text, example.redacted);
}

// What is shown to the user is an ECMAScript pattern: it has to mean there what it means here.
TEST(Redaction, means_the_same_as_ecmascript) {
  for (const Example& example : examples()) {
    std::string text = example.text;
    for (const RedactionRule& rule : redaction_rules()) {
      if (rule.luhn && rule.name != example.rule) continue;
      const std::regex pattern(rule.pattern, std::regex::ECMAScript | std::regex::icase);
      text = std::regex_replace(text, pattern, rule.replacement);
    }
    EXPECT_EQ(text, example.redacted);
  }
}

TEST(Redaction, misses_nothing_at_a_window_border) {
  const std::string secret = "password=hunter2hunter2";
  for (std::size_t before = (64U << 10U) - 30; before < (64U << 10U) + 3; ++before) {
    const std::string text = std::string(before - 1, '.') + " " + secret + " " + std::string(70'000, '.');
    const Redacted result = redact(text);
    ASSERT_EQ(result.text.find("hunter2"), std::string::npos) << before;
    ASSERT_EQ(result.counts.at("secret"), 1U) << before;
  }
}

TEST(Redaction, takes_out_a_private_key_across_a_border_and_a_value_longer_than_a_window) {
  const std::string body(8000, 'A');
  const std::string key = "-----BEGIN PRIVATE KEY-----\n" + body + "\n-----END PRIVATE KEY-----";
  const Redacted cut = redact(std::string(60'000, '.') + "\n" + key + "\n" + std::string(60'000, '.'));
  EXPECT_EQ(cut.text.find("AAAA"), std::string::npos);
  EXPECT_EQ(cut.text.size(), 120'002 + std::string("[redacted private-key]").size());
  const Redacted value = redact("token=" + std::string(300'000, 'x') + " end");
  EXPECT_EQ(value.text, "token=[redacted secret] end");
}

TEST(ConfigRedaction, takes_out_drawn_values_under_innocent_keys) {
  const std::string mark = "[redacted random-value]";
  for (const std::string drawn : {
           "kJ8s9dF3hG7kL2mN5pQ8rT1vW4xZ7bC0",                                  // base62
           "Zm9vYmFyMTIzNDU2Nzg5MGFiY2RlZg==",                                  // base64
           "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzq4Tv9LkQh",                          // an AWS secret key
           "9f86d081884c7d659a2feaa0c55ad015",                                  // hexadecimal
           "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",  //
           "k3j4h5g6f7d8s9a0q1w2e3r4t5y6",                                      // one case
           "SG.ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHoTf09kqeF8tAmbihYzrnopKc1s5c",
           "hvs.CAESIJ1Qw8vZr3T9kLm2Xy7Pb4Nc6Vd0",
           "aX7$kQ2!mZ9@pL4#vN8^",
       }) {
    for (const auto& [before, after] : std::vector<std::pair<std::string, std::string>>{{"salt: ", ""},
                                                                                        {"  - pepper: \"", "\"  # keep"},
                                                                                        {"FLAVOUR=", ""},
                                                                                        {"- EXTRA=", ""},
                                                                                        {"args: [serve, ", ", --fast]"},
                                                                                        {"command: serve --flavour=", " -v"},
                                                                                        {"a.b[0].\"c.d\": ", ""},
                                                                                        {"", ""}}) {
      const Redacted result = redact_config(before + drawn + after);
      EXPECT_EQ(result.text, before + mark + after);
      EXPECT_EQ(result.counts.at("random-value"), 1U);
    }
  }
}

TEST(ConfigRedaction, leaves_what_only_looks_complicated) {
  for (const std::string line : {
           "image: registry.example.com/team/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
           "image: app:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
           "digest: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
           "integrity: sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC",
           "commit_sha: 9f86d081884c7d659a2feaa0c55ad015",
           "revision: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
           "from: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
           "tenant: 550e8400-e29b-41d4-a716-446655440000",
           "machine-id: 550e8400e29b41d4a716446655440000",
           "path: /nix/store/v9zyqgk6yd9j3b5r7k6m6lj8nfsxmv6w-hello-2.12/bin",
           "config: ./deploy/Overlay2/K8sProd1/Values9.yaml",
           "url: https://docs.example.com/d/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms/edit?tab=t.0",
           "url: http://orders.internal:8080/api/v2/Items?page=2",
           "version: 2.17.3-rc.1+build.20240501.5114f85",
           "constraint: \">=1.2.3,<2.0.0\"",
           "host: a1b2c3d4e5f6.us-east-1.rds.amazonaws.com",
           "service: elasticsearch7-master-node-01",
           "class: org.example.OrdersServiceV2HttpConfigurationFactory",
           "java_opts: -Xms512m -Xmx2g -XX:+UseG1GC -XX:MaxGCPauseMillis=200 -Dlog4j2.formatMsgNoLookups=true",
           "schedule: \"*/15 0-6,18-23 1,15 * MON-FRI\"",
           "format: \"%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} [%thread] %-5level %logger{36}\"",
           "pattern: ^[A-Za-z0-9_-]{3,32}$",
           "key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ops",
           "value: ${SOME_Name4_From5_The6_Environment7}",
           "numbers: [12345678901234567890, 1772366400000000, 3.14159265358979323846]",
           "name: checkout-7d9f8b6c5d-x2x4z",
           "",
       }) {
    EXPECT_EQ(redact_config(line).text, line);
  }
}

TEST(ConfigRedaction, does_what_the_other_rules_do_and_keeps_lines_apart) {
  const Redacted result = redact_config("password: hunter2\nsalt: kJ8s9dF3hG7kL2mN5pQ8rT1vW4xZ7bC0\nlevel: debug\n");
  EXPECT_EQ(result.text, "password: [redacted secret]\nsalt: [redacted random-value]\nlevel: debug\n");
  EXPECT_EQ(result.counts, (std::map<std::string, std::uint64_t>{{"secret", 1}, {"random-value", 1}}));
  EXPECT_EQ(redact_config(result.text).text, result.text);
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  EXPECT_NO_THROW((void)redact_config(bytes + bytes));
}

TEST(Redaction, accepts_any_bytes) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  const std::string text = bytes + "\xff\xfe password=a\xff" + "b " + bytes;
  const Redacted result = redact(text);
  EXPECT_EQ(result.text, bytes + "\xff\xfe password=[redacted secret] " + bytes);
}

TEST(Redaction, is_linear_in_hostile_text) {
  const auto repeated = [](const std::string& piece) {
    std::string text;
    while (text.size() < 2'000'000) text += piece;
    return text;
  };
  for (const std::string piece : {"a",
                                  "eyJ",
                                  "eyJaaaaaaaa.",
                                  "a@",
                                  "a.",
                                  "://",
                                  "-----BEGIN PRIVATE KEY-----\n",
                                  "-",
                                  "1:",
                                  "::",
                                  "password",
                                  "password=",
                                  "\"password\":\"\\",
                                  "4111 ",
                                  "1.",
                                  " ",
                                  "bearer ",
                                  "authorization: ",
                                  "-----BEGIN PRIVATE KEY-----\n- - -",
                                  "aaaaaaaa.a@",
                                  "\\",
                                  "\"",
                                  "cookie:\""}) {
    const auto start = std::chrono::steady_clock::now();
    const Redacted result = redact(repeated(piece));
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    EXPECT_LT(spent.count(), 20) << piece;  // quadratic work would take minutes
    EXPECT_LT(result.text.size(), 100'000'000U);
  }
}

TEST(Redactor, names_the_rule_that_is_not_a_regular_expression) {
  const auto redactor = Redactor::compile({{"broken", "a(b", "x"}});
  ASSERT_FALSE(redactor);
  EXPECT_EQ(redactor.error().kind, ErrorKind::invalid_argument);
  EXPECT_NE(redactor.error().message.find("'broken'"), std::string::npos);
}

TEST(Redactor, redacts_the_rest_of_a_line_on_which_a_rule_exceeds_its_limits) {
  const auto redactor = Redactor::compile({{"costly", "(a+)+(a+)+(a+)+(a+)+\\d", "x"}});
  ASSERT_TRUE(redactor);
  const Redacted result = redactor->redact("before\n" + std::string(5000, 'a') + "\nafter a1");
  EXPECT_EQ(result.text.find("aaa"), std::string::npos);
  EXPECT_NE(result.text.find("\nafter "), std::string::npos);
}

TEST(Redactor, puts_groups_back_where_the_replacement_names_them) {
  const auto redactor = Redactor::compile({{"swap", "(\\w+)-(\\w+)(z)?", "$2-$1$3$9 costs $"}});
  ASSERT_TRUE(redactor);
  EXPECT_EQ(redactor->redact("a-b").text, "b-a costs $");
}

}  // namespace
}  // namespace conclave::security
