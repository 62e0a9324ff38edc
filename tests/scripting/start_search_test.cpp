#include "scripting/start_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace conclave::scripting {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

StartPlugins plugins(int count) {
  StartPlugins all;
  for (int i = 0; i < count; ++i) all.insert({"p" + std::to_string(10 + i), "sha"});
  return all;
}

StartPlugin named(int number) { return {"p" + std::to_string(10 + number), "sha"}; }

struct Found {
  std::optional<StartPlugin> culprit;
  int starts = 0;
};

// Starts until a culprit is found or nothing fails any more; at most 50 times.
Found search(StartSearch& search, const StartPlugins& candidates, const std::function<bool(const StartPlugins&)>& breaks) {
  Found found;
  while (found.starts < 50) {
    const StartPlan plan = search.next(candidates);
    if (plan.culprit) {
      found.culprit = plan.culprit;
      return found;
    }
    ++found.starts;
    if (breaks(plan.on)) {
      search.failed(plan.on);
    } else {
      search.succeeded(plan.on);
      if (!search.is_searching()) return found;
    }
  }
  return found;
}

TEST(StartSearch, RunsEverythingAsLongAsNoStartFailed) {
  StartSearch search;
  const StartPlan plan = search.next(plugins(8));
  EXPECT_EQ(plan.on, plugins(8));
  EXPECT_THAT(plan.off, IsEmpty());
  EXPECT_EQ(plan.suspects, 0U);
  search.succeeded(plan.on);
  EXPECT_EQ(search, StartSearch());
}

TEST(StartSearch, HalfOfThemAreOffAfterAStartThatFailed) {
  StartSearch search;
  search.failed(plugins(8));
  const StartPlan plan = search.next(plugins(8));
  EXPECT_THAT(plan.on, SizeIs(4));
  EXPECT_THAT(plan.off, SizeIs(4));
  EXPECT_EQ(plan.suspects, 8U);
}

TEST(StartSearch, FindsEveryCulpritOfEveryNumberInLogarithmicallyManyStarts) {
  for (int count = 1; count <= 17; ++count) {
    int enough = 1;  // the first start, which fails
    for (int suspects = count; suspects > 1; suspects = (suspects + 1) / 2) ++enough;
    for (int culprit = 0; culprit < count; ++culprit) {
      StartSearch one;
      const Found found = search(one, plugins(count), [&](const StartPlugins& ran) { return ran.contains(named(culprit)); });
      ASSERT_EQ(found.culprit, named(culprit)) << count;
      EXPECT_LE(found.starts, enough) << count;
    }
  }
}

TEST(StartSearch, ASingleCandidateIsFoundAtOnce) {
  StartSearch search;
  search.failed(plugins(1));
  const StartPlan plan = search.next(plugins(1));
  EXPECT_EQ(plan.culprit, named(0));
  EXPECT_THAT(plan.on, IsEmpty());
  EXPECT_FALSE(search.is_searching());
}

TEST(StartSearch, TheOthersRunAgainOnceTheCulpritIsFound) {
  StartSearch search;
  search.failed(plugins(2));
  const StartPlan half = search.next(plugins(2));
  search.failed(half.on);
  const StartPlan plan = search.next(plugins(2));
  ASSERT_TRUE(plan.culprit.has_value());
  EXPECT_EQ(plan.on, half.off);
  EXPECT_THAT(plan.off, IsEmpty());
}

TEST(StartSearch, TheLastOneThatWasNotClearedIsFoundWithoutRunningIt) {
  StartSearch search;
  search.failed(plugins(2));
  const StartPlan half = search.next(plugins(2));
  search.succeeded(half.on);
  EXPECT_EQ(search.found(), *half.off.begin());
  EXPECT_FALSE(search.is_searching());
}

TEST(StartSearch, TwoCulpritsAreFoundOneAfterTheOtherAndNobodyElse) {
  for (const auto& [a, b] : {std::pair(0, 1), {0, 7}, {2, 5}, {6, 7}}) {
    StartPlugins candidates = plugins(8);
    StartSearch one;
    const auto breaks = [&, a = a, b = b](const StartPlugins& ran) { return ran.contains(named(a)) || ran.contains(named(b)); };
    for (int round = 0; round < 2; ++round) {
      const Found found = search(one, candidates, breaks);
      ASSERT_TRUE(found.culprit == named(a) || found.culprit == named(b)) << found.culprit->name;
      candidates.erase(*found.culprit);
    }
    EXPECT_EQ(search(one, candidates, breaks).culprit, std::nullopt);
  }
}

TEST(StartSearch, OfTwoThatDoHarmOnlyTogetherOneIsFound) {
  StartSearch one;
  const Found found =
      search(one, plugins(8), [](const StartPlugins& ran) { return ran.contains(named(1)) && ran.contains(named(6)); });
  EXPECT_TRUE(found.culprit == named(1) || found.culprit == named(6));
}

TEST(StartSearch, AFailureThatNoPluginCausesBlamesNobodyForever) {
  StartSearch search;
  search.failed({});
  EXPECT_EQ(search, StartSearch());
}

TEST(StartSearch, ASuspectThatWasRemovedChangedOrDisabledEndsTheSearch) {
  StartSearch search;
  search.failed(plugins(4));
  StartPlugins others = plugins(4);
  others.erase(named(2));
  EXPECT_EQ(search.next(others).on, others);
  EXPECT_FALSE(search.is_searching());
  search.failed(plugins(4));
  others.insert({named(2).name, "another content"});
  EXPECT_EQ(search.next(others).on, others);
}

TEST(StartSearch, APluginThatWasAddedMeanwhileIsOffUntilTheSearchIsOver) {
  StartSearch search;
  search.failed(plugins(4));
  StartPlugins more = plugins(4);
  more.insert({"added", "sha"});
  const StartPlan plan = search.next(more);
  EXPECT_TRUE(plan.off.contains({"added", "sha"}));
  search.failed(plan.on);
  search.failed(search.next(more).on);
  const StartPlan last = search.next(more);
  ASSERT_TRUE(last.culprit.has_value());
  EXPECT_TRUE(last.on.contains({"added", "sha"}));
}

TEST(StartSearch, TwoStartsWithTheSamePlanAndTheSameEndCountOnce) {
  for (const bool fails : {true, false}) {
    StartSearch once;
    once.failed(plugins(8));
    StartSearch twice = once;
    const StartPlan plan = once.next(plugins(8));
    EXPECT_EQ(twice.next(plugins(8)).on, plan.on);
    const auto end = [&](StartSearch& of) { fails ? of.failed(plan.on) : of.succeeded(plan.on); };
    end(once);
    end(twice);
    end(twice);
    EXPECT_EQ(once, twice);
  }
}

TEST(StartSearch, AFailureThatRefutesWhatWasConcludedBeginsAnew) {
  StartSearch search;
  search.failed(plugins(8));
  const StartPlan plan = search.next(plugins(8));
  search.succeeded(plan.on);
  search.failed(plan.on);  // it went well a moment ago
  EXPECT_EQ(search.next(plugins(8)).suspects, plan.on.size());
}

TEST(StartSearch, IsKeptAsJsonAndNonsenseIsAnError) {
  StartSearch search;
  search.failed(plugins(8));
  search.succeeded(search.next(plugins(8)).on);
  EXPECT_EQ(StartSearch::from_json(search.to_json()).value(), search);
  for (const char* text : {"null", "[]", "{}", R"({"suspects": [], "cleared": 1})", R"({"suspects": [["a"]], "cleared": []})",
                           R"({"suspects": [["a", 1]], "cleared": []})"}) {
    const auto read = StartSearch::from_json(nlohmann::json::parse(text));
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().kind, ErrorKind::serialization);
  }
}

}  // namespace
}  // namespace conclave::scripting
