// SPDX-License-Identifier: Apache-2.0
#include "dataplane/scheduling.h"

#include <algorithm>

namespace lbd {
namespace {

/// Servers that another worker filled up between the pick and the reservation. Each is marked as
/// overloaded then, so this takes that many races lost in a row.
constexpr unsigned kTries = 64;

constexpr uint8_t kWholeAddress4 = 32;
constexpr uint8_t kWholeAddress6 = 128;

}  // namespace

Verdict Scheduling::admit(const Service& service, const FlowKey& key) {
  const RateLimits& limits = service.limits;
  if (limits.client != 0) {
    Clients& clients = *context_.snapshot->clients;
    const uint64_t client =
        client_hash(key, kWholeAddress4, kWholeAddress6, service.id, clients.seed);
    if (!clients.buckets.take(client, context_.tsc, limits.client, hz_))
      return Verdict::kClientRateLimited;
  }
  if (limits.service != 0 && !service.bucket->take(context_.tsc, limits.service, hz_))
    return Verdict::kServiceRateLimited;
  return Verdict::kForwarded;
}

const Candidate* Scheduling::schedule(const Service& service, const FlowKey& key, uint8_t state) {
  const NewFlow flow{key, context_.exact, context_.now};
  for (unsigned i = 0; i < kTries; ++i) {
    const Candidate* server = pick(service, context_.index, flow);
    if (server == nullptr || connections_.reserve(*server, state)) return server;
  }
  return nullptr;
}

/// A server that a template names, if it may have one connection more.
const Candidate* Scheduling::take(const Service& service, ServerId server, uint8_t state) {
  const Candidate* known = service.members.find(server);
  if (known == nullptr) return nullptr;  // dead or gone
  if (known->weight == 0 && !service.persistence.keep_quiesced) return nullptr;
  return connections_.reserve(*known, state) ? known : nullptr;
}

const Candidate* Scheduling::choose(const Service& service, const FlowKey& key, uint8_t state) {
  const Persistence& persistence = service.persistence;
  if (!persistence.on) return schedule(service, key, state);
  Clients& clients = *context_.snapshot->clients;
  const uint64_t client =
      client_hash(key, persistence.prefix4, persistence.prefix6, service.id, clients.seed);
  // The template stays for its time and while this connection would, if nothing more came of it.
  const Tick lease = std::max(persistence.timeout, connections_.timeouts().of(state));
  const Tick end = context_.now + lease;
  const ServerId known = clients.templates.find(client, context_.now);
  if (known != kNoId) {
    if (const Candidate* server = take(service, known, state)) {
      clients.templates.extend(client, end);
      return server;
    }
  }
  const Candidate* server = schedule(service, key, state);
  if (server == nullptr) return nullptr;
  const ServerId settled =
      known == kNoId ? clients.templates.settle(client, server->server, context_.now, end)
                     : clients.templates.replace(client, known, server->server, context_.now, end);
  if (settled == server->server) return server;
  // Another worker was first with this client.
  const Candidate* others = take(service, settled, state);
  if (others == nullptr) return server;
  connections_.give_back(*server, state);
  return others;
}

}  // namespace lbd
