// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstring>
#include <memory>

#include "common/address.h"
#include "dataplane/ids.h"

// The way to a real server or a gateway. A slot stands for "packets to this address"; connections
// hold the slot's id. Everything a worker needs lies in one 64-bit word, so a new MAC address or a
// move to another port is one store and takes effect at once for all connections.
namespace lbd {

enum class NextHopState : uint8_t {
  kUnused,
  kIncomplete,  // asked for, no answer yet: packets wait
  kReachable,
  kFailed,   // nobody answers for the address
  kNoRoute,  // no route to it, or its port is gone
};

struct NextHop {
  MacAddress mac;
  PortIndex port = 0;
  NextHopState state = NextHopState::kUnused;

  uint64_t pack() const {
    uint64_t word = 0;
    std::memcpy(&word, mac.bytes.data(), 6);
    return word | uint64_t{port} << 48 | uint64_t{static_cast<uint8_t>(state)} << 56;
  }
  static NextHop unpack(uint64_t word) {
    NextHop out;
    std::memcpy(out.mac.bytes.data(), &word, 6);
    out.port = static_cast<PortIndex>(word >> 48);
    out.state = static_cast<NextHopState>(word >> 56);
    return out;
  }
};

// The parts of a packed word that a worker needs for each packet, without unpacking it.
constexpr NextHopState next_hop_state(uint64_t word) {
  return static_cast<NextHopState>(word >> 56);
}
constexpr PortIndex next_hop_port(uint64_t word) {
  return static_cast<PortIndex>(word >> 48);
}
/// The MAC address as it lies in memory, in the low 48 bits.
constexpr uint64_t next_hop_mac(uint64_t word) {
  return word & 0xffff'ffff'ffffull;
}

/// Written by control (netlink mirror), read by workers.
class NextHopTable {
 public:
  static constexpr uint32_t kCapacity = 1u << 18;

  NextHopTable() : words_(std::make_unique<std::atomic<uint64_t>[]>(kCapacity)) {}
  uint64_t word(NextHopId id) const { return words_[id].load(std::memory_order_relaxed); }
  NextHop get(NextHopId id) const { return NextHop::unpack(word(id)); }
  void set(NextHopId id, const NextHop& hop) {
    words_[id].store(hop.pack(), std::memory_order_relaxed);
  }

 private:
  std::unique_ptr<std::atomic<uint64_t>[]> words_;
};

}  // namespace lbd
