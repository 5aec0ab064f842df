// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "control/desired_state.h"
#include "vrrp/packet.h"

namespace lbd {
namespace {

/// A slot that no address has yet; when all are taken, that of an address that no instance owns any
/// more. 0: there is none.
VipSlot free_slot(VirtualAddresses& all) {
  if (all.size() + 1 < HeldFlags::kSlots) return static_cast<VipSlot>(all.size() + 1);
  const auto unowned = std::ranges::find_if(all, [](const auto& one) { return !one.second.owned; });
  if (unowned == all.end()) return 0;
  const VipSlot slot = unowned->second.slot;
  all.erase(unowned);
  return slot;
}

}  // namespace

Status apply_virtual_addresses(DesiredState& state, const config::Vrrp& vrrp) {
  VirtualAddresses next = *state.virtual_addresses;
  for (auto& [address, slot] : next) slot.owned = false;
  std::vector<std::pair<IpAddress, bool>> fresh;
  for (const config::VrrpInstance& instance : vrrp.instances) {
    // RFC 9568 6.1: Accept_Mode is for who is not the owner.
    const bool silent = !instance.accept && instance.priority != vrrp::kPriorityOwner;
    for (const config::VrrpAddress& address : instance.addresses) {
      if (!address.link.is_port) continue;  // no packet of a worker's is for it
      const auto found = next.find(address.prefix.address);
      if (found == next.end())
        fresh.emplace_back(address.prefix.address, silent);
      else
        found->second = {found->second.slot, true, silent};
    }
  }
  for (const auto& [address, silent] : fresh) {
    const VipSlot slot = free_slot(next);
    if (slot == 0)
      return Error{"vrrp: more than " + std::to_string(HeldFlags::kSlots - 1) +
                   " virtual addresses on ports; take some out"};
    next[address] = {slot, true, silent};
  }
  if (next != *state.virtual_addresses)
    state.virtual_addresses = std::make_shared<const VirtualAddresses>(std::move(next));
  return Done{};
}

bool is_held(const DesiredState& state, const HeldFlags& held, const VirtualService& service) {
  const VirtualAddresses& owned = *state.virtual_addresses;
  return std::ranges::all_of(service.listen, [&](const config::Listen& listen) {
    const auto found = owned.find(listen.address);
    return found == owned.end() || held.held(found->second.slot);
  });
}

}  // namespace lbd
