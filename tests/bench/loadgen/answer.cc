// SPDX-License-Identifier: Apache-2.0
#include "answer.h"

#include "common/wire.h"
#include "flow_table.h"
#include "shape.h"

namespace lbd::loadgen {
void AnswerLearner::learn(std::span<const uint8_t> frame) {
  if (frame.size() < sizeof(wire::Ethernet)) return;
  const uint8_t protocol = options_.tcp ? wire::kProtoTcp : wire::kProtoUdp;
  const uint32_t l4_least = options_.tcp ? sizeof(wire::Tcp) : sizeof(wire::Udp);
  bool whole = false;
  const Parts parts =
      dissect(frame.subspan(sizeof(wire::Ethernet)), options_.v4(), protocol, l4_least, whole);
  if (parts.ip == nullptr || !whole) return;
  const IpAddress client = parts.address(0);
  const IpAddress server = parts.address(1);
  fits_ = fits_ && same_begin(client, options_.client) && same_begin(server, options_.client);
  flows_.push_back({low_word(server), low_word(client), parts.port(1), parts.port(0)});
}

bool AnswerLearner::table(const FrameTemplate& frame, std::vector<FlowRecord>& out) const {
  out.reserve(out.size() + flows_.size());
  for (const Flow& flow : flows_) {
    out.push_back(
        frame.record(flow.source, flow.destination, flow.source_port, flow.destination_port));
  }
  return fits_;
}

}  // namespace lbd::loadgen
