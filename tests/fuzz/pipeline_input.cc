// SPDX-License-Identifier: Apache-2.0
#include "pipeline_input.h"

#include <algorithm>

namespace lbd::fuzz {
namespace {

class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  bool done() const { return bytes_.empty(); }
  uint8_t byte() {
    if (bytes_.empty()) return 0;
    const uint8_t out = bytes_[0];
    bytes_ = bytes_.subspan(1);
    return out;
  }
  std::vector<uint8_t> take(size_t length) {
    const auto part = bytes_.first(std::min(length, bytes_.size()));
    bytes_ = bytes_.subspan(part.size());
    return {part.begin(), part.end()};
  }

 private:
  std::span<const uint8_t> bytes_;
};

Operation::Kind kind_of(uint8_t byte) {
  const unsigned value = byte % (Operation::kKinds + Operation::kFrameShare);
  return value < Operation::kKinds ? static_cast<Operation::Kind>(value) : Operation::kFrame;
}

bool has_frame(Operation::Kind kind) {
  return kind == Operation::kFrame || kind == Operation::kFromTap;
}

bool has_second(const Operation& operation) {
  return operation.kind == Operation::kNextHop ||
         (has_frame(operation.kind) && operation.first & kSplit);
}

}  // namespace

std::vector<Operation> decode(std::span<const uint8_t> bytes) {
  std::vector<Operation> out;
  Reader reader(bytes);
  while (!reader.done()) {
    Operation operation;
    operation.kind = kind_of(reader.byte());
    if (operation.kind != Operation::kSettle) operation.first = reader.byte();
    if (has_second(operation)) operation.second = reader.byte();
    if (has_frame(operation.kind)) {
      const size_t high = reader.byte();
      operation.frame = reader.take((high << 8 | reader.byte()) & kMaxFrame);
    }
    out.push_back(std::move(operation));
  }
  return out;
}

std::vector<uint8_t> encode(std::span<const Operation> operations) {
  std::vector<uint8_t> out;
  for (const Operation& operation : operations) {
    out.push_back(operation.kind);
    if (operation.kind != Operation::kSettle) out.push_back(operation.first);
    if (has_second(operation)) out.push_back(operation.second);
    if (!has_frame(operation.kind)) continue;
    const size_t length = std::min(operation.frame.size(), kMaxFrame);
    out.push_back(static_cast<uint8_t>(length >> 8));
    out.push_back(static_cast<uint8_t>(length));
    out.insert(out.end(), operation.frame.begin(),
               operation.frame.begin() + static_cast<long>(length));
  }
  return out;
}

}  // namespace lbd::fuzz
