// SPDX-License-Identifier: Apache-2.0
#include "control/updater.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace lbd {

Updater::Updater(boost::asio::io_context& io, Publisher& publisher, unsigned workers, Hooks hooks)
    : io_(io), publisher_(publisher), workers_(workers), hooks_(std::move(hooks)) {}

Updater::~Updater() {
  builder_.stop();
  builder_.join();
}

void Updater::submit(Change change, Finished finished) {
  jobs_.push_back({std::move(change), std::move(finished)});
  if (!running_) next();
}

void Updater::refresh() {
  // However many addresses come at once, one publication that has not begun yet serves them all.
  if (refresh_wanted_) return;
  refresh_wanted_ = true;
  submit(
      [](const DesiredState& present) -> Result<std::optional<DesiredState>> {
        return std::optional(present);
      },
      [](const Status&) {});
}

void Updater::next() {
  running_ = !jobs_.empty();
  if (!running_) return;
  boost::asio::post(builder_, [this, change = std::move(jobs_.front().change)] {
    auto result = std::make_shared<Result<std::optional<DesiredState>>>(change(state_));
    boost::asio::post(io_, [this, result] { changed(std::move(*result)); });
  });
}

void Updater::changed(Result<std::optional<DesiredState>> result) {
  if (!result) return finish(result.error());
  if (!result.value()) return finish(Done{});
  auto state = std::make_shared<DesiredState>(std::move(*result.value()));
  if (const Status ready = hooks_.prepare(*state); !ready) return finish(ready);
  refresh_wanted_ = false;
  auto own = std::make_shared<std::vector<OwnAddress>>(hooks_.own_addresses());
  boost::asio::post(builder_, [this, state, own, before = publisher_.current()] {
    auto snapshot = build_snapshot({*state, *own, *before, workers_});
    boost::asio::post(io_, [this, state, snapshot] { built(state, snapshot); });
  });
}

void Updater::built(std::shared_ptr<DesiredState> state, std::shared_ptr<const Snapshot> snapshot) {
  const std::shared_ptr<const Snapshot> before = publisher_.current();
  publisher_.publish(std::move(snapshot));
  published_at_ = Clock::now();
  state_ = std::move(*state);
  hooks_.published(*before);
  finish(Done{});
}

void Updater::finish(const Status& status) {
  const Finished finished = std::move(jobs_.front().finished);
  jobs_.pop_front();
  finished(status);
  next();
}

}  // namespace lbd
