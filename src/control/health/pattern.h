// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"

namespace lbd {

/// A regular expression (PCRE2), with bounds on the work that one search may be.
class Pattern {
 public:
  /// The error is the cause alone.
  static Result<Pattern> compile(const std::string& text);
  /// Matches somewhere. Nothing where that would be too much work.
  std::optional<bool> found_in(std::string_view text) const;

 private:
  struct Code;
  explicit Pattern(std::shared_ptr<const Code> code) : code_(std::move(code)) {}
  std::shared_ptr<const Code> code_;
};

}  // namespace lbd
