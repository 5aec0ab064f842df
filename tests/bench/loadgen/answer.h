// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "frame.h"
#include "options.h"

namespace lbd::loadgen {

/// Makes the flows that real servers would answer with out of the frames that reached them.
class AnswerLearner {
 public:
  explicit AnswerLearner(const Options& options) : options_(options) {}

  /// Keeps the frame's flow, turned round. Frames of another protocol are ignored.
  void learn(std::span<const uint8_t> frame);
  void clear() { flows_.clear(); }
  size_t size() const { return flows_.size(); }

  /// The flows of the answers, for frames of this template. False where an IPv6 address does not
  /// begin as the template's do: a flow has the last four bytes only.
  bool table(const FrameTemplate& frame, std::vector<FlowRecord>& out) const;

 private:
  struct Flow {
    uint32_t source, destination;  // of the answer, host order, last four bytes
    uint16_t source_port, destination_port;
  };

  const Options& options_;
  bool fits_ = true;
  std::vector<Flow> flows_;
};

}  // namespace lbd::loadgen
