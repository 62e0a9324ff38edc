#include "engine/store/store.h"

#include <SQLiteCpp/Database.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "engine/base/ids.h"
#include "engine/store/schema.h"

namespace conclave::store {
namespace {

// What files from before scans were kept do not have.
const std::string without_scans = "DROP TABLE observations; DROP TABLE scan_services; DROP TABLE scans; DROP TABLE scan_targets;";

class History : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Store> open() const {
    auto store = Store::open(path_);
    EXPECT_TRUE(store) << store.error().text();
    return store ? std::move(*store) : nullptr;
  }

  static ReportRow row(const std::string& id, TimeUs started, const std::string& key = "case.yaml") {
    return {id, "a case", key, started, "healthy", true, 0.9};
  }

  std::string content() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / ("conclave-store-" + random_id());
  std::filesystem::path path_ = folder_ / "history.db";
};

TEST_F(History, keeps_reports_and_lists_the_newest_first) {
  const auto store = open();
  ASSERT_TRUE(store->add_report(row("aaaa1", 10), "{\"n\":1}"));
  ASSERT_TRUE(store->add_report({"bbbb2", "b \xff", "other", 30, "", false, std::nullopt}, "{\"n\":2}"));
  ASSERT_TRUE(store->add_report(row("cccc3", 20), "{\"n\":3}"));
  const auto rows = store->list_reports(10);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 3U);
  EXPECT_EQ(rows->at(0).id, "bbbb2");
  EXPECT_EQ(rows->at(0).case_name, "b \xEF\xBF\xBD");
  EXPECT_EQ(rows->at(0).confidence, std::nullopt);
  EXPECT_FALSE(rows->at(0).passed);
  EXPECT_EQ(rows->at(1).id, "cccc3");
  EXPECT_EQ(rows->at(2).confidence, 0.9);
  EXPECT_TRUE(rows->at(2).passed);
  EXPECT_EQ(store->list_reports(1)->size(), 1U);
  EXPECT_EQ(store->list_reports(0)->size(), 0U);
}

TEST_F(History, outlives_the_process_that_wrote_it) {
  ASSERT_TRUE(open()->add_report(row("aaaa1", 10), "{}"));
  EXPECT_EQ(open()->list_reports(10)->size(), 1U);
}

TEST_F(History, finds_a_report_by_a_unique_prefix) {
  const auto store = open();
  ASSERT_TRUE(store->add_report(row("abcd11", 1), "one"));
  ASSERT_TRUE(store->add_report(row("abcd22", 2), "two"));
  ASSERT_TRUE(store->add_report(row("abcd2", 3), "three"));
  EXPECT_EQ(*store->report_json("abcd1"), "one");
  EXPECT_EQ(*store->report_json("abcd2"), "three") << "an exact id wins over longer ones";
  for (const std::string wrong : {"abcd", "abc", "", "abce", "%%%%", "____", "zzzz"}) {
    const auto found = store->report_json(wrong);
    ASSERT_FALSE(found) << wrong;
    EXPECT_EQ(found.error().kind, ErrorKind::not_found);
  }
}

TEST_F(History, finds_the_newest_report_as_the_last_one) {
  const auto store = open();
  EXPECT_EQ(store->report_json("last").error().kind, ErrorKind::not_found);
  ASSERT_TRUE(store->add_report(row("abcd2", 20), "new"));
  ASSERT_TRUE(store->add_report(row("abcd1", 10), "old"));
  EXPECT_EQ(*store->report_json("last"), "new");
}

TEST_F(History, knows_the_last_report_of_a_case) {
  const auto store = open();
  ASSERT_TRUE(store->add_report(row("aaaa1", 10), "old"));
  ASSERT_TRUE(store->add_report(row("aaaa2", 20), "new"));
  ASSERT_TRUE(store->add_report(row("aaaa3", 30, "other"), "other"));
  EXPECT_EQ(*store->last_report_json("case.yaml"), "new");
  EXPECT_EQ(*store->last_report_json("unknown"), std::nullopt);
}

TEST_F(History, replaces_a_report_that_is_added_again) {
  const auto store = open();
  ASSERT_TRUE(store->add_report(row("aaaa1", 10), "old"));
  ASSERT_TRUE(store->add_report(row("aaaa1", 10), "new"));
  EXPECT_EQ(store->list_reports(10)->size(), 1U);
  EXPECT_EQ(*store->report_json("aaaa1"), "new");
}

TEST_F(History, purges_what_is_older_and_leaves_no_trace_of_it_on_disk) {
  const auto store = open();
  const std::string mark(20'000, 'Q');
  const auto empty = std::filesystem::file_size(path_);
  ASSERT_TRUE(store->add_report(row("aaaa1", 10), mark));
  ASSERT_TRUE(store->add_report(row("aaaa2", 20), "kept"));
  EXPECT_EQ(*store->purge_older_than(10), 0U);
  EXPECT_EQ(*store->purge_older_than(11), 1U);
  EXPECT_EQ(store->list_reports(10)->size(), 1U);
  EXPECT_EQ(*store->report_json("aaaa2"), "kept");
  EXPECT_EQ(content().find("QQQQ"), std::string::npos);
  EXPECT_LT(std::filesystem::file_size(path_), empty + mark.size());
}

TEST_F(History, keeps_small_values) {
  const auto store = open();
  EXPECT_EQ(*store->value("k"), std::nullopt);
  ASSERT_TRUE(store->set_value("k", "1"));
  ASSERT_TRUE(store->set_value("k", "2"));
  ASSERT_TRUE(store->set_value("'; DROP TABLE reports;--", "3"));
  EXPECT_EQ(*store->value("k"), "2");
  EXPECT_EQ(*store->value("'; DROP TABLE reports;--"), "3");
  EXPECT_TRUE(store->list_reports(1));
}

TEST_F(History, is_readable_by_its_owner_alone) {
  const auto store = open();
  ASSERT_TRUE(store->add_report(row("aaaa1", 10), "{}"));
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    struct stat status {};
    ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << entry.path();
  }
}

TEST_F(History, refuses_a_file_of_a_newer_schema_and_leaves_it_alone) {
  open();
  SQLite::Database(path_.string(), SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 99");
  const std::string before = content();
  const auto store = Store::open(path_);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().kind, ErrorKind::unsupported);
  EXPECT_NE(store.error().message.find("newer"), std::string::npos);
  EXPECT_EQ(store.error().where, path_.string());
  EXPECT_TRUE(content() == before);
}

TEST_F(History, migrates_a_file_of_an_older_schema_without_losing_reports) {
  ASSERT_TRUE(open()->add_report(row("aaaa1", 10), "kept"));
  SQLite::Database(path_.string(), SQLite::OPEN_READWRITE)
      .exec(without_scans + "DROP TABLE small_values; DROP TABLE judgements; PRAGMA user_version = 1");
  const auto store = open();
  ASSERT_TRUE(store);
  EXPECT_EQ(*store->report_json("aaaa1"), "kept");
  EXPECT_TRUE(store->set_value("k", "v"));
  EXPECT_EQ(SQLite::Database(path_.string()).execAndGet("PRAGMA user_version").getInt(), schema_version());
}

TEST_F(History, migrates_a_file_from_before_judgements) {
  ASSERT_TRUE(open()->add_report(row("aaaa1", 10), "kept"));
  SQLite::Database(path_.string(), SQLite::OPEN_READWRITE).exec(without_scans + "DROP TABLE judgements; PRAGMA user_version = 2");
  const auto store = open();
  ASSERT_TRUE(store);
  EXPECT_EQ(*store->report_json("aaaa1"), "kept");
  EXPECT_TRUE(store->judgements()->empty());
  EXPECT_TRUE(store->set_judgement({"aaaa1", "", "right", "", 1, "{}", true}));
  EXPECT_EQ(open()->judgements()->size(), 1U);
}

TEST_F(History, keeps_one_judgement_for_each_report_and_scope) {
  const auto store = open();
  const JudgementRow whole{"bbbb2", "", "wrong", "it was the disk \xF0\x9F\x92\xBE", 7, "{\"l\":1}", true};
  const JudgementRow scope{"bbbb2", "logs'; --", "failing", "", 8, "{}", true};
  ASSERT_TRUE(store->set_judgement(scope));
  ASSERT_TRUE(store->set_judgement({"bbbb2", "", "right", "", 6, "{}", true}));
  ASSERT_TRUE(store->set_judgement(whole));
  ASSERT_TRUE(store->set_judgement({"aaaa1", "", "right", "", 9, "{}", true}));
  const auto rows = *store->judgements();
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].report_id, "aaaa1");
  EXPECT_EQ(rows[1], whole);
  EXPECT_EQ(rows[2], scope);
  EXPECT_EQ(*store->remove_judgement("bbbb2", "logs'; --"), true);
  EXPECT_EQ(*store->remove_judgement("bbbb2", "logs'; --"), false);
  EXPECT_EQ(store->judgements()->size(), 2U);
}

TEST_F(History, forgets_what_judgements_taught_and_keeps_them) {
  const auto store = open();
  ASSERT_TRUE(store->set_judgement({"aaaa1", "", "right", "", 1, "{}", true}));
  ASSERT_TRUE(store->set_judgement({"aaaa2", "", "right", "", 1, "{}", true}));
  EXPECT_EQ(*store->forget_judgements(), 2U);
  EXPECT_EQ(*store->forget_judgements(), 0U);
  ASSERT_TRUE(store->set_judgement({"aaaa2", "", "wrong", "", 2, "{}", true}));
  const auto rows = *store->judgements();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_FALSE(rows[0].counts);
  EXPECT_TRUE(rows[1].counts);
}

TEST_F(History, keeps_judgements_of_purged_reports_without_their_notes) {
  const auto store = open();
  ASSERT_TRUE(store->add_report(row("aaaa1", 10), "{}"));
  ASSERT_TRUE(store->add_report(row("aaaa2", 20), "{}"));
  const std::string secret(3000, 'Q');
  ASSERT_TRUE(store->set_judgement({"aaaa1", "", "right", secret, 1, "{}", true}));
  ASSERT_TRUE(store->set_judgement({"aaaa2", "", "right", "stays", 1, "{}", true}));
  EXPECT_EQ(*store->purge_older_than(15), 1U);
  const auto rows = *store->judgements();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].note, "");
  EXPECT_EQ(rows[0].answer, "right");
  EXPECT_EQ(rows[1].note, "stays");
  EXPECT_EQ(content().find("QQQQ"), std::string::npos);
}

TEST_F(History, rolls_a_failed_migration_back) {
  open();
  // Version 1, but what the second step makes is already there: the step fails.
  SQLite::Database(path_.string(), SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 1");
  EXPECT_FALSE(Store::open(path_));
  EXPECT_EQ(SQLite::Database(path_.string()).execAndGet("PRAGMA user_version").getInt(), 1);
}

TEST_F(History, refuses_the_database_of_another_program) {
  SQLite::Database(path_.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec("CREATE TABLE theirs (x)");
  const std::string before = content();
  const auto store = Store::open(path_);
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().message.find("another program"), std::string::npos);
  EXPECT_TRUE(content() == before);
}

TEST_F(History, names_a_damaged_file_and_leaves_it_alone) {
  for (const std::string& damage : {std::string(5000, 'x'), std::string("SQLite format 3\0", 16) + std::string(5000, '\xff')}) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << damage;
    const auto store = Store::open(path_);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().kind, ErrorKind::serialization);
    EXPECT_EQ(store.error().where, path_.string());
    EXPECT_TRUE(content() == damage);
  }
}

TEST_F(History, reports_pages_that_were_overwritten) {
  {
    const auto store = open();
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(store->add_report(row("id" + std::to_string(1000 + i), i), std::string(5000, 'j')));
  }
  const auto size = std::filesystem::file_size(path_);
  std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(4096);
  file << std::string(size - 4096, '\xee');
  file.close();
  const auto store = Store::open(path_);
  const auto rows = store ? (*store)->list_reports(100) : Result<std::vector<ReportRow>>(tl::unexpected(store.error()));
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().kind, ErrorKind::serialization);
}

TEST_F(History, refuses_folders_pipes_and_places_that_cannot_be_made) {
  EXPECT_FALSE(Store::open(folder_));
  const auto pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_FALSE(Store::open(pipe));
  std::ofstream(folder_ / "file") << "x";
  const auto store = Store::open(folder_ / "file" / "history.db");
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().where.find("history.db"), std::string::npos);
}

TEST_F(History, is_shared_by_several_processes_from_the_first_moment) {
  constexpr int processes = 4;
  constexpr int each = 25;
  for (int p = 0; p < processes; ++p) {
    if (::fork() != 0) continue;
    auto store = Store::open(path_);
    int failures = store ? 0 : 1;
    for (int i = 0; store && i < each; ++i) {
      if (!(*store)->add_report(row("p" + std::to_string(p) + "-" + std::to_string(i), i), std::string(2000, 'j'))) ++failures;
    }
    ::_exit(failures);
  }
  for (int p = 0; p < processes; ++p) {
    int status = -1;
    ::wait(&status);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(open()->list_reports(1000)->size(), static_cast<std::size_t>(processes * each));
}

TEST_F(History, serialises_threads) {
  const auto store = open();
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 20; ++i) {
          EXPECT_TRUE(store->add_report(row("t" + std::to_string(t) + "-" + std::to_string(i), i), "{}"));
          EXPECT_TRUE(store->list_reports(5));
        }
      });
    }
  }
  EXPECT_EQ(store->list_reports(1000)->size(), 80U);
}

TEST(HistoryPlace, follows_the_xdg_specification) {
  ::setenv("HOME", "/home/ann", 1);         // NOLINT(concurrency-mt-unsafe)
  ::setenv("XDG_STATE_HOME", "/state", 1);  // NOLINT(concurrency-mt-unsafe)
  EXPECT_EQ(default_store_path(), "/state/conclave/history.db");
  ::setenv("XDG_STATE_HOME", "relative", 1);  // NOLINT(concurrency-mt-unsafe)
  EXPECT_EQ(default_store_path(), "/home/ann/.local/state/conclave/history.db");
  ::unsetenv("XDG_STATE_HOME");  // NOLINT(concurrency-mt-unsafe)
  EXPECT_EQ(default_store_path(), "/home/ann/.local/state/conclave/history.db");
}

}  // namespace
}  // namespace conclave::store
