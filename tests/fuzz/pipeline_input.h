// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

// What the pipeline's fuzzer does, as bytes: each operation is one byte that names it and a few
// that it needs. Any bytes are some operations: what is cut off at the end counts as zero, and
// numbers wrap round to what there is.
namespace lbd::fuzz {

struct Operation {
  enum Kind : uint8_t { kFrame, kFromTap, kSettle, kAdvance, kNextHop, kWeights, kSurroundings };
  static constexpr unsigned kKinds = 7;
  /// Byte values that mean kFrame, beside its own: most of what happens are frames.
  static constexpr unsigned kFrameShare = 9;

  Kind kind = kSettle;
  /// kFrame: bits of Where. kAdvance: index into kSteps. kNextHop: server, then state in `second`.
  /// kWeights: a bit for each server that has weight. kSurroundings: what is short or down.
  uint8_t first = 0;
  /// kFrame: bytes in the first buffer, 0: all.
  uint8_t second = 0;
  std::vector<uint8_t> frame;
};

/// Operation::first of a frame.
enum Where : uint8_t {
  kSecondWorker = 1,
  kSecondPort = 2,
  kIpChecksumGood = 4,  // by the device's word
  kL4ChecksumGood = 8,
  kSplit = 16,  // `second` follows
};

/// Operation::first of kSurroundings.
enum Shortage : uint8_t {
  kLinkDown = 1,
  kTransmitShort = 2,
  kPuntShort = 4,
  kHandOffShort = 8,
  kNoReplyBuffers = 16,
  kLeastConnection = 32,  // the services change their scheduler
};

inline constexpr uint64_t kMs = 1'000'000;  // nanoseconds
inline constexpr uint64_t kSteps[] = {kMs,          64 * kMs,      1'100 * kMs,   11'000 * kMs,
                                      61'000 * kMs, 121'000 * kMs, 301'000 * kMs, 901'000 * kMs};
inline constexpr size_t kMaxFrame = 2047;

std::vector<Operation> decode(std::span<const uint8_t> bytes);
std::vector<uint8_t> encode(std::span<const Operation> operations);

}  // namespace lbd::fuzz
