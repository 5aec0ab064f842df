// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "frame.h"
#include "options.h"

namespace lbd::loadgen {

/// What a frame that came back turned out to be.
enum class Returned : uint8_t {
  kGood,     // of this run, whole
  kForeign,  // not of the run's protocol: a kernel's ARP or neighbour discovery
  kBad,      // of the run's protocol, but wrong: checksum, length, MAC or service
};

/// Looks closely at frames that came back: length, checksums, and that the service's address and
/// port are still there (`service_is_source`: as the source, else as the destination).
/// A device that rewrites addresses is checked without them.
class FrameCheck {
 public:
  FrameCheck(const Options& options, bool service_is_source, bool addresses_change)
      : options_(options),
        service_is_source_(service_is_source),
        addresses_change_(addresses_change) {}

  Returned look(std::span<const uint8_t> frame) const;

 private:
  bool mac_expected(const uint8_t* destination) const;
  bool service_kept(const uint8_t* addresses, const uint8_t* ports) const;

  const Options& options_;
  bool service_is_source_;
  bool addresses_change_;
};

/// Makes the flows that real servers would answer with out of the frames that reached them.
class AnswerLearner {
 public:
  explicit AnswerLearner(const Options& options) : options_(options) {}

  /// Keeps the frame's flow, turned round. Frames of another protocol are ignored.
  void learn(std::span<const uint8_t> frame);
  void clear() { flows_.clear(); }
  size_t size() const { return flows_.size(); }

  /// The template of the answers; only when size() is not 0.
  FrameTemplate frame_template(uint32_t length) const;
  std::vector<FlowRecord> table(const FrameTemplate& frame) const;

 private:
  struct Flow {
    uint32_t source, destination;  // of the answer, host order, last four bytes
    uint16_t source_port, destination_port;
  };

  const Options& options_;
  IpAddress server_;  // the first one seen: of IPv6 all share its 96 bits
  IpAddress client_;
  std::vector<Flow> flows_;
};

}  // namespace lbd::loadgen
