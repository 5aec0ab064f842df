// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "control/config/model_vrrp.h"

namespace lbd {

/// Pings addresses, each at its interval. One is up after `rise` intervals with an answer in a row
/// and down after `fall` without one; before that nothing is known of it.
class TargetTracker {
 public:
  using Changed = std::function<void(const IpAddress& target, bool up)>;
  TargetTracker(boost::asio::io_context& io, Changed changed)
      : io_(io), changed_(std::move(changed)) {}
  ~TargetTracker();

  /// Targets that are the same go on with what is known of them. Those of several instances are
  /// pinged once.
  void configure(const std::vector<config::VrrpInstance>& instances);

 private:
  struct Target;
  void look(const std::shared_ptr<Target>& target);
  void judge(Target& target, bool good);

  boost::asio::io_context& io_;
  Changed changed_;
  std::map<IpAddress, std::shared_ptr<Target>> targets_;
};

}  // namespace lbd
