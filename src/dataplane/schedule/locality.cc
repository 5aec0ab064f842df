// SPDX-License-Identifier: Apache-2.0
#include "dataplane/schedule/locality.h"

#include <utility>

#include "dataplane/schedule/bucket_table.h"

namespace lbd {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

Cost cost_of(const Candidate& candidate, const NewFlow& flow) {
  return WeightedLeastConnectionRule::cost(flow.counts->get(candidate.server), candidate.weight);
}

}  // namespace

Locality::Locality(bool replicate, std::span<const Candidate> candidates,
                   std::shared_ptr<LocalityTable> table)
    : replicate_(replicate),
      list_(candidates),
      least_loaded_(candidates),
      roomiest_(candidates),
      table_(std::move(table)) {}

const Candidate* Locality::pick(const NewFlow& flow) {
  const uint64_t hash = stable_hash(flow.key, 1, false);
  LocalityTable::Entry* entry = table_->find(hash, flow.now);
  if (entry != nullptr) {
    entry->used.store(flow.now, kRelaxed);
    const Candidate* known = cached(*entry, flow);
    if (replicate_) shed(*entry, flow);
    if (known != nullptr && !is_overloaded(*known, flow)) return known;
  }
  const Candidate* chosen = least_loaded_.pick(flow);
  if (chosen == nullptr) return nullptr;
  remember(entry != nullptr ? *entry : table_->insert(hash, flow.now), *chosen, flow.now);
  return chosen;
}

/// The least loaded of a destination's servers, or null where all are out.
const Candidate* Locality::cached(LocalityTable::Entry& entry, const NewFlow& flow) const {
  const Candidate* best = nullptr;
  for (const auto& server : entry.servers) {
    const Candidate* candidate = list_.find(server.load(kRelaxed));
    if (candidate == nullptr || is_out(*candidate, flow)) continue;
    if (best == nullptr || cost_of(*candidate, flow) < cost_of(*best, flow)) best = candidate;
  }
  return best;
}

bool Locality::is_overloaded(const Candidate& candidate, const NewFlow& flow) {
  if (active_of(flow.counts->get(candidate.server)) <= candidate.weight) return false;
  const Candidate* roomy = roomiest_.pick(flow);
  return roomy != nullptr &&
         uint64_t{active_of(flow.counts->get(roomy->server))} * 2 < roomy->weight;
}

void Locality::remember(LocalityTable::Entry& entry, const Candidate& chosen, Tick now) const {
  if (!replicate_) return entry.servers[0].store(chosen.server, kRelaxed);
  std::atomic<ServerId>* room = nullptr;
  for (auto& server : entry.servers) {
    const ServerId id = server.load(kRelaxed);
    if (id == chosen.server) return;
    // A server that is no candidate any more makes room.
    if (room == nullptr && list_.find(id) == nullptr) room = &server;
  }
  if (room == nullptr) return;
  room->store(chosen.server, kRelaxed);
  entry.changed.store(now, kRelaxed);
}

void Locality::shed(LocalityTable::Entry& entry, const NewFlow& flow) const {
  if (ticks_since(entry.changed.load(kRelaxed), flow.now) < kLocalityLife) return;
  std::atomic<ServerId>* worst = nullptr;
  const Candidate* most_loaded = nullptr;
  unsigned members = 0;
  for (auto& server : entry.servers) {
    const Candidate* candidate = list_.find(server.load(kRelaxed));
    if (candidate == nullptr) continue;
    ++members;
    if (most_loaded != nullptr && !(cost_of(*most_loaded, flow) < cost_of(*candidate, flow)))
      continue;
    most_loaded = candidate;
    worst = &server;
  }
  if (members < 2) return;
  worst->store(kNoId, kRelaxed);
  entry.changed.store(flow.now, kRelaxed);
}

}  // namespace lbd
