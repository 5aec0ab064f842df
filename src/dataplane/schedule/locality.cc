// SPDX-License-Identifier: Apache-2.0
#include "dataplane/schedule/locality.h"

#include <utility>

#include "dataplane/schedule/bucket_table.h"

namespace lbd {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

/// By wlc.
bool lighter(const Candidate& a, const Candidate& b, const NewFlow& flow) {
  return overhead_of(flow.counts->get(a.server)) * b.weight <
         overhead_of(flow.counts->get(b.server)) * a.weight;
}

}  // namespace

Locality::Locality(bool replicate, std::span<const Candidate> candidates,
                   std::shared_ptr<LocalityTable> table)
    : replicate_(replicate),
      least_loaded_(candidates),
      roomy_(list().size(), true),
      roomy_count_(list().size()),
      table_(std::move(table)) {}

const Candidate* Locality::pick(const NewFlow& flow) {
  const uint64_t hash = stable_hash(flow.key, 1, false);
  LocalityTable::Entry* entry = table_->find(hash, flow.now);
  Known before;
  if (entry != nullptr) {
    entry->used.store(flow.now, kRelaxed);
    before = known(*entry, flow);
    if (replicate_)
      if (Slot* left = shed(*entry, flow)) before.room = left;
    if (before.best != nullptr &&
        active_of(flow.counts->get(before.best->server)) <= before.best->weight)
      return before.best;
  }
  look(flow);
  if (before.best != nullptr && roomy_count_ == 0) return before.best;
  const Candidate* chosen = least_loaded_.least();
  if (chosen == nullptr) return nullptr;
  if (entry == nullptr) {
    entry = &table_->insert(hash, flow.now);
    before.room = &entry->servers[0];
  }
  remember(*entry, before.room, *chosen, flow.now);
  return chosen;
}

/// What goes to a destination now, and where one more server has room: a server that is no
/// candidate any more makes some.
Locality::Known Locality::known(LocalityTable::Entry& entry, const NewFlow& flow) const {
  Known out;
  uint64_t least = 0;
  for (Slot& server : entry.servers) {
    const Candidate* candidate = list().find(server.load(kRelaxed));
    if (candidate == nullptr) {
      if (out.room == nullptr) out.room = &server;
      continue;
    }
    const LoadWord word = flow.counts->get(candidate->server);
    if (candidate->limited && (word & kOverloaded)) continue;
    if (out.best != nullptr && overhead_of(word) * out.best->weight >= least * candidate->weight)
      continue;
    out.best = candidate;
    least = overhead_of(word);
  }
  return out;
}

/// Reads again what has changed: only where that is asked, which a known destination's server with
/// room does not need.
void Locality::look(const NewFlow& flow) {
  least_loaded_.refresh(*flow.counts, [this](uint32_t position, LoadWord word) {
    const bool roomy =
        (word & kOverloaded) == 0 && uint64_t{active_of(word)} * 2 < list()[position].weight;
    roomy_count_ += roomy;
    roomy_count_ -= roomy_[position];
    roomy_[position] = roomy;
  });
}

void Locality::remember(LocalityTable::Entry& entry, Slot* room, const Candidate& chosen,
                        Tick now) const {
  if (!replicate_) return entry.servers[0].store(chosen.server, kRelaxed);
  if (room == nullptr) return;
  for (const Slot& server : entry.servers)
    if (server.load(kRelaxed) == chosen.server) return;
  room->store(chosen.server, kRelaxed);
  entry.changed.store(now, kRelaxed);
}

/// The slot of the server that was let go, or null.
Locality::Slot* Locality::shed(LocalityTable::Entry& entry, const NewFlow& flow) const {
  if (ticks_since(entry.changed.load(kRelaxed), flow.now) < kLocalityLife) return nullptr;
  Slot* worst = nullptr;
  const Candidate* most_loaded = nullptr;
  unsigned members = 0;
  for (Slot& server : entry.servers) {
    const Candidate* candidate = list().find(server.load(kRelaxed));
    if (candidate == nullptr) continue;
    ++members;
    if (most_loaded != nullptr && !lighter(*most_loaded, *candidate, flow)) continue;
    most_loaded = candidate;
    worst = &server;
  }
  if (members < 2) return nullptr;
  worst->store(kNoId, kRelaxed);
  entry.changed.store(flow.now, kRelaxed);
  return worst;
}

}  // namespace lbd
