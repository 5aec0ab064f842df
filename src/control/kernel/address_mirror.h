// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <utility>
#include <vector>

#include "control/kernel/netlink_message.h"
#include "control/kernel/netlink_mirror.h"
#include "control/kernel/tap_links.h"

namespace lbd {

/// The addresses that the kernel has on our TAPs, whoever put them there.
class AddressMirror {
 public:
  explicit AddressMirror(const TapLinks& links) : links_(links) {}

  void begin_dump() {
    dumping_ = true;
    dumped_.clear();
  }
  void apply(const netlink::Address& event) {
    const auto port = links_.port(event.ifindex);
    if (!port) return;
    auto& addresses = dumping_ ? dumped_ : addresses_;
    const LocalAddress address{*port, event.prefix};
    const bool news =
        event.removed ? addresses.erase(address) > 0 : addresses.insert(address).second;
    changed_ |= news && !dumping_;
  }
  void end_dump() {
    dumping_ = false;
    changed_ |= dumped_ != addresses_;
    addresses_ = std::exchange(dumped_, {});
  }

  bool take_changed() { return std::exchange(changed_, false); }
  std::vector<LocalAddress> rows() const { return {addresses_.begin(), addresses_.end()}; }

 private:
  const TapLinks& links_;
  std::set<LocalAddress> addresses_;
  std::set<LocalAddress> dumped_;
  bool dumping_ = false;
  bool changed_ = false;
};

}  // namespace lbd
