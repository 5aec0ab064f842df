// SPDX-License-Identifier: Apache-2.0
#include "recorder.h"

#include <rte_mbuf.h>

#include <algorithm>

#include "dataplane/port_table.h"

namespace lbd::test {

Recorder::Recorder(WorkerIndex worker, const Topology& topology, std::vector<Mailbox>& mailboxes,
                   Record& record)
    : worker_(worker), topology_(topology), mailboxes_(mailboxes), record_(record) {}

WorkerIndex Recorder::sender_for(PortIndex port) const {
  const unsigned queues = topology_.ports[port].tx_queues;
  PortInfo info;
  info.tx_queues = static_cast<uint16_t>(queues == 0 ? topology_.workers : queues);
  if (tx_queue(port, info, worker_, topology_.workers) >= 0) return worker_;
  return tx_worker(port, info, worker_, topology_.workers);
}

uint16_t Recorder::transmit(PortIndex port, rte_mbuf** mbufs, uint16_t n) {
  const WorkerIndex sender = sender_for(port);
  if (sender != worker_) {
    for (uint16_t i = 0; i < n; ++i) mbufs[i]->port = port;
    return mail(mailboxes_[sender].frames, mbufs, n);
  }
  const auto taken = static_cast<uint16_t>(std::min<unsigned>(n, topology_.ports[port].accepts));
  for (uint16_t i = 0; i < taken; ++i) {
    record_.sent.push_back({worker_, port, bytes_of(mbufs[i])});
    rte_pktmbuf_free(mbufs[i]);
  }
  return taken;
}

Verdict Recorder::transmit_verdict(PortIndex port) const {
  return sender_for(port) == worker_ ? Verdict::kForwarded : Verdict::kHandedOff;
}

bool Recorder::punt(rte_mbuf* mbuf, bool priority) {
  if (record_.punted.size() >= topology_.punt_ring) return false;
  record_.punted.push_back({static_cast<PortIndex>(mbuf->port), priority, bytes_of(mbuf)});
  rte_pktmbuf_free(mbuf);
  return true;
}

uint16_t Recorder::mail(std::deque<rte_mbuf*>& box, rte_mbuf** mbufs, uint16_t n) {
  const size_t room =
      topology_.hand_off_ring - std::min<size_t>(topology_.hand_off_ring, box.size());
  const auto taken = static_cast<uint16_t>(std::min<size_t>(n, room));
  box.insert(box.end(), mbufs, mbufs + taken);
  return taken;
}

uint16_t Recorder::hand_off(WorkerIndex worker, rte_mbuf** mbufs, uint16_t n) {
  return mail(mailboxes_[worker].flows, mbufs, n);
}

bool Recorder::can_notify(WorkerIndex worker) const {
  const auto& all = mailboxes_[worker].notices;
  const auto mine = all.find(worker_);
  return (mine == all.end() ? 0 : mine->second.size()) < topology_.notice_ring;
}

bool Recorder::notify(WorkerIndex worker, uint64_t notice) {
  if (!can_notify(worker)) return false;
  mailboxes_[worker].notices[worker_].push_back(notice);
  return true;
}

unsigned Recorder::take_notices(WorkerIndex worker, uint64_t* notices, unsigned n) {
  auto& box = mailboxes_[worker_].notices[worker];
  const auto taken = static_cast<unsigned>(std::min<size_t>(n, box.size()));
  std::copy_n(box.begin(), taken, notices);
  box.erase(box.begin(), box.begin() + taken);
  return taken;
}

bool Recorder::tell(WorkerIndex worker, const FragmentNote& note) {
  auto& box = mailboxes_[worker].notes;
  if (box.size() >= topology_.note_queue) return false;
  box.push_back(note);
  return true;
}

rte_mbuf* Recorder::allocate() {
  if (record_.replies_allocated >= topology_.reply_buffers) return nullptr;
  ++record_.replies_allocated;
  return make_empty_mbuf();
}

void Recorder::request_neighbour(const NeighbourRequest& request) {
  record_.neighbour_requests.push_back(request);
}

}  // namespace lbd::test
