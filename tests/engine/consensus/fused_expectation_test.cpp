#include "engine/consensus/aggregation/fused_expectation.h"

#include <gtest/gtest.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/engine/consensus/crowd_builder.h"

namespace conclave::consensus::testing {
namespace {

// Tables that make each expert say the class `better` times as likely as any other.
Confusions some_model(const LabelTable& table) {
  Confusions model;
  model.classes = model.states = table.classes();
  model.log_prior.assign(model.states, -std::log(static_cast<double>(model.states)));
  for (std::size_t expert = 0; expert < table.experts(); ++expert) {
    const double better = 2.0 + static_cast<double>(expert);
    for (std::size_t said = 0; said < model.classes; ++said) {
      for (std::size_t state = 0; state < model.states; ++state) {
        model.log_likelihood.push_back(
            std::log((said == state ? better : 1.0) / (better + static_cast<double>(model.states) - 1.0)));
      }
    }
  }
  return model;
}

struct Step {
  Grid posterior;
  std::vector<double> counts;
  std::vector<double> sums;
  double change = 0.0;
};

Step fused_step(const Crowd& crowd) {
  Step out{vote_shares(crowd), {}, {}, 0.0};
  auto fused = FusedExpectation::of(crowd);
  if (fused) out.change = (*fused)(some_model(crowd.table), out.posterior, out.counts, out.sums);
  return out;
}

void expect_near(const std::vector<double>& a, const std::vector<double>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-5 * std::max(1.0, std::abs(b[i]))) << i;
}

constexpr std::size_t items = 13'501;  // of five labels each: enough

TEST(FusedExpectation, is_the_two_steps_in_one_for_every_number_of_classes) {
  for (std::size_t classes = 2; classes <= 8; ++classes) {
    const Rows rows = world(items, {0.9, 0.8, 0.7, 0.6, 0.5}, classes, 3);
    const LabelTable table = rows.table();
    std::vector<std::int32_t> known(items, -1);
    known[5] = 1;
    Job job;
    const Crowd crowd{table, known, job, 0};
    const Step fused = fused_step(crowd);
    Step apart{vote_shares(crowd), {}, {}, 0.0};
    apart.change = expect(crowd, some_model(table), 0.0, apart.posterior);
    count_labels(crowd, apart.posterior, apart.counts);
    apart.sums = column_sums(apart.posterior);
    expect_near(fused.posterior.values, apart.posterior.values);
    expect_near(fused.counts, apart.counts);
    expect_near(fused.sums, apart.sums);
    EXPECT_NEAR(fused.change, apart.change, 1e-5);
  }
}

TEST(FusedExpectation, is_the_same_bit_by_bit_with_one_thread) {
  const Rows rows = world(items, {0.9, 0.8, 0.7, 0.6, 0.5}, 4, 4);
  const LabelTable table = rows.table();
  Job job;
  const Step many = fused_step({table, {}, job, 0});
  oneapi::tbb::task_arena one(1);
  one.execute([&] {
    const Step alone = fused_step({table, {}, job, 0});
    EXPECT_EQ(alone.counts, many.counts);
    EXPECT_EQ(alone.change, many.change);
  });
}

TEST(FusedExpectation, is_not_for_many_classes_or_few_labels_or_more_than_floats_can_count) {
  Job job;
  const auto takes = [&job](const Rows& rows) {
    const LabelTable table = rows.table();
    return FusedExpectation::of({table, {}, job, 0}).has_value();
  };
  EXPECT_TRUE(takes(world(items, {0.9, 0.8, 0.7, 0.6, 0.5}, 8, 5)));
  EXPECT_FALSE(takes(world(items, {0.9, 0.8, 0.7, 0.6, 0.5}, 9, 5)));
  EXPECT_FALSE(takes(world(13'000, {0.9, 0.8, 0.7, 0.6, 0.5}, 4, 5))) << "few labels";
  EXPECT_FALSE(takes(world(16'500, {0.9, 0.8, 0.7, 0.6}, 4, 5))) << "experts with many labels";
  EXPECT_FALSE(takes(world(1'010, std::vector<double>(65, 0.7), 4, 5))) << "items with many labels";
}

}  // namespace
}  // namespace conclave::consensus::testing
