// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace lbd::cli {

/// What an import has to say: "FILE:LINE: warning: ...". After an error the result could not serve.
class Remarks {
 public:
  /// All that follows is of this file.
  void file(const std::string& name) { file_ = name; }
  /// `line` 0: of the file as a whole.
  void warning(size_t line, const std::string& text) { add(line, "warning", text); }
  void error(size_t line, const std::string& text) {
    failed_ = true;
    add(line, "error", text);
  }

  bool failed() const { return failed_; }
  /// By file, and in a file by line.
  std::vector<std::string> lines() const {
    std::vector<std::string> out;
    for (const auto& [file, rows] : files_) {
      auto sorted = rows;
      std::stable_sort(sorted.begin(), sorted.end(),
                       [](const Row& a, const Row& b) { return a.first < b.first; });
      for (const auto& [line, text] : sorted)
        out.push_back(file + (line ? ":" + std::to_string(line) : "") + ": " + text);
    }
    return out;
  }

 private:
  using Row = std::pair<size_t, std::string>;

  void add(size_t line, const char* kind, const std::string& text) {
    files_[file_].emplace_back(line, std::string(kind) + ": " + text);
  }

  std::string file_;
  std::map<std::string, std::vector<Row>> files_;
  bool failed_ = false;
};

}  // namespace lbd::cli
