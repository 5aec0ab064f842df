// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "options.h"
#include "shape.h"

namespace lbd::loadgen {

/// What a frame that came back turned out to be.
enum class Returned : uint8_t {
  kToServer,  // of this run, whole
  kToClient,  // likewise, an answer
  kForeign,   // not of the run's protocol: a kernel's ARP or neighbour discovery
  kBad,       // of the run's protocol, but wrong: checksum, length, MAC, address or port
};

/// Looks closely at frames that came back: lengths, checksums, and that the method did to addresses
/// and headers what it should.
class FrameCheck {
 public:
  explicit FrameCheck(const Options& options) : options_(options) {}

  Returned look(std::span<const uint8_t> frame) const;
  /// What the method put before a frame's payload.
  uint32_t overhead() const { return tunnel_overhead(options_.method, options_.v4()); }

 private:
  bool is_service(const Parts& parts, unsigned side) const;
  bool is_client(const IpAddress& address) const;
  bool right_addresses(const Parts& parts) const;

  const Options& options_;
};

}  // namespace lbd::loadgen
