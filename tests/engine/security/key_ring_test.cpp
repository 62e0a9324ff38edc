#include "engine/security/key_ring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/base/ids.h"

namespace conclave::security {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

PassphraseSource passphrase(std::string text) {
  return [text = std::move(text)](const fs::path&) -> Result<Secret> { return Secret(std::string_view(text)); };
}

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

unsigned mode_of(const fs::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 0777U : 0;
}

class KeyRings : public testing::Test {
 protected:
  void TearDown() override { fs::remove_all(folder_); }
  void write(const fs::path& path, std::string_view text) const {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  }
  void change(const std::function<void(nlohmann::json&)>& edit) const {
    auto json = nlohmann::json::parse(read(places_.ring));
    edit(json);
    write(places_.ring, json.dump());
  }

  fs::path folder_ = fs::temp_directory_path() / ("conclave-ring-" + random_id());
  RingPlaces places_{folder_ / "config" / "conclave" / "keys.vault", folder_ / "state" / "conclave" / "keys.key"};
  KeyRing ring_{places_};
};

TEST_F(KeyRings, keep_values_by_name) {
  EXPECT_EQ(ring_.names()->size(), 0U);
  EXPECT_TRUE(ring_.check());
  EXPECT_EQ(ring_.set("OPENAI_API_KEY", "sk-first"), false);
  EXPECT_EQ(ring_.set("ANTHROPIC_API_KEY", "ant-\xc3\xa4\nsecond line"), false);
  EXPECT_EQ(ring_.set("OPENAI_API_KEY", "sk-second"), true);
  EXPECT_THAT(*ring_.names(), ElementsAre("ANTHROPIC_API_KEY", "OPENAI_API_KEY"));
  EXPECT_EQ(*KeyRing(places_).find("OPENAI_API_KEY"), "sk-second");
  EXPECT_EQ(*ring_.find("ANTHROPIC_API_KEY"), "ant-\xc3\xa4\nsecond line");
  EXPECT_EQ(*ring_.find("OTHER"), std::nullopt);
  EXPECT_EQ(ring_.remove("OPENAI_API_KEY"), true);
  EXPECT_EQ(ring_.remove("OPENAI_API_KEY"), false);
  EXPECT_EQ(*ring_.find("OPENAI_API_KEY"), std::nullopt);
}

TEST_F(KeyRings, are_made_for_their_owner_alone_and_hold_no_value_in_the_clear) {
  ASSERT_TRUE(ring_.set("OPENAI_API_KEY", "sk-plain-to-see"));
  EXPECT_EQ(mode_of(places_.ring), 0600U);
  EXPECT_EQ(mode_of(places_.key_file), 0600U);
  EXPECT_EQ(mode_of(places_.ring.parent_path()), 0700U);
  EXPECT_EQ(fs::file_size(places_.key_file), 32U);
  EXPECT_THAT(read(places_.ring), Not(HasSubstr("plain")));
  EXPECT_THAT(read(places_.ring), Not(HasSubstr("736b2d706c61696e")));
}

TEST_F(KeyRings, say_what_opens_them) {
  EXPECT_EQ(*ring_.opened_by(), std::nullopt);
  ASSERT_TRUE(ring_.set("A", "x"));
  EXPECT_EQ(*ring_.opened_by(), OpenedBy::key_file);
}

TEST_F(KeyRings, with_a_passphrase_open_with_it_alone) {
  const KeyRing ring(places_, passphrase("correct horse"));
  ASSERT_TRUE(ring.set("A", "x", OpenedBy::passphrase));
  ASSERT_TRUE(ring.set("B", "y"));
  EXPECT_EQ(*ring.opened_by(), OpenedBy::passphrase);
  EXPECT_FALSE(fs::exists(places_.key_file));
  EXPECT_EQ(*ring.find("B"), "y");

  EXPECT_TRUE(ring.check());

  const KeyRing wrong(places_, passphrase("wrong horse"));
  EXPECT_EQ(wrong.check().error().message, "the passphrase does not open it");
  EXPECT_THAT(*wrong.names(), ElementsAre("A", "B"));
  const auto found = wrong.find("A");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::security);
  EXPECT_EQ(found.error().message, "the passphrase does not open it");
  EXPECT_EQ(found.error().where, places_.ring);
  EXPECT_FALSE(wrong.set("C", "z"));
  EXPECT_EQ(*wrong.find("not there"), std::nullopt);
}

TEST_F(KeyRings, take_the_passphrase_from_the_environment) {
  ::unsetenv("CONCLAVE_PASSPHRASE");  // NOLINT(concurrency-mt-unsafe)
  const auto none = ring_.set("A", "x", OpenedBy::passphrase);
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("CONCLAVE_PASSPHRASE"));
  EXPECT_FALSE(fs::exists(places_.ring));
  ::setenv("CONCLAVE_PASSPHRASE", "correct horse", 1);  // NOLINT(concurrency-mt-unsafe)
  EXPECT_TRUE(ring_.set("A", "x", OpenedBy::passphrase));
  EXPECT_EQ(*KeyRing(places_, passphrase("correct horse")).find("A"), "x");
  ::unsetenv("CONCLAVE_PASSPHRASE");  // NOLINT(concurrency-mt-unsafe)
  EXPECT_FALSE(ring_.find("A"));
}

TEST_F(KeyRings, refuse_names_and_values_that_are_none) {
  for (const std::string name : {"", "1A", "A-B", "A B", "../x", "\xc3\xa4", "A=", "A\n"}) {
    const auto set = ring_.set(name, "x");
    ASSERT_FALSE(set) << name;
    EXPECT_EQ(set.error().kind, ErrorKind::invalid_argument);
  }
  EXPECT_FALSE(ring_.set(std::string(129, 'A'), "x"));
  EXPECT_FALSE(ring_.set("A", ""));
  EXPECT_FALSE(ring_.set("A", std::string_view("a\0b", 3)));
  EXPECT_FALSE(ring_.set("A", "\xff"));
  EXPECT_FALSE(ring_.set("A", std::string(65537, 'x')));
  EXPECT_TRUE(ring_.set("_a9", std::string(65536, 'x')));
}

TEST_F(KeyRings, are_refused_when_others_may_use_them) {
  ASSERT_TRUE(ring_.set("A", "x"));
  for (const fs::path& path : {places_.ring, places_.key_file}) {
    for (const unsigned mode : {0640U, 0604U, 0620U}) {
      ASSERT_EQ(::chmod(path.c_str(), mode), 0);
      const auto found = ring_.find("A");
      ASSERT_FALSE(found);
      EXPECT_EQ(found.error().kind, ErrorKind::security);
      EXPECT_THAT(found.error().message, HasSubstr("chmod 600"));
      EXPECT_EQ(found.error().where, path);
    }
    ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  }
  EXPECT_EQ(*ring_.find("A"), "x");
}

TEST_F(KeyRings, that_are_hostile_are_an_error_and_left_alone) {
  ASSERT_TRUE(ring_.set("A", "x"));
  const std::string good = read(places_.ring);
  std::vector<std::string> bad = {"",          "\n", "{", "[]", "null", "7", std::string(1000, '\xff'), std::string("\0\1\2", 3),
                                  "{\"a\": 1}"};
  for (std::size_t size = 0; size + 2 < good.size(); size += 7) bad.push_back(good.substr(0, size));
  bad.push_back(std::string(100'000, '['));
  bad.push_back(std::string(100'000, '{'));
  bad.push_back(std::string((16U << 20U) + 1, ' '));
  for (const std::string& text : bad) {
    write(places_.ring, text);
    for (const auto& error :
         {ring_.find("A").error(), ring_.set("A", "y").error(), ring_.remove("A").error(), ring_.names().error()}) {
      EXPECT_EQ(error.where, places_.ring);
      EXPECT_EQ(error.kind, ErrorKind::security);
    }
    EXPECT_EQ(read(places_.ring), text);
  }
}

TEST_F(KeyRings, with_fields_of_wrong_types_are_damaged) {
  ASSERT_TRUE(ring_.set("A", "x"));
  const std::string good = read(places_.ring);
  const std::vector<std::function<void(nlohmann::json&)>> edits = {
      [](auto& json) { json["keys"] = 7; },           [](auto& json) { json["keys"]["A"] = 7; },
      [](auto& json) { json["keys"]["A"] = "zz"; },   [](auto& json) { json["keys"]["A"] = "abc"; },
      [](auto& json) { json["keys"]["a b"] = "ab"; }, [](auto& json) { json["check"] = nullptr; },
      [](auto& json) { json["check"] = ""; },         [](auto& json) { json["check"] = "00"; },
      [](auto& json) { json["opened_by"] = 1; },      [](auto& json) { json["opened_by"] = "magic"; },
      [](auto& json) { json.erase("keys"); },
  };
  for (std::size_t i = 0; i < edits.size(); ++i) {
    write(places_.ring, good);
    change(edits[i]);
    const auto found = ring_.find("A");
    ASSERT_FALSE(found) << i;
    EXPECT_THAT(found.error().message, HasSubstr("is damaged"));
  }
  change([](auto& json) { json = {{"conclave_keys", 2}}; });
  EXPECT_THAT(ring_.names().error().message, HasSubstr("another version"));
}

TEST_F(KeyRings, notice_values_that_were_changed_or_moved_to_another_name) {
  ASSERT_TRUE(ring_.set("A", "for a"));
  ASSERT_TRUE(ring_.set("B", "for b"));
  change([](auto& json) { std::swap(json["keys"]["A"], json["keys"]["B"]); });
  const auto found = ring_.find("A");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::security);
  EXPECT_THAT(found.error().message, HasSubstr("the value of A is damaged"));
  EXPECT_TRUE(ring_.set("A", "anew"));
  EXPECT_EQ(*ring_.find("A"), "anew");
}

TEST_F(KeyRings, say_when_their_key_is_missing_damaged_or_another) {
  ASSERT_TRUE(ring_.set("A", "x"));
  const std::string good = read(places_.key_file);
  write(places_.key_file, std::string(32, 'z'));
  EXPECT_THAT(ring_.find("A").error().message, HasSubstr("does not open it"));
  EXPECT_FALSE(ring_.set("B", "y"));
  write(places_.key_file, "short");
  EXPECT_THAT(ring_.find("A").error().text(), HasSubstr("keys.key: is damaged"));
  write(places_.key_file, std::string(33, 'z'));
  EXPECT_EQ(ring_.find("A").error().where, places_.key_file);
  fs::remove(places_.key_file);
  EXPECT_THAT(ring_.find("A").error().message, HasSubstr("is not there"));
  EXPECT_FALSE(ring_.set("B", "y"));  // a new key would lock the old values away
  EXPECT_FALSE(fs::exists(places_.key_file));
  EXPECT_EQ(ring_.remove("A"), true);
  write(places_.key_file, good);
}

TEST_F(KeyRings, made_anew_use_the_key_that_is_there) {
  ASSERT_TRUE(ring_.set("A", "x"));
  const std::string key = read(places_.key_file);
  const std::string old = read(places_.ring);
  fs::remove(places_.ring);
  ASSERT_TRUE(ring_.set("B", "y"));
  EXPECT_EQ(read(places_.key_file), key);
  write(places_.ring, old);
  EXPECT_EQ(*ring_.find("A"), "x");
}

TEST_F(KeyRings, that_are_no_files_are_refused_without_waiting) {
  fs::create_directories(places_.ring.parent_path());
  ASSERT_EQ(::mkfifo(places_.ring.c_str(), 0600), 0);
  EXPECT_THAT(ring_.names().error().message, HasSubstr("not a regular file"));
  fs::remove(places_.ring);
  fs::create_directories(places_.ring);
  EXPECT_FALSE(ring_.names());
}

TEST_F(KeyRings, reached_by_a_link_stay_where_they_are) {
  ASSERT_TRUE(ring_.set("A", "x"));
  const fs::path kept = folder_ / "dotfiles.vault";
  fs::rename(places_.ring, kept);
  fs::create_symlink(kept, places_.ring);
  ASSERT_TRUE(ring_.set("B", "y"));
  EXPECT_TRUE(fs::is_symlink(places_.ring));
  EXPECT_THAT(read(kept), HasSubstr("\"B\""));
}

TEST_F(KeyRings, that_cannot_be_written_say_so_and_stay) {
  fs::create_directories(folder_);
  write(folder_ / "config", "a file in the way");
  const auto set = ring_.set("A", "x");
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().kind, ErrorKind::io);
}

TEST_F(KeyRings, lose_nothing_when_processes_change_them_at_once) {
  constexpr int processes = 4;
  constexpr int keys = 10;
  std::vector<pid_t> children;
  for (int p = 0; p < processes; ++p) {
    const pid_t child = ::fork();
    if (child == 0) {
      bool fine = true;
      for (int k = 0; k < keys; ++k) {
        fine = fine && ring_.set("P" + std::to_string(p) + "_" + std::to_string(k), "v").has_value();
      }
      ::_exit(fine ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(ring_.names()->size(), static_cast<std::size_t>(processes * keys));
  EXPECT_EQ(*ring_.find("P3_9"), "v");
  int files = 0;
  for (const auto& entry : fs::directory_iterator(places_.ring.parent_path())) files += entry.exists() ? 1 : 0;
  EXPECT_EQ(files, 2);  // the ring and its lock
}

TEST_F(KeyRings, come_after_the_environment) {
  ASSERT_TRUE(ring_.set("CONCLAVE_TEST_KEY", "of the ring"));
  ::unsetenv("CONCLAVE_TEST_KEY");  // NOLINT(concurrency-mt-unsafe)
  EXPECT_EQ(*find_secret("CONCLAVE_TEST_KEY", ring_), "of the ring");
  ::setenv("CONCLAVE_TEST_KEY", "", 1);  // NOLINT(concurrency-mt-unsafe)
  EXPECT_EQ(*find_secret("CONCLAVE_TEST_KEY", ring_), "of the ring");
  ::setenv("CONCLAVE_TEST_KEY", "of the environment", 1);  // NOLINT(concurrency-mt-unsafe)
  EXPECT_EQ(*find_secret("CONCLAVE_TEST_KEY", ring_), "of the environment");
  ::unsetenv("CONCLAVE_TEST_KEY");  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace
}  // namespace conclave::security
