// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "control/desired_state.h"
#include "control/snapshot_builder.h"
#include "dataplane/publish.h"

// Every change of the desired state goes through here, one after the other:
//   builder thread   the change: a new state from the present one (parsing a file, for example)
//   control thread   what only it may touch: next hops and counters for new servers
//   builder thread   the snapshot
//   control thread   publish; the new state is the present one; tell who asked
// The present state is replaced on the control thread only, which may read it at any time.
namespace lbd {

class Updater {
 public:
  /// What the control thread does for new states.
  struct Hooks {
    /// Gives next hops to new servers, makes room for their counters.
    std::function<Status(DesiredState&)> prepare;
    std::function<std::vector<OwnAddress>()> own_addresses;
    /// After each publication; `before` is the snapshot that was replaced.
    std::function<void(const Snapshot& before)> published;
  };
  /// Runs on the builder thread. nullopt: there is nothing to change after all.
  using Change = std::function<Result<std::optional<DesiredState>>(const DesiredState& present)>;
  /// Runs on the control thread when the change is in force, or was refused.
  using Finished = std::function<void(const Status&)>;

  Updater(boost::asio::io_context& io, Publisher& publisher, unsigned workers, Hooks hooks);
  /// Waits for the builder thread; changes that wait are dropped.
  ~Updater();
  Updater(const Updater&) = delete;
  Updater& operator=(const Updater&) = delete;

  void submit(Change change, Finished finished);
  /// Publishes the same state again with the addresses that the kernel has now.
  void refresh();
  const DesiredState& state() const { return state_; }
  /// When the present snapshot was published.
  Clock::time_point published_at() const { return published_at_; }

 private:
  struct Job {
    Change change;
    Finished finished;
  };
  void next();
  void changed(Result<std::optional<DesiredState>> next_state);
  void built(std::shared_ptr<DesiredState> next_state, std::shared_ptr<const Snapshot> snapshot);
  void finish(const Status& status);

  boost::asio::io_context& io_;
  Publisher& publisher_;
  const unsigned workers_;
  Hooks hooks_;
  DesiredState state_;
  Clock::time_point published_at_{};
  std::deque<Job> jobs_;
  bool running_ = false;
  bool refresh_wanted_ = false;
  boost::asio::thread_pool builder_{1};
};

}  // namespace lbd
