// SPDX-License-Identifier: Apache-2.0
#include "dataplane/schedule/bucket_table.h"

#include <algorithm>

namespace lbd {
namespace {

/// Other buckets that mh-fallback tries at random before it takes the next open server.
constexpr unsigned kRehashes = 16;

using Keep = CandidateList::Keep;

Keep who_has_buckets(SchedulerKind kind, const SchedulerOptions& options) {
  if (kind == SchedulerKind::kMh) return Keep::kAll;
  return kind == SchedulerKind::kSh && options.fallback ? Keep::kAll : Keep::kWeighted;
}

/// In mh by identity, so that the file's order is of no account for anything.
CandidateList listed(SchedulerKind kind, const SchedulerOptions& options,
                     std::span<const Candidate> candidates, std::span<const Candidate> down) {
  std::vector<Candidate> sorted(candidates.begin(), candidates.end());
  for (Candidate server : down) {
    server.weight = 0;
    server.down = true;
    sorted.push_back(server);
  }
  if (kind == SchedulerKind::kMh) std::ranges::stable_sort(sorted, {}, &Candidate::identity);
  return CandidateList(sorted, who_has_buckets(kind, options));
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
                         std::span<const Candidate> candidates, std::span<const Candidate> down,
                         const BucketTable* before)
    : kind_(kind),
      options_(options),
      list_(listed(kind, options, candidates, down)),
      all_(before != nullptr && same_places(before->list_, list_)
               ? before->all_
               : std::make_shared<const Buckets>(fill(kind, options, list_))),
      buckets_(all_) {
  if (candidates.empty())
    buckets_ = std::make_shared<const Buckets>();
  else if (!down.empty())
    buckets_ = std::make_shared<const Buckets>(without_those_down(*all_, list_));
}

const Candidate* BucketTable::pick(const NewFlow& flow, Openings& open) const {
  if (buckets_->empty()) return nullptr;
  const bool by_destination = kind_ == SchedulerKind::kDh;
  const uint64_t hash =
      stable_hash(flow.key, by_destination ? 1 : 0, options_.port && !by_destination);
  const uint32_t bucket = bucket_of(hash);
  const Candidate& own = list_[(*buckets_)[bucket]];
  if (!is_out(own, flow)) [[likely]]
    return &own;
  if (!options_.fallback) return nullptr;
  return kind_ == SchedulerKind::kMh ? rehashed(flow, hash, open) : next_bucket(flow, bucket);
}

/// mh: buckets by further hashes, so that the flows of a server that is out spread over all others.
const Candidate* BucketTable::rehashed(const NewFlow& flow, uint64_t hash, Openings& open) const {
  open.refresh(flow, list_);
  for (unsigned i = 0; i < kRehashes; ++i) {
    hash = rehash(hash);
    const uint32_t other = (*buckets_)[bucket_of(hash)];
    if (!open.is_open(other)) continue;
    if (!is_out(list_[other], flow)) return &list_[other];
    open.close(other);
  }
  const auto from = static_cast<uint32_t>((rehash(hash) >> 32) * list_.size() >> 32);
  const uint32_t next = open.take(from, flow, list_);
  return next == list_.size() ? nullptr : &list_[next];
}

/// sh: the next buckets in turn, of which there are few.
const Candidate* BucketTable::next_bucket(const NewFlow& flow, uint32_t bucket) const {
  const auto size = static_cast<uint32_t>(buckets_->size());
  for (uint32_t i = 0; i < size; ++i) {
    bucket = bucket + 1 == size ? 0 : bucket + 1;
    const Candidate& other = list_[(*buckets_)[bucket]];
    if (!is_out(other, flow)) return &other;
  }
  return nullptr;
}

}  // namespace lbd
