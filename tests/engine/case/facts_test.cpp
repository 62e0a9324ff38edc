#include "engine/case/facts.h"

#include <gtest/gtest.h>

#include <array>

namespace conclave {
namespace {

TEST(Facts, AnAddedFactReplacesOneOfTheSameNameAndTheRestStays) {
  EvidenceBuilder builder;
  builder.add_texts("logs.path", {"app.log"});
  const EvidencePtr before = std::move(builder).seal().value();
  const std::array<Fact, 2> first{{{"build", "7", "ci"}, {"team", "\"storage\"", "owner"}}};
  const EvidencePtr between = with_facts(*before, first).value();
  const std::array<Fact, 1> second{{{"build", "8", "deploy"}}};
  const EvidencePtr after = with_facts(*between, second).value();
  ASSERT_EQ(after->rows("facts.name"), 2U);
  EXPECT_EQ(after->text("facts.name", 0), "team");
  EXPECT_EQ(after->text("facts.name", 1), "build");
  EXPECT_EQ(after->text("facts.json", 1), "8");
  EXPECT_EQ(after->text("facts.hook", 1), "deploy");
  EXPECT_EQ(after->text("logs.path", 0), "app.log");
  EXPECT_EQ(before->rows("facts.name"), 0U);
}

}  // namespace
}  // namespace conclave
