// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/result.h"

// What only netlink can do to a kernel interface (rtnetlink(7)).
namespace lbd::interface {

/// The addresses and routes of an interface as the kernel dumped them: whole netlink messages.
/// Played back, they are what they were, with every attribute, those too that we do not know.
struct Addressing {
  std::vector<std::vector<uint8_t>> addresses;
  /// Those the kernel makes by itself with an address are left out; routes without a gateway first.
  std::vector<std::vector<uint8_t>> routes;
};

Result<Addressing> dump_addressing(unsigned index);
/// Takes all addresses off (the kernel drops their routes).
Status remove_addresses(const Addressing& addressing);
/// Adds what is not there yet. Goes on after an error and returns the first one.
Status restore_addressing(const Addressing& addressing);

/// Whether some XDP program is attached; false where it cannot be asked.
bool has_xdp(unsigned index);
/// Detaches an XDP program; fine where there is none.
Status detach_xdp(unsigned index);

}  // namespace lbd::interface
