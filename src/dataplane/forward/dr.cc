// SPDX-License-Identifier: Apache-2.0
#include "dataplane/forward/dr.h"

namespace lbd {

bool DirectRouting::refuse(Packet& packet, uint8_t ttl, uint64_t word) {
  if (ttl <= 1) {
    replier_.time_exceeded(packet);
    packet.verdict = Verdict::kTtlExceeded;
  } else {
    replier_.too_big(packet, transmitter_.mtu(word));
    packet.verdict = Verdict::kMtuExceeded;
  }
  return false;
}

}  // namespace lbd
