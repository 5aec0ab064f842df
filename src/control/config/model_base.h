// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "common/address.h"

namespace lbd::config {

using Milliseconds = std::chrono::milliseconds;

/// Where something stands, for messages about it ("conf.d/a.yaml:12:5").
struct Place {
  std::string file;
  int line = 0;    // from 1; 0: no place
  int column = 0;  // from 1
  std::string to_string() const;
  /// A place is no part of what is said there: moving a line changes nothing.
  bool operator==(const Place&) const { return true; }
};

/// A program to run, split into words; the first is its absolute path. No words: nothing to run.
struct CommandLine {
  std::vector<std::string> words;
  std::string text;  // as written in the file
  explicit operator bool() const { return !words.empty(); }
  bool operator==(const CommandLine&) const = default;
};

}  // namespace lbd::config
