// SPDX-License-Identifier: Apache-2.0
#include "dataplane/cores.h"

#include <gtest/gtest.h>

namespace lbd {
namespace {

CoreOptions four_cpus(std::vector<unsigned> workers) {
  CoreOptions out;
  out.cpus = {0, 1, 2, 3};
  out.workers = std::move(workers);
  return out;
}

std::string error_of(const CoreOptions& options) {
  const auto plan = plan_cores(options);
  return plan ? "" : plan.error().message;
}

TEST(CpuList, BothWays) {
  EXPECT_EQ(parse_cpu_list("0-3,8,10-11"), (CpuSet{0, 1, 2, 3, 8, 10, 11}));
  EXPECT_EQ(cpu_list({0, 1, 2, 3, 8, 10, 11}), "0-3,8,10-11");
  EXPECT_EQ(parse_cpu_list("5"), CpuSet{5});
  for (const char* bad : {"", ",", "1,", "a", "3-1", "1-", "-1", "1-2-3", "1 ", "99999"})
    EXPECT_FALSE(parse_cpu_list(bad)) << bad;
}

TEST(Lcores, Forms) {
  EXPECT_EQ(parse_lcores("0@0,1@1"), (LcoreMap{{0, {0}}, {1, {1}}}));
  EXPECT_EQ(parse_lcores("0@0,(1-3)@1"), (LcoreMap{{0, {0}}, {1, {1}}, {2, {1}}, {3, {1}}}));
  EXPECT_EQ(parse_lcores("(0,2)@(4-5)"), (LcoreMap{{0, {4, 5}}, {2, {4, 5}}}));
  EXPECT_EQ(parse_lcores("1-2"), (LcoreMap{{1, {1}}, {2, {2}}}));
  EXPECT_EQ(parse_lcores("(1,2)"), (LcoreMap{{1, {1, 2}}, {2, {1, 2}}}));
  for (const char* bad : {"", "@1", "1@", "1@2,1@3", "(1@2", "x@1", "1,,2"})
    EXPECT_FALSE(parse_lcores(bad)) << bad;
}

TEST(Cores, ControlIsTheFirstThatIsNoWorkers) {
  const auto plan = plan_cores(four_cpus({0, 2}));
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->control, 1u);
  EXPECT_EQ(plan->lcores, "1@1,0@0,2@2");
}

TEST(Cores, ControlAsGiven) {
  CoreOptions options = four_cpus({1});
  options.control = 3;
  EXPECT_EQ(plan_cores(options)->lcores, "3@3,1@1");
}

TEST(Cores, WhatCannotBe) {
  EXPECT_EQ(error_of(four_cpus({7})),
            "worker_cores: core 7 does not exist: this machine lets lbd use 0-3");
  EXPECT_EQ(error_of(four_cpus({1, 2, 1})), "worker_cores: core 1 is given twice");
  EXPECT_NE(error_of(four_cpus({})), "");
  EXPECT_NE(error_of(four_cpus({0, 1, 2, 3})).find("none is left for control"), std::string::npos);

  CoreOptions options = four_cpus({1});
  options.control = 1;
  EXPECT_NE(error_of(options).find("is a worker's already"), std::string::npos);
  options.control = 9;
  EXPECT_NE(error_of(options).find("control_core: core 9 does not exist"), std::string::npos);
  options.control = 0;
  options.max_lcores = 1;
  EXPECT_NE(error_of(options).find("DPDK numbers cores up to 0"), std::string::npos);
}

TEST(Cores, IdsOfTheUsersMap) {
  CoreOptions options = four_cpus({1, 2, 3, 4});
  options.lcores = parse_lcores("0@0,(1-4)@1");
  const auto plan = plan_cores(options);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->control, 0u);
  EXPECT_EQ(plan->lcores, "");

  options.workers = {5};
  EXPECT_EQ(error_of(options), "worker_cores: core 5 does not exist: eal_args --lcores has 0-4");
  options.lcores = parse_lcores("0@0,5@9");
  EXPECT_NE(error_of(options).find("mapped to CPU 9, which does not exist"), std::string::npos);
}

}  // namespace
}  // namespace lbd
