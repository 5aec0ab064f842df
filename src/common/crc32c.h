// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace lbd {

/// CRC32c (Castagnoli), as SCTP has it (RFC 9260 appendix A): reflected, start and end complemented
/// by the caller. Adds `length` bytes to a running value; begin with ~0.
uint32_t crc32c_add(uint32_t crc, const void* data, size_t length);

}  // namespace lbd
