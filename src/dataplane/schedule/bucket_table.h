// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "dataplane/schedule/kind.h"
#include "dataplane/schedule/openings.h"

// What sh, dh and mh have in common: a table of buckets, filled by the control side, the same for
// all workers and on every director that has the same servers. A hash of the flow names the bucket.
namespace lbd {

/// Positions in the list of candidates.
using Buckets = std::vector<uint32_t>;

inline constexpr uint32_t kHashBuckets = 256;  // of sh and dh, as in IPVS

/// sh: buckets in turn, to each server as many in a row as its weight.
Buckets fill_by_weight(const CandidateList& list);
/// dh: buckets in turn, whatever the weights.
Buckets fill_in_turn(const CandidateList& list);
/// mh: each server has an order of all buckets of its own and takes the first free one when it is
/// its turn ("Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016, 3.4). Turns
/// come by table_weight, evenly spread, so that no server is more than one bucket from its share.
Buckets fill_maglev(const CandidateList& list, uint32_t size);
/// The same table while servers are down (not all of them): the buckets of each go to the others by
/// their weights, and no other bucket changes. Whoever else is down, and in which order they went,
/// is of no account: so all directors that see the same servers up have the same table.
Buckets without_those_down(const Buckets& all, const CandidateList& list);

/// The hash of an address that all directors agree on, with a port (raw) where that counts.
/// `half`: 0 the source's, 1 the destination's.
uint64_t stable_hash(const FlowKey& key, unsigned half, bool with_port);
/// The same for the address and port of a server: Candidate::identity.
uint64_t stable_identity(const Endpoint& server);

/// The candidates and their buckets; immutable, shared by all workers and, while neither changes,
/// by snapshots.
class BucketTable {
 public:
  /// `kind`: kSh, kDh or kMh. Candidates without weight keep their buckets in mh, and with
  /// fallback in sh.
  /// `before`: of the same kind and options, or null; its buckets are taken over where nothing
  /// changed that they depend on (weight 0 and back, say).
  /// `down`: servers of mh that failed their checks; see without_those_down().
  BucketTable(SchedulerKind kind, const SchedulerOptions& options,
              std::span<const Candidate> candidates, std::span<const Candidate> down,
              const BucketTable* before);

  /// nullptr: there is no server, or the flow's is out and there is no fallback. O(1). `open`: of
  /// this worker and list(); only asked with fallback.
  const Candidate* pick(const NewFlow& flow, Openings& open) const;
  /// In mh by identity.
  const CandidateList& list() const { return list_; }
  /// Otherwise a flow of a server that is out has none.
  bool falls_back() const { return options_.fallback; }
  const Buckets& buckets() const { return *buckets_; }

 private:
  const Candidate* next_bucket(const NewFlow& flow, uint32_t bucket) const;
  const Candidate* rehashed(const NewFlow& flow, uint64_t hash, Openings& open) const;
  uint32_t bucket_of(uint64_t hash) const {
    return static_cast<uint32_t>((hash >> 32) * buckets_->size() >> 32);
  }

  SchedulerKind kind_;
  SchedulerOptions options_;
  CandidateList list_;
  std::shared_ptr<const Buckets> all_;      // as if nobody were down
  std::shared_ptr<const Buckets> buckets_;  // the same one while nobody is
};

}  // namespace lbd
