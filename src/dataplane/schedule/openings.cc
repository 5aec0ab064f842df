// SPDX-License-Identifier: Apache-2.0
#include "dataplane/schedule/openings.h"

#include <bit>

namespace lbd {

ReliefWatch::ReliefWatch(const CandidateList& list) : watch_(list) {
  for (uint32_t i = 0; i < list.size(); ++i) limited_ |= list[i].limited;
}

Openings::Openings(const CandidateList& list)
    : size_(list.size()), open_(list.size() / 64 + 1), watch_(list) {
  for (uint32_t i = 0; i < size_; ++i)
    if (list[i].weight != 0) open(i);
}

uint32_t Openings::next(uint32_t at) const {
  const auto words = static_cast<uint32_t>(open_.size());
  uint64_t word = open_[at / 64] >> at % 64 << at % 64;
  // The first word comes a second time, for what lies before `at`.
  for (uint32_t i = 0, w = at / 64;; word = open_[w]) {
    if (word != 0) return w * 64 + static_cast<uint32_t>(std::countr_zero(word));
    if (i++ == words) return size_;
    w = w + 1 == words ? 0 : w + 1;
  }
}

}  // namespace lbd
