// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/desired_state.h"
#include "dataplane/snapshot.h"

namespace lbd {

/// Of all servers by nat of services of one_packet, those on their way out included. `targets`: by
/// ServerId. The configuration has seen to it that each stands for one address and port.
OnePacketReplies one_packet_replies(const DesiredState& state, const std::vector<Target>& targets);

}  // namespace lbd
