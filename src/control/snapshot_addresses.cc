// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <utility>

#include "control/snapshot_parts.h"

namespace lbd {
namespace {

using AddressEntries = std::map<std::pair<IpAddress, uint8_t>, AddressTable::Entry>;

/// An address within a service's prefix that needs an entry of its own is a service's all the same.
void adopt_prefix(const AddressEntries& entries, const std::vector<Prefix>& prefixes,
                  AddressTable::Entry& entry) {
  const Prefix* longest = nullptr;
  for (const Prefix& prefix : prefixes)
    if (prefix.contains(entry.address) && (longest == nullptr || prefix.length > longest->length))
      longest = &prefix;
  if (longest == nullptr) return;
  entry.kind = AddressKind::kService;
  entry.local_ports = entries.at({longest->address, longest->length}).local_ports;
}

}  // namespace

/// A service's address beats a local one: a VIP exposes nothing but what its service names. That
/// holds for a removed service while connections to it are left, or the kernel would reset them.
AddressTable address_table(const DesiredState& state, const std::vector<OwnAddress>& local) {
  AddressEntries entries;
  std::vector<Prefix> prefixes;
  for (const auto& service : state.services) {
    if (!service) continue;
    for (const config::Listen& listen : service->listen) {
      const uint8_t length = listen.is_host() ? kHostLength : listen.length;
      AddressTable::Entry& entry = entries[{listen.address, length}];
      entry.address = listen.address;
      entry.length = length;
      if (!listen.is_host() && entry.kind == AddressKind::kNone)
        prefixes.push_back(listen.prefix());
      entry.kind = AddressKind::kService;
      if (service->removed) continue;
      for (const uint16_t port : service->local_ports)
        if (std::find(entry.local_ports.begin(), entry.local_ports.end(), port) ==
            entry.local_ports.end())
          entry.local_ports.push_back(port);
    }
  }
  for (const OwnAddress& own : local) {
    const auto holds = [&own](const Prefix& prefix) { return prefix.contains(own.address); };
    if (std::none_of(prefixes.begin(), prefixes.end(), holds))
      entries.try_emplace(
          {own.address, kHostLength},
          AddressTable::Entry{
              own.address, own.pool ? AddressKind::kPool : AddressKind::kLocal, {}});
  }
  // Whether an instance holds its address or not, workers must know that it is one.
  for (const auto& [address, vip] : *state.virtual_addresses) {
    AddressTable::Entry& entry = entries[{address, kHostLength}];
    entry.address = address;
    if (entry.kind == AddressKind::kNone) adopt_prefix(entries, prefixes, entry);
    if (entry.kind == AddressKind::kNone && vip.owned) entry.kind = AddressKind::kLocal;
    entry.vip = vip.slot;
    entry.silent = vip.owned && vip.silent;
    if (entry.kind == AddressKind::kNone) entries.erase({address, kHostLength});
  }
  std::vector<AddressTable::Entry> list;
  list.reserve(entries.size());
  for (auto& [prefix, entry] : entries) list.push_back(std::move(entry));
  return AddressTable(std::move(list));
}

bool addresses_change(const ServiceChanges& changes) {
  return std::ranges::any_of(changes, [](const ServiceChange& change) {
    return change.before == nullptr || change.now == nullptr ||
           change.before->listen != change.now->listen ||
           change.before->removed != change.now->removed ||
           change.before->local_ports != change.now->local_ports;
  });
}

}  // namespace lbd
