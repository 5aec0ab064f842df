// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <unordered_set>
#include <utility>

#include "common/address.h"

namespace lbd::config {

/// A set of networks that answers in one look-up for each prefix length in use.
class Networks {
 public:
  /// The host part does not matter.
  void add(const Prefix& prefix);
  /// The longest network that holds `address`, host part zero.
  std::optional<Prefix> find(const IpAddress& address) const;
  bool empty() const { return by_length_.empty(); }

 private:
  /// Longest first.
  std::map<uint8_t, std::unordered_set<IpAddress>, std::greater<>> by_length_;
};

}  // namespace lbd::config
