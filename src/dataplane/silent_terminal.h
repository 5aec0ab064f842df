// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace lbd {

/// The EAL prints its usage and last words past its own log. This keeps them from the terminal
/// while it lives, unless the log is at level debug. Of the whole process: for the start, before
/// threads.
class SilentTerminal {
 public:
  SilentTerminal();
  ~SilentTerminal();
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;

  /// The first line of what went to standard error.
  std::string first_words() const;

 private:
  int output_ = -1, error_ = -1, said_ = -1;  // file descriptors
};

}  // namespace lbd
