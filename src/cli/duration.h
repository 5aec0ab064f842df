// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lbd::cli {

/// "500ms", "30s", "30m", "2h", "1d" in milliseconds. A number needs its unit, as in lb.yaml.
std::optional<int64_t> parse_duration_ms(std::string_view text);

}  // namespace lbd::cli
