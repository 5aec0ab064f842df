// SPDX-License-Identifier: Apache-2.0
#include "control/mailbox.h"

#include <utility>

namespace lbd {

void Mailbox::post(WorkerIndex worker, std::unique_ptr<WorkerRequest> request, Done done) {
  const bool submitted = dataplane_.submit(worker, request.get());
  letters_.push_back({worker, std::move(request), std::move(done), submitted});
}

void Mailbox::post_all(WorkerRequest::Kind kind, std::function<void()> done) {
  auto left = std::make_shared<unsigned>(dataplane_.workers());
  for (unsigned worker = 0; worker < dataplane_.workers(); ++worker) {
    auto request = std::make_unique<WorkerRequest>();
    request->kind = kind;
    post(static_cast<WorkerIndex>(worker), std::move(request), [left, done](WorkerRequest&) {
      if (--*left == 0) done();
    });
  }
}

size_t Mailbox::poll() {
  // What `done` posts is appended and waits for the next round.
  for (size_t round = letters_.size(); round > 0; --round) {
    Letter letter = std::move(letters_.front());
    letters_.pop_front();
    if (!letter.submitted)
      letter.submitted = dataplane_.submit(letter.worker, letter.request.get());
    if (letter.request->done.load(std::memory_order_acquire))
      letter.done(*letter.request);
    else
      letters_.push_back(std::move(letter));
  }
  return letters_.size();
}

}  // namespace lbd
