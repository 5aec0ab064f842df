// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <vector>

#include "yaml_tools.h"

namespace lbd::test {

/// A case as it stands in a file of cases/.
struct Case {
  std::string file;  // without directory and extension
  std::string name;
  YAML::Node node;
};

struct Outcome {
  std::vector<std::string> failures;  // one line each; none: passed
  std::set<std::string> verdicts;     // that some packet met
  std::set<std::string> events;

  void merge(const Outcome& other) {
    verdicts.insert(other.verdicts.begin(), other.verdicts.end());
    events.insert(other.events.begin(), other.events.end());
  }
};

/// All cases of `directory`/cases/*.yaml. Throws BadCase or YAML::Exception.
std::vector<Case> load_cases(const std::string& directory);

/// Runs a case in the world of `defaults` (defaults.yaml). Throws nothing: a case that cannot be
/// read has failed.
Outcome run_case(const Case& which, const YAML::Node& defaults);

}  // namespace lbd::test
