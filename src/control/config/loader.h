// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "control/config/error.h"
#include "control/config/model.h"

// Reads lb.yaml: files -> trees (source, document) -> sections (sections) -> checks across them
// (checks) -> Config. Needs neither root nor DPDK. No input makes it throw, crash or wait.
namespace lbd::config {

/// A whole configuration, or everything that is wrong with it.
class [[nodiscard]] LoadResult {
 public:
  explicit LoadResult(Config config) : state_(std::move(config)) {}
  explicit LoadResult(std::vector<ConfigError> errors) : state_(std::move(errors)) {}

  bool ok() const { return std::holds_alternative<Config>(state_); }
  explicit operator bool() const { return ok(); }
  /// Only where ok().
  const Config& config() const& { return std::get<Config>(state_); }
  Config&& config() && { return std::get<Config>(std::move(state_)); }
  /// Only where not ok(). In the order of files, lines and columns.
  const std::vector<ConfigError>& errors() const { return std::get<1>(state_); }

 private:
  std::variant<Config, std::vector<ConfigError>> state_;
};

/// `path` as messages shall name the file. Reads what it includes, too.
LoadResult load_file(const std::string& path);

/// The same for a text in memory, which must not include files. Reads no file.
LoadResult load_text(const std::string& text, const std::string& name);

}  // namespace lbd::config
