// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "common/endian.h"
#include "dataplane/worker_context.h"

namespace lbd {

/// IPv4 identifications for packets whose sender's cannot be kept. One that no other worker uses at
/// this time.
class Identifications {
 public:
  explicit Identifications(const WorkerContext& context) : context_(context) {}

  /// As on the wire. Not 0, which stands for none.
  uint16_t next() {
    uint16_t id = 0;
    while (id == 0) id = static_cast<uint16_t>(last_++ * context_.workers + context_.index);
    return Be16(id).raw();
  }

 private:
  const WorkerContext& context_;
  uint16_t last_ = 0;
};

}  // namespace lbd
