// SPDX-License-Identifier: Apache-2.0
#include "dataplane/schedule/bucket_table.h"

namespace lbd {
namespace {

/// Other buckets that mh-fallback tries at random before it takes what there is.
constexpr unsigned kRehashes = 32;

using Keep = CandidateList::Keep;

Keep who_has_buckets(SchedulerKind kind, const SchedulerOptions& options) {
  if (kind == SchedulerKind::kMh) return Keep::kAll;
  return kind == SchedulerKind::kSh && options.fallback ? Keep::kAll : Keep::kWeighted;
}

Buckets fill(SchedulerKind kind, const SchedulerOptions& options, const CandidateList& list) {
  if (list.empty()) return {};
  if (kind == SchedulerKind::kMh) return fill_maglev(list, options.table_size);
  return kind == SchedulerKind::kSh ? fill_by_weight(list) : fill_in_turn(list);
}

bool same_places(const CandidateList& a, const CandidateList& b) {
  if (a.size() != b.size()) return false;
  for (uint32_t i = 0; i < a.size(); ++i)
    if (a[i].identity != b[i].identity || a[i].table_weight != b[i].table_weight) return false;
  return true;
}

uint64_t rehash(uint64_t hash) {
  return (hash ^ hash >> 29) * 0x9e3779b97f4a7c15ull;
}

}  // namespace

BucketTable::BucketTable(SchedulerKind kind, const SchedulerOptions& options,
                         std::span<const Candidate> candidates, const BucketTable* before)
    : kind_(kind),
      options_(options),
      list_(candidates, who_has_buckets(kind, options)),
      buckets_(before != nullptr && same_places(before->list_, list_)
                   ? before->buckets_
                   : fill(kind, options, list_)) {}

const Candidate* BucketTable::pick(const NewFlow& flow) const {
  if (buckets_.empty()) return nullptr;
  const bool by_destination = kind_ == SchedulerKind::kDh;
  const uint64_t hash =
      stable_hash(flow.key, by_destination ? 1 : 0, options_.port && !by_destination);
  const uint32_t bucket = bucket_of(hash);
  const Candidate& own = list_[buckets_[bucket]];
  if (!is_out(own, flow)) [[likely]]
    return &own;
  return options_.fallback ? fall_back(flow, hash, bucket) : nullptr;
}

/// sh: the next buckets in turn. mh: buckets by further hashes, so that the flows of a server that
/// is out spread over all others.
const Candidate* BucketTable::fall_back(const NewFlow& flow, uint64_t hash, uint32_t bucket) const {
  if (kind_ == SchedulerKind::kMh) {
    for (unsigned i = 0; i < kRehashes; ++i) {
      hash = rehash(hash);
      const Candidate& other = list_[buckets_[bucket_of(hash)]];
      if (!is_out(other, flow)) return &other;
    }
    bucket = bucket_of(hash);
  }
  const auto size = static_cast<uint32_t>(buckets_.size());
  for (uint32_t i = 0; i < size; ++i) {
    bucket = bucket + 1 == size ? 0 : bucket + 1;
    const Candidate& other = list_[buckets_[bucket]];
    if (!is_out(other, flow)) return &other;
  }
  return nullptr;
}

}  // namespace lbd
