// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "dataplane/snapshot.h"

namespace lbd {
namespace {

using Weights = std::vector<uint32_t>;  // of servers 0, 1, 2 ...; 0: not there

std::unique_ptr<Service> make(const Weights& weights, const Service* before, unsigned workers = 1,
                              SchedulerKind kind = SchedulerKind::kRr) {
  auto out = std::make_unique<Service>();
  out->scheduler = kind;
  for (ServerId id = 0; id < weights.size(); ++id)
    if (weights[id] > 0) out->candidates.push_back({id, weights[id], id});
  make_schedules(*out, workers, before);
  return out;
}

ServerId picked(const Service& service, WorkerIndex worker = 0) {
  const Candidate* candidate = pick(service, worker, {FlowKey{}, nullptr, 0});
  return candidate == nullptr ? kNoId : candidate->server;
}

TEST(ServiceSchedule, GoesOnWhereTheOneBeforeWas) {
  auto first = make({1, 1, 1}, nullptr);
  EXPECT_EQ(picked(*first), 0u);
  auto second = make({1, 1, 1}, first.get());
  EXPECT_EQ(picked(*second), 1u);
  EXPECT_EQ(picked(*second), 2u);
}

TEST(ServiceSchedule, GoesOnOverListsThatTheWorkerNeverSaw) {
  auto service = make({1, 1, 1}, nullptr);
  EXPECT_EQ(picked(*service), 0u);
  for (int i = 0; i < 100; ++i) {
    auto next = make({1, 1, 1}, service.get());
    service = std::move(next);  // the one before is freed, as after a grace period
  }
  EXPECT_EQ(picked(*service), 1u);
}

TEST(ServiceSchedule, AServerThatIsGoneIsSkipped) {
  auto first = make({1, 1, 1}, nullptr);
  EXPECT_EQ(picked(*first), 0u);
  auto second = make({1, 0, 1}, first.get());
  EXPECT_EQ(picked(*second), 2u);
  auto third = make({1, 1, 1}, second.get());
  EXPECT_EQ(picked(*third), 0u);
  EXPECT_EQ(picked(*third), 1u);
}

TEST(ServiceSchedule, KeepsAtMostOneOlderState) {
  auto service = make({1, 1}, nullptr);
  picked(*service);
  const std::weak_ptr<WorkerSchedule> oldest = service->schedules[0];
  service = make({1, 1}, service.get());
  EXPECT_FALSE(oldest.expired());  // its position has not been taken over yet
  picked(*service);
  service = make({1, 1}, service.get());
  picked(*service);
  EXPECT_TRUE(oldest.expired());
}

TEST(ServiceSchedule, WorkersAreIndependent) {
  auto first = make({1, 1, 1}, nullptr, 2);
  EXPECT_EQ(picked(*first, 0), 0u);
  EXPECT_EQ(picked(*first, 1), 1u);
  auto second = make({1, 1, 1}, first.get(), 2);
  EXPECT_EQ(picked(*second, 0), 1u);
  auto third = make({1, 1, 1}, second.get(), 2);  // worker 1 never picked from the second
  EXPECT_EQ(picked(*third, 1), 2u);
  EXPECT_EQ(picked(*third, 0), 2u);
}

TEST(ServiceSchedule, NobodyToPick) {
  auto none = make({0, 0}, nullptr);
  EXPECT_EQ(picked(*none), kNoId);
  auto some = make({0, 1}, none.get());
  EXPECT_EQ(picked(*some), 1u);
}

TEST(ServiceSchedule, AnotherSchedulerBeginsAnew) {
  auto first = make({1, 1}, nullptr);
  EXPECT_EQ(picked(*first), 0u);
  auto second = make({1, 1}, first.get(), 1, SchedulerKind::kWrr);
  unsigned counts[2] = {};
  for (int i = 0; i < 100; ++i) ++counts[picked(*second)];
  EXPECT_EQ(counts[0], 50u);
  EXPECT_EQ(counts[1], 50u);
}

}  // namespace
}  // namespace lbd
