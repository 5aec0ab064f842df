// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "step.h"

namespace lbd::test {

/// A frame that left and is the forwarded form of one that came.
struct Forwarded {
  Bytes frame;    // as it left
  size_t packet;  // its place in its step, from 0
  PortIndex port;
  MacAddress to;
  WorkerIndex worker;
};

struct Matched {
  std::vector<Forwarded> forwarded;  // in the order in which they left
  std::vector<Sent> replies;         // frames of lbd's own making
  unsigned resets = 0;               // of `forwarded`, those that left as resets
};

/// Sorts the frames of a step's record by what they are: forwarded to the byte as its method has to
/// (taken from step.waiting), frames of the twin unchanged, or lbd's own. Punted frames must be
/// unchanged, too. What is none of these adds to step.failures. `may_be_reset`: a TCP segment may
/// leave as a reset of its connection.
Matched match_frames(Step& step, bool may_be_reset);

}  // namespace lbd::test
