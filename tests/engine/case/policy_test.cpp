#include "engine/case/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <fstream>

namespace conclave {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

const std::string digest(64, 'a');

PolicyFile read(std::string_view toml) {
  auto policy = read_policy(toml, "policy.toml");
  EXPECT_TRUE(policy.has_value()) << policy.error().text();
  return policy ? std::move(*policy) : PolicyFile{};
}

std::string forbidden(const Policy& policy, const std::string& address) {
  return policy.forbids_address(*scan::Address::from_text(address));
}

TEST(Policy, bounds_nothing_that_it_does_not_name) {
  const Policy policy{{read(""), read("[plugins]\n[scan]\n[endpoints]\n")}};
  EXPECT_THAT(policy.forbids_endpoint("https://api.example.com"), IsEmpty());
  EXPECT_THAT(forbidden(policy, "10.0.0.1"), IsEmpty());
  EXPECT_FALSE(policy.within({}).forbids);
}

TEST(Policy, reads_what_it_says_of_plugins) {
  const auto policy = read("[plugins]\nallow = [\"sha256:" + std::string(64, 'A') +
                           "\"]\ndeny = [\"noisy\"]\nnetwork = [\"Status.example.com:443\"]\n"
                           "trust = false\nsubprocess = false\nmax_time_s = 5\nmax_memory_mb = 64\n");
  EXPECT_THAT(policy.plugins.allow.value(), ElementsAre(digest));
  EXPECT_THAT(policy.plugins.deny, ElementsAre("noisy"));
  EXPECT_THAT(policy.plugins.network.value(), ElementsAre("status.example.com:443"));
  EXPECT_FALSE(policy.plugins.trust);
  EXPECT_FALSE(policy.plugins.subprocess);
  EXPECT_TRUE(policy.plugins.write);
  EXPECT_EQ(policy.plugins.max_time_s, 5);
  EXPECT_EQ(policy.plugins.max_memory_mb, 64);
}

TEST(Policy, tells_all_that_is_wrong_each_with_its_place) {
  const auto policy = read_policy(
      "[plugins]\nallow = [\"disk_check\"]\nnetwork = [\"anywhere\"]\ntrust = 1\nmax_time_s = -1\n[scan]\nallow = "
      "[\"10.0.0.1/8\"]\n"
      "[endpoints]\nallow = [\"ftp://x\"]\n[plugin]\n",
      "policy.toml");
  ASSERT_FALSE(policy.has_value());
  EXPECT_EQ(policy.error().kind, ErrorKind::parse);
  EXPECT_THAT(policy.error().text(),
              AllOf(StartsWith("policy.toml:2:"), HasSubstr("'disk_check' is no SHA-256"), HasSubstr("policy.toml:3:"),
                    HasSubstr("policy.toml:4:"), HasSubstr("policy.toml:5:"), HasSubstr("policy.toml:7:"),
                    HasSubstr("policy.toml:9:"), HasSubstr("unknown key 'plugin'; did you mean 'plugins'?")));
}

TEST(Policy, refuses_what_is_no_toml) {
  for (const std::string text : {"[", "\xff\xfe", "a = ", std::string("a\0b", 3).c_str()}) {
    EXPECT_FALSE(read_policy(text, "policy.toml").has_value());
  }
}

TEST(Policy, lets_evidence_go_only_where_every_file_allows_it) {
  const Policy policy{{read("endpoints.allow = [\"https://a.example.com\", \"https://b.example.com/v1\"]"),
                       read("endpoints.allow = [\"https://B.example.com:443\", \"https://c.example.com\"]")}};
  EXPECT_THAT(policy.forbids_endpoint("https://b.example.com/v2"), IsEmpty());
  EXPECT_THAT(policy.forbids_endpoint("https://a.example.com"), HasSubstr("policy.toml does not allow"));
  EXPECT_THAT(policy.forbids_endpoint("https://c.example.com"), HasSubstr("policy.toml does not allow"));
  EXPECT_NE(policy.forbids_endpoint("http://b.example.com"), "");
  EXPECT_NE(policy.forbids_endpoint("https://b.example.com:8443"), "");
  EXPECT_NE(policy.forbids_endpoint("nonsense"), "");
}

TEST(Policy, allows_no_endpoint_with_an_empty_list) {
  EXPECT_NE(Policy{{read("endpoints.allow = []")}}.forbids_endpoint("https://a.example.com"), "");
}

TEST(Policy, allows_commands_by_their_exact_lines) {
  const Policy policy{
      {read(""), read("commands.allow = [\"journalctl -u api\", \"dmesg\"]"), read("commands.allow = [\"dmesg\"]")}};
  EXPECT_THAT(policy.forbids_command("dmesg"), IsEmpty());
  EXPECT_THAT(policy.forbids_command("journalctl -u api"), HasSubstr("policy.toml does not allow this command"));
  EXPECT_NE(policy.forbids_command("dmesg "), "");
  EXPECT_THAT(Policy{{read("commands.allow = []")}}.forbids_command("dmesg"), HasSubstr("does not allow commands"));
  EXPECT_THAT(Policy{{read("[commands]\n")}}.forbids_command("dmesg"), IsEmpty());
  EXPECT_FALSE(read_policy("[commands]\nallow = \"dmesg\"\n", "p").has_value());
  EXPECT_FALSE(read_policy("[commands]\ndeny = []\n", "p").has_value());
}

TEST(Policy, bounds_what_is_scanned) {
  const Policy policy{{read("scan.allow = [\"10.0.0.0/8\", \"::1\"]\nscan.deny = [\"10.9.0.0/16\"]")}};
  EXPECT_THAT(forbidden(policy, "10.1.2.3"), IsEmpty());
  EXPECT_THAT(forbidden(policy, "::1"), IsEmpty());
  EXPECT_THAT(forbidden(policy, "10.9.2.3"), HasSubstr("does not allow to scan 10.9.2.3"));
  EXPECT_NE(forbidden(policy, "11.0.0.1"), "");
  const auto options = policy.within({});
  EXPECT_NE(options.forbids(*scan::Address::from_text("11.0.0.1")), "");
}

TEST(Policy, denies_addresses_without_allowing_others) {
  const Policy policy{{read("scan.deny = [\"10.0.0.0/8\"]")}};
  EXPECT_NE(forbidden(policy, "::ffff:10.0.0.1"), "");
  EXPECT_THAT(forbidden(policy, "192.0.2.1"), IsEmpty());
}

TEST(EndpointOf, is_scheme_host_and_port) {
  EXPECT_EQ(endpoint_of("HTTPS://Api.Example.com/v1?x#y").value(), "https://api.example.com:443");
  EXPECT_EQ(endpoint_of("http://127.0.0.1:8080").value(), "http://127.0.0.1:8080");
  EXPECT_EQ(endpoint_of("http://[::1]:8080/").value(), "http://[::1]:8080");
  EXPECT_EQ(endpoint_of("http://[::1]").value(), "http://[::1]:80");
}

TEST(EndpointOf, refuses_what_can_be_misread) {
  for (const char* url :
       {"", "x", "ftp://x", "https://", "https://user@evil.example", "https://a b", "https://a\\b", "https://a:0",
        "https://a:65536", "https://a:x", "https://a:", "https://\xc3\xa4.example", "http://::1", "https:///path"}) {
    EXPECT_FALSE(endpoint_of(url).has_value()) << url;
  }
}

// Environment and folders of a user.
class PolicyInForce : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "conclave_policy_XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    for (const char* variable : {"XDG_CONFIG_HOME", "CONCLAVE_POLICY"}) {
      const char* value = std::getenv(variable);
      before_.emplace_back(variable, value != nullptr ? std::optional<std::string>(value) : std::nullopt);
      ::unsetenv(variable);
    }
    ::setenv("XDG_CONFIG_HOME", root_.c_str(), 1);
    if (fs::exists("/etc/conclave/policy.toml")) GTEST_SKIP() << "this machine has a policy of its own";
  }
  void TearDown() override {
    for (const auto& [name, value] : before_) value ? ::setenv(name, value->c_str(), 1) : ::unsetenv(name);
    fs::remove_all(root_);
  }
  fs::path write(const fs::path& name, std::string_view text) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
    ::chmod((root_ / name).c_str(), 0644);
    return root_ / name;
  }
  fs::path root_;
  std::vector<std::pair<const char*, std::optional<std::string>>> before_;
};

TEST_F(PolicyInForce, is_empty_without_files) { EXPECT_THAT(policy_in_force()->files, IsEmpty()); }

TEST_F(PolicyInForce, is_the_users_and_the_one_that_is_named) {
  const auto users = write("conclave/policy.toml", "scan.deny = [\"10.0.0.0/8\"]");
  const auto named = write("more.toml", "scan.deny = [\"192.0.2.0/24\"]");
  ::setenv("CONCLAVE_POLICY", named.c_str(), 1);
  const auto policy = policy_in_force();
  ASSERT_TRUE(policy.has_value()) << policy.error().text();
  ASSERT_EQ(policy->files.size(), 2U);
  EXPECT_EQ(policy->files[0].path, users);
  EXPECT_NE(forbidden(*policy, "10.0.0.1"), "");
  EXPECT_NE(forbidden(*policy, "192.0.2.1"), "");
}

TEST_F(PolicyInForce, is_an_error_if_one_cannot_be_understood) {
  write("conclave/policy.toml", "scan.deny = [\"everything\"]");
  EXPECT_EQ(policy_in_force().error().kind, ErrorKind::parse);
}

TEST_F(PolicyInForce, is_an_error_if_the_named_one_is_not_there) {
  ::setenv("CONCLAVE_POLICY", (root_ / "nowhere").c_str(), 1);
  EXPECT_EQ(policy_in_force().error().kind, ErrorKind::io);
}

TEST_F(PolicyInForce, is_an_error_if_others_may_write_it) {
  const auto file = write("conclave/policy.toml", "");
  ::chmod(file.c_str(), 0666);
  EXPECT_EQ(policy_in_force().error().kind, ErrorKind::security);
}

TEST_F(PolicyInForce, is_an_error_if_it_is_no_file_or_too_long) {
  fs::create_directories(root_ / "conclave/policy.toml");
  EXPECT_FALSE(policy_in_force().has_value());
  fs::remove(root_ / "conclave/policy.toml");
  write("conclave/policy.toml", std::string((1U << 20U) + 1, '\n'));
  EXPECT_EQ(policy_in_force().error().kind, ErrorKind::parse);
}

}  // namespace
}  // namespace conclave
