// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

namespace lbd::config {

/// The candidate that `word` most likely meant: the nearest by edits (insert, delete, replace,
/// swap of neighbours), where a third of its length or less was mistyped; else empty.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace lbd::config
