// SPDX-License-Identifier: Apache-2.0
#pragma once

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

/// All cases of `directory`/cases/*.yaml. Throws BadCase or YAML::Exception.
std::vector<Case> load_cases(const std::string& directory);

}  // namespace lbd::test
