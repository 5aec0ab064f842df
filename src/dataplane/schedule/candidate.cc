// SPDX-License-Identifier: Apache-2.0
#include "dataplane/schedule/candidate.h"

#include <algorithm>

namespace lbd {

CandidateList::CandidateList(std::span<const Candidate> candidates, Keep keep) {
  for (const Candidate& candidate : candidates) {
    if (candidate.weight == 0 && keep == Keep::kWeighted) continue;
    by_server_.push_back({candidate.server, size()});
    candidates_.push_back(candidate);
  }
  std::ranges::sort(by_server_, {}, &Place::server);
}

const Candidate* CandidateList::find(ServerId server) const {
  if (by_server_.empty() || server < by_server_.front().server || server > by_server_.back().server)
    return nullptr;
  // Ids of one service follow each other mostly.
  if (const uint32_t guess = server - by_server_.front().server;
      guess < size() && by_server_[guess].server == server)
    return &candidates_[by_server_[guess].position];
  const auto found = std::ranges::lower_bound(by_server_, server, {}, &Place::server);
  if (found->server != server) return nullptr;
  return &candidates_[found->position];
}

}  // namespace lbd
