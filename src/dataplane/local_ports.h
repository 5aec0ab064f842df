// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/address.h"
#include "dataplane/connection_table.h"
#include "dataplane/owner.h"

// Local ports for fullnat, such that the reply lands on the worker that chose.
//
// Theory. Toeplitz is linear: the hash of a reply (server's address, local address, server's port,
// local port) is that of the same without the local port, XOR a contribution of the local port
// alone. The owner function looks at the low seven bits of the hash only (Owner::kPeriod). So the
// 64,512 ports fall into 128 classes by those bits of their contribution, and for a given rest of
// the tuple a worker's share of the ports is one class in `workers`, whole. Ports in the order of
// their classes make the n-th port of a share an index: no search, and no table for each server.
//
// Which ports are taken is what the connection table says: the reply's tuple is in it or not.
// Each worker goes round its share with a cursor for each real server, so a port comes again as
// late as can be. A connection keeps its port until its entry is gone, which in TIME_WAIT is longer
// than the minute for which Linux keeps it: no server still waits for the old one.
namespace lbd {

/// Ports by class, for all workers. Immutable.
class LocalPortTable {
 public:
  static constexpr uint16_t kFirst = 1024;
  static constexpr uint32_t kPorts = 65536 - kFirst;

  explicit LocalPortTable(const Owner& owner);

  /// How many positions of a share there are to go round; some have no port.
  uint32_t positions(WorkerIndex worker) const { return classes(worker) * largest_; }
  /// The port (host order) at `position` of the share of `worker`, for tuples whose hash without
  /// the port is `base`; 0 where there is none.
  uint16_t port(Family family, uint32_t base, WorkerIndex worker, uint32_t position) const {
    const uint32_t each = classes(worker);
    const auto index = static_cast<uint32_t>(position % each * workers_ + worker);
    const uint32_t chosen = (index ^ base) % Owner::kPeriod;
    const uint32_t at = starts(family)[chosen] + position / each;
    return at < starts(family)[chosen + 1] ? ports(family)[at] : 0;
  }
  /// How many ports that share has.
  uint32_t share(Family family, uint32_t base, WorkerIndex worker) const;
  /// The least that has for any `base`.
  uint32_t least_share(Family family, WorkerIndex worker) const {
    return least_shares_[family == Family::kIpv6][worker];
  }

 private:
  using Starts = std::array<uint32_t, Owner::kPeriod + 1>;

  uint32_t classes(WorkerIndex worker) const {
    return (Owner::kPeriod - worker + workers_ - 1) / workers_;
  }
  const Starts& starts(Family family) const { return starts_[family == Family::kIpv6]; }
  const std::vector<uint16_t>& ports(Family family) const {
    return ports_[family == Family::kIpv6];
  }
  void sort(const Owner& owner, Family family);

  unsigned workers_;
  uint32_t largest_ = 0;  // class
  std::array<Starts, 2> starts_{};
  std::array<std::vector<uint32_t>, 2> least_shares_;  // by worker
  std::array<std::vector<uint16_t>, 2> ports_;
};

/// One worker's choice.
class LocalPorts {
 public:
  /// Ports looked at for one connection, at most: a share that is all but used up is searched over
  /// several SYNs.
  static constexpr uint32_t kTries = 1024;

  LocalPorts(const LocalPortTable& table, const Owner& owner, const ConnectionTable& connections,
             WorkerIndex worker)
      : table_(table), owner_(owner), connections_(connections), worker_(worker) {}

  /// The tuple of replies from `server`, to a local address of `pool` and a port that are free and
  /// bring the reply to this worker; nothing where there is none. `cursor` is the server's on this
  /// worker, `used` how many connections it has here.
  std::optional<FlowKey> choose(const Endpoint& server, uint8_t protocol,
                                std::span<const IpAddress> pool, uint32_t used,
                                uint32_t& cursor) const;

 private:
  bool is_used_up(const Endpoint& server, uint8_t protocol, std::span<const IpAddress> pool,
                  uint32_t used) const;

  const LocalPortTable& table_;
  const Owner& owner_;
  const ConnectionTable& connections_;
  WorkerIndex worker_;
};

}  // namespace lbd
