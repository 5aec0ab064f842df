// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/result.h"

namespace lbd::config {

/// The whole of a regular file of at most `limit` bytes. Directories, devices and pipes are
/// refused without waiting for them. The error is the cause alone ("is a directory").
Result<std::string> read_text_file(const std::string& path, size_t limit);

/// "conf.d/" for "conf.d/web.yaml"; empty for a bare name.
std::string directory_of(const std::string& path);

/// The same for every way to write a file's path; `path` itself where the file is not there.
std::string real_path(const std::string& path);

/// The files that `pattern` (as of the shell) matches in `directory` (as directory_of), sorted. A
/// pattern without wildcards gives itself, whether the file is there or not.
std::vector<std::string> expand_pattern(const std::string& directory, const std::string& pattern);

}  // namespace lbd::config
