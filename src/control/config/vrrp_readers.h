// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/config/draft.h"
#include "control/config/map_reader.h"

// Parts of a VRRP instance, each in a file of its own.
namespace lbd::config {

/// virtual_addresses: "192.0.2.20", "192.0.2.20/24" or {address, port or interface, advertise}.
void read_vrrp_addresses(MapReader& map, VrrpInstanceDraft& draft);
/// virtual_routes.
void read_vrrp_routes(MapReader& map, VrrpInstanceDraft& draft);

/// track.
void read_vrrp_track(MapReader& map, VrrpInstanceDraft& draft);

/// notify, of an instance or a group.
void read_vrrp_notify(MapReader& map, VrrpNotify& notify);
/// Nothing where the name cannot be read.
std::optional<VrrpScript> read_vrrp_script(const Value& item, std::optional<Value>& name_at);

/// `port` or `interface`; nothing where neither is given.
std::optional<VrrpLink> read_vrrp_link(MapReader& map, std::optional<Value>& at);

}  // namespace lbd::config
