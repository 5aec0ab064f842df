// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/result.h"

namespace lbd {

/// The kernel sees every packet that a packet socket sees, and would answer it: an ARP reply, a
/// reset. An nftables chain at the interface's ingress drops all of it for the kernel; packet
/// sockets get their copy before that hook. `index`: of the interface.
Status make_deaf(unsigned index, const std::string& name);
/// Fine where it was not deaf.
void make_hear(unsigned index);

}  // namespace lbd
