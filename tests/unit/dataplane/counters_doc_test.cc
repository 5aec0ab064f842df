// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>

#include "dataplane/verdict.h"

// docs/counters.md has a line "| `name` | ..." for each verdict, event and origin, and for nothing
// that is none.
namespace lbd {
namespace {

std::set<std::string> documented() {
  std::set<std::string> out;
  std::ifstream file(LBD_COUNTERS_DOC);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `")) continue;
    const size_t end = line.find('`', 3);
    if (end != std::string::npos) out.insert(line.substr(3, end - 3));
  }
  return out;
}

TEST(CountersDoc, HasALineForEachCounter) {
  const std::set<std::string> lines = documented();
  for (const VerdictInfo& verdict : kVerdicts)
    EXPECT_TRUE(lines.contains(std::string(verdict.name))) << verdict.name;
  for (const VerdictInfo& event : kEvents)
    EXPECT_TRUE(lines.contains(std::string(event.name))) << event.name;
  for (const std::string_view origin : kOrigins)
    EXPECT_TRUE(lines.contains(std::string(origin))) << origin;
}

TEST(CountersDoc, HasNoLineForWhatIsNoCounter) {
  std::set<std::string> known{"held", "connections"};
  for (const VerdictInfo& verdict : kVerdicts) known.emplace(verdict.name);
  for (const VerdictInfo& event : kEvents) known.emplace(event.name);
  for (const std::string_view origin : kOrigins) known.emplace(origin);
  for (const std::string& line : documented()) EXPECT_TRUE(known.contains(line)) << line;
}

}  // namespace
}  // namespace lbd
