// SPDX-License-Identifier: Apache-2.0
#include "cli/duration.h"

#include <array>
#include <charconv>
#include <utility>

namespace lbd::cli {

std::optional<int64_t> parse_duration_ms(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, int64_t>, 5> kUnits{
      {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
  int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || value < 0 || value > 1'000'000'000) return std::nullopt;
  const std::string_view unit(read.ptr, text.data() + text.size() - read.ptr);
  for (const auto& [name, factor] : kUnits)
    if (unit == name) return value * factor;
  return std::nullopt;
}

}  // namespace lbd::cli
