#include "engine/case/evidence.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <random>

namespace conclave {
namespace {

EvidencePtr sample() {
  EvidenceBuilder builder;
  builder.add_integers("logs.lines", {3, -1, 7});
  builder.add_numbers("services.latency_ms", {0.5});
  builder.add_bytes("logs.unreadable", {0, 1, 0});
  builder.add_texts("logs.path", {"a.log", "", "caf\xC3\xA9\xFF.log"});
  builder.add_texts("facts.name", {});
  return std::move(builder).seal().value();
}

TEST(Evidence, GivesBackWhatWasPutIn) {
  const auto evidence = sample();
  ASSERT_EQ(evidence->integers("logs.lines").size(), 3U);
  EXPECT_EQ(evidence->integers("logs.lines")[1], -1);
  EXPECT_EQ(evidence->numbers("services.latency_ms")[0], 0.5);
  EXPECT_EQ(evidence->bytes("logs.unreadable")[1], 1);
  EXPECT_EQ(evidence->text("logs.path", 0), "a.log");
  EXPECT_EQ(evidence->text("logs.path", 1), "");
  EXPECT_EQ(evidence->text("logs.path", 2), "caf\xC3\xA9\xEF\xBF\xBD.log") << "text is valid UTF-8";
  EXPECT_EQ(evidence->rows("facts.name"), 0U);
}

TEST(Evidence, AnswersNothingForWhatIsNotThere) {
  const auto evidence = sample();
  EXPECT_TRUE(evidence->integers("logs.path").empty()) << "another type";
  EXPECT_TRUE(evidence->integers("no.such").empty());
  EXPECT_EQ(evidence->text("logs.path", 3), "");
  EXPECT_EQ(evidence->rows("no.such"), 0U);
}

TEST(Evidence, ColumnsAreAligned) {
  const auto evidence = sample();
  for (const ColumnInfo& column : evidence->columns()) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(column.data.data()) % 64, 0U) << column.name;
  }
}

TEST(Evidence, CannotBeWrittenByAnotherHolderOfItsDescriptor) {
  const auto evidence = sample();
  EXPECT_EQ(::write(evidence->descriptor(), "x", 1), -1);
  EXPECT_EQ(::mmap(nullptr, 64, PROT_READ | PROT_WRITE, MAP_SHARED, evidence->descriptor(), 0), MAP_FAILED);
}

TEST(Evidence, TravelsAsBytesAndAsDescriptor) {
  const auto evidence = sample();
  const auto copy = Evidence::from_bytes(evidence->blob()).value();
  EXPECT_EQ(copy->text("logs.path", 0), "a.log");
  const auto mapped = Evidence::from_descriptor(::dup(evidence->descriptor())).value();
  EXPECT_EQ(mapped->integers("logs.lines")[2], 7);
}

TEST(Evidence, RefusesUnsealedMemory) {
  const int memfd = ::memfd_create("test", 0);  // cannot be sealed
  ASSERT_EQ(::ftruncate(memfd, 4096), 0);
  EXPECT_FALSE(Evidence::from_descriptor(memfd));
}

TEST(Evidence, RefusesDamagedBlobsAndNeverReadsOutside) {
  const auto evidence = sample();
  const std::vector<std::byte> good(evidence->blob().begin(), evidence->blob().end());
  EXPECT_FALSE(Evidence::from_bytes({}));
  for (const std::size_t size : {1U, 8U, 23U, 24U, 100U}) EXPECT_FALSE(Evidence::from_bytes(std::span(good).first(size)));
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    auto bad = good;
    for (int i = 0; i < 3; ++i) bad[random() % bad.size()] = static_cast<std::byte>(random());
    const auto read = Evidence::from_bytes(bad);
    if (!read) continue;
    for (const ColumnInfo& column : (*read)->columns()) {
      for (std::size_t row = 0; row < std::min<std::size_t>(column.rows, 10); ++row) (void)(*read)->text(column.name, row).size();
    }
  }
}

TEST(EvidenceBuilder, AddsTheColumnsOfAnotherThatAreMissing) {
  EvidenceBuilder builder;
  builder.add_texts("facts.name", {"region"});
  builder.add_missing_from(*sample());
  const auto evidence = std::move(builder).seal().value();
  EXPECT_EQ(evidence->text("facts.name", 0), "region");
  EXPECT_EQ(evidence->integers("logs.lines")[0], 3);
  EXPECT_EQ(evidence->text("logs.path", 0), "a.log");
}

}  // namespace
}  // namespace conclave
