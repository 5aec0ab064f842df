// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "control/config/model.h"
#include "control/desired_state.h"
#include "control/vrrp/macvlans.h"
#include "dataplane/held_flags.h"
#include "vrrp/commands.h"

namespace lbd {

using VrrpLinks = std::map<std::pair<int, Family>, std::shared_ptr<vrrp::Link>>;

/// The file's VRRP section with what the kernel knows put in: interface indices, MAC addresses,
/// sources, sockets.
struct VrrpPlan {
  vrrp::Plan plan;
  VrrpLinks links;
  /// What is missing now and may come: an interface, an address. Such instances are in FAULT.
  std::vector<std::string> problems;
};

/// Opens the sockets that `links` does not have yet, and makes macvlans. Control thread; asks the
/// kernel.
VrrpPlan make_vrrp_plan(const config::Config& config, const VirtualAddresses& slots,
                        HeldFlags& flags, const VrrpLinks& links, Macvlans& macvlans);

}  // namespace lbd
