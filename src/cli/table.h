// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lbd::cli {

/// Columns as wide as their widest cell, two blanks between them.
class Table {
 public:
  /// Titles; those that begin with '>' head columns that are aligned to the right.
  explicit Table(std::vector<std::string> titles);
  void row(std::vector<std::string> cells);
  bool empty() const { return rows_.size() == 1; }
  std::string text() const;

 private:
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;
};

/// `text` and blanks up to `width`, at least one.
std::string pad(const std::string& text, size_t width);
/// Numbers as ipvsadm writes them: 1234, 12345K, 678M ...
std::string short_number(uint64_t value);
/// One digit behind the point.
std::string percent(double value);
/// "1d 02:03:04", "02:03:04".
std::string long_time(int64_t seconds);
/// "14:58", as ipvsadm writes what is left of a connection.
std::string minutes(int64_t seconds);

}  // namespace lbd::cli
