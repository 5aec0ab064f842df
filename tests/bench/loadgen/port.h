// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rte_mempool.h>

#include <cstdint>

#include "common/result.h"
#include "frame.h"

namespace lbd::loadgen {

/// The first Ethernet device that EAL found, one queue each way. Stops it when it goes.
class Port {
 public:
  /// Configures and starts the device. EAL is up.
  static Result<Port> open(uint32_t largest_frame);
  Port(Port&& other) noexcept;
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  ~Port();

  uint16_t id() const { return id_; }
  rte_mempool* transmit_pool() const { return transmit_pool_; }
  const char* device() const;

  /// Copies the template into every transmit buffer.
  void write_template(const FrameTemplate& frame) const;
  /// Sleeps until the peer is there; false after `seconds`.
  bool wait_for_link(double seconds) const;

 private:
  Port(uint16_t id, rte_mempool* transmit_pool) : id_(id), transmit_pool_(transmit_pool) {}

  uint16_t id_;
  rte_mempool* transmit_pool_;
};

}  // namespace lbd::loadgen
