// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>
#include <vector>

#include "dataplane/schedule/change_watch.h"

namespace lbd {

/// The servers of a list that may have been relieved of an overload since one last looked.
class ReliefWatch {
 public:
  explicit ReliefWatch(const CandidateList& list);

  /// Calls f(position) for them, and for some others. Nothing but a look at one number as long as
  /// nobody was relieved, and nothing at all where no server has a maximum.
  template <class F>
  void refresh(const NewFlow& flow, const CandidateList& list, F&& f) {
    if (!limited_ || !moved(flow)) [[likely]]
      return;
    watch_.refresh(*flow.counts, [&](const ChangeWatch::Run& run) {
      for (uint32_t i = 0; i < run.size; ++i) f(list.by_server()[run.begin + i].position);
    });
  }
  /// Takes note without looking: whoever is found overloaded is so from now on.
  void skip(const NewFlow& flow) {
    if (limited_) looked_at_ = flow.counts->reliefs();
  }

 private:
  bool moved(const NewFlow& flow) {
    const uint64_t reliefs = flow.counts->reliefs();
    return std::exchange(looked_at_, reliefs) != reliefs;
  }

  bool limited_ = false;
  uint64_t looked_at_ = 0;
  ChangeWatch watch_;
};

/// Which servers of a list take connections, as far as one worker knows, as a bitmap: so that where
/// most are overloaded nobody has to ask them again at each pick.
///
/// Theory. Who finds an open server overloaded closes it. A relief of some server, which is counted
/// (ConnectionCounts::reliefs), makes refresh() read again the servers in whose blocks something
/// has changed; no other event can open one. So each server is found overloaded once for each time
/// that it is relieved.
class Openings {
 public:
  explicit Openings(const CandidateList& list);

  /// Before a pick.
  void refresh(const NewFlow& flow, const CandidateList& list) {
    watch_.refresh(flow, list, [&](uint32_t at) { is_out(list[at], flow) ? close(at) : open(at); });
  }
  bool is_open(uint32_t at) const { return open_[at / 64] >> at % 64 & 1; }
  void close(uint32_t at) {
    count_ -= is_open(at);
    open_[at / 64] &= ~(uint64_t{1} << at % 64);
  }
  /// How many are open.
  uint32_t count() const { return count_; }
  /// The first open one from `at` on, after the last the first; size() where there is none.
  /// O(n / 64), with the next bit at hand mostly.
  uint32_t next(uint32_t at) const;
  /// The first from `at` on that takes a connection now, closing those on the way that do not;
  /// size() where there is none.
  uint32_t take(uint32_t at, const NewFlow& flow, const CandidateList& list) {
    for (at = next(at); at != size_ && is_out(list[at], flow); at = next(at)) close(at);
    return at;
  }
  uint32_t size() const { return size_; }

 private:
  void open(uint32_t at) {
    count_ += !is_open(at);
    open_[at / 64] |= uint64_t{1} << at % 64;
  }

  uint32_t size_;
  uint32_t count_ = 0;
  std::vector<uint64_t> open_;
  ReliefWatch watch_;
};

}  // namespace lbd
