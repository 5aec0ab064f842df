// SPDX-License-Identifier: Apache-2.0
#include "flow_table.h"

#include <algorithm>
#include <random>

namespace lbd::loadgen {

bool same_begin(const IpAddress& a, const IpAddress& b) {
  return a.is_v4() || std::equal(a.data(), a.data() + 12, b.data());
}

uint32_t low_word(const IpAddress& address) {
  Be32 word;
  std::memcpy(&word, address.data() + address.size() - 4, 4);
  return word.host();
}

FlowPlan::FlowPlan(const Options& options)
    : first_client_(low_word(options.client)),
      vip_(low_word(options.vip)),
      clients_(options.clients),
      vip_port_(options.vip_port) {}

std::vector<FlowRecord> FlowPlan::table(uint32_t count, bool shuffled,
                                        const FrameTemplate& frame) const {
  std::vector<FlowRecord> out;
  out.reserve(count);
  for (uint32_t n = 0; n < count; ++n) out.push_back(flow(n, frame));
  if (shuffled) std::shuffle(out.begin(), out.end(), std::mt19937_64(1));
  return out;
}

}  // namespace lbd::loadgen
