// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace lbd::vrrp {

/// Makes the calling thread a real-time one (SCHED_FIFO) of this priority and name, deaf to
/// signals. False where the kernel does not allow it; then it runs as any other.
bool become_real_time(const char* name, int priority);

inline constexpr int kThreadPriority = 50;
inline constexpr int kWriterPriority = 40;

}  // namespace lbd::vrrp
