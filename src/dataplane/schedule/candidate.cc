// SPDX-License-Identifier: Apache-2.0
#include "dataplane/schedule/candidate.h"

#include <algorithm>

namespace lbd {

CandidateList::CandidateList(std::span<const Candidate> candidates) {
  for (const Candidate& candidate : candidates) {
    if (candidate.weight == 0) continue;
    by_server_.push_back({candidate.server, size()});
    candidates_.push_back(candidate);
  }
  std::ranges::sort(by_server_, {}, &Place::server);
}

}  // namespace lbd
