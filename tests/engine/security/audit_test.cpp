#include "engine/security/audit.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "engine/base/ids.h"
#include "engine/base/time.h"

namespace conclave::security {
namespace {

class Audit : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::vector<nlohmann::json> lines() const {
    std::ifstream file(path_);
    std::vector<nlohmann::json> all;
    for (std::string line; std::getline(file, line);) all.push_back(nlohmann::json::parse(line));
    return all;
  }

  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / ("conclave-audit-" + random_id());
  std::filesystem::path path_ = folder_ / "deep" / "audit.jsonl";
};

TEST_F(Audit, makes_its_folder_and_a_file_for_its_owner_alone) {
  const auto log = AuditLog::open(path_);
  ASSERT_TRUE(log) << log.error().text();
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(Audit, narrows_a_file_that_others_could_read) {
  std::filesystem::create_directories(path_.parent_path());
  std::ofstream(path_) << "";
  ASSERT_EQ(::chmod(path_.c_str(), 0644), 0);
  ASSERT_TRUE(AuditLog::open(path_));
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(Audit, appends_one_object_per_event_with_who_and_when) {
  ASSERT_TRUE(AuditLog::open(path_)->record("scan", "3 targets"));
  ASSERT_TRUE(AuditLog::open(path_)->record("plugin.run", "disk 1.0", "ab12"));
  const auto all = lines();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0]["event"], "scan");
  EXPECT_EQ(all[0]["detail"], "");
  EXPECT_EQ(all[1]["subject"], "disk 1.0");
  EXPECT_EQ(all[1]["detail"], "ab12");
  EXPECT_EQ(all[1]["pid"], ::getpid());
  EXPECT_FALSE(all[1]["user"].get<std::string>().empty());
  EXPECT_TRUE(parse_time(all[1]["time"].get<std::string>()));
}

TEST_F(Audit, stays_valid_json_with_hostile_subjects) {
  const auto log = AuditLog::open(path_);
  ASSERT_TRUE(log);
  ASSERT_TRUE(log->record("plugin.run", "a\"b\n{\"event\":\"forged\"}\r\x1b[2J\xff\xe2\x80\xae", std::string(100'000, 'x')));
  ASSERT_TRUE(log->record("plugin.run", std::string_view("nul\0inside", 10)));
  const auto all = lines();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0]["event"], "plugin.run");
  EXPECT_LE(all[0]["detail"].get<std::string>().size(), 2048U);
  std::ifstream file(path_);
  const std::string raw((std::istreambuf_iterator<char>(file)), {});
  for (const char c : raw) EXPECT_TRUE(c == '\n' || (c >= ' ' && c < 0x7f));
}

TEST_F(Audit, keeps_lines_whole_when_threads_and_processes_write_at_once) {
  const auto log = AuditLog::open(path_);
  ASSERT_TRUE(log);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto own = AuditLog::open(path_);
    for (int i = 0; i < 200; ++i) (void)own->record("child", std::string(500, 'c'));
    ::_exit(0);
  }
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&log] {
        for (int i = 0; i < 100; ++i) EXPECT_TRUE(log->record("thread", std::string(500, 't')));
      });
    }
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(lines().size(), 600U);
}

TEST_F(Audit, refuses_what_is_not_a_file_without_waiting) {
  std::filesystem::create_directories(path_);
  EXPECT_FALSE(AuditLog::open(path_));
  const auto pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_FALSE(AuditLog::open(pipe));
  EXPECT_FALSE(AuditLog::open("/dev/null"));
}

TEST_F(Audit, names_the_file_that_cannot_be_made) {
  // A folder that cannot be made, because a file is in its place.
  std::filesystem::create_directories(folder_);
  std::ofstream(folder_ / "file") << "x";
  const auto log = AuditLog::open(folder_ / "file" / "audit.jsonl");
  ASSERT_FALSE(log);
  EXPECT_NE(log.error().where.find("audit.jsonl"), std::string::npos);
}

}  // namespace
}  // namespace conclave::security
