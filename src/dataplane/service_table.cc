// SPDX-License-Identifier: Apache-2.0
#include <bit>

#include "common/wire.h"
#include "dataplane/snapshot.h"

namespace lbd {
namespace {

// At most half full, so that a miss ends after a few slots.
size_t slots_for(size_t entries) {
  return std::bit_ceil(entries * 2 + 1);
}

size_t listen_hash(const IpAddress& address, uint16_t port, uint8_t protocol) {
  return hash_value(address) ^ ((uint64_t{port} << 8 | protocol) * 0x9e3779b97f4a7c15ull >> 32);
}

}  // namespace

ListenTable::ListenTable(std::vector<Entry> entries)
    : slots_(slots_for(entries.size())), mask_(slots_.size() - 1) {
  for (Entry& entry : entries) {
    size_t slot = listen_hash(entry.address, entry.port, entry.protocol) & mask_;
    while (slots_[slot].service != nullptr) slot = (slot + 1) & mask_;
    slots_[slot] = std::move(entry);
  }
}

const Service* ListenTable::find(const IpAddress& address, uint16_t port, uint8_t protocol) const {
  size_t slot = listen_hash(address, port, protocol) & mask_;
  for (; slots_[slot].service != nullptr; slot = (slot + 1) & mask_) {
    const Entry& entry = slots_[slot];
    if (entry.port == port && entry.protocol == protocol && entry.address == address)
      return entry.service;
  }
  return nullptr;
}

ReplySources::ReplySources(const std::vector<Endpoint>& tcp, const std::vector<Endpoint>& udp) {
  if (tcp.empty() && udp.empty()) return;
  table_.resize(slots_for(tcp.size() + udp.size()));
  const auto enter = [this](const std::vector<Endpoint>& all, uint8_t protocol) {
    for (const Endpoint& one : all) {
      if (find(one.address, one.port, protocol)) continue;
      size_t slot = listen_hash(one.address, one.port, protocol) & (table_.size() - 1);
      while (table_[slot].protocol != 0) slot = (slot + 1) & (table_.size() - 1);
      table_[slot] = {one.address, one.port, protocol};
    }
  };
  enter(tcp, wire::kProtoTcp);
  enter(udp, wire::kProtoUdp);
}

bool ReplySources::find(const IpAddress& address, uint16_t port, uint8_t protocol) const {
  size_t slot = listen_hash(address, port, protocol) & (table_.size() - 1);
  for (; table_[slot].protocol != 0; slot = (slot + 1) & (table_.size() - 1)) {
    const Entry& entry = table_[slot];
    if (entry.port == port && entry.protocol == protocol && entry.address == address) return true;
  }
  return false;
}

bool ReplySources::contains(const IpAddress& address, uint16_t port, uint8_t protocol) const {
  return !table_.empty() && find(address, port, protocol);
}

AddressTable::AddressTable(std::vector<Entry> entries)
    : slots_(slots_for(entries.size())), mask_(slots_.size() - 1) {
  for (Entry& entry : entries) {
    size_t slot = hash_value(entry.address) & mask_;
    while (slots_[slot].kind != AddressKind::kNone) slot = (slot + 1) & mask_;
    slots_[slot] = std::move(entry);
  }
}

const AddressTable::Entry* AddressTable::find(const IpAddress& address) const {
  size_t slot = hash_value(address) & mask_;
  for (; slots_[slot].kind != AddressKind::kNone; slot = (slot + 1) & mask_)
    if (slots_[slot].address == address) return &slots_[slot];
  return nullptr;
}

}  // namespace lbd
