// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <vector>

#include "load_cases.h"

namespace lbd::test {

struct Outcome {
  std::vector<std::string> failures;  // one line each; none: passed
  std::set<std::string> verdicts;     // that some packet met
  std::set<std::string> events;

  void merge(const Outcome& other) {
    verdicts.insert(other.verdicts.begin(), other.verdicts.end());
    events.insert(other.events.begin(), other.events.end());
  }
};

/// Runs a case in the world of `defaults` (defaults.yaml). Throws nothing: a case that cannot be
/// read has failed.
Outcome run_case(const Case& which, const YAML::Node& defaults);

}  // namespace lbd::test
