// SPDX-License-Identifier: Apache-2.0
#include "cli/table.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace lbd::cli {

Table::Table(std::vector<std::string> titles) {
  for (std::string& title : titles) {
    right_.push_back(!title.empty() && title[0] == '>');
    if (right_.back()) title.erase(0, 1);
  }
  rows_.push_back(std::move(titles));
}

void Table::row(std::vector<std::string> cells) {
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  std::vector<size_t> widths(right_.size(), 0);
  for (const auto& row : rows_)
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string out;
  for (const auto& row : rows_) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string blanks(widths[i] - row[i].size(), ' ');
      line += (i ? "  " : "") + (right_[i] ? blanks + row[i] : row[i] + blanks);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string pad(const std::string& text, size_t width) {
  return text + std::string(text.size() < width ? width - text.size() : 1, ' ');
}

std::string short_number(uint64_t value) {
  // ipvsadm's steps: a unit comes in where eight digits would not do.
  if (value < 100'000'000) return std::to_string(value);
  if (value < 100'000'000'000) return std::to_string(value / 1000) + "K";
  if (value < 100'000'000'000'000) return std::to_string(value / 1'000'000) + "M";
  return std::to_string(value / 1'000'000'000) + "G";
}

std::string percent(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

std::string long_time(int64_t seconds) {
  char text[64];
  std::snprintf(text, sizeof text, "%02d:%02d:%02d", static_cast<int>(seconds / 3600 % 24),
                static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
  if (seconds < 86400) return text;
  return std::to_string(seconds / 86400) + "d " + text;
}

std::string minutes(int64_t seconds) {
  char text[64];
  std::snprintf(text, sizeof text, "%02lld:%02d", static_cast<long long>(seconds / 60),
                static_cast<int>(seconds % 60));
  return text;
}

}  // namespace lbd::cli
