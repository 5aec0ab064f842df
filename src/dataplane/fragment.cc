// SPDX-License-Identifier: Apache-2.0
#include "dataplane/fragment.h"

#include <algorithm>
#include <bit>

namespace lbd {

FlowKey datagram_key(const Packet& packet, const FlowKey& addresses) {
  FlowKey key = addresses;
  // RFC 8200 4.5: of IPv6 the identification alone, since later fragments may name another header.
  const uint64_t protocol = packet.family == Family::kIpv4 ? packet.protocol : 44;
  key.ports_protocol = uint64_t{packet.fragment_id} | protocol << 32 |
                       uint64_t{static_cast<uint8_t>(packet.family)} << 40;
  return key;
}

FragmentTable::FragmentTable(const FragmentLimits& limits)
    : limits_(limits),
      sets_(std::bit_ceil(std::max(limits.datagrams / kWays, 1u))),
      datagrams_(size_t{sets_} * kWays),
      held_(std::max(limits.held, 1u)) {
  for (uint32_t slot = 0; slot + 1 < held_.size(); ++slot) held_[slot].next = slot + 1;
}

FragmentTable::Datagram* FragmentTable::find(const FlowKey& key, uint64_t hash, Tick now) {
  Datagram* set = &datagrams_[(hash & (sets_ - 1)) * kWays];
  for (unsigned i = 0; i < kWays; ++i)
    if (set[i].used && set[i].key == key && !tick_reached(now, set[i].deadline)) return &set[i];
  return nullptr;
}

/// Into a free entry, or one whose time is over. (What waited for that one has been given up by
/// then: it came later than the entry was made, so it is looked for here.)
FragmentTable::Datagram* FragmentTable::make(const FlowKey& key, uint64_t hash, Tick now) {
  Datagram* set = &datagrams_[(hash & (sets_ - 1)) * kWays];
  for (unsigned i = 0; i < kWays; ++i) {
    Datagram& entry = set[i];
    if (entry.used && (!tick_reached(now, entry.deadline) || entry.first_held != kNoId)) continue;
    entry = Datagram{};
    entry.key = key;
    entry.used = true;
    entry.deadline = now + limits_.timeout;
    return &entry;
  }
  return nullptr;
}

bool FragmentTable::overlaps(const Datagram& datagram, uint16_t start, uint16_t end) {
  return std::any_of(datagram.range.begin(), datagram.range.begin() + datagram.ranges,
                     [=](const Range& range) { return start < range.end && range.start < end; });
}

/// Notes that a part has come; false where some of it had already, or there are too many parts.
bool FragmentTable::mark(Datagram& datagram, uint16_t start, uint16_t end) {
  if (overlaps(datagram, start, end)) return false;
  Range* before = nullptr;
  Range* behind = nullptr;
  for (unsigned i = 0; i < datagram.ranges; ++i) {
    if (datagram.range[i].end == start) before = &datagram.range[i];
    if (datagram.range[i].start == end) behind = &datagram.range[i];
  }
  if (before != nullptr && behind != nullptr) {
    before->end = behind->end;
    *behind = datagram.range[--datagram.ranges];
  } else if (before != nullptr) {
    before->end = end;
  } else if (behind != nullptr) {
    behind->start = start;
  } else {
    if (datagram.ranges == kRanges) return false;
    datagram.range[datagram.ranges++] = {start, end};
  }
  return true;
}

void FragmentTable::forget_if_complete(Datagram& datagram) {
  const bool complete = datagram.known && datagram.length != 0 && datagram.ranges == 1 &&
                        datagram.range[0].start == 0 && datagram.range[0].end == datagram.length;
  if (complete) datagram.used = false;
}

FragmentTable::Answer FragmentTable::take(const Packet& packet, const FlowKey& key, uint64_t hash,
                                          Tick now) {
  Datagram* datagram = find(key, hash, now);
  if (datagram == nullptr) datagram = make(key, hash, now);
  if (datagram == nullptr) return {nullptr, false, Verdict::kFragmentLimit};
  const uint16_t start = packet.fragment_offset;
  const uint16_t end = packet.fragment_end;
  const bool beyond = datagram->length != 0 && (end > datagram->length || !packet.more_fragments);
  if (beyond || overlaps(*datagram, start, end)) return {nullptr, false, Verdict::kFragmentOverlap};
  if (!datagram->known && !hold(packet, *datagram, now))
    return {nullptr, false, Verdict::kFragmentLimit};
  const bool held = !datagram->known;
  if (!mark(*datagram, start, end) && !held) return {nullptr, false, Verdict::kFragmentLimit};
  if (!packet.more_fragments) datagram->length = end;
  if (held) return {nullptr, true, Verdict::kForwarded};
  // The entry stays readable until the next call, complete or not.
  forget_if_complete(*datagram);
  return {&datagram->way, false, Verdict::kForwarded};
}

bool FragmentTable::hold(const Packet& packet, Datagram& datagram, Tick now) {
  if (datagram.ranges == kRanges || free_ == kNoId ||
      bytes_ + packet.ip_length > limits_.held_bytes)
    return false;
  const uint32_t slot = free_;
  free_ = held_[slot].next;
  ++waiting_;
  bytes_ += packet.ip_length;
  const auto index = static_cast<uint32_t>(&datagram - datagrams_.data());
  held_[slot] = {packet, now + limits_.timeout, index, kNoId, kNoId, newest_};
  (newest_ == kNoId ? oldest_ : held_[newest_].newer) = slot;
  newest_ = slot;
  (datagram.first_held == kNoId ? datagram.first_held : held_[datagram.last_held].next) = slot;
  datagram.last_held = slot;
  return true;
}

Packet FragmentTable::unhold(uint32_t slot) {
  Held& held = held_[slot];
  (held.older == kNoId ? oldest_ : held_[held.older].newer) = held.newer;
  (held.newer == kNoId ? newest_ : held_[held.newer].older) = held.older;
  --waiting_;
  bytes_ -= held.packet.ip_length;
  held.next = free_;
  free_ = slot;
  return held.packet;
}

/// The oldest of all is the oldest of its datagram, which is over with its last one.
Packet FragmentTable::give_up(uint32_t slot) {
  Datagram& datagram = datagrams_[held_[slot].datagram];
  datagram.first_held = held_[slot].next;
  if (datagram.first_held == kNoId) datagram.used = false;
  return unhold(slot);
}

}  // namespace lbd
