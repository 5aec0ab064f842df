// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataplane/fragment.h"
#include "dataplane/packet.h"
#include "dataplane/reply.h"
#include "dataplane/transmitter.h"

namespace lbd {

/// Fragments by nat and fullnat in both directions, and datagrams of one_packet, from what a
/// FragmentWay says: the connection may be another worker's, or there is none. Only the first one
/// has ports and a checksum to change. As DirectRouting: false, and nothing is sent, where
/// `packet.verdict` says why.
class TranslatedFragments {
 public:
  TranslatedFragments(const WorkerContext& context, Transmitter& transmitter, Replier& replier)
      : context_(context), transmitter_(transmitter), replier_(replier) {}

  bool forward(Packet& packet, const FragmentWay& way);

 private:
  const WorkerContext& context_;
  Transmitter& transmitter_;
  Replier& replier_;
};

}  // namespace lbd
