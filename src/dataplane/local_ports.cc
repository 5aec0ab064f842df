// SPDX-License-Identifier: Apache-2.0
#include "dataplane/local_ports.h"

#include <algorithm>

#include "common/endian.h"

namespace lbd {
namespace {

/// The reply's tuple with a local port of zero.
FlowKey without_port(const Endpoint& server, const IpAddress& local, uint8_t protocol) {
  return FlowKey::make(server, {local, 0}, protocol);
}

FlowKey with_port(FlowKey key, uint16_t port) {
  key.ports_protocol |= uint64_t{Be16(port).raw()} << 16;
  return key;
}

}  // namespace

LocalPortTable::LocalPortTable(const Owner& owner) : workers_(owner.workers()) {
  for (const Family family : {Family::kIpv4, Family::kIpv6}) {
    sort(owner, family);
    auto& least = least_shares_[family == Family::kIpv6];
    for (unsigned worker = 0; worker < workers_; ++worker) {
      least.push_back(kPorts);
      for (uint32_t base = 0; base < Owner::kPeriod; ++base)
        least[worker] =
            std::min(least[worker], share(family, base, static_cast<WorkerIndex>(worker)));
    }
  }
}

/// Counting sort by class.
void LocalPortTable::sort(const Owner& owner, Family family) {
  FlowKey zero{};
  zero.ports_protocol = uint64_t{6} << 32 | uint64_t{static_cast<uint8_t>(family)} << 40;
  std::array<std::vector<uint16_t>, Owner::kPeriod> members;
  for (uint32_t port = kFirst; port < 65536; ++port) {
    const FlowKey key = with_port(zero, static_cast<uint16_t>(port));
    members[owner.hash(key) % Owner::kPeriod].push_back(static_cast<uint16_t>(port));
  }
  auto& ports = ports_[family == Family::kIpv6];
  auto& starts = starts_[family == Family::kIpv6];
  for (unsigned i = 0; i < members.size(); ++i) {
    starts[i] = static_cast<uint32_t>(ports.size());
    ports.insert(ports.end(), members[i].begin(), members[i].end());
    largest_ = std::max(largest_, static_cast<uint32_t>(members[i].size()));
  }
  starts.back() = static_cast<uint32_t>(ports.size());
}

uint32_t LocalPortTable::share(Family family, uint32_t base, WorkerIndex worker) const {
  uint32_t out = 0;
  for (uint32_t index = worker; index < Owner::kPeriod; index += workers_) {
    const uint32_t chosen = (index ^ base) % Owner::kPeriod;
    out += starts(family)[chosen + 1] - starts(family)[chosen];
  }
  return out;
}

/// Told without a search once the connections are as many as the ports.
bool LocalPorts::is_used_up(const Endpoint& server, uint8_t protocol,
                            std::span<const IpAddress> pool, uint32_t used) const {
  if (used < pool.size() * table_.least_share(pool[0].family(), worker_)) [[likely]]
    return false;
  uint64_t all = 0;
  for (const IpAddress& local : pool) {
    const FlowKey key = without_port(server, local, protocol);
    all += table_.share(local.family(), owner_.hash(key), worker_);
  }
  return used >= all;
}

std::optional<FlowKey> LocalPorts::choose(const Endpoint& server, uint8_t protocol,
                                          std::span<const IpAddress> pool, uint32_t used,
                                          uint32_t& cursor) const {
  if (pool.empty() || is_used_up(server, protocol, pool, used)) return std::nullopt;
  const auto addresses = static_cast<uint32_t>(pool.size());
  const uint32_t round = table_.positions(worker_) * addresses;
  FlowKey key{};
  uint32_t base = 0;
  const IpAddress* hashed = nullptr;
  for (uint32_t tries = 0; tries < kTries; ++tries) {
    cursor = cursor + 1 < round ? cursor + 1 : 0;
    const IpAddress& local = pool[cursor % addresses];
    if (hashed != &local) {
      key = without_port(server, local, protocol);
      base = owner_.hash(key);
      hashed = &local;
    }
    const uint16_t port = table_.port(local.family(), base, worker_, cursor / addresses);
    if (port == 0) continue;
    const FlowKey reply = with_port(key, port);
    if (connections_.find(reply, connections_.hash(reply)) == kNoConnection) return reply;
  }
  return std::nullopt;
}

}  // namespace lbd
