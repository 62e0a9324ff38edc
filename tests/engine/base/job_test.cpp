#include "engine/base/job.h"

#include <gtest/gtest.h>

#include <memory>

namespace conclave {
namespace {

TEST(Job, ReportsProgressOfItsPhase) {
  Job job("reading");
  job.begin("logs", 10, "B");
  job.advance(4);
  EXPECT_EQ(job.progress().done, 4U);
  EXPECT_EQ(job.progress().total, 10U);
  EXPECT_EQ(job.progress().phase, "logs");
  job.begin("services", 2, "services");
  EXPECT_EQ(job.progress().done, 0U);
}

TEST(Job, StopsWithItsParent) {
  Job parent;
  Job child("child", parent);
  EXPECT_FALSE(child.stopped());
  parent.request_stop();
  EXPECT_TRUE(child.stopped());
}

TEST(Job, OfAStoppedParentStartsStopped) {
  Job parent;
  parent.request_stop();
  EXPECT_TRUE(Job("late", parent).stopped());
}

TEST(Job, DoesNotStopItsParent) {
  Job parent;
  Job child("child", parent);
  child.request_stop();
  EXPECT_FALSE(parent.stopped());
}

TEST(Job, CountsForItsParentWhenAskedTo) {
  Job parent;
  parent.begin("logs", 10, "B");
  Job alone("alone", parent);
  alone.advance(3);
  EXPECT_EQ(parent.progress().done, 0U);
  Job part("part", parent, Job::Counts::for_parent);
  part.begin("a.log", 4, "B");
  part.advance(4);
  part.begin("again", 4, "B");
  EXPECT_EQ(part.progress().done, 0U);
  EXPECT_EQ(parent.progress().done, 4U) << "a new phase of the part takes nothing away";
}

TEST(Job, MayOutliveItsParent) {
  auto parent = std::make_unique<Job>();
  Job child("child", *parent);
  parent.reset();
  EXPECT_FALSE(child.stopped());
  child.request_stop();
  EXPECT_TRUE(child.stopped());
}

}  // namespace
}  // namespace conclave
