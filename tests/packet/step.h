// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "director.h"

namespace lbd::test {

/// An input that has not come out again.
struct Waiting {
  Bytes frame;
  size_t packet = 0;  // its place in its step, from 0
};

/// What a step has done, for the checks of what was expected of it.
struct Step {
  const Director& director;
  Totals before;
  Totals after;
  std::vector<Bytes> sent_in;      // the frames of this step's `send`
  std::vector<Waiting>& waiting;   // frames of this and earlier steps that have not come out
  std::vector<Bytes>& tap_frames;  // frames from the twin that have not come out
  bool is_send = false;
  PortIndex port = 0;  // by which they came
  std::vector<std::string>& failures;
};

/// Compares a step's doings with its `expect` (README.md has the keys) and with what holds for
/// every step. Throws BadCase.
void check_step(Step& step, const YAML::Node& expect);

}  // namespace lbd::test
