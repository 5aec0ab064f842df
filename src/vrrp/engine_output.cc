// SPDX-License-Identifier: Apache-2.0
#include <netpacket/packet.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "vrrp/engine.h"
#include "vrrp/frames.h"

// What instances do to the world.
namespace lbd::vrrp {
namespace {

/// What workers ask: whether this director holds these.
void set_held(const std::vector<VirtualAddress>& addresses, const std::optional<VirtualMac>& mac,
              uint8_t held) {
  if (mac && mac->held != nullptr) mac->held->store(held, std::memory_order_release);
  for (const VirtualAddress& address : addresses)
    if (address.held != nullptr) address.held->store(held, std::memory_order_release);
}

bool has(const std::vector<VirtualAddress>& all, const VirtualAddress& one) {
  return std::ranges::any_of(all, [&](const auto& other) { return other.same_place(one); });
}

/// The same address, wherever it is put.
bool holds(const std::vector<VirtualAddress>& all, const VirtualAddress& one) {
  return std::ranges::any_of(
      all, [&](const auto& other) { return other.prefix.address == one.prefix.address; });
}

}  // namespace

Engine::RouterKey Engine::key_of(const Instance& instance) {
  const Protocol& protocol = instance.config().protocol;
  return {instance.config().interface, static_cast<unsigned>(protocol.family) << 8 | protocol.vrid};
}

Link* Engine::link(int ifindex, Family family) const {
  for (const auto& link : links_)
    if (link->ifindex() == ifindex && link->family() == family) return link.get();
  return nullptr;
}

bool Engine::send(const Instance& instance, uint8_t priority) {
  const InstanceConfig& config = instance.config();
  const Protocol& protocol = config.protocol;
  if (config.virtual_mac)
    return send_frame(config.ifindex,
                      advertisement_frame(config.virtual_mac->mac, protocol.source, protocol.group,
                                          build(protocol, priority, protocol.group)));
  const Link* out = link(config.ifindex, protocol.family);
  if (out == nullptr) return false;
  if (protocol.peers.empty())
    return out->send(protocol.source, protocol.group, build(protocol, priority, protocol.group));
  bool sent = false;
  for (const IpAddress& peer : protocol.peers)
    sent |= out->send(protocol.source, peer, build(protocol, priority, peer));
  return sent;
}

void Engine::take(const Instance& instance) {
  const InstanceConfig& config = instance.config();
  set_held(config.addresses, config.virtual_mac, 1);
  put(instance, {config.addresses, config.routes, config.virtual_mac});
}

void Engine::drop(const Instance& instance) {
  const InstanceConfig& config = instance.config();
  set_held(config.addresses, config.virtual_mac, 0);
  // Also what a crash may have left: all of it counts as there.
  Put& there = put_[key_of(instance)];
  there.addresses.insert(there.addresses.end(), config.addresses.begin(), config.addresses.end());
  put(instance, {});
  put_.erase(key_of(instance));
}

/// Makes the kernel have `wanted` of this instance, by difference.
void Engine::put(const Instance& instance, const Put& wanted) {
  Put& there = put_[key_of(instance)];
  auto job = std::make_unique<KernelJob>();
  job->tag = next_tag_++;
  using What = KernelChange::What;
  const auto change = [&](bool add, What what, const Prefix& address, int ifindex,
                          const VirtualRoute& route) {
    job->changes.push_back({add, what, address, ifindex, route});
  };
  if (wanted.mac && wanted.mac != there.mac) change(true, What::kLink, {}, wanted.mac->ifindex, {});
  for (const VirtualRoute& route : there.routes)
    if (std::ranges::find(wanted.routes, route) == wanted.routes.end())
      change(false, What::kRoute, {}, 0, route);
  for (const VirtualAddress& address : there.addresses) {
    if (has(wanted.addresses, address)) continue;
    if (!holds(wanted.addresses, address)) set_held({address}, {}, 0);
    change(false, What::kAddress, address.prefix, address.ifindex, {});
  }
  for (const VirtualAddress& address : wanted.addresses)
    if (!has(there.addresses, address))
      change(true, What::kAddress, address.prefix, address.ifindex, {});
  for (const VirtualRoute& route : wanted.routes)
    if (std::ranges::find(there.routes, route) == there.routes.end())
      change(true, What::kRoute, {}, 0, route);
  if (there.mac && there.mac != wanted.mac) {
    set_held({}, there.mac, 0);
    change(false, What::kLink, {}, there.mac->ifindex, {});
  }
  there = wanted;
  if (!wanted.addresses.empty()) taking_[job->tag] = key_of(instance);
  writer_->submit(std::move(job));
}

void Engine::announce(const Instance&, const VirtualAddress& address) {
  // What the interface has no room for is repeated anyhow.
  send_frame(address.announce_on, announcement(address.mac, address.prefix.address));
}

bool Engine::send_frame(int ifindex, const std::vector<uint8_t>& frame) const {
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_ifindex = ifindex;
  to.sll_halen = 6;
  std::memcpy(to.sll_addr, frame.data(), 6);
  return ::sendto(packet_, frame.data(), frame.size(), MSG_DONTWAIT,
                  reinterpret_cast<sockaddr*>(&to), sizeof(to)) >= 0;
}

void Engine::changed(const Instance& instance, State before, const std::string& reason) {
  thread_.tell({Happening::Kind::kState, instance.config().name, before, instance.state(),
                instance.priority(), reason});
}

void Engine::note(const Instance& instance, const std::string& text) {
  thread_.tell({Happening::Kind::kNote,
                instance.config().name,
                {},
                instance.state(),
                instance.priority(),
                text});
}

}  // namespace lbd::vrrp
