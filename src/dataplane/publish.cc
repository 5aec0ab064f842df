// SPDX-License-Identifier: Apache-2.0
#include "dataplane/publish.h"

#include <rte_errno.h>
#include <rte_rcu_qsbr.h>

#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace lbd {

void Publisher::Free::operator()(rte_rcu_qsbr* qsbr) const {
  std::free(qsbr);
}

Publisher::Publisher(unsigned workers) {
  const size_t bytes = rte_rcu_qsbr_get_memsize(workers);
  void* memory = std::aligned_alloc(RTE_CACHE_LINE_SIZE, (bytes + 63) / 64 * 64);
  if (memory == nullptr) throw std::bad_alloc();
  qsbr_.reset(static_cast<rte_rcu_qsbr*>(memory));
  rte_rcu_qsbr_init(qsbr_.get(), workers);
  for (unsigned worker = 0; worker < workers; ++worker)
    rte_rcu_qsbr_thread_register(qsbr_.get(), worker);
  current_ = std::make_shared<Snapshot>();
  pointer_.store(current_.get(), std::memory_order_release);
}

Publisher::~Publisher() = default;

void Publisher::publish(std::shared_ptr<const Snapshot> next) {
  pointer_.store(next.get(), std::memory_order_release);
  // The lambda keeps the old snapshot alive; freeing it is letting go of it.
  retire([old = std::exchange(current_, std::move(next))]() mutable { old.reset(); });
}

void Publisher::retire(std::function<void()> free) {
  retired_.push_back({rte_rcu_qsbr_start(qsbr_.get()), std::move(free)});
}

size_t Publisher::collect() {
  while (!retired_.empty() && rte_rcu_qsbr_check(qsbr_.get(), retired_.front().token, false) == 1) {
    const Retired retired = std::move(retired_.front());
    retired_.pop_front();
    retired.free();
  }
  return retired_.size();
}

void Publisher::online(WorkerIndex worker) {
  rte_rcu_qsbr_thread_online(qsbr_.get(), worker);
}
void Publisher::offline(WorkerIndex worker) {
  rte_rcu_qsbr_thread_offline(qsbr_.get(), worker);
}
void Publisher::quiescent(WorkerIndex worker) {
  rte_rcu_qsbr_quiescent(qsbr_.get(), worker);
}

}  // namespace lbd
