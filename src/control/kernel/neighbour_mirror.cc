// SPDX-License-Identifier: Apache-2.0
#include "control/kernel/neighbour_mirror.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <tuple>

#include "common/log.h"
#include "control/kernel/sysctl.h"

namespace lbd {
namespace {

constexpr uint16_t kHasMac =
    NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE;

const char* state_name(uint16_t state) {
  switch (state) {
    case NUD_INCOMPLETE:
      return "incomplete";
    case NUD_REACHABLE:
      return "reachable";
    case NUD_STALE:
      return "stale";
    case NUD_DELAY:
      return "delay";
    case NUD_PROBE:
      return "probe";
    case NUD_FAILED:
      return "failed";
    case NUD_NOARP:
      return "noarp";
    case NUD_PERMANENT:
      return "permanent";
    default:
      return "none";
  }
}

}  // namespace

NeighbourMirror::NeighbourMirror(Routing& routing, NextHopTable& table, Publisher& publisher,
                                 const TapLinks& links)
    : routing_(routing),
      table_(table),
      publisher_(publisher),
      links_(links),
      slots_(publisher, NextHopTable::kCapacity, kSlotRest) {}

NeighbourMirror::~NeighbourMirror() {
  for (auto& map : routing_.neighbours) delete map.exchange(nullptr);
}

NeighbourMirror::Record* NeighbourMirror::find(PortIndex port, const IpAddress& address) {
  const auto found = records_[port].find(address);
  return found == records_[port].end() ? nullptr : &found->second;
}

NeighbourMirror::Record* NeighbourMirror::find_or_make(PortIndex port, const IpAddress& address) {
  if (Record* record = find(port, address)) return record;
  const NextHopId slot = slots_.take();
  if (slot == kNoId) return nullptr;
  Record& record = records_[port][address];
  record.slot = slot;
  changed_[port] = true;
  store(port, record);
  return &record;
}

void NeighbourMirror::drop_if_unused(PortIndex port, const IpAddress& address) {
  const auto found = records_[port].find(address);
  if (found == records_[port].end()) return;
  const Record& record = found->second;
  if (record.in_kernel || record.holders > 0 || record.awaited) return;
  give_slot_back(record.slot);
  records_[port].erase(found);
  changed_[port] = true;
}

void NeighbourMirror::give_slot_back(NextHopId id) {
  table_.set(id, NextHop{});
  slots_.give_back(id);
}

NextHop NeighbourMirror::word_of(PortIndex port, const Record& record) const {
  NextHop hop;
  hop.port = port;
  hop.mac = record.mac;
  if (record.in_kernel && (record.state & kHasMac) != 0 && record.mac != MacAddress{}) {
    hop.state = NextHopState::kReachable;
  } else if (record.in_kernel && record.state == NUD_FAILED) {
    hop.state = NextHopState::kFailed;
  } else {
    hop.state = NextHopState::kIncomplete;
  }
  return hop;
}

void NeighbourMirror::store(PortIndex port, const Record& record) {
  const NextHop hop = word_of(port, record);
  table_.set(record.slot, hop);
  for (const NextHopId follower : record.followers) table_.set(follower, hop);
}

void NeighbourMirror::begin_dump() {
  for (auto& records : records_) {
    for (auto& [address, record] : records) record.seen = false;
  }
}

void NeighbourMirror::end_dump() {
  for (size_t port = 0; port < records_.size(); ++port) {
    std::vector<IpAddress> gone;
    for (const auto& [address, record] : records_[port]) {
      if (record.in_kernel && !record.seen) gone.push_back(address);
    }
    for (const IpAddress& address : gone) {
      netlink::Neighbour event;
      event.removed = true;
      event.ifindex = links_.ifindex(static_cast<PortIndex>(port));
      event.address = address;
      apply(event);
    }
  }
}

void NeighbourMirror::apply(const netlink::Neighbour& event) {
  const auto port = links_.port(event.ifindex);
  if (!port) return;
  Record* record = event.removed ? find(*port, event.address) : find_or_make(*port, event.address);
  if (record == nullptr) return;
  record->seen = true;
  record->in_kernel = !event.removed;
  record->state = event.removed ? uint16_t{NUD_NONE} : event.state;
  record->mac = event.mac;
  record->managed = event.managed && !event.removed;
  record->awaited = record->awaited && event.removed;
  store(*port, *record);
  if (event.removed) drop_if_unused(*port, event.address);
}

NextHopId NeighbourMirror::hold(PortIndex port, const IpAddress& address) {
  Record* record = find_or_make(port, address);
  if (record == nullptr) return kNoId;
  if (record->holders++ == 0) {
    held_.insert({port, address});
    raise_limits();
    queue_probe(port, address, *record);
  }
  return record->slot;
}

void NeighbourMirror::release(PortIndex port, const IpAddress& address) {
  Record* record = find(port, address);
  if (record == nullptr || record->holders == 0) return;
  if (--record->holders > 0) return;
  held_.erase({port, address});
  // An entry without the flag: the kernel lets it age from now on.
  if (record->managed) probe(port, address, false);
  drop_if_unused(port, address);
}

bool NeighbourMirror::follow(PortIndex port, const IpAddress& address, NextHopId follower) {
  if (hold(port, address) == kNoId) return false;
  Record& record = *find(port, address);
  record.followers.push_back(follower);
  table_.set(follower, word_of(port, record));
  return true;
}

void NeighbourMirror::unfollow(PortIndex port, const IpAddress& address, NextHopId follower) {
  Record* record = find(port, address);
  if (record == nullptr) return;
  if (std::erase(record->followers, follower) == 0) return;
  release(port, address);
}

void NeighbourMirror::ask_again(PortIndex port) {
  for (const Key& key : held_) {
    Record* record = key.port == port ? find(port, key.address) : nullptr;
    if (record == nullptr || word_of(port, *record).state == NextHopState::kReachable) continue;
    queue_probe(port, key.address, *record);
  }
}

void NeighbourMirror::request(PortIndex port, const IpAddress& address) {
  if (links_.ifindex(port) <= 0 || address.is_unspecified() || address.is_multicast() ||
      address.is_limited_broadcast()) {
    return;
  }
  Record* record = find_or_make(port, address);
  if (record == nullptr || record->awaited) return;
  if (record->in_kernel && record->state != NUD_FAILED) return;
  if (requested_.size() >= NetlinkMirror::kMaxRequested) {
    const Key oldest = requested_.front();
    requested_.pop_front();
    if (Record* given_up = find(oldest.port, oldest.address)) given_up->awaited = false;
    drop_if_unused(oldest.port, oldest.address);
  }
  record->awaited = true;
  requested_.push_back({port, address});
  queue_probe(port, address, *record);
}

void NeighbourMirror::queue_probe(PortIndex port, const IpAddress& address, Record& record) {
  if (record.queued) return;
  record.queued = true;
  probes_.push_back({port, address});
  send_probes(Clock::now());
}

void NeighbourMirror::send_probes(Clock::time_point now) {
  while (requests_ != nullptr && probes_left_ > 0 && !probes_.empty()) {
    const Key key = probes_.front();
    probes_.pop_front();
    Record* record = find(key.port, key.address);
    if (record == nullptr || !record->queued) continue;
    record->queued = false;
    record->probed = now;
    // The kernel would make an operator's permanent entry an ordinary one.
    if (record->in_kernel && (record->state & (NUD_PERMANENT | NUD_NOARP)) != 0) continue;
    --probes_left_;
    probe(key.port, key.address, record->holders > 0);
  }
}

void NeighbourMirror::probe(PortIndex port, const IpAddress& address, bool manage) {
  if (requests_ == nullptr) return;
  ndmsg header{};
  header.ndm_family = address.is_v4() ? AF_INET : AF_INET6;
  header.ndm_ifindex = links_.ifindex(port);
  header.ndm_state = NUD_NONE;
  header.ndm_flags = NTF_USE;
  auto message =
      netlink::make_message(RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_CREATE, &header, sizeof(header));
  if (!message) return;
  nla_put(message.get(), NDA_DST, static_cast<int>(address.size()), address.data());
  if (manage) nla_put_u32(message.get(), NDA_FLAGS_EXT, NTF_EXT_MANAGED);
  const int error = requests_->request(std::move(message));
  if (error != 0) complain(error, address);
}

void NeighbourMirror::complain(int error, const IpAddress& address) {
  const auto now = Clock::now();
  // A TAP that is down or gone is no news; held neighbours are asked for again by check_held().
  if (error == ENETDOWN || error == ENODEV || now - complained_ < std::chrono::seconds(10)) return;
  complained_ = now;
  spdlog::warn("neighbour {}: the kernel does not ask for it: {}{}", address.to_string(),
               std::strerror(error),
               error == ENOBUFS ? " (its neighbour table is full; raise net.ipv4.neigh.default."
                                  "gc_thresh3 or the one of ipv6)"
                                : "");
}

void NeighbourMirror::tick(Clock::time_point now) {
  probes_left_ = kProbesPerTick;
  send_probes(now);
  check_held(now);
  // What was answered needs no place among those that are waited for.
  const size_t count = requested_.size();
  for (size_t i = 0; i < count; ++i) {
    const Key key = requested_.front();
    requested_.pop_front();
    const Record* record = find(key.port, key.address);
    if (record != nullptr && record->awaited) requested_.push_back(key);
  }
  publish(now);
}

void NeighbourMirror::check_held(Clock::time_point now) {
  const size_t count = std::min(held_.size(), kChecksPerTick);
  for (size_t i = 0; i < count; ++i) {
    auto next = held_.upper_bound(checked_);
    if (next == held_.end()) next = held_.begin();
    checked_ = *next;
    Record* record = find(checked_.port, checked_.address);
    if (record == nullptr || (record->in_kernel && record->managed)) continue;
    const auto pause = record->in_kernel ? kProbeEvery : kProbeLostEvery;
    if (now - record->probed >= pause) queue_probe(checked_.port, checked_.address, *record);
  }
}

void NeighbourMirror::raise_limits() {
  // Below gc_thresh1 the kernel leaves the table alone; beyond gc_thresh2 it collects, at
  // gc_thresh3 it refuses new entries. Half of the room is left to clients and to others.
  if (held_.size() <= kAlwaysFit || held_.size() <= kernel_limit_) return;
  kernel_limit_ = held_.size() * 2;
  const long wanted = static_cast<long>(kernel_limit_);
  for (const std::string family : {"ipv4", "ipv6"}) {
    const std::string keys = "net/" + family + "/neigh/default/gc_thresh";
    for (const int level : {3, 2, 1}) {
      const std::string key = keys + std::to_string(level);
      const long goal = wanted * (1L << (level - 1));
      const auto present = sysctl::read(key);
      if (!present || *present >= goal) continue;
      if (sysctl::write(key, goal)) {
        spdlog::info("{} raised from {} to {}: {} neighbours are needed", key, *present, goal,
                     held_.size());
      } else if (level == 3) {
        spdlog::warn(
            "{} is {} and cannot be raised to {}: neighbours may be missing; set it with sysctl",
            key, *present, goal);
      }
    }
  }
}

void NeighbourMirror::publish(Clock::time_point now) {
  size_t size = 0;
  for (size_t port = 0; port < records_.size(); ++port) {
    if (changed_[port]) size += records_[port].size();
  }
  // Building a map costs about 0.1 us an entry: at most a tenth of the thread's time goes here.
  if (now - published_ < std::chrono::microseconds(size)) return;
  for (size_t port = 0; port < records_.size(); ++port) {
    if (changed_[port]) publish_port(static_cast<PortIndex>(port));
  }
  if (size > 0) published_ = now;
}

void NeighbourMirror::publish_port(PortIndex port) {
  auto map = std::make_unique<NeighbourMap>();
  map->reserve(records_[port].size());
  for (const auto& [address, record] : records_[port]) map->emplace(address, record.slot);
  const NeighbourMap* old =
      routing_.neighbours[port].exchange(map.release(), std::memory_order_acq_rel);
  changed_[port] = false;
  bump_generation(routing_);
  if (old != nullptr) publisher_.retire([old] { delete old; });
}

std::vector<NeighbourRow> NeighbourMirror::rows() const {
  std::vector<NeighbourRow> rows;
  for (size_t port = 0; port < records_.size(); ++port) {
    for (const auto& [address, record] : records_[port]) {
      NeighbourRow row;
      row.address = address;
      row.port = static_cast<PortIndex>(port);
      row.mac = record.mac;
      row.kernel_state = state_name(record.state);
      row.state = table_.get(record.slot).state;
      row.managed = record.holders > 0;
      rows.push_back(row);
    }
  }
  std::ranges::sort(rows, [](const NeighbourRow& a, const NeighbourRow& b) {
    return std::tie(a.port, a.address) < std::tie(b.port, b.address);
  });
  return rows;
}

}  // namespace lbd
