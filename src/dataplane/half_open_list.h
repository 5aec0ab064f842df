// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataplane/connection_table.h"

namespace lbd {

/// The half-open connections of a worker, oldest first: a list through the connections' own links.
/// All of them have the same time-out, so the oldest is also the next to expire.
class HalfOpenList {
 public:
  explicit HalfOpenList(ConnectionTable& table) : table_(table) {}

  uint32_t size() const { return size_; }
  /// kNoConnection where the list is empty.
  uint32_t oldest() const { return first_; }

  void append(uint32_t id) {
    table_.at(id).half_open = {kNoConnection, last_};
    (last_ == kNoConnection ? first_ : table_.at(last_).half_open.next) = id;
    last_ = id;
    ++size_;
  }
  void remove(uint32_t id) {
    const Links links = table_.at(id).half_open;
    (links.previous == kNoConnection ? first_ : table_.at(links.previous).half_open.next) =
        links.next;
    (links.next == kNoConnection ? last_ : table_.at(links.next).half_open.previous) =
        links.previous;
    --size_;
  }

 private:
  ConnectionTable& table_;
  uint32_t first_ = kNoConnection;
  uint32_t last_ = kNoConnection;
  uint32_t size_ = 0;
};

}  // namespace lbd
