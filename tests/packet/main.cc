// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <iostream>

#include "buffers.h"
#include "case_runner.h"
#include "dataplane/verdict.h"

// Registers one test for each case of cases/*.yaml, by file and name, and one that looks at all of
// them together.
namespace lbd::test {
namespace {

YAML::Node defaults() {
  return YAML::LoadFile(LBD_PACKET_DIRECTORY "/defaults.yaml");
}

class CaseTest : public testing::Test {
 public:
  explicit CaseTest(Case which) : case_(std::move(which)) {}
  void TestBody() override {
    for (const std::string& line : run_case(case_, defaults()).failures)
      ADD_FAILURE() << case_.node["description"].as<std::string>("") << "\n  " << line;
  }

 private:
  Case case_;
};

/// A verdict or event that no case brings about is not tested.
TEST(AllCases, MeetEveryVerdictAndEvent) {
  Outcome all;
  for (const Case& one : load_cases(LBD_PACKET_DIRECTORY)) all.merge(run_case(one, defaults()));
  for (const VerdictInfo& verdict : kVerdicts)
    EXPECT_TRUE(all.verdicts.contains(std::string(verdict.name))) << verdict.name;
  for (const VerdictInfo& event : kEvents)
    EXPECT_TRUE(all.events.contains(std::string(event.name))) << event.name;
}

void register_cases() {
  for (const Case& one : load_cases(LBD_PACKET_DIRECTORY))
    testing::RegisterTest(one.file.c_str(), one.name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [one]() -> CaseTest* { return new CaseTest(one); });
}

}  // namespace
}  // namespace lbd::test

int main(int count, char** arguments) {
  testing::InitGoogleTest(&count, arguments);
  lbd::test::start_eal();
  try {
    lbd::test::register_cases();
  } catch (const std::exception& error) {
    std::cerr << "tests/packet/cases: " << error.what() << "\n";
    return 1;
  }
  return RUN_ALL_TESTS();
}
