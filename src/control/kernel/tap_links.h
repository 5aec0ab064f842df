// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "dataplane/ids.h"

namespace lbd {

/// Which interfaces of the kernel are our TAPs, and whether they are up.
class TapLinks {
 public:
  /// By PortIndex; 0 or below where a port has none.
  void set(std::vector<int> ifindexes) { ifindexes_ = std::move(ifindexes); }

  std::optional<PortIndex> port(int ifindex) const {
    for (size_t i = 0; i < ifindexes_.size(); ++i) {
      if (ifindex > 0 && ifindexes_[i] == ifindex) return static_cast<PortIndex>(i);
    }
    return std::nullopt;
  }
  int ifindex(PortIndex port) const { return port < ifindexes_.size() ? ifindexes_[port] : 0; }
  size_t count() const { return ifindexes_.size(); }

  bool up(PortIndex port) const { return up_[port]; }
  /// True where this is news.
  bool set_up(PortIndex port, bool up) { return std::exchange(up_[port], up) != up; }

 private:
  std::vector<int> ifindexes_;
  std::array<bool, kMaxPorts> up_{};
};

}  // namespace lbd
