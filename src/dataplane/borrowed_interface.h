// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "common/result.h"
#include "dataplane/device_lock.h"
#include "dataplane/interface_state.h"

// A kernel interface that an af_xdp: or af_packet: port works on.
//
// Theory. While lbd has the interface, the kernel must not: its addresses and routes are the TAP
// twin's now, it must not answer, solicit or merge packets. So its state is written down under
// /run/lbd, then changed, and put back when the port stops. A lock says who has it. After a kill -9
// the lock is free and the file is still there: the next lbd that starts in the same network
// namespace heals the interface before it does anything else. /run does not survive a boot, and
// neither does what is written there.
namespace lbd {

enum class InterfaceUse : uint8_t { kAfXdp, kAfPacket };

class BorrowedInterface {
 public:
  /// `name` must exist. `mtu`: what the port will send. The interface is up afterwards.
  static Result<std::unique_ptr<BorrowedInterface>> take(const std::string& name, InterfaceUse use,
                                                         uint16_t mtu);
  /// Puts everything back; the driver must have let go of the interface.
  ~BorrowedInterface();

  BorrowedInterface(const BorrowedInterface&) = delete;
  BorrowedInterface& operator=(const BorrowedInterface&) = delete;

 private:
  BorrowedInterface(DeviceLock lock, InterfaceState before)
      : lock_(std::move(lock)), before_(std::move(before)) {}
  Status change(InterfaceUse use, uint16_t mtu);

  DeviceLock lock_;
  InterfaceState before_;
};

/// Heals what killed processes left behind in this network namespace. Says in the log what it did.
void heal_interfaces();

}  // namespace lbd
