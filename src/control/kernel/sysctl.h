// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace lbd::sysctl {

/// `path` below /proc/sys, with slashes. False where it is not there or may not be written.
bool write(const std::string& path, const std::string& value);
bool write(const std::string& path, long value);
std::optional<long> read(const std::string& path);

}  // namespace lbd::sysctl
