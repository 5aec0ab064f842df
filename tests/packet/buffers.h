// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "oracle.h"

struct rte_mbuf;

namespace lbd::test {

/// A frame as a device would deliver it.
struct Input {
  Bytes frame;
  uint64_t offload = 0;      // mbuf's ol_flags: what the device says of checksums
  size_t first_segment = 0;  // bytes in the first segment; 0: all
  unsigned headroom = 128;   // bytes in front of the frame, at most
};

/// Starts the EAL without huge pages, devices or privileges, once per process. Ends the process
/// with a message where that fails.
void start_eal();

/// The frame's bytes lie in memory of exactly their size, so that the address sanitizer sees every
/// read beyond them.
rte_mbuf* make_mbuf(const Input& input);
/// An empty buffer, as the worker's pool for replies has them.
rte_mbuf* make_empty_mbuf();
Bytes bytes_of(const rte_mbuf* mbuf);
/// Buffers that are not free: what nobody has freed.
unsigned buffers_in_use();

}  // namespace lbd::test
