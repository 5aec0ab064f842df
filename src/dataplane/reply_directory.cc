// SPDX-License-Identifier: Apache-2.0
#include "dataplane/reply_directory.h"

#include <algorithm>
#include <array>

namespace lbd {

uint32_t ReplyDirectory::capacity_for(uint32_t connections, unsigned workers) {
  const uint64_t all = uint64_t{connections} * (workers - 1);
  return static_cast<uint32_t>(std::min<uint64_t>(all, ConnectionTable::kMaxCapacity));
}

size_t ReplyDirectory::bytes_needed(uint32_t connections, unsigned workers) {
  if (workers == 1) return 0;
  return size_t{FlowIndex::buckets_for(capacity_for(connections, workers))} * sizeof(FlowBucket);
}

std::optional<FlowIndex> ReplyDirectory::make_index(uint32_t connections, unsigned workers,
                                                    TableMemory memory) {
  if (workers == 1) return FlowIndex();
  const uint32_t buckets = FlowIndex::buckets_for(capacity_for(connections, workers));
  void* const bytes = memory.allocate(size_t{buckets} * sizeof(FlowBucket), 64, memory.context);
  if (bytes == nullptr) return std::nullopt;
  return FlowIndex(static_cast<FlowBucket*>(bytes), buckets);
}

/// Calls f(worker) for each other worker on which such a reply may be received, until f says false.
template <class F>
bool ReplyDirectory::for_each_landing(const FlowKey& reply, F f) const {
  uint64_t landings = 0;
  const PortTable& ports = *context_.ports;
  for (unsigned i = 0; i < ports.count; ++i) {
    const auto port = static_cast<PortIndex>(i);
    if (ports[port].rss) {
      landings |= uint64_t{1} << owner_.of(reply);
      continue;
    }
    for (uint16_t queue = 0; queue < ports[port].rx_queues; ++queue)
      landings |= uint64_t{1} << queue_worker(port, queue, context_.workers);
  }
  landings &= ~(uint64_t{1} << context_.index);
  for (; landings != 0; landings &= landings - 1)
    if (!f(static_cast<WorkerIndex>(__builtin_ctzll(landings)))) return false;
  return true;
}

bool ReplyDirectory::can_announce(const FlowKey& reply) const {
  return context_.workers == 1 || for_each_landing(reply, [this](WorkerIndex worker) {
           return context_.egress->can_notify(worker);
         });
}

bool ReplyDirectory::announce(const FlowKey& reply, uint64_t hash) {
  if (context_.workers == 1) return true;
  if (!can_announce(reply)) return false;
  return for_each_landing(reply, [&](WorkerIndex worker) {
    return context_.egress->notify(worker, ReplyNotice::begins(hash));
  });
}

void ReplyDirectory::withdraw(const FlowKey& reply, uint64_t hash) {
  if (context_.workers == 1) return;
  for_each_landing(reply, [&](WorkerIndex worker) {
    if (!context_.egress->notify(worker, ReplyNotice::ends(hash)))
      context_.count(Event::kReplyNoticeLost);
    return true;
  });
}

void ReplyDirectory::hear() {
  std::array<uint64_t, 64> notices;
  for (unsigned i = 0; i < context_.workers; ++i) {
    const auto worker = static_cast<WorkerIndex>(i);
    if (worker == context_.index) continue;
    // A ring's worth at most: what is told meanwhile belongs to packets that are not here yet.
    unsigned left = kNoticeRing;
    for (unsigned n = 1; n != 0 && left != 0; left -= std::min(left, n)) {
      n = context_.egress->take_notices(worker, notices.data(), notices.size());
      for (unsigned k = 0; k < n; ++k) {
        if (notices[k] & ReplyNotice::kEnds)
          forget(notices[k], worker);
        else
          note(notices[k], worker);
      }
    }
  }
}

WorkerIndex ReplyDirectory::owner(uint64_t hash) const {
  const uint32_t found = index_.find(hash);
  return found == FlowIndex::kNone ? context_.index : static_cast<WorkerIndex>(found);
}

/// The latest connection of a tuple has it, should one before it not have been withdrawn.
void ReplyDirectory::note(uint64_t hash, WorkerIndex worker) {
  if (const uint32_t old = index_.find(hash); old != FlowIndex::kNone)
    forget(hash, static_cast<WorkerIndex>(old));
  if (index_.insert(hash, worker))
    ++count_;
  else
    context_.count(Event::kReplyNoticeLost);
}

void ReplyDirectory::forget(uint64_t hash, WorkerIndex worker) {
  if (index_.erase(hash, worker)) --count_;
}

}  // namespace lbd
