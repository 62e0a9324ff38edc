#include <SQLiteCpp/Database.h>
#include <gtest/gtest.h>

#include "engine/store/store.h"
#include "tests/engine/temporary_folder.h"

namespace conclave::store {
namespace {

class Scans : public testing::Test {
 protected:
  std::unique_ptr<Store> open() const { return Store::open(path_).value(); }

  static ScanRow row(TimeUs started, const std::string& key = "k", const std::string& targets = "db:1-3") {
    return {
        .started = started, .seconds = 0.5, .occasion = "a test", .targets_key = key, .targets = targets, .count = 3, .open = 1};
  }
  static std::vector<ObservationRow> observed(const std::string& state, std::size_t count = 3) {
    std::vector<ObservationRow> rows;
    for (std::size_t i = 0; i < count; ++i)
      rows.push_back({"db", static_cast<std::uint16_t>(i + 1), i == 0 ? state : "closed",
                      i == 0 ? std::optional(0.25) : std::nullopt, i == 0 ? "" : "Connection refused"});
    return rows;
  }
  int count(const std::string& table) const {
    return SQLite::Database(path_.string()).execAndGet("SELECT count(*) FROM " + table).getInt();
  }

  const TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "history.db";
};

TEST_F(Scans, AreKeptWithWhatTheyFound) {
  const auto store = open();
  const auto id = store->add_scan(row(10), observed("open"));
  ASSERT_TRUE(id) << id.error().text();
  ScanRow expected = row(10);
  expected.id = *id;
  expected.kept = 3;
  EXPECT_EQ(store->scan(*id).value(), expected);
  EXPECT_EQ(open()->observations(*id).value(), observed("open"));
  EXPECT_EQ(store->scan(*id + 1).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(store->observations(*id + 1)->empty());
}

TEST_F(Scans, AreListedTheNewestFirstWithTheBeginningOfTheirTargets) {
  const auto store = open();
  const auto first = store->add_scan(row(10), {}).value();
  const auto second = store->add_scan(row(20, "other", std::string(5000, 'x')), {}).value();
  const auto rows = store->list_scans(10).value();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].id, second);
  EXPECT_EQ(rows[0].targets, std::string(200, 'x'));
  EXPECT_EQ(rows[1].id, first);
  EXPECT_EQ(store->list_scans(1)->size(), 1U);
  EXPECT_EQ(store->scan(second)->targets.size(), 5000U);
}

TEST_F(Scans, OfTheSameTargetsFindEachOther) {
  const auto store = open();
  EXPECT_EQ(store->last_scan("k").value(), std::nullopt);
  (void)store->add_scan(row(10), {}).value();
  const auto newer = store->add_scan(row(20), {}).value();
  (void)store->add_scan(row(30, "other"), {}).value();
  EXPECT_EQ(store->last_scan("k").value(), newer);
  EXPECT_EQ(count("scan_targets"), 2) << "the same targets are kept once";
}

TEST_F(Scans, TellOfOneServiceInTheOrderTheyWereMade) {
  const auto store = open();
  for (const char* state : {"open", "filtered", "open"}) (void)store->add_scan(row(10), observed(state)).value();
  const auto all = store->observations_of("db", 1, 10).value();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[1], (ServiceObservation{10, "filtered", 0.25}));
  const auto last = store->observations_of("db", 1, 2).value();
  ASSERT_EQ(last.size(), 2U);
  EXPECT_EQ(last[0].state, "filtered");
  EXPECT_TRUE(store->observations_of("db", 4, 10)->empty());
  EXPECT_EQ(store->observed_services()->size(), 3U);
}

TEST_F(Scans, GoWhenThereAreTooMany) {
  const auto store = open();
  for (int i = 0; i < 25; ++i) (void)store->add_scan(row(i, "k" + std::to_string(i)), observed("open", 1), {10, 1000}).value();
  const auto rows = store->list_scans(100).value();
  EXPECT_LE(rows.size(), 10U);
  EXPECT_GE(rows.size(), 9U);
  EXPECT_EQ(rows.front().started, 24);
  EXPECT_EQ(count("observations"), static_cast<int>(rows.size()));
  EXPECT_EQ(count("scan_targets"), static_cast<int>(rows.size()));
}

TEST_F(Scans, GoWhenTheyFoundTooMuch) {
  const auto store = open();
  for (int i = 0; i < 30; ++i) {
    (void)store->add_scan(row(i), observed("open"), {1000, 20}).value();
    EXPECT_LE(count("observations"), 20);
  }
  EXPECT_EQ(store->list_scans(1)->front().started, 29);
  EXPECT_GE(count("scans"), 5);
  const auto refused = store->add_scan(row(99), observed("open", 21), {1000, 20});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::limit);
  EXPECT_GE(count("scans"), 5) << "what is refused costs nothing";
  (void)store->add_scan(row(99), observed("open", 20), {1000, 20}).value();
  EXPECT_EQ(count("scans"), 1);
}

TEST_F(Scans, ArePurgedByAgeWithWhatOnlyTheyNeeded) {
  const auto store = open();
  (void)store->add_scan(row(20), {{{"kept", 1, "open", {}, ""}}}).value();
  (void)store->add_scan(row(10, "old"), observed("open")).value();
  EXPECT_EQ(store->purge_scans_older_than(10).value(), 0U);
  EXPECT_EQ(store->purge_scans_older_than(11).value(), 1U);
  EXPECT_EQ(store->list_scans(10)->size(), 1U);
  EXPECT_EQ(count("scan_services"), 1);
  EXPECT_EQ(count("observations"), 1);
  EXPECT_EQ(count("scan_targets"), 1);
}

TEST_F(Scans, ThatNameAServiceTwiceKeepTheLastAndAnyBytes) {
  const auto store = open();
  const std::vector<ObservationRow> rows = {{"a\xff", 1, "open", {}, "x"}, {"a\xff", 1, "closed", {}, "\xff"}};
  const auto id = store->add_scan(row(1, "k", "\xff"), rows);
  ASSERT_TRUE(id) << id.error().text();
  EXPECT_EQ(store->observations(*id).value(), (std::vector<ObservationRow>{{"a\xEF\xBF\xBD", 1, "closed", {}, "\xEF\xBF\xBD"}}));
  EXPECT_EQ(store->observations_of("a\xff", 1, 5)->size(), 1U);
}

}  // namespace
}  // namespace conclave::store
