// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "control/config/model.h"

namespace lbd::config {

/// One thing that is wrong in the file, for people.
struct ConfigError {
  Place place;
  std::string path;     // "services[0].listen[1]"; empty where there is none
  std::string message;  // the cause
  std::string remedy;   // what to write instead; may be empty
  /// What is wrong is a resource of the machine that the file asks for (lbd exits with 3, not 1).
  bool resource = false;
  /// "lb.yaml:12:9: services[0].real_servers[1].weight: 70000 is above 65535; use 0..65535"
  std::string to_string() const;
};

/// One line for each error, each ended by a newline.
std::string describe(const std::vector<ConfigError>& errors);

/// What the file says, for a message: control characters escaped, cut after 80 bytes.
std::string echo(std::string_view text);
/// The same in double quotes.
std::string quote(std::string_view text);

/// Collects errors over one load, however many there are, in bounded memory.
class ErrorLog {
 public:
  /// What is kept; further errors are only counted.
  static constexpr size_t kMaxErrors = 10'000;

  void add(ConfigError error);
  bool empty() const { return errors_.empty(); }
  /// In the order of `files`, then of lines and columns. If more were found than were kept, the
  /// last one says how many. Empties the log.
  std::vector<ConfigError> take(const std::vector<std::string>& files);

 private:
  std::vector<ConfigError> errors_;
  size_t not_kept_ = 0;
};

}  // namespace lbd::config
