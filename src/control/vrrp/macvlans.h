// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>

#include "common/address.h"
#include "common/result.h"
#include "dataplane/dataplane.h"

namespace lbd {

/// The macvlans that hold virtual addresses of instances with a virtual MAC address, one each, and
/// the devices' filters for those addresses. A plain TAP does not take frames to another MAC
/// address than its own. A macvlan is made down; the VRRP thread has it set up while master.
/// Control thread; asks the kernel.
class Macvlans {
 public:
  explicit Macvlans(PortTable& ports) : ports_(ports) {}
  /// Removes them: those on an interface that is not lbd's would stay.
  ~Macvlans() { keep({}); }
  Macvlans(const Macvlans&) = delete;
  Macvlans& operator=(const Macvlans&) = delete;

  /// The index of the one for `mac` on `interface`, made if need be. `port`: lbd's own of that
  /// name, or null.
  Result<int> make(const std::string& interface, const MacAddress& mac, PortInfo* port);
  /// Removes all others.
  void keep(const std::set<int>& ifindexes);

  /// lbd's port of that name, or null.
  PortInfo* port(const std::string& name) const;

 private:
  struct Made {
    int ifindex = 0;
    MacAddress mac;
    PortInfo* port = nullptr;
  };
  PortTable& ports_;
  std::map<std::string, Made> made_;  // by name
};

}  // namespace lbd
