// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <map>
#include <tuple>

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

IpAddress network_of(const IpAddress& address, uint8_t length) {
  return Prefix{address, length}.network().address;
}

bool is_single(const ListenTable::Entry& entry) {
  return entry.length == kHostLength && entry.last_port <= entry.port;
}

}  // namespace

void PrefixLengths::add(const IpAddress& address, uint8_t length) {
  std::vector<uint8_t>& lengths = address.is_v4() ? ipv4 : ipv6;
  const auto at = std::ranges::lower_bound(lengths, length, std::ranges::greater{});
  if (at == lengths.end() || *at != length) lengths.insert(at, length);
}

ListenTable::ListenTable(std::vector<Entry> entries)
    : slots_(slots_for(entries.size())), mask_(slots_.size() - 1) {
  make_groups(entries);
  for (const Entry& entry : entries) {
    if (!is_single(entry)) continue;
    size_t slot = listen_hash(entry.address, entry.port, entry.protocol) & mask_;
    while (slots_[slot].service != nullptr) slot = (slot + 1) & mask_;
    slots_[slot] = entry;
  }
}

void ListenTable::make_groups(const std::vector<Entry>& entries) {
  std::map<std::tuple<IpAddress, uint8_t, uint8_t>, std::vector<const Entry*>> by_prefix;
  for (const Entry& entry : entries) {
    if (is_single(entry)) continue;
    const auto bits = static_cast<uint8_t>(entry.address.bits());
    const uint8_t length = std::min(entry.length, bits);
    by_prefix[{entry.address, length, entry.protocol}].push_back(&entry);
    lengths_.add(entry.address, length);
  }
  groups_.resize(slots_for(by_prefix.size()));
  group_mask_ = groups_.size() - 1;
  const auto width = [](const Entry* entry) {
    return std::max(entry->last_port, entry->port) - entry->port;
  };
  for (auto& [prefix, listens] : by_prefix) {
    // The widest first, so that narrower ones are painted over it.
    std::ranges::stable_sort(listens, std::ranges::greater{}, width);
    std::map<uint32_t, const Service*> begins{{0, nullptr}};
    for (const Entry* entry : listens) {
      const uint32_t end = uint32_t{std::max(entry->last_port, entry->port)} + 1;
      begins.try_emplace(end, std::prev(begins.upper_bound(end))->second);
      begins.erase(begins.lower_bound(entry->port), begins.find(end));
      begins[entry->port] = entry->service;
    }
    Group group{std::get<0>(prefix), std::get<1>(prefix), std::get<2>(prefix), {}};
    for (const auto& [first, service] : begins)
      if (first <= 0xffff) group.spans.push_back({static_cast<uint16_t>(first), service});
    size_t slot = listen_hash(group.network, group.length, group.protocol) & group_mask_;
    while (groups_[slot].protocol != 0) slot = (slot + 1) & group_mask_;
    groups_[slot] = std::move(group);
  }
}

const Service* ListenTable::find(const IpAddress& address, uint16_t port, uint8_t protocol) const {
  size_t slot = listen_hash(address, port, protocol) & mask_;
  for (; slots_[slot].service != nullptr; slot = (slot + 1) & mask_) {
    const Entry& entry = slots_[slot];
    if (entry.port == port && entry.protocol == protocol && entry.address == address)
      return entry.service;
  }
  return find_in_groups(address, port, protocol);
}

const Service* ListenTable::find_in_groups(const IpAddress& address, uint16_t port,
                                           uint8_t protocol) const {
  for (const uint8_t length : lengths_.of(address)) {
    const IpAddress network = network_of(address, length);
    size_t slot = listen_hash(network, length, protocol) & group_mask_;
    for (; groups_[slot].protocol != 0; slot = (slot + 1) & group_mask_) {
      const Group& group = groups_[slot];
      if (group.length != length || group.protocol != protocol || !(group.network == network))
        continue;
      const auto next = std::ranges::upper_bound(group.spans, port, {}, &Span::first);
      if (const Service* service = std::prev(next)->service) return service;
    }
  }
  return nullptr;
}

ReplySources::ReplySources(const std::vector<Endpoint>& tcp, const std::vector<Endpoint>& udp,
                           const std::vector<Endpoint>& sctp) {
  if (tcp.empty() && udp.empty() && sctp.empty()) return;
  table_.resize(slots_for(2 * (tcp.size() + udp.size() + sctp.size())));
  const auto enter = [this](const std::vector<Endpoint>& all, uint8_t protocol) {
    for (const Endpoint& one : all) {
      enter_one({one.address, one.port, protocol});
      enter_one({one.address, 0, kAnyProtocol});
    }
  };
  enter(tcp, wire::kProtoTcp);
  enter(udp, wire::kProtoUdp);
  enter(sctp, wire::kProtoSctp);
}

void ReplySources::enter_one(const Entry& entry) {
  if (find(entry.address, entry.port, entry.protocol)) return;
  size_t slot = listen_hash(entry.address, entry.port, entry.protocol) & (table_.size() - 1);
  while (table_[slot].protocol != 0) slot = (slot + 1) & (table_.size() - 1);
  table_[slot] = entry;
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

bool ReplySources::has(const IpAddress& address) const {
  return !table_.empty() && find(address, 0, kAnyProtocol);
}

AddressTable::AddressTable(std::vector<Entry> entries)
    : slots_(slots_for(entries.size())), mask_(slots_.size() - 1) {
  for (Entry& entry : entries) {
    if (entry.length != kHostLength) lengths_.add(entry.address, entry.length);
    size_t slot = hash_value(entry.address) & mask_;
    while (slots_[slot].kind != AddressKind::kNone) slot = (slot + 1) & mask_;
    slots_[slot] = std::move(entry);
  }
}

const AddressTable::Entry* AddressTable::find(const IpAddress& address) const {
  if (const Entry* host = find_exact(address, kHostLength)) return host;
  for (const uint8_t length : lengths_.of(address))
    if (const Entry* prefix = find_exact(network_of(address, length), length)) return prefix;
  return nullptr;
}

const AddressTable::Entry* AddressTable::find_exact(const IpAddress& address,
                                                    uint8_t length) const {
  size_t slot = hash_value(address) & mask_;
  for (; slots_[slot].kind != AddressKind::kNone; slot = (slot + 1) & mask_)
    if (slots_[slot].length == length && slots_[slot].address == address) return &slots_[slot];
  return nullptr;
}

}  // namespace lbd
