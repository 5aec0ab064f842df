// SPDX-License-Identifier: Apache-2.0
#include "load_cases.h"

#include <algorithm>
#include <filesystem>

namespace lbd::test {

std::vector<Case> load_cases(const std::string& directory) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory + "/cases"))
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<Case> out;
  for (const auto& file : files)
    for (const auto& node : YAML::LoadFile(file.string()))
      out.push_back({file.stem().string(), read<std::string>(node["name"], "nameless"), node});
  return out;
}

}  // namespace lbd::test
