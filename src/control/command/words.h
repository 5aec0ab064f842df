// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace lbd {

/// Splits a command line into words: at blanks; '...' keeps all as it is, "..." all but \" and \\,
/// and a backslash outside quotes keeps the next character. No shell is asked: no variables, no
/// patterns, no pipes (who wants those writes /bin/sh -c '...'). The error is the cause alone.
Result<std::vector<std::string>> split_words(std::string_view line);

}  // namespace lbd
