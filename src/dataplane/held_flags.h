// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace lbd {

/// Index into HeldFlags. 0: an address that no VRRP instance owns, always held.
using VipSlot = uint16_t;

/// Which virtual addresses this director holds, a byte each: the VRRP thread writes them when an
/// instance becomes or stops being master (control for an address that no instance owns any more),
/// workers read them with every packet. So a VIP is served, or not, without a new snapshot.
class HeldFlags {
 public:
  static constexpr size_t kSlots = 4096;  // Connection::vip has twelve bits

  HeldFlags() { flags_[0].store(1, std::memory_order_relaxed); }
  bool held(VipSlot slot) const { return flags_[slot].load(std::memory_order_acquire) != 0; }
  std::atomic<uint8_t>& operator[](VipSlot slot) { return flags_[slot]; }

 private:
  std::array<std::atomic<uint8_t>, kSlots> flags_{};
};

}  // namespace lbd
