// SPDX-License-Identifier: Apache-2.0
#include "dataplane/scheduling.h"

namespace lbd {
namespace {

/// Servers that another worker filled up between the pick and the reservation. Each is marked as
/// overloaded then, so this takes that many races lost in a row.
constexpr unsigned kTries = 64;

}  // namespace

const Candidate* Scheduling::choose(const Service& service, const FlowKey& key, uint8_t state) {
  const NewFlow flow{key, context_.exact, context_.now};
  for (unsigned i = 0; i < kTries; ++i) {
    const Candidate* server = pick(service, context_.index, flow);
    if (server == nullptr || connections_.reserve(*server, state)) return server;
  }
  return nullptr;
}

}  // namespace lbd
