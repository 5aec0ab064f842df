// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/address.h"
#include "common/result.h"
#include "dataplane/borrowed_interface.h"
#include "dataplane/device_lock.h"

// From the text of a port's `device:` to an ethdev.
namespace lbd {

/// What `device:` in lb.yaml names.
struct DeviceName {
  enum class Kind : uint8_t { kPci, kMac, kAfXdp, kAfPacket, kVdev };
  Kind kind = Kind::kPci;
  /// PCI address with its domain ("0000:03:00.0"), MAC address, interface, or vdev argument.
  std::string argument;

  static Result<DeviceName> parse(std::string_view text);
  /// af_xdp and af_packet work on an interface that stays with the kernel.
  bool is_interface() const { return kind == Kind::kAfXdp || kind == Kind::kAfPacket; }
};

/// What the driver's arguments depend on.
struct DeviceNeeds {
  unsigned number = 0;  // tells virtual devices of one driver apart
  uint16_t mtu = 1500;
  unsigned queues = 1;
  uint16_t rx_descriptors = 1024;
};

/// A device that has been probed and not been configured yet.
struct AttachedDevice {
  uint16_t ethdev = 0;
  /// The device has just so many queues in both directions; 0: any number up to its maximum.
  unsigned fixed_queues = 0;
  /// The driver can have mbufs with at most that much room; 0: any.
  unsigned max_buffer = 0;
  std::unique_ptr<BorrowedInterface> interface;
  DeviceLock lock;
};

/// `queues` of 0 in lb.yaml has become a number in `needs` already; `queues_given` tells.
Result<AttachedDevice> attach_device(const DeviceName& name, const DeviceNeeds& needs,
                                     bool queues_given);
/// Stops and closes the driver and removes the device; the kernel gets its interface back.
void close_device(AttachedDevice& device);

}  // namespace lbd
